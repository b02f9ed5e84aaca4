"""Tests of `training/`: they need its own packages (PyTorch, OpenCV), and are skipped without them."""
