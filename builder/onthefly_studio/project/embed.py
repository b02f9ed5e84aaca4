"""Features of pictures, by exactly the backbone that a project names.

The backbone is found by the hash of its files: in a built site, or among the models that builds have
left in the cache. It runs in TensorFlow, in a process of its own (`embed_child`), or in NumPy where that is
not installed.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from onthefly_studio import extras
from onthefly_studio.cache import Cache
from onthefly_studio.errors import ConfigError, OnTheFlyError, SourceError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.convert import convert
from onthefly_studio.graph.input_range import DEFAULT, InputRange
from onthefly_studio.graph.portability import require_portable
from onthefly_studio.pictures.open import open_picture
from onthefly_studio.process import run as run_child
from onthefly_studio.project.format.schema import Backbone, Preprocess
from onthefly_studio.reference import graph as numpy_graph
from onthefly_studio.reference.head import Float32
from onthefly_studio.reference.preprocess import preprocess
from onthefly_studio.report import Reporter
from onthefly_studio.sources import Source, obtain
from onthefly_studio.text import first_line, printable

CHILD = "onthefly_studio.project.embed_child"
Picture = Path | bytes
_npy: Any = np.lib.format
Embed = Callable[[Sequence[Picture]], Float32]
"""Pictures to features, `[n, F]`; raises `SomeUnreadable` where it cannot read all of them."""


class SomeUnreadable(SourceError):
    """Some of several pictures cannot be read; the others are done.

    Args:
        errors: why, by the picture's place.
        count: of all pictures.
        features: of the others, `[k, F]`, in their order.
    """

    def __init__(self, errors: Mapping[int, OnTheFlyError], count: int, features: Float32) -> None:
        error = all_unreadable(errors, count)
        super().__init__(error.what, where=error.where, hint=error.hint)
        self.errors, self.features = errors, features


def all_unreadable(errors: Mapping[int, OnTheFlyError], count: int) -> OnTheFlyError:
    """One error that names every picture that cannot be read, of so many."""
    every = list(errors.values())
    if count == 1:
        return every[0]
    lines = [f"  {printable(str(error.where), 400)}: {error.what}" for error in every]
    kind = ConfigError if all(isinstance(error, ConfigError) for error in every) else SourceError
    return kind(
        "\n".join([f"{len(errors):,} of {count:,} pictures cannot be read:", *lines]),
        hint="Fix or replace them, or leave them out.",
    )


def embed_readable(
    pictures: Sequence[Picture], embed: Embed
) -> tuple[Float32, list[int], Mapping[int, OnTheFlyError]]:
    """Features of the pictures that can be read.

    Returns:
        The features, `[k, F]`, the places of those pictures, and by place why the others cannot be read.
    """
    try:
        return embed(pictures), list(range(len(pictures))), {}
    except SomeUnreadable as error:
        places = [place for place in range(len(pictures)) if place not in error.errors]
        return error.features, places, error.errors


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
            f"The site does not have the project's backbone ({_described(backbone)}).",
            where=str(site),
            hint="Give the folder of the site that the project was exported from.",
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
        hint="Give the built site that the project comes from (--site dist), or build it here.",
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
        hint="Give the built site that the project comes from: --site dist.",
    )


def _described(backbone: Backbone) -> str:
    return f"{printable(backbone.name)}, {backbone.precision}, model {backbone.model_hash}"


def _has_hash(folder: Path, model_hash: str) -> bool:
    """Whether a folder's model files are the ones that were hashed."""
    try:
        return graph_model.model_hash(folder, len(model_hash)) == model_hash
    except OSError:
        return False


def embedder(model: Path, backbone: Backbone, settings: Preprocess) -> Embed:
    """The function from pictures to features.

    Args:
        model: see `find_model`.
        backbone: what the project says of it.
        settings: how the project's site preprocesses.
    """
    compute = _with_tensorflow if extras.installed("convert") else _with_numpy

    def embed(pictures: Sequence[Picture]) -> Float32:
        features = np.empty((0, backbone.features), np.float32)
        with tempfile.TemporaryDirectory() as scratch:
            errors = _preprocessed(pictures, settings, Path(scratch) / "inputs.npy")
            if len(errors) < len(pictures):
                features = compute(model, Path(scratch))[: len(pictures) - len(errors)]
        readable = len(pictures) - len(errors)
        if features.shape != (readable, backbone.features):
            raise SourceError(
                f"The backbone gives features of shape {list(features.shape)}, and the project's are "
                f"{backbone.features} wide.",
                where=str(model),
            )
        if errors:
            raise SomeUnreadable(errors, len(pictures), features)
        return features

    return embed


def _with_tensorflow(model: Path, scratch: Path) -> Float32:
    run_child(CHILD, [str(model)], scratch, what="Running the backbone", where=str(model))
    features: Float32 = np.load(scratch / "features.npy")
    return features


def _with_numpy(model: Path, scratch: Path) -> Float32:
    graph = graph_model.read(model)
    require_portable(graph)  # known, harmless operations only, whoever made the files
    try:
        with (scratch / "inputs.npy").open("rb") as file:
            return numpy_graph.features(graph, _rows(file))
    except OnTheFlyError:
        raise
    except Exception as error:  # attributes that make no sense show themselves in many ways
        raise SourceError(f"The backbone cannot be run: {first_line(error)}", where=str(model)) from error


def _preprocessed(pictures: Sequence[Picture], settings: Preprocess, file: Path) -> dict[int, OnTheFlyError]:
    """Write the backbone's inputs, one picture in memory at a time: first those that can be read.

    Returns:
        Why the others cannot be read, by their place.
    """
    shape = (len(pictures), settings.size, settings.size, 3)
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    errors: dict[int, OnTheFlyError] = {}
    # Written and read as a file: Windows deletes none that is mapped into memory, and an error that is kept
    # keeps the map.
    with file.open("wb") as inputs:
        _npy.write_array_header_1_0(inputs, header)
        for number, picture in enumerate(pictures):
            where = f"photo {number + 1} of the project" if isinstance(picture, bytes) else None
            try:
                pixels = open_picture(picture, where)
            except (ConfigError, SourceError) as error:
                errors[number] = error
            else:
                inputs.write(preprocess(pixels, settings.fit, settings.size).astype("<f4").tobytes())
        inputs.truncate(inputs.tell() + len(errors) * 4 * math.prod(shape[1:]))
    return errors


def _rows(file: BinaryIO) -> Iterator[Float32]:
    """The arrays along the first axis of what is in a `.npy` file, one in memory at a time."""
    _npy.read_magic(file)
    shape, _, dtype = _npy.read_array_header_1_0(file)
    for _ in range(shape[0]):
        row = file.read(dtype.itemsize * math.prod(shape[1:]))
        yield np.frombuffer(row, dtype).reshape(shape[1:])
