"""The recipe of the embedded backbone: MobileNetV3-Small taught by generated images alone."""
