"""Ready TensorFlow.js graphs at an address: a Hub's handles, folders, and `model.json` itself."""

from __future__ import annotations

import hashlib
import json
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from onthefly_studio.cache import sha256_tree
from onthefly_studio.errors import ConversionError, OnTheFlyError, SourceError
from onthefly_studio.graph import foreign
from onthefly_studio.sources import Source, download, obtain
from onthefly_studio.sources.graph_address import GraphAddress, in_folder, of_graph
from onthefly_studio.validate import original
from tests.hubserver import PAGE, Fault, HubServer
from tests.patience import wait_until
from tests.unit.backbone.sources.support import (
    HUB_GRAPH,
    KAGGLE_GRAPH,
    LIMITS,
    files_under,
    kept,
    lose,
    packed,
    start,
)
from tests.unit.backbone.tfjs_files import Files

FOLDER = "/models/mine"
FIRST, SECOND = "group1-shard1of2.bin", "group1-shard2of2.bin"
KAGGLE_IN_FULL = (
    "/models/google/mobilenet-v3/frameworks/TfJs/variations/small-100-224-feature-vector/versions/1"
)
KAGGLE_DOWNLOAD = f"/api/v1{KAGGLE_GRAPH}/download"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """A graph as its publisher has it."""
    return files_under(Files().write(tmp_path / "published"))


def serve(hub: HubServer, folder: str, files: dict[str, bytes], query: str | None = None) -> None:
    """Put files into a folder of the server; with a query, each is there with that one only."""
    for name, data in files.items():
        hub.modules[f"{folder}/{name}"] = data
        if query is not None:
            hub.queries[f"{folder}/{name}"] = query


def asked(hub: HubServer) -> list[str]:
    return [f"{request.path}?{request.query}".rstrip("?") for request in hub.requests]


# Where a graph is asked for


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            f"https://tfhub.dev{HUB_GRAPH}",
            GraphAddress(
                f"https://tfhub.dev{HUB_GRAPH}",
                f"https://tfhub.dev{HUB_GRAPH}?tfjs-format=compressed",
                f"https://tfhub.dev{HUB_GRAPH}",
                "tfjs-format=file",
            ),
        ),
        (
            f"https://www.kaggle.com{KAGGLE_GRAPH}",
            GraphAddress(
                f"https://www.kaggle.com{KAGGLE_GRAPH}",
                f"https://www.kaggle.com{KAGGLE_DOWNLOAD}",
                f"https://www.kaggle.com{KAGGLE_GRAPH}",
                "tfjs-format=file",
            ),
        ),
        (
            f"https://kaggle.com{KAGGLE_IN_FULL}",
            GraphAddress(
                f"https://kaggle.com{KAGGLE_IN_FULL}",
                f"https://kaggle.com{KAGGLE_DOWNLOAD}",
                f"https://kaggle.com{KAGGLE_IN_FULL}",
                "tfjs-format=file",
            ),
        ),
        (
            "https://storage.example/b/m/model.json",
            GraphAddress("https://storage.example/b/m/model.json", None, "https://storage.example/b/m"),
        ),
        (
            "https://storage.example/b/m/model.json?sig=a%7Eb&X=%2F",
            GraphAddress(
                "https://storage.example/b/m/model.json?sig=a%7Eb&X=%2F",
                None,
                "https://storage.example/b/m",
                "sig=a%7Eb&X=%2F",
            ),
        ),
        (
            "https://storage.example/m/",
            GraphAddress("https://storage.example/m/", None, "https://storage.example/m"),
        ),
    ],
)
def test_where_a_graph_is_asked_for(url: str, expected: GraphAddress) -> None:
    assert of_graph(url) == expected


@pytest.mark.parametrize(
    "handle", [f"https://tfhub.dev{HUB_GRAPH}", f"https://www.kaggle.com{KAGGLE_IN_FULL}"]
)
@pytest.mark.parametrize(
    "end",
    [
        "/",
        "#usage",
        "/model.json",
        "/model.json?tfjs-format=file",
        "?tfjs-format=compressed",
        "?tfhub-redirect=true",
    ],
)
def test_a_hubs_address_of_any_form_is_that_of_the_model(handle: str, end: str) -> None:
    assert of_graph(handle + end) == of_graph(handle)


