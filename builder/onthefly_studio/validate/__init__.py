"""Parity: what the built site computes in a real browser, against the Python reference."""
