"""From a converted backbone to a folder that any static host serves."""