@pytest.mark.parametrize(
    "url",
    [
        "https://tfhub.dev/google/imagenet/mobilenet_v3_small_100_224/feature_vector/5",
        "https://www.kaggle.com/models/google/mobilenet-v3/tensorFlow2/small-100-224-feature-vector/1",
        "https://mirror.example/google/x/1/",
        "https://storage.example/m",
        "https://storage.example/m.tar.gz",
        "https://storage.example/m.tar.gz/",
        "https://storage.example/m?sig=x",
    ],
)
def test_what_may_be_an_archive_is_no_graphs_address(url: str) -> None:
    assert of_graph(url) is None


def test_names_of_shards_are_quoted() -> None:
    assert in_folder("https://a.example/m?k=1").file("a b#?.bin") == "https://a.example/m/a%20b%23%3F.bin?k=1"


# A Hub's handles


@pytest.mark.parametrize(
    ("handle", "archive"),
    [(HUB_GRAPH, HUB_GRAPH), (KAGGLE_GRAPH, KAGGLE_DOWNLOAD), (KAGGLE_IN_FULL, KAGGLE_DOWNLOAD)],
)
def test_a_hub_gives_a_graph_in_one_piece(hub, cache, reporter, files, handle, archive):
    data = packed(files)
    hub.modules["/storage/graph.tar.gz"], hub.queries["/storage/graph.tar.gz"] = data, "sig=a%7Eb"
    hub.faults[archive] = [Fault(redirect="/storage/graph.tar.gz?sig=a%7Eb")]
    source = obtain(hub.url(handle), cache=cache, reporter=reporter)
    assert (source.kind, source.url, source.trust) == ("tfjs-url", hub.url(handle), "recorded")
    assert source.sha256 == hashlib.sha256(data).hexdigest()
    assert files_under(source.graph_model) == files
    query = "?tfjs-format=compressed" if archive == HUB_GRAPH else ""
    assert asked(hub) == [archive + query, "/storage/graph.tar.gz?sig=a%7Eb"]
    assert obtain(hub.url(handle), cache=cache, reporter=reporter, offline=True) == source


@pytest.mark.parametrize("handle", [HUB_GRAPH, KAGGLE_GRAPH])
@pytest.mark.parametrize("fault", [Fault(status=404), Fault(body=PAGE, content_type="text/html")])
def test_where_there_is_no_archive_the_files_are_asked_for_as_tensorflow_js_does(
    hub, cache, reporter, files, handle, fault
):
    archive = KAGGLE_DOWNLOAD if handle == KAGGLE_GRAPH else handle
    hub.faults[archive] = [fault]
    serve(hub, handle, files, "tfjs-format=file")
    source = obtain(hub.url(handle), cache=cache, reporter=reporter)
    assert files_under(source.graph_model) == files
    assert asked(hub)[1:] == [f"{handle}/{name}?tfjs-format=file" for name in ("model.json", FIRST, SECOND)]
    hub.requests.clear()
    assert obtain(hub.url(handle), cache=cache, reporter=reporter, offline=True) == source
    assert hub.requests == []


def test_files_that_are_sent_on_to_signed_addresses(hub, cache, reporter, files):
    """As tfhub.dev sends each on to Kaggle's storage, every one with a signature of its own."""
    hub.faults[HUB_GRAPH] = [Fault(status=404)]
    for number, (name, data) in enumerate(files.items()):
        hub.modules[f"/storage/{name}"], hub.queries[f"/storage/{name}"] = data, f"sig={number}%7E"
        hub.faults[f"{HUB_GRAPH}/{name}"] = [Fault(redirect=f"/storage/{name}?sig={number}%7E")]
    assert files_under(obtain(hub.url(HUB_GRAPH), cache=cache, reporter=reporter).graph_model) == files


def test_what_came_one_way_is_not_taken_the_other(hub, cache, reporter, files):
    """Or a stranger who has the handle's files could put an archive of another model beside them."""
    hub.faults[HUB_GRAPH] = [Fault(status=404)]
    serve(hub, HUB_GRAPH, files, "tfjs-format=file")
    by_files = obtain(hub.url(HUB_GRAPH), cache=cache, reporter=reporter)
    lose(cache, "unpacked")
    hub.modules[HUB_GRAPH], hub.queries[HUB_GRAPH] = packed(other(files)), "tfjs-format=compressed"
    assert obtain(hub.url(HUB_GRAPH), cache=cache, reporter=reporter) == by_files

    hub.modules[KAGGLE_DOWNLOAD] = packed(files)
    serve(hub, KAGGLE_GRAPH, other(files))
    obtain(hub.url(KAGGLE_GRAPH), cache=cache, reporter=reporter)
    lose(cache, "unpacked", "archives")
    hub.faults[KAGGLE_DOWNLOAD] = [Fault(status=404)]
    with pytest.raises(SourceError, match=r"nothing at this address \(404\)"):
        obtain(hub.url(KAGGLE_GRAPH), cache=cache, reporter=reporter)


