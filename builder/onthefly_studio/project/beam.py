"""Embedding as a pipeline of Apache Beam, which is installed only if somebody asks for it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from onthefly_studio.errors import ConfigError, ConversionError, OnTheFlyError, SourceError
from onthefly_studio.project.embed import Embed, Picture, SomeUnreadable, embed_readable
from onthefly_studio.project.embed import embedder as local_embedder
from onthefly_studio.project.format.schema import Backbone, Preprocess
from onthefly_studio.reference.head import Float32

SMALLEST, LARGEST = 16, 128
"""Pictures per batch: each batch starts a process with TensorFlow, and keeps its inputs on the disk."""
FAILED = "failed.json"
"""Where a worker leaves why the backbone could not be run at all."""


def embedder(model: Path, backbone: Backbone, settings: Preprocess) -> Embed:
    """The function from pictures to features; see `embed.embedder`."""
    embed_batch = local_embedder(model, backbone, settings)

    def embed(pictures: Sequence[Picture]) -> Float32:
        features = np.empty((len(pictures), backbone.features), np.float32)
        errors: dict[int, OnTheFlyError] = {}
        with tempfile.TemporaryDirectory() as folder:
            _run(list(enumerate(pictures)), embed_batch, Path(folder))
            for part in Path(folder).glob("*.npz"):
                with np.load(part) as stored:
                    features[stored["places"]] = stored["features"]
                errors |= _errors(part.with_suffix(".json"))
        if errors:
            read = np.array([place not in errors for place in range(len(pictures))])
            raise SomeUnreadable(errors, len(pictures), features[read])
        return features

    return embed


def _run(numbered: list[tuple[int, Picture]], embed_batch: Embed, into: Path) -> None:
    """Embed every picture and leave the features in files, each with the places of its pictures.

    What cannot be read is left beside them: an error that is raised in a worker would end the pipeline,
    and come back as a traceback.

    Raises:
        OnTheFlyError: the backbone cannot be run.
    """
    import apache_beam as beam

    def keep(batch: list[tuple[int, Picture]]) -> Iterable[int]:
        try:
            features, read, errors = embed_readable([picture for _, picture in batch], embed_batch)
        except OnTheFlyError as error:
            _keep_errors(into / FAILED, {0: error})
            return
        # A bundle may be run again: the same batch writes the same file.
        name = str(min(place for place, _ in batch))
        _keep_errors(into / f"{name}.json", {batch[at][0]: error for at, error in errors.items()})
        np.savez(into / f"{name}.npz", places=np.array([batch[at][0] for at in read], int), features=features)
        yield len(read)

    with beam.Pipeline(runner="DirectRunner") as pipeline:
        _ = (
            pipeline
            | "pictures" >> beam.Create(numbered)
            | "spread" >> beam.Reshuffle()
            | "batch" >> beam.BatchElements(min_batch_size=SMALLEST, max_batch_size=LARGEST)
            | "embed" >> beam.FlatMap(keep)
        )
    if (into / FAILED).exists():
        raise _errors(into / FAILED)[0]


def _keep_errors(file: Path, errors: Mapping[int, OnTheFlyError]) -> None:
    records = {
        place: (type(error).__name__, error.what, error.where, error.hint) for place, error in errors.items()
    }
    file.write_text(json.dumps(records), "utf-8", newline="\n")


def _errors(file: Path) -> dict[int, OnTheFlyError]:
    """What `_keep_errors` left."""
    kinds = {kind.__name__: kind for kind in (ConfigError, SourceError, ConversionError)}
    records = json.loads(file.read_text("utf-8"))
    return {
        int(place): kinds.get(kind, SourceError)(what, where=where, hint=hint)
        for place, (kind, what, where, hint) in records.items()
    }
