"""What other programs have downloaded: modules in tensorflow_hub's and kagglehub's caches.

Both are only read. Keras' own cache holds single files, and is looked into by `keras.py`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from onthefly_studio.sources.model_folder import holds_saved_model
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
        return holds_saved_model(folder)
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
    # tfhub.dev forwards to Kaggle, where handle version 5 became version 1 of a renamed model.
    if match := re.fullmatch(
        r"https://tfhub\.dev/google/imagenet/mobilenet_v3_(small|large)_(\d{3})_224/feature_vector/5", url
    ):
        owner, model, version = "google", "mobilenet-v3", "1"
        variation = f"{match[1]}-{match[2]}-224-feature-vector"
    elif match := re.fullmatch(
        r"https://(?:www\.)?kaggle\.com/models/([\w-]+)/([\w-]+)/(?:frameworks/)?tensorflow2/"
        r"(?:variations/)?([\w-]+)/(?:versions/)?(\d+)",
        url,
        re.IGNORECASE,
    ):
        owner, model, variation, version = match.groups()
    else:
        return
    root = existing_path(os.environ.get("KAGGLEHUB_CACHE") or "~/.cache/kagglehub")
    if root is None:
        return
    # The framework's folder is spelt as its user wrote it: tensorFlow2 and TensorFlow2 both occur.
    for framework in sorted((root / "models" / owner / model).glob("*")):
        versions = framework / variation
        if framework.name.lower() == "tensorflow2" and (versions / f"{version}.complete").is_file():
            yield versions / version
