"""From a graph to the files of a site, whatever computes its features.

TensorFlow runs a graph in the child process (`tensorflow/child.py`), which makes one of any source. Where
TensorFlow is not installed, a graph that is TensorFlow.js' already goes the same way with NumPy
(`reference/graph.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConversionError, OnTheFlyError
from onthefly_studio.graph import foreign, portability, precision, rewrite, simplify, variation
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.input_range import InputRange, in_range, read_unit_range
from onthefly_studio.graph.model import Array, GraphModel
from onthefly_studio.reference import golden
from onthefly_studio.text import first_line

Run = Callable[[GraphModel, Array], Array]
"""A graph and images, `[n, 224, 224, 3]` float32, to whatever it gives, image by image."""


def read(folder: Path, own: InputRange, run: Run) -> tuple[GraphModel, Array]:
    """A graph that is TensorFlow.js' already, rewritten, and its golden features: the graph is the original.

    Args:
        folder: with its `model.json` and shards.
        own: what it reads pictures in.
        run: computes it.

    Raises:
        ConversionError: it is no feature vector of 224 x 224 images, or has what no browser should run.
    """
    original = foreign.read(folder)
    graph, reference = features(original, folder, in_range(golden.inputs(), own), run)
    require_variation(
        reference, own, lambda images: features(original, folder, images, run)[1], where=str(folder)
    )
    return rewrite.rewrite(graph), reference


def features(original: GraphModel, folder: Path, images: Array, run: Run) -> tuple[GraphModel, Array]:
    """A stranger's graph with an output of `[n, F]`, and its features of the images.

    Raises:
        ConversionError: it has what no browser should run, cannot be run, or gives something else.
    """
    try:
        # Before anything is run, be it only to compare: known, harmless operations and nothing else.
        portability.require_portable(rewrite.rewrite(original))
        made = run(original, images)
    except OnTheFlyError:
        raise
    except Exception as error:  # attributes that make no sense show themselves in many ways
        raise ConversionError(
            f"The graph cannot be run: {first_line(error)}", where=str(folder), hint=foreign.AGAIN
        ) from error
    graph = foreign.complete(original, made.shape, where=str(folder))
    return graph, made.reshape(len(made), -1)


def require_variation(
    reference: Array, own: InputRange, compute: Callable[[Array], Array], where: str
) -> None:
    """Refuse features of the golden images that tell nothing apart; other ranges are asked too.

    Args:
        reference: the golden features, `[n, F]`.
        own: the range that they were computed in.
        compute: images to features.
        where: for a message.

    Raises:
        ConversionError: they barely differ.
    """
    images = golden.inputs()
    variation.require_variation(
        reference, golden.GOLDEN, own, lambda other: compute(in_range(images, other)), where=where
    )


def write(graph: GraphModel, reference: Array, own: InputRange, folder: Path, *, keep_half: bool) -> None:
    """Write the float32 graph of pictures in [0, 1], and the original's golden features beside it."""
    graph = simplify.simplify(read_unit_range(graph, own), keep_half=keep_half)
    portability.require_portable(graph)
    graph_model.write(graph, folder)
    np.save(folder / "reference.npy", reference)


def store(converted: Path, stored_as: Precision, folder: Path, run: Run) -> None:
    """Write the graph in a precision, and the written files' golden features as `features.npy`."""
    stored = precision.store(graph_model.read(converted), stored_as)
    portability.require_portable(stored)
    graph_model.write(stored, folder)
    np.save(folder / "features.npy", run(graph_model.read(folder), golden.inputs()))
