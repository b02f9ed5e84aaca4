"""Embedding as a pipeline of Apache Beam, which only `onthefly[beam]` installs."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from builder.errors import ConfigError
from builder.head.head import Float32
from builder.project.embed import Embed, Picture
from builder.project.embed import embedder as local_embedder
from builder.project.schema import Backbone, Preprocess

SMALLEST, LARGEST = 16, 128
"""Pictures per batch: each batch starts a process with TensorFlow, and keeps its inputs on the disk."""


def require() -> None:
    """Check that Beam is there.

    Raises:
        ConfigError: it is not installed.
    """
    if importlib.util.find_spec("apache_beam") is None:
        raise ConfigError(
            "Apache Beam is not installed.",
            where="--runner beam",
            mend="pip install 'onthefly[beam]', or train with --runner local.",
        )


def embedder(model: Path, backbone: Backbone, settings: Preprocess) -> Embed:
    """The function from pictures to features; see `embed.embedder`."""
    embed_batch = local_embedder(model, backbone, settings)

    def embed(pictures: Sequence[Picture]) -> Float32:
        features = np.empty((len(pictures), backbone.features), np.float32)
        with tempfile.TemporaryDirectory() as folder:
            _run(list(enumerate(pictures)), embed_batch, Path(folder))
            for part in Path(folder).glob("*.npz"):
                with np.load(part) as stored:
                    features[stored["places"]] = stored["features"]
        return features

    return embed


def _run(numbered: list[tuple[int, Picture]], embed_batch: Embed, into: Path) -> None:
    """Embed every picture and leave the features in files, each with the places of its pictures."""
    import apache_beam as beam

    def keep(batch: list[tuple[int, Picture]]) -> Iterable[int]:
        places = [place for place, _ in batch]
        features = embed_batch([picture for _, picture in batch])
        # A bundle may be run again: the same batch writes the same file.
        np.savez(into / f"{min(places)}.npz", places=np.array(places), features=features)
        yield len(places)

    with beam.Pipeline(runner="DirectRunner") as pipeline:
        _ = (
            pipeline
            | "pictures" >> beam.Create(numbered)
            | "spread" >> beam.Reshuffle()
            | "batch" >> beam.BatchElements(min_batch_size=SMALLEST, max_batch_size=LARGEST)
            | "embed" >> beam.FlatMap(keep)
        )
