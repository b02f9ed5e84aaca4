"""Features of pictures, by the very backbone that a project names.

The backbone is found by the hash of its files: in a built site, or among the models that builds have
left in the cache. It runs in TensorFlow, in a process of its own (`embed_child`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from builder.backbone.convert import convert
from builder.backbone.input_range import DEFAULT, InputRange
from builder.backbone.obtain import Source, obtain
from builder.cache import Cache, sha256_tree
from builder.errors import ConfigError, SourceError
from builder.head.head import Float32
from builder.head.preprocess import preprocess
from builder.project.child import run_child
from builder.project.pictures import open_picture
from builder.project.schema import Backbone, Preprocess, printable
from builder.report import Reporter

CHILD = "builder.project.embed_child"
Picture = Path | bytes
Embed = Callable[[Sequence[Picture]], Float32]
"""Pictures to features, `[n, F]`."""


def find_model(
    backbone: Backbone,
    *,
    cache: Cache,
    reporter: Reporter,
    site: Path | None = None,
    source: str | None = None,
    input_range: InputRange = DEFAULT,
    offline: bool = False,
) -> Path:
    """The folder with the files of the project's backbone.

    Args:
        backbone: what the project says of it.
        cache: where builds keep converted models.
        reporter: told where the embedded weights have to be converted first.
        site: a built site to take it from.
        source: the value of `--backbone` to take it from.
        input_range: what the model that `source` names reads pictures in.
        offline: open no connection.

    Raises:
        ConfigError: the site or the source has another backbone, or is none.
        SourceError: the backbone is not on this machine.
    """
    if site is not None:
        folder = site / "model" / backbone.model_hash
        if _has_hash(folder, backbone.model_hash):
            return folder
        raise ConfigError(
            f"The site does not carry the project's backbone ({_described(backbone)}).",
            where=str(site),
            mend="Give the folder of the site that the project was exported from.",
        )
    if source is not None:
        weights = obtain(source, cache=cache, reporter=reporter, offline=offline, input_range=input_range)
        return _converted(weights, backbone, cache, reporter)
    models = cache.path("model", "")
    for folder in sorted(models.iterdir()) if models.is_dir() else ():
        if not folder.name.startswith(".") and _has_hash(folder, backbone.model_hash):
            return folder
    if backbone.kind == "embedded":
        weights = obtain("embedded", cache=cache, reporter=reporter, offline=True)
        if weights.sha256 == backbone.sha256:
            folder = convert(weights, backbone.precision, cache=cache, reporter=reporter).folder
            if _has_hash(folder, backbone.model_hash):
                return folder
    raise SourceError(
        f"The backbone of this project is not on this machine ({_described(backbone)}).",
        where=str(models),
        mend="Give the built site that the project comes from (--site dist), or build it here.",
    )


def _converted(weights: Source, backbone: Backbone, cache: Cache, reporter: Reporter) -> Path:
    """The model that a value of `--backbone` gives, where it is the project's."""
    folder = convert(weights, backbone.precision, cache=cache, reporter=reporter).folder
    if _has_hash(folder, backbone.model_hash):
        return folder
    same = weights.sha256 == backbone.sha256
    why = "the same weights, converted by another version" if same else "other weights"
    raise ConfigError(
        f"This is not the project's backbone ({_described(backbone)}): {why}.",
        where=f"--backbone {weights.requested}",
        mend="Give the built site that the project comes from: --site dist.",
    )


def _described(backbone: Backbone) -> str:
    return f"{printable(backbone.name)}, {backbone.precision}, model {backbone.model_hash}"


def _has_hash(folder: Path, model_hash: str) -> bool:
    """Whether a folder's model files are the ones that were hashed, as `pipeline` hashes them."""
    files = [folder / "model.json", *sorted(folder.glob("weights-*.bin"))]
    try:
        return sha256_tree(folder, files)[: len(model_hash)] == model_hash
    except OSError:
        return False


def embedder(model: Path, backbone: Backbone, settings: Preprocess) -> Embed:
    """The function from pictures to features.

    Args:
        model: see `find_model`.
        backbone: what the project says of it.
        settings: how the project's site preprocesses.
    """

    def embed(pictures: Sequence[Picture]) -> Float32:
        with tempfile.TemporaryDirectory() as scratch:
            _preprocessed(pictures, settings, Path(scratch) / "inputs.npy")
            run_child(CHILD, [str(model)], Path(scratch), what="Running the backbone", where=str(model))
            features: Float32 = np.load(Path(scratch) / "features.npy")
        if features.shape != (len(pictures), backbone.features):
            raise SourceError(
                f"The backbone gives features of shape {list(features.shape)}, and the project's are "
                f"{backbone.features} wide.",
                where=str(model),
            )
        return features

    return embed


def _preprocessed(pictures: Sequence[Picture], settings: Preprocess, file: Path) -> None:
    """Write the backbone's inputs, one picture in memory at a time."""
    shape = (len(pictures), settings.size, settings.size, 3)
    open_memmap: Any = np.lib.format.open_memmap
    inputs = open_memmap(file, mode="w+", dtype=np.float32, shape=shape)
    for number, picture in enumerate(pictures):
        where = f"photo {number + 1} of the project" if isinstance(picture, bytes) else None
        inputs[number] = preprocess(open_picture(picture, where), settings.fit, settings.size)
    inputs.flush()