def test_a_graph_in_kagglehubs_cache_is_used(cache, reporter, tmp_path, files):
    variation = tmp_path / "kagglehub/models/google/mobilenet-v3/TfJs/small-100-224-feature-vector"
    for name, data in files.items():
        (variation / "1").mkdir(parents=True, exist_ok=True)
        (variation / "1" / name).write_bytes(data)
    (variation / "1.complete").touch()
    for url in (f"https://tfhub.dev{HUB_GRAPH}", f"https://www.kaggle.com{KAGGLE_IN_FULL}"):
        source = obtain(url, cache=cache, reporter=reporter, offline=True)
        assert source.graph_model == variation / "1"
    assert reporter.notes[-1] == f"Using the module in kagglehub's cache: {variation / '1'}"


# A folder anywhere


@pytest.mark.parametrize("end", ["", "/", "/model.json"])
def test_a_folder_with_a_graph(hub, cache, reporter, files, tmp_path, end):
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
def test_a_signed_folder_is_asked_for_as_it_stands(hub, cache, reporter, files, address):
    query = "X-Amz-Credential=me%2F20260101&X-Amz-Signature=5f%7E0a"
    serve(hub, FOLDER, files, query)
    source = obtain(f"{hub.url(address)}?{query}", cache=cache, reporter=reporter)
    assert (source.url, source.requested) == (hub.url(address), hub.url(address))
    assert {request.query for request in hub.requests} == {query}
    assert query not in "".join(path.read_text() for path in cache.path("sources", "").iterdir())


def test_neither_an_archive_nor_a_graph(hub, cache, reporter):
    with pytest.raises(SourceError, match=r"nothing at this address \(404\)") as caught:
        obtain(hub.url(FOLDER), cache=cache, reporter=reporter)
    assert caught.value.where == hub.url(FOLDER)
    assert asked(hub) == [FOLDER, f"{FOLDER}/model.json"]
    assert kept(cache) == []


def test_a_server_that_cannot_be_reached_is_not_asked_for_another_file(hub, cache, reporter):
    hub.faults[FOLDER] = [Fault(status=503, always=True)]
    with pytest.raises(SourceError, match="in trouble"):
        obtain(hub.url(FOLDER), cache=cache, reporter=reporter)
    assert set(asked(hub)) == {FOLDER}


def test_a_folder_offline_without_a_copy(hub, cache, reporter):
    with pytest.raises(SourceError, match="not in the cache, and --offline opens no connection"):
        obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter, offline=True)
    assert (hub.requests, kept(cache)) == ([], [])


@pytest.mark.parametrize("cut", ["model.json", FIRST, SECOND])
def test_a_file_that_breaks_off_is_resumed(hub, cache, reporter, files, cut):
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{cut}"] = [Fault(cut_after=100)]
    source = obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert files_under(source.graph_model) == files
    assert [request.headers["range"] for request in hub.requests if "range" in request.headers] == [
        "bytes=100-"
    ]
    assert len(hub.requests) == 4


def test_a_build_killed_at_the_second_shard_goes_on_there(hub, cache, reporter, files):
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{SECOND}"] = [Fault(stall_after=100)]
    build = start(cache, hub.url(f"{FOLDER}/"))
    wait_until(hub.stalled.is_set, "the second shard", alive=build)
    build.send_signal(signal.SIGKILL)
    build.communicate()
    hub.requests.clear()
    source = obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert files_under(source.graph_model) == files
    assert asked(hub) == [f"{FOLDER}/model.json", f"{FOLDER}/{SECOND}"]


def test_shards_of_an_older_graph_are_not_mixed_in(hub, cache, reporter, files):
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{SECOND}"] = [Fault(status=503), Fault(status=503)]
    with pytest.raises(SourceError, match="in trouble"):
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    newer = other(files)
    newer["model.json"] += b"\n"
    serve(hub, FOLDER, newer)
    assert files_under(obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter).graph_model) == newer


# Trust


