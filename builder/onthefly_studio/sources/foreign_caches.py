"""What other programs have downloaded: modules in tensorflow_hub's and kagglehub's caches.

Both are only read. Keras' own cache holds single files, and is looked into by `keras.py`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from onthefly_studio.sources.addresses import KaggleModel, is_of_a_hub, kaggle_model
from onthefly_studio.sources.model_folder import holds_graph, holds_saved_model
from onthefly_studio.sources.source import existing_path


def modules(url: str) -> Iterator[tuple[str, Path]]:
    """Folders of the module at an address that tensorflow_hub or kagglehub have downloaded, by program."""
    import tempfile  # 3 ms, needed only where a module is looked for

    # As tensorflow_hub names its folders; the digest keeps no secret.
    name = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    given = os.environ.get("TFHUB_CACHE_DIR")
    folder = Path(given or Path(tempfile.gettempdir(), "tfhub_modules"), name)
    # The default place is open to every user of the machine; what another put there is not ours.
    if _holds_model(folder) and (given or _is_ours(folder)):
        yield "tensorflow_hub", folder
    for folder in _in_kagglehub(url):
        if _holds_model(folder):
            yield "kagglehub", folder


def _holds_model(folder: Path) -> bool:
    try:
        return holds_saved_model(folder) or holds_graph(folder)
    except OSError:  # another user's folder, which may not be looked into
        return False


def _is_ours(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True  # Windows: the folder for temporary files is each user's own
    try:
        return all(path.stat().st_uid == os.getuid() for path in (folder, *folder.rglob("*")))
    except OSError:
        return False


def _in_kagglehub(url: str) -> Iterator[Path]:
    if not (wanted := _on_kaggle(url)):
        return
    root = existing_path(os.environ.get("KAGGLEHUB_CACHE") or "~/.cache/kagglehub")
    if root is None:
        return
    # The framework's folder is spelt as its user wrote it: tensorFlow2 and TensorFlow2 both occur.
    for framework in sorted((root / "models" / wanted.owner / wanted.model).glob("*")):
        versions = framework / wanted.variation
        is_complete = (versions / f"{wanted.version}.complete").is_file()
        if framework.name.lower() == wanted.framework and is_complete:
            yield versions / wanted.version


def _on_kaggle(url: str) -> KaggleModel | None:
    """The model on Kaggle that an address stands for, in one of the two formats that are read."""
    # tfhub.dev forwards to Kaggle, where handle version 5 became version 1 of a renamed model.
    if match := re.fullmatch(
        r"https://tfhub\.dev/google/(tfjs-model/)?imagenet/mobilenet_v3_(small|large)_(\d{3})_224/"
        r"feature_vector/5(?(1)/default/1)",
        url,
    ):
        framework = "tfjs" if match[1] else "tensorflow2"
        return KaggleModel(
            "google", "mobilenet-v3", framework, f"{match[2]}-{match[3]}-224-feature-vector", "1"
        )
    if not is_of_a_hub(url) or not url.startswith("https://"):
        return None
    model = kaggle_model(urlsplit(url).path)
    return model if model and model.framework in ("tensorflow2", "tfjs") else None
