"""Ready TensorFlow.js graphs by a Hub's handle, and which addresses are those of graphs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import obtain
from onthefly_studio.sources.graph_address import GraphAddress, in_folder, of_graph
from tests.python.sources.support import (
    FIRST,
    HUB_GRAPH,
    KAGGLE_GRAPH,
    SECOND,
    asked,
    files_under,
    lose,
    other,
    packed,
    serve,
)
from tests.support.hubserver import PAGE, Fault, HubServer

KAGGLE_IN_FULL = (
    "/models/google/mobilenet-v3/frameworks/TfJs/variations/small-100-224-feature-vector/versions/1"
)
KAGGLE_DOWNLOAD = f"/api/v1{KAGGLE_GRAPH}/download"


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
def test_a_hub_gives_a_graph_in_one_piece(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], handle: str, archive: str
) -> None:
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
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes], handle: str, fault: Fault
) -> None:
    archive = KAGGLE_DOWNLOAD if handle == KAGGLE_GRAPH else handle
    hub.faults[archive] = [fault]
    serve(hub, handle, files, "tfjs-format=file")
    source = obtain(hub.url(handle), cache=cache, reporter=reporter)
    assert files_under(source.graph_model) == files
    assert asked(hub)[1:] == [f"{handle}/{name}?tfjs-format=file" for name in ("model.json", FIRST, SECOND)]
    hub.requests.clear()
    assert obtain(hub.url(handle), cache=cache, reporter=reporter, offline=True) == source
    assert hub.requests == []


def test_files_that_are_sent_on_to_signed_addresses(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes]
) -> None:
    """As tfhub.dev sends each on to Kaggle's storage, every one with a signature of its own."""
    hub.faults[HUB_GRAPH] = [Fault(status=404)]
    for number, (name, data) in enumerate(files.items()):
        hub.modules[f"/storage/{name}"], hub.queries[f"/storage/{name}"] = data, f"sig={number}%7E"
        hub.faults[f"{HUB_GRAPH}/{name}"] = [Fault(redirect=f"/storage/{name}?sig={number}%7E")]
    assert files_under(obtain(hub.url(HUB_GRAPH), cache=cache, reporter=reporter).graph_model) == files


def test_what_came_one_way_is_not_taken_the_other(
    hub: HubServer, cache: Cache, reporter: Silent, files: dict[str, bytes]
) -> None:
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


def test_a_graph_in_kagglehubs_cache_is_used(
    cache: Cache, reporter: Silent, tmp_path: Path, files: dict[str, bytes]
) -> None:
    variation = tmp_path / "kagglehub/models/google/mobilenet-v3/TfJs/small-100-224-feature-vector"
    for name, data in files.items():
        (variation / "1").mkdir(parents=True, exist_ok=True)
        (variation / "1" / name).write_bytes(data)
    (variation / "1.complete").touch()
    for url in (f"https://tfhub.dev{HUB_GRAPH}", f"https://www.kaggle.com{KAGGLE_IN_FULL}"):
        source = obtain(url, cache=cache, reporter=reporter, offline=True)
        assert source.graph_model == variation / "1"
    assert reporter.notes[-1] == f"Using the module in kagglehub's cache: {variation / '1'}"