def other(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same graph with other weights."""
    return {**files, FIRST: files[FIRST][::-1]}


def test_a_graph_that_changes_is_refused(hub, cache, reporter, files):
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
def test_a_copy_that_was_harmed_is_fetched_again(hub, cache, reporter, files, harm):
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
            "something else than a file of weights (text/html, beginning",
        ),
        (Fault(body=b""), "something else than a file of weights (application/gzip, empty)"),
        (Fault(redirect="http://portal.invalid/"), "redirects to http://portal.invalid/"),
    ],
)
def test_a_shard_that_is_not_there(hub, cache, reporter, files, fault, words):
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{SECOND}"] = [fault]
    with pytest.raises(SourceError) as caught:
        obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter)
    assert words in caught.value.what
    assert caught.value.where == hub.url(f"{FOLDER}/{SECOND}")
    assert caught.value.hint
    assert not [name for name in kept(cache) if not name.startswith("downloads/")]
    assert obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter).trust == "recorded"


def changed(files: dict[str, bytes], change) -> dict[str, bytes]:
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
def test_a_shard_of_a_name_that_leads_elsewhere(hub, cache, reporter, files, name, words):
    def rename(_, group):
        group["paths"][1] = name

    serve(hub, FOLDER, changed(files, rename))
    with pytest.raises(OnTheFlyError, match=words) as caught:
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert caught.value.where == hub.url(f"{FOLDER}/")
    assert asked(hub) == [f"{FOLDER}/model.json"]
    assert kept(cache) == []


def _many(_, group):
    group["paths"] = [f"{number}.bin" for number in range(1001)]


def _many_in_groups(document, group):
    empty = [{"paths": [f"{n}-{each}.bin" for each in range(400)], "weights": []} for n in range(3)]
    document["weightsManifest"] = [group, *empty]


def _large(_, group):
    group["weights"][0]["shape"] = [1 << 14, 1 << 14]


def _layers(document, _):
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
def test_too_much_is_known_before_any_of_it_is_asked_for(hub, cache, reporter, files, change, words):
    serve(hub, FOLDER, changed(files, change))
    with pytest.raises(ConversionError, match=words) as caught:
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert caught.value.where == hub.url(f"{FOLDER}/")
    assert asked(hub) == [f"{FOLDER}/model.json"]
    assert kept(cache) == []


@pytest.mark.parametrize("has_length", [True, False])
def test_no_more_bytes_are_read_than_the_weights_have(hub, cache, reporter, files, has_length):
    serve(hub, FOLDER, files)
    hub.faults[f"{FOLDER}/{SECOND}"] = [Fault(body=files[SECOND] + b"x", length=has_length)]
    with pytest.raises(SourceError) as caught:
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    left = len(files[SECOND])
    assert caught.value.what == f"{SECOND} is longer than the {left:,} bytes that are left for it."
    assert kept(cache) == []


def test_weights_that_are_too_short(hub, cache, reporter, files):
    serve(hub, FOLDER, {**files, SECOND: files[SECOND][:-4]})
    with pytest.raises(SourceError, match=r"are 4 bytes shorter than the [\d,]+ that model\.json says"):
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    assert kept(cache) == []


def test_a_model_json_larger_than_is_read(hub, cache, reporter, files, monkeypatch):
    monkeypatch.setattr(foreign, "LIMITS", replace(foreign.LIMITS, document_bytes=100))
    serve(hub, FOLDER, files)
    with pytest.raises(SourceError, match=r"model\.json is longer than the 100 bytes"):
        obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)


def test_a_page_in_place_of_model_json(hub, cache, reporter):
    hub.modules[f"{FOLDER}/model.json"] = PAGE
    with pytest.raises(
        SourceError, match=r"something else than a model\.json .*beginning “A model Hello"
    ) as caught:
        obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter)
    assert "login" in caught.value.hint
    assert kept(cache) == []


def test_the_features_are_those_of_the_published_graph(hub, cache, reporter, files):
    serve(hub, FOLDER, files)
    source = obtain(hub.url(f"{FOLDER}/"), cache=cache, reporter=reporter)
    published, fetched = Files(), foreign.read(source.graph_model)
    assert np.array_equal(fetched.dense("kernel"), published.kernel.astype(np.float32))


def test_patience_is_the_downloads_own(hub, cache, reporter, files, monkeypatch):
    monkeypatch.setattr(download, "PATIENT", replace(LIMITS, attempts=3))
    hub.faults[f"{FOLDER}/model.json"] = [Fault(status=503, always=True)]
    with pytest.raises(SourceError, match="in trouble"):
        obtain(hub.url(f"{FOLDER}/model.json"), cache=cache, reporter=reporter)
    assert len(hub.requests) == 3
