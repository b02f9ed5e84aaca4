"""Ready TensorFlow.js graphs in a folder at an address, fetched file by file."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.cache import Cache, sha256_tree
from onthefly_studio.errors import ConversionError, OnTheFlyError, SourceError
from onthefly_studio.graph import foreign
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, download, obtain
from onthefly_studio.validate import original
from tests.python.sources.support import (
    FIRST,
    LIMITS,
    SECOND,
    asked,
    files_under,
    kept,
    lose,
    other,
    serve,
    start,
)
from tests.support.hubserver import PAGE, Fault, HubServer
from tests.support.patience import wait_until
from tests.support.tfjs_files import Files

FOLDER = "/models/mine"
Change = Callable[[dict[str, Any], dict[str, Any]], None]


@pytest.mark.parametrize("end", ["", "/", "/model.json"])
def test_a_folder_with_a_graph(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], tmp_path: Path, end: str
) -> None:
    serve(hub, FOLDER, files)
    source = obtain(hub.url(FOLDER) + end, cache=cache, reporter=reporter)
    folder = cache.path("unpacked", source.sha256) / "model"
    kind = "tfjs-url" if end else "url"
    assert source == Source(
        kind,
        hub.url(FOLDER) + end,
        None,
        source.sha256,
        "recorded",
        hub.url(FOLDER) + end,
        graph_model=folder,
    )
    assert files_under(folder) == files
    assert source.sha256 == sha256_tree(tmp_path / "published")  # the same as of a folder on this machine
    fetched = [f"{FOLDER}/{name}" for name in ("model.json", FIRST, SECOND)]
    assert asked(hub) == ([] if end else [FOLDER]) + fetched  # without a slash it may be an archive
    (record,) = cache.path("sources", "").iterdir()
    assert json.loads(record.read_text()) == {"files": source.sha256, "url": hub.url(FOLDER) + end}
    assert not [name for name in kept(cache) if name.startswith("downloads/")]
    hub.requests.clear()
    assert obtain(hub.url(FOLDER) + end, cache=cache, reporter=reporter, offline=True) == source
    assert obtain(hub.url(FOLDER) + end, cache=cache, reporter=reporter) == source
    assert hub.requests == []
    described = {"sha256": source.sha256, "kind": source.kind, "url": source.url}
    assert original.find(described, cache) == {"graph_model": str(folder)}
    assert original.find({**described, "url": hub.url("/elsewhere")}, cache) == {"graph_model": str(folder)}


@pytest.mark.parametrize("address", [f"{FOLDER}/model.json", f"{FOLDER}/"])
def test_a_signed_folder_is_asked_for_as_it_stands(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], address: str
) -> None:
    query = "X-Amz-Credential=me%2F20260101&X-Amz-Signature=5f%7E0a"
    serve(hub, FOLDER, files, query)
    source = obtain(f"{hub.url(address)}?{query}", cache=cache, reporter=reporter)
    assert (source.url, source.requested) == (hub.url(address), hub.url(address))
    assert {request.query for request in hub.requests} == {query}
    assert query not in "".join(path.read_text() for path in cache.path("sources", "").iterdir())


def test_neither_an_archive_nor_a_graph(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    with pytest.raises(SourceError, match=r"nothing at this address \(404\)") as caught:
        obtain(hub.url(FOLDER), cache=cache, reporter=reporter)
    assert caught.value.where == hub.url(FOLDER)
    assert asked(hub) == [FOLDER, f"{FOLDER}/model.json"]
    assert kept(cache) == []


def test_a_server_that_cannot_be_reached_is_not_asked_for_another_file(
    hub: HubServer, cache: Cache, reporter: Silent
) -> None:
    hub.faults[FOLDER] = [Fault(status=503, always=True)]
    with pytest.raises(SourceError, match="in trouble"):
        obtain(hub.url(FOLDER), cache=cache, reporter=reporter)
    assert set(asked(hub)) == {FOLDER}


def test_a_folder_offline_without_a_copy(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    with pytest.raises(SourceError, match="not in the cache, and --offline opens no connection"):
        obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter, offline=True)
    assert (hub.requests, kept(cache)) == ([], [])


@pytest.mark.parametrize("cut", ["model.json", FIRST, SECOND])
def test_a_file_that_breaks_off_is_resumed(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], cut: int
) -> None:
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{cut}"] = [Fault(cut_after=100)]
    source = obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert files_under(source.graph_model) == files
    assert [request.headers["range"] for request in hub.requests if "range" in request.headers] == [
        "bytes=100-"
    ]
    assert len(hub.requests) == 4


def test_a_build_killed_at_the_second_shard_goes_on_there(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes]
) -> None:
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{SECOND}"] = [Fault(stall_after=100)]
    build = start(cache, hub.url(f"{FOLDER}/"))
    wait_until(hub.stalled.is_set, "the second shard", alive=build)
    build.send_signal(signal.SIGKILL)
    build.communicate()
    assert [entry.leftover for entry in cache.entries(["downloads"])] == [False]  # it can be cleared
    hub.requests.clear()
    source = obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert files_under(source.graph_model) == files
    assert asked(hub) == [f"{FOLDER}/model.json", f"{FOLDER}/{SECOND}"]


def test_shards_of_an_older_graph_are_not_mixed_in(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes]
) -> None:
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{SECOND}"] = [Fault(status=503), Fault(status=503)]
    with pytest.raises(SourceError, match="in trouble"):
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    newer = other(files)
    newer["model.json"] += b"\n"
    serve(hub, FOLDER, newer)
    assert files_under(obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter).graph_model) == newer


# Trust


def test_a_graph_that_changes_is_refused(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes]
) -> None:
    serve(hub, FOLDER, files)
    first = obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    lose(cache, "unpacked")
    before = kept(cache)
    serve(hub, FOLDER, other(files))
    with pytest.raises(SourceError, match="not the file that was expected") as caught:
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert f"recorded at the first download is {first.sha256}" in caught.value.what
    assert caught.value.where == hub.url(f"{FOLDER}/")
    assert "onthefly cache clear" in caught.value.hint
    assert kept(cache) == before
    serve(hub, FOLDER, files)
    assert obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter) == first


@pytest.mark.parametrize("harm", ["change", "delete", "add"])
def test_a_copy_that_was_harmed_is_fetched_again(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], harm: str
) -> None:
    serve(hub, FOLDER, files)
    source = obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    shard = source.graph_model / FIRST
    {"change": lambda: shard.write_bytes(b""), "delete": shard.unlink, "add": (shard.parent / "x").touch}[
        harm
    ]()
    assert obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter) == source
    assert files_under(source.graph_model) == files


# What is refused


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=404), "has nothing at this address (404)"),
        (Fault(status=403), "refuses access"),
        (
            Fault(body=PAGE, content_type="text/html"),
            "something other than a file of weights (text/html, beginning",
        ),
        (Fault(body=b""), "something other than a file of weights (application/gzip, empty)"),
        (Fault(redirect="http://portal.invalid/"), "redirects to http://portal.invalid/"),
    ],
)
def test_a_shard_that_is_not_there(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], fault: Fault, words: str
) -> None:
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{SECOND}"] = [fault]
    with pytest.raises(SourceError) as caught:
        obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter)
    assert words in caught.value.what
    assert caught.value.where == hub.url(f"{FOLDER}/{SECOND}")
    assert caught.value.hint
    assert not [name for name in kept(cache) if not name.startswith("downloads/")]
    assert obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter).trust == "recorded"


def changed(files: dict[str, bytes], change: Change) -> dict[str, bytes]:
    document = json.loads(files["model.json"])
    change(document, document["weightsManifest"][0])
    return {**files, "model.json": json.dumps(document).encode()}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../secret.bin", "only plain names of files beside model.json"),
        ("shards/1.bin", "only plain names of files beside model.json"),
        ("https://elsewhere.example/1.bin", "only plain names of files beside model.json"),
        ("C:1.bin", "only plain names of files beside model.json"),
        ("a\\b.bin", "only plain names of files beside model.json"),
        (".netrc", "only plain names of files beside model.json"),
        ("", "only plain names of files beside model.json"),
        (FIRST, "names a file twice"),
        (FIRST.upper(), "names a file twice"),
        ("model.json", "names a file twice"),
    ],
)
def test_a_shard_of_a_name_that_leads_elsewhere(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], name: str, words: str
) -> None:
    def rename(_: dict[str, Any], group: dict[str, Any]) -> None:
        group["paths"][1] = name

    serve(hub, FOLDER, changed(files, rename))
    with pytest.raises(OnTheFlyError, match=words) as caught:
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert caught.value.where == hub.url(f"{FOLDER}/")
    assert asked(hub) == [f"{FOLDER}/model.json"]
    assert kept(cache) == []


def _many(_: dict[str, Any], group: dict[str, Any]) -> None:
    group["paths"] = [f"{number}.bin" for number in range(1001)]


def _many_in_groups(document: dict[str, Any], group: dict[str, Any]) -> None:
    empty = [{"paths": [f"{n}-{each}.bin" for each in range(400)], "weights": []} for n in range(3)]
    document["weightsManifest"] = [group, *empty]


def _large(_: dict[str, Any], group: dict[str, Any]) -> None:
    group["weights"][0]["shape"] = [1 << 14, 1 << 14]


def _layers(document: dict[str, Any], _: dict[str, Any]) -> None:
    document["format"] = "layers-model"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_many, "more than 20,000 weights or 1,000 shards"),
        (_many_in_groups, "more than 20,000 weights or 1,000 shards"),
        (_large, "take more than 512 MiB"),
        (_layers, "is a TensorFlow.js layers model"),
    ],
)
def test_too_much_is_known_before_any_of_it_is_asked_for(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], change: Change, words: str
) -> None:
    serve(hub, FOLDER, changed(files, change))
    with pytest.raises(ConversionError, match=words) as caught:
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert caught.value.where == hub.url(f"{FOLDER}/")
    assert asked(hub) == [f"{FOLDER}/model.json"]
    assert kept(cache) == []


@pytest.mark.parametrize("has_length", [True, False])
def test_no_more_bytes_are_read_than_the_weights_have(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], has_length: bool
) -> None:
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{SECOND}"] = [Fault(body=files[SECOND] + b"x", length=has_length)]
    with pytest.raises(SourceError) as caught:
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    left = len(files[SECOND])
    assert caught.value.what == f"{SECOND} is longer than the {left:,} bytes that are left for it."
    assert kept(cache) == []


def test_weights_that_are_too_short(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes]
) -> None:
    serve(hub, FOLDER, {**files, SECOND: files[SECOND][:-4]})
    with pytest.raises(SourceError, match=r"are 4 bytes shorter than the [\d,]+ that model\.json says"):
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert kept(cache) == []


def test_a_model_json_larger_than_is_read(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "LIMITS", replace(foreign.LIMITS, document_bytes=100))
    serve(hub, FOLDER, files)
    with pytest.raises(SourceError, match=r"model\.json is longer than the 100 bytes"):
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)


def test_a_page_in_place_of_model_json(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    hub.modules[f"{FOLDER}/model.json"] = PAGE
    with pytest.raises(
        SourceError, match=r"something other than a model\.json .*beginning “A model Hello"
    ) as caught:
        obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter)
    assert "login" in caught.value.hint
    assert kept(cache) == []


def test_the_features_are_those_of_the_published_graph(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes]
) -> None:
    serve(hub, FOLDER, files)
    source = obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert source.graph_model is not None
    published, fetched = Files(), foreign.read(source.graph_model)
    assert np.array_equal(fetched.dense("kernel"), published.kernel.astype(np.float32))


def test_patience_is_the_downloads_own(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PATIENT", replace(LIMITS, attempts=3))
    hub.faults[f"{FOLDER}/model.json"] = [Fault(status=503, always=True)]
    with pytest.raises(SourceError, match="in trouble"):
        obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter)
    assert len(hub.requests) == 3
