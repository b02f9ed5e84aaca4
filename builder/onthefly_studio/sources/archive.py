"""A `.tar.gz` of the user's own."""

from __future__ import annotations

from onthefly_studio.cache import sha256_file
from onthefly_studio.sources import archive_cache, model_folder
from onthefly_studio.sources.addresses import ARCHIVES
from onthefly_studio.sources.source import Context, Source, existing_path, unreadable

KIND = "archive"
NAMES: tuple[str, ...] = ()
ACCEPTS: tuple[str, ...] = ("a .tar.gz or .tgz that holds a SavedModel or a TensorFlow.js graph model",)


def takes(backbone: str) -> bool:
    """The path of a file with an archive's name."""
    path = existing_path(backbone)
    return path is not None and path.is_file() and path.name.lower().endswith(ARCHIVES)


def obtain(backbone: str, context: Context) -> Source:
    """The model in it, unpacked into the cache."""
    path = existing_path(backbone)
    assert path, "takes said so"
    try:
        sha256 = sha256_file(path)
    except OSError as error:
        raise unreadable(path, error) from error
    model = archive_cache.unpack(path, sha256, where=str(path), cache=context.cache)
    kind = KIND if model_folder.holds_saved_model(model) else model_folder.GRAPH_KIND
    return model_folder.source(model, kind, backbone, sha256, "given")
