"""`hub`: TensorFlow Hub's own MobileNetV3-Small, by its handle."""

from __future__ import annotations

from onthefly_studio.sources import remote
from onthefly_studio.sources.remote import Module
from onthefly_studio.sources.source import Context, Source

KIND = "hub"
NAMES: tuple[str, ...] = ("hub",)
ACCEPTS: tuple[str, ...] = ()

DEFAULT_HANDLE = "https://tfhub.dev/google/imagenet/mobilenet_v3_small_100_224/feature_vector/5"

CONVERTING = "Converting the Hub's SavedModel"
"""What TensorFlow is needed for."""


def takes(backbone: str) -> bool:
    """Only its name."""
    return backbone in NAMES


def obtain(backbone: str, context: Context) -> Source:
    """The default module, from the nearest place that has it."""
    return remote.nearest(module(requested=backbone), context)


def module(requested: str) -> Module:
    """The default module, whatever it was asked for by."""
    return Module(
        KIND,
        DEFAULT_HANDLE,
        requested,
        title="MobileNetV3-Small 1.0",
        trained_on="ImageNet photographs",
        converting=CONVERTING,
    )
