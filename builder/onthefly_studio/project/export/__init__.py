"""One model, backbone and head, for other programs."""
