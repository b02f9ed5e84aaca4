"""Turns MobileNetV3 weights into a static site that learns from a webcam."""

__version__ = "0.1.0"
