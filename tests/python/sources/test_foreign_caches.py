"""Modules in other programs' caches."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache, sha256_tree
from onthefly_studio.errors import SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, obtain
from tests.python.sources.support import (
    HANDLE,
    SHA256,
    a_model,
)
from tests.support import tensorflow_scripts
from tests.support.hubserver import HubServer


def test_a_module_that_tensorflow_hub_itself_has_fetched_is_used(
    hub: HubServer, cache: Cache, reporter: Silent, tmp_path: Path
) -> None:
    # The real library decides where it goes.
    said = tmp_path / "said"
    tensorflow_scripts.worker().call("tfhub_resolve", hub.url(HANDLE), tmp_path / "tfhub", said)
    place = Path(said.read_text())
    assert place.parent == tmp_path / "tfhub"
    hub.requests.clear()
    for _ in range(2):
        source = obtain("hub", cache=cache, reporter=reporter, offline=True)
        assert source == Source("hub", "hub", place, sha256_tree(place), "recorded", hub.url(HANDLE), None)
    assert reporter.notes == [f"Using the module in tensorflow_hub's cache: {place}"] * 2
    assert hub.requests == []


def in_tfhub(root: Path, url: str) -> Path:
    return a_model(root / hashlib.sha1(url.encode()).hexdigest())


def test_its_default_place_is_looked_at_but_not_what_others_put_there(
    hub: HubServer, cache: Cache, reporter: Silent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = in_tfhub(tmp_path / "tfhub_modules", hub.url(HANDLE))
    assert obtain("hub", cache=cache, reporter=reporter, offline=True).saved_model == folder
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert obtain("hub", cache=cache, reporter=reporter).saved_model != folder


def test_a_module_there_that_changes_is_refused(
    hub: HubServer, cache: Cache, reporter: Silent, tmp_path: Path
) -> None:
    folder = in_tfhub(tmp_path / "tfhub", hub.url(HANDLE))
    first = obtain("hub", cache=cache, reporter=reporter).sha256
    (folder / "saved_model.pb").write_bytes(b"changed")
    for value in ("hub", "auto"):
        with pytest.raises(SourceError, match="tensorflow_hub's cache has changed") as caught:
            obtain(value, cache=cache, reporter=reporter)
        assert first in caught.value.what
        assert sha256_tree(folder) in caught.value.what
        assert str(folder) in caught.value.where
        assert "cache clear" in caught.value.mend
    assert hub.requests == []


def test_a_place_that_may_not_be_looked_into_is_passed_over(
    hub: HubServer, cache: Cache, reporter: Silent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = in_tfhub(tmp_path / "tfhub", hub.url(HANDLE))
    is_file = Path.is_file

    def closed(path: Path) -> bool:
        if folder in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", closed)  # modes would not stop a test that runs as root
    assert obtain("hub", cache=cache, reporter=reporter).sha256 == SHA256


def test_what_is_not_whole_there_is_passed_over(
    hub: HubServer, cache: Cache, reporter: Silent, tmp_path: Path
) -> None:
    (in_tfhub(tmp_path / "tfhub", hub.url(HANDLE)) / "saved_model.pb").unlink()
    assert obtain("hub", cache=cache, reporter=reporter).sha256 == SHA256


@pytest.mark.parametrize("framework", ["tensorFlow2", "TensorFlow2"])
@pytest.mark.parametrize(
    "value",
    [
        "auto",
        "hub",
        "https://www.kaggle.com/models/google/mobilenet-v3/TensorFlow2/small-100-224-feature-vector/1",
        "https://www.kaggle.com/models/google/mobilenet-v3/frameworks/TensorFlow2/variations/"
        "small-100-224-feature-vector/versions/1",
    ],
)
def test_a_module_in_kagglehubs_cache_is_used_once_it_is_complete(
    cache: Cache, reporter: Silent, tmp_path: Path, framework: str, value: str
) -> None:
    variation = tmp_path / "kagglehub/models/google/mobilenet-v3" / framework / "small-100-224-feature-vector"
    folder = a_model(variation / "1")
    source = obtain("auto", cache=cache, reporter=reporter, offline=True)
    assert source.kind == "embedded"
    (variation / "1.complete").touch()
    source = obtain(value, cache=cache, reporter=reporter, offline=True)
    assert source.saved_model == folder
    assert source.trust == "recorded"
    assert reporter.notes[-1] == f"Using the module in kagglehub's cache: {folder}"
