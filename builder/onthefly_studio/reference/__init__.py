"""The NumPy reference of what the page computes: random numbers, preprocessing, head, training."""
