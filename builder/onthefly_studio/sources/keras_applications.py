"""Keras Applications' ImageNet weights of MobileNetV3: their names, addresses and published hashes.

Nothing here imports Keras, so that a build which finds the weights in the cache need not either.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from onthefly_studio.errors import ConfigError
from onthefly_studio.sources.addresses import is_secure, public_url

BASE_URL = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v3/"
MIRROR = "ONTHEFLY_KERAS_MIRROR"
"""The environment variable with another folder that holds the same files."""

PREFIX = "keras"
MAX_BYTES = 64 << 20
"""The largest of the files has 22 MB."""


@dataclass(frozen=True)
class Network:
    """One of the networks that Keras has ImageNet weights for."""

    size: Literal["Small", "Large"]
    alpha: float
    """The width multiplier."""
    minimalistic: bool
    """Without squeeze-and-excite, hard-swish and 5x5 convolutions."""
    md5: str
    """Of the file with the top layers, as Keras itself publishes and checks it."""

    @property
    def title(self) -> str:
        """A name for people, such as `MobileNetV3-Large 0.75`."""
        return f"MobileNetV3-{self.size} {self.alpha}{' minimalistic' * self.minimalistic}"

    @property
    def model_name(self) -> str:
        """A name for the model, in the Hub's manner: `mobilenet_v3_large_075_224`."""
        return f"mobilenet_v3_{self._variant}_{round(self.alpha * 100):03}_224"

    @property
    def file_name(self) -> str:
        """The file's name at Keras' place."""
        return f"weights_mobilenet_v3_{self._variant}_224_{self.alpha}_float.h5"

    @property
    def url(self) -> str:
        """The file's address at Keras' place, by which it is known here wherever it comes from."""
        return BASE_URL + self.file_name

    @property
    def _variant(self) -> str:
        return self.size.lower() + "_minimalistic" * self.minimalistic


NETWORKS: dict[str, Network] = {
    "small": Network("Small", 1.0, False, "8768d4c2e7dee89b9d02b2d03d65d862"),
    "small-075": Network("Small", 0.75, False, "cb65d4e5be93758266aa0a7f2c6708b7"),
    "small-minimalistic": Network("Small", 1.0, True, "99cd97fb2fcdad2bf028eb838de69e37"),
    "large": Network("Large", 1.0, False, "59e551e166be033d707958cf9e29a6a7"),
    "large-075": Network("Large", 0.75, False, "765b44a33ad4005b3ac83185abf1d0eb"),
    "large-minimalistic": Network("Large", 1.0, True, "675e7b876c45c57e9e63e6d90a36599c"),
}
BACKBONES: dict[str, str] = {PREFIX: "small", **{f"{PREFIX}:{name}": name for name in NETWORKS}}
"""The values of `--backbone` that stand for these weights, with the network's key in `NETWORKS`."""


def download_url(network: Network) -> str:
    """Where to fetch the file: Keras' own place, or the mirror in `$ONTHEFLY_KERAS_MIRROR`.

    Raises:
        ConfigError: the mirror is no https address (http on this machine).
    """
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return network.url
    if not is_secure(mirror):
        try:
            shown = public_url(mirror)
        except ValueError:
            shown = repr(mirror)
        raise ConfigError(
            "The mirror of Keras' weights is not an https address (http on this machine only).",
            where=f"{MIRROR}={shown}",
            hint=f"Set it to the folder that holds {network.file_name}, or unset it.",
        )
    split = urlsplit(mirror)
    return split._replace(path=f"{split.path.rstrip('/')}/{network.file_name}").geturl()
