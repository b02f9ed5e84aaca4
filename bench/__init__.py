"""Measurements of the site and of the build against other ways to do the same: `make bench`."""
