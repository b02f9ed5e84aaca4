"""Archives and folders of the user's own, and the embedded weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache, sha256_tree
from onthefly_studio.errors import SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, embedded, obtain
from onthefly_studio.sources import folder as folder_source
from onthefly_studio.sources.embedded import EMBEDDED_WEIGHTS
from tests.python.sources.support import (
    FILES,
    HANDLE,
    MODULE,
    SHA256,
    a_model,
    files_under,
    kept,
    packed,
)
from tests.support.hubserver import HubServer


def test_an_archive_of_ones_own(cache: Cache, reporter: Silent, tmp_path: Path) -> None:
    for name in ("module.tar.gz", "module.TGZ"):
        (tmp_path / name).write_bytes(MODULE)
        source = obtain(str(tmp_path / name), cache=cache, reporter=reporter, offline=True)
        assert source == Source(
            "archive", str(tmp_path / name), source.saved_model, SHA256, "given", None, None
        )
        assert files_under(source.saved_model) == FILES


def test_an_archive_that_is_none(cache: Cache, reporter: Silent, tmp_path: Path) -> None:
    (tmp_path / "module.tar.gz").write_bytes(b"<html>")
    with pytest.raises(SourceError, match=r"not a \.tar\.gz") as caught:
        obtain(str(tmp_path / "module.tar.gz"), cache=cache, reporter=reporter)
    assert caught.value.where == str(tmp_path / "module.tar.gz")
    assert kept(cache) == []


def test_a_folder_of_ones_own(
    cache: Cache, reporter: Silent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_model(tmp_path / "hub")
    monkeypatch.chdir(tmp_path)
    source = obtain("./hub", cache=cache, reporter=reporter, offline=True)
    assert source == Source("folder", "./hub", folder, sha256_tree(folder), "given", None, None)
    assert kept(cache) == []


def test_a_folder_without_a_model(cache: Cache, reporter: Silent, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(SourceError, match=r"holds neither saved_model\.pb nor model\.json") as caught:
        obtain(str(tmp_path / "x"), cache=cache, reporter=reporter)
    assert caught.value.where == str(tmp_path / "x")
    a_model(tmp_path / "x" / "inner")
    with pytest.raises(SourceError) as caught:
        obtain(str(tmp_path / "x"), cache=cache, reporter=reporter)
    assert caught.value.hint == f"Pass {tmp_path / 'x' / 'inner'}."


GRAPH = {"model.json": b"{}", "group1-shard1of1.bin": b"weights"}


def test_a_folder_with_a_tensorflow_js_graph(cache: Cache, reporter: Silent, tmp_path: Path) -> None:
    folder = a_model(tmp_path / "graph", GRAPH)
    source = obtain(str(folder), cache=cache, reporter=reporter, offline=True)
    assert source == Source("tfjs", str(folder), None, sha256_tree(folder), "given", None, graph_model=folder)
    assert source.origin == {"graph_model": str(folder)}
    (folder / "photos").mkdir()  # what lies below belongs to no graph
    (folder / "photos" / "cat.jpg").write_bytes(b"cat")
    assert obtain(str(folder), cache=cache, reporter=reporter).sha256 == source.sha256
    (folder / "group1-shard1of1.bin").write_bytes(b"others")
    assert obtain(str(folder), cache=cache, reporter=reporter).sha256 != source.sha256
    a_model(folder)  # the original, which goes before what was made of it
    assert obtain(str(folder), cache=cache, reporter=reporter).kind == "folder"


@pytest.mark.parametrize("at", ["./", "tfjs/"])
def test_an_archive_with_a_tensorflow_js_graph(
    cache: Cache, reporter: Silent, tmp_path: Path, at: str
) -> None:
    (tmp_path / "graph.tar.gz").write_bytes(packed(GRAPH, at))
    source = obtain(str(tmp_path / "graph.tar.gz"), cache=cache, reporter=reporter, offline=True)
    assert (source.kind, source.saved_model, source.trust) == ("tfjs", None, "given")
    assert files_under(source.graph_model) == GRAPH


def test_a_url_with_a_tensorflow_js_graph(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    hub.modules[HANDLE] = packed(GRAPH)
    for _ in range(2):
        source = obtain(hub.url(HANDLE), cache=cache, reporter=reporter)
        assert (source.kind, source.saved_model, source.trust) == ("url", None, "recorded")
        assert files_under(source.graph_model) == GRAPH
    assert len(hub.requests) == 1


def test_a_folder_that_may_not_be_read(
    cache: Cache, reporter: Silent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path, files: object = None) -> None:
        raise PermissionError(13, "Permission denied", str(path / "saved_model.pb"))

    monkeypatch.setattr(folder_source, "sha256_tree", denied)
    with pytest.raises(SourceError, match=r"could not be read \(Permission denied\)") as caught:
        obtain(str(a_model(tmp_path / "m")), cache=cache, reporter=reporter)
    assert caught.value.where == str(tmp_path / "m" / "saved_model.pb")
    assert "can read it" in caught.value.hint


def test_a_home_folder_is_understood(
    cache: Cache, reporter: Silent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    a_model(tmp_path / "m")
    assert obtain("~/m", cache=cache, reporter=reporter).saved_model == tmp_path / "m"


# Embedded


def test_the_embedded_weights_are_what_their_hash_says(cache: Cache, reporter: Silent) -> None:
    source = obtain("embedded", cache=cache, reporter=reporter, offline=True)
    expected = EMBEDDED_WEIGHTS.with_suffix(".sha256").read_text().strip()
    assert source == Source("embedded", "embedded", None, expected, "built-in", None, None)
    assert reporter.notes == []


def test_embedded_weights_that_are_harmed_or_gone(
    cache: Cache, reporter: Silent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights.npz"
    monkeypatch.setattr(embedded, "EMBEDDED_WEIGHTS", weights)
    with pytest.raises(SourceError, match="cannot be read") as caught:
        obtain("embedded", cache=cache, reporter=reporter)
    assert caught.value.where == str(tmp_path)
    weights.write_bytes(b"harmed")
    weights.with_suffix(".sha256").write_text("0" * 64)
    with pytest.raises(SourceError, match=f"should be {'0' * 64}") as caught:
        obtain("embedded", cache=cache, reporter=reporter)
    assert hashlib.sha256(b"harmed").hexdigest() in caught.value.what
    assert "Install onthefly again" in caught.value.hint
