"""A folder of the user's own, with a SavedModel or a TensorFlow.js graph model in it."""

from __future__ import annotations

from pathlib import Path

from onthefly_studio.cache import sha256_tree
from onthefly_studio.errors import SourceError
from onthefly_studio.sources import model_folder, other_formats
from onthefly_studio.sources.other_formats import GRAPH_MODEL, SAVED_MODEL
from onthefly_studio.sources.source import Context, Source, existing_path, unreadable

KIND = "folder"
NAMES: tuple[str, ...] = ()
ACCEPTS: tuple[str, ...] = ("a folder with saved_model.pb or model.json",)


def takes(backbone: str) -> bool:
    """The path of a folder."""
    path = existing_path(backbone)
    return path is not None and path.is_dir()


def obtain(backbone: str, context: Context) -> Source:
    """The model where it is. A graph model's files are those beside `model.json`, none below."""
    path = existing_path(backbone)
    assert path, "takes said so"
    try:
        is_saved_model = model_folder.holds_saved_model(path)
        if not is_saved_model and not (path / GRAPH_MODEL).is_file():
            raise _without_model(path)
        files = None if is_saved_model else [file for file in path.iterdir() if file.is_file()]
        sha256 = sha256_tree(path, files)
    except OSError as error:
        raise unreadable(path, error) from error
    kind = KIND if is_saved_model else model_folder.GRAPH_KIND
    return model_folder.source(path.resolve(), kind, backbone, sha256, "given")


def _without_model(path: Path) -> SourceError:
    found = (path.glob(f"*/{name}") for name in (SAVED_MODEL, GRAPH_MODEL))
    below = [file.parent for files in found for file in sorted(files)]
    what = "The folder holds neither saved_model.pb nor model.json"
    hint = "Pass the folder that contains saved_model.pb."
    if below:
        hint = f"Pass {below[0]}."
    elif other := other_formats.in_folder(path):
        what, hint = f"{what}, but {other.what}", f"{other.hint}."
    return SourceError(f"{what}.", where=str(path), hint=hint)
