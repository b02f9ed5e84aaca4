"""A folder with a model in one of the two formats that are read: a SavedModel or a TensorFlow.js graph."""

from __future__ import annotations

from pathlib import Path

from onthefly_studio.sources.other_formats import GRAPH_MODEL, SAVED_MODEL
from onthefly_studio.sources.source import UNKNOWN_TRAINING, Source, Trust

GRAPH_KIND = "tfjs"
"""The kind of a graph model of the user's own, in an archive or a folder."""


def find(root: Path, where: str) -> Path:
    """The folder of the model in an unpacked archive; a SavedModel goes before a TensorFlow.js graph.

    Args:
        root: what was unpacked.
        where: what the user knows it by, for the message.

    Raises:
        SourceError: there is none, or there are several.
    """
    from onthefly_studio.sources.unpack import find_saved_model

    if not any(root.glob(SAVED_MODEL)) and not any(root.glob(f"*/{SAVED_MODEL}")):
        graphs = [path.parent for path in (root / GRAPH_MODEL, *root.glob(f"*/{GRAPH_MODEL}"))]
        graphs = [folder for folder in graphs if (folder / GRAPH_MODEL).is_file()]
        if graphs and (len(graphs) == 1 or graphs[0] == root):
            return graphs[0]
    return find_saved_model(root, where=where)


def holds_saved_model(folder: Path) -> bool:
    """Whether it is a SavedModel's."""
    return (folder / SAVED_MODEL).is_file()


def holds_graph(folder: Path) -> bool:
    """Whether it is a TensorFlow.js model's."""
    return (folder / GRAPH_MODEL).is_file()


def source(
    folder: Path,
    kind: str,
    requested: str,
    sha256: str,
    trust: Trust,
    url: str | None = None,
    *,
    title: str | None = None,
    trained_on: str = UNKNOWN_TRAINING,
) -> Source:
    """The source whose model lies in a folder of either format."""
    saved_model = folder if holds_saved_model(folder) else None
    return Source(
        kind,
        requested,
        saved_model,
        sha256,
        trust,
        url,
        graph_model=None if saved_model else folder,
        title=title,
        trained_on=trained_on,
    )
