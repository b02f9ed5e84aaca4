"""`auto`: the first place that has ImageNet's weights, the embedded weights where none answers."""

from __future__ import annotations

import hashlib
import socket
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from onthefly_studio import extras
from onthefly_studio.cache import Cache, sha256_file
from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, auto, download, obtain
from onthefly_studio.sources import hub as hub_source
from onthefly_studio.sources.embedded import EMBEDDED_WEIGHTS
from onthefly_studio.sources.keras_applications import NETWORKS
from onthefly_studio.sources.silence import Silence
from tests.python.sources.support import (
    FILES,
    HANDLE,
    HUB_GRAPH,
    KAGGLE_GRAPH,
    KAGGLE_MODULE,
    KERAS_FOLDER,
    LIMITS,
    MODULE,
    OTHER,
    a_model,
    files_under,
    in_the_place_of_every_host,
    kept,
    lose,
    packed,
    run,
)
from tests.support import data
from tests.support.hubserver import Fault, HubServer
from tests.support.tfjs_files import Files

AUTOS_OWN = auto.BRIEF


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=404), "has nothing at this address (404)"),
        (Fault(status=403), "refuses access"),
        (Fault(status=503), "is in trouble (HTTP 503)"),
        (Fault(status=429, retry_after="600"), "asks for a pause of 600 s"),
        (Fault(stall_after=10), "stopped sending for 1 s"),
        (Fault(cut_after=0), "broke off"),
        (Fault(body=b"<html>Log in to the guest network", content_type="text/html"), "Log in to the guest"),
        (Fault(redirect="http://portal.invalid/"), "redirects to http://portal.invalid/"),
    ],
)
def test_auto_falls_back_and_says_why_in_one_line(
    hub: HubServer, cache: Cache, reporter: Silent, monkeypatch: pytest.MonkeyPatch, fault: Fault, words: str
) -> None:
    if fault.stall_after is not None:
        monkeypatch.setattr(auto, "BRIEF", replace(LIMITS, read_s=1))
    hub.faults[HANDLE] = [Fault(**{**fault.__dict__, "always": True})]
    source = obtain("auto", cache=cache, reporter=reporter)
    assert source == Source(
        "embedded", "auto", None, sha256_file(EMBEDDED_WEIGHTS), "built-in", None, source.why
    )
    assert words in source.why
    assert reporter.notes == [
        f"{source.why} Using the embedded weights instead (not asked again for 60 minutes; --force asks)."
    ]
    assert "\n" not in reporter.notes[0]


def test_auto_where_nobody_listens_tries_each_place_twice_with_a_short_pause(
    cache: Cache, reporter: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    in_the_place_of_every_host(monkeypatch, lambda path: f"http://127.0.0.1:{port}{path}")
    monkeypatch.setattr(auto, "BRIEF", AUTOS_OWN)
    pauses: list[float] = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=pauses.append, time=time.time))
    source = obtain("auto", cache=cache, reporter=reporter)
    assert pauses == [0.5] * 3
    assert source.why == "127.0.0.1 refused the connection."


def test_autos_own_patience_is_short() -> None:
    assert AUTOS_OWN.connect_s <= 5
    assert AUTOS_OWN.attempts == 2
    assert AUTOS_OWN.read_s <= 15


def test_the_answer_of_a_silent_hub_is_remembered_for_an_hour(
    hub: HubServer, cache: Cache, reporter: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.faults[HANDLE] = [Fault(status=403)]
    first = obtain("auto", cache=cache, reporter=reporter)
    asked = len(hub.requests)
    now = time.time()
    for later, minutes in ((600, "50 minutes"), (3590, "1 minute")):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        assert obtain("auto", cache=cache, reporter=reporter) == first
        assert (
            f"{first.why} Using the embedded weights instead (not asked again for {minutes};"
            in reporter.notes[-1]
        )
    assert len(hub.requests) == asked
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    assert obtain("auto", cache=cache, reporter=reporter).kind == "hub"


def test_remembered_answers_cost_no_import(cache: Cache) -> None:
    for url in (hub_source.DEFAULT_HANDLE, auto.KAGGLE_MODULE, NETWORKS["small"].url):
        Silence(cache, url).remember("It rained.")
    assert run(cache, "auto").split() == [sha256_file(EMBEDDED_WEIGHTS), "None"]


def test_force_asks_again(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    hub.faults[HANDLE] = [Fault(status=403)]
    obtain("auto", cache=cache, reporter=reporter)
    assert obtain("auto", cache=cache, reporter=reporter, force=True).kind == "hub"
    assert Silence(cache, hub_source.DEFAULT_HANDLE).remembered() is None


@pytest.mark.parametrize("note", ["{", "[]", '{"why": 1, "when": "x"}', '{"why": "x", "when": 1e12}'])
def test_a_memory_that_makes_no_sense_is_none(
    hub: HubServer, cache: Cache, reporter: Silent, note: str
) -> None:
    Silence(cache, hub_source.DEFAULT_HANDLE).remember("It rained.")
    (file,) = cache.path("unreachable", "").iterdir()
    file.write_text(note)
    assert obtain("auto", cache=cache, reporter=reporter).kind == "hub"


def test_only_auto_is_stopped_by_what_auto_remembers(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    hub.faults[HANDLE] = [Fault(status=403)]
    obtain("auto", cache=cache, reporter=reporter)
    obtain("hub", cache=cache, reporter=reporter)
    assert obtain("auto", cache=cache, reporter=reporter).kind == "hub"  # for now it is here


def test_auto_offline(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    source = obtain("auto", cache=cache, reporter=reporter, offline=True)
    assert source.kind == "embedded"
    assert source.why == "The Hub's model is not in the cache, and --offline opens no connection."
    assert reporter.notes == [f"{source.why} Using the embedded weights instead."]
    assert hub.requests == []
    obtain("hub", cache=cache, reporter=reporter)
    offline = obtain("auto", cache=cache, reporter=reporter, offline=True)
    assert (offline.kind, offline.requested, offline.why) == ("hub", "auto", None)
    assert len(hub.requests) == 1


@pytest.mark.parametrize("value", ["hub", "url"])
def test_offline_without_a_copy(hub: HubServer, cache: Cache, reporter: Silent, value: str) -> None:
    with pytest.raises(SourceError, match="not in the cache, and --offline opens no connection") as caught:
        obtain(hub.url(HANDLE) if value == "url" else "hub", cache=cache, reporter=reporter, offline=True)
    assert caught.value.where == hub.url(HANDLE)
    assert "without --offline" in caught.value.hint
    assert hub.requests == []
    assert kept(cache) == []


# Every place in turn

KERAS_FILE = f"{KERAS_FOLDER}/{NETWORKS['small'].file_name}"
KERAS_WEIGHTS = b"\x89HDF\r\n\x1a\n" + bytes(1000)
KAGGLE_MODULE_DOWNLOAD = (
    "/api/v1/models/google/mobilenet-v3/tensorFlow2/small-100-224-feature-vector/1/download"
)
KAGGLE_GRAPH_DOWNLOAD = "/api/v1/models/google/mobilenet-v3/tfJs/small-100-224-feature-vector/1/download"
PLACES = {
    "the Hub's module": HANDLE,
    "Kaggle's module": KAGGLE_MODULE_DOWNLOAD,
    "Keras' weights": KERAS_FILE,
    "the Hub's graph": HUB_GRAPH,
    "Kaggle's graph": KAGGLE_GRAPH_DOWNLOAD,
}
"""What is asked for, by place, with TensorFlow and then without."""
WITH_TENSORFLOW, WITHOUT = list(PLACES)[:3], list(PLACES)[3:]


@pytest.fixture
def graph(tmp_path: Path) -> dict[str, bytes]:
    return files_under(Files().write(tmp_path / "published"))


@pytest.fixture
def everywhere(hub: HubServer, graph: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> HubServer:
    """Every place answers."""
    md5 = hashlib.md5(KERAS_WEIGHTS).hexdigest()
    monkeypatch.setitem(NETWORKS, "small", replace(NETWORKS["small"], md5=md5))
    hub.modules |= {
        KAGGLE_MODULE_DOWNLOAD: packed({**FILES, "saved_model.pb": b"Kaggle's"}),
        KERAS_FILE: KERAS_WEIGHTS,
        HUB_GRAPH: packed(graph),
        KAGGLE_GRAPH_DOWNLOAD: packed({**graph, "LICENSE": b"Kaggle's"}),
    }
    hub.queries[HUB_GRAPH] = "tfjs-format=compressed"
    return hub


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = extras.missing
    monkeypatch.setattr(
        extras,
        "missing",
        lambda extra, what: f"{what} needs TensorFlow." if extra == "convert" else missing(extra, what),
    )


def down(hub: HubServer, *places: str, fault: Fault | None = None) -> None:
    hub.faults = {PLACES[place]: [fault or Fault(status=503, always=True)] for place in places}


@pytest.fixture(params=["with TensorFlow", "without"])
def places(request: pytest.FixtureRequest) -> list[str]:
    """Those that are asked, in their order."""
    if request.param == "with TensorFlow":
        return WITH_TENSORFLOW
    request.getfixturevalue("no_tensorflow")
    return WITHOUT


def place_of(source: Source, hub: HubServer) -> str:
    if source.keras:
        return "Keras' weights"
    asked = {HANDLE: "the Hub's module", KAGGLE_MODULE: "Kaggle's module", HUB_GRAPH: "the Hub's graph"}
    asked[KAGGLE_GRAPH] = "Kaggle's graph"
    return asked[str(source.url).removeprefix(hub.url(""))]


def test_each_place_where_those_before_it_are_down(
    everywhere: HubServer, cache: Cache, reporter: Silent, places: list[str]
) -> None:
    for number, place in enumerate(places):
        lose(cache, "archives", "unpacked", "weights", "unreachable")
        reporter.notes.clear()
        everywhere.requests.clear()
        down(everywhere, *places[:number])
        source = obtain("auto", cache=cache, reporter=reporter)
        assert place_of(source, everywhere) == place
        assert (source.requested, source.title) == ("auto", "MobileNetV3-Small 1.0")
        assert source.trained_on == "ImageNet photographs"
        paths = list(dict.fromkeys(request.path for request in everywhere.requests))
        assert paths == [PLACES[each] for each in places[: number + 1]]
        if number == 0:
            assert (source.why, reporter.notes) == (None, [])
            continue
        first, taken = {
            "Kaggle's module": ("TensorFlow Hub's model", "Kaggle's copy of the Hub's model"),
            "Keras' weights": ("TensorFlow Hub's model", "Keras Applications' weights"),
            "Kaggle's graph": ("TensorFlow Hub's ready graph", "Kaggle's copy of the Hub's ready graph"),
        }[place]
        assert source.why == f"{first} was not at hand. Taken instead: {taken}."
        assert reporter.notes == [
            f"127.0.0.1 is in trouble (HTTP 503). Using {taken} instead "
            "(not asked again for 60 minutes; --force asks)."
        ]


def test_where_all_are_down_the_embedded_weights_are_taken(
    everywhere: HubServer, cache: Cache, reporter: Silent, places: list[str]
) -> None:
    down(everywhere, *places)
    everywhere.faults[PLACES[places[0]]] = [Fault(status=403, always=True)]
    source = obtain("auto", cache=cache, reporter=reporter)
    assert source.kind == "embedded"
    assert source.why == "127.0.0.1 refuses access to this address (403). 127.0.0.1 is in trouble (HTTP 503)."
    everywhere.requests.clear()
    assert obtain("auto", cache=cache, reporter=reporter) == source
    assert everywhere.requests == []


def test_the_next_build_finds_the_copy_and_says_the_same(
    everywhere: HubServer, cache: Cache, reporter: Silent, places: list[str]
) -> None:
    down(everywhere, *places[:-1])
    first = obtain("auto", cache=cache, reporter=reporter)
    lose(cache, "unreachable")
    everywhere.requests.clear()
    everywhere.faults.clear()
    for offline in (True, False):
        assert obtain("auto", cache=cache, reporter=reporter, offline=offline) == first
    assert everywhere.requests == []


def test_each_silence_is_remembered_for_its_own_hour(
    everywhere: HubServer, cache: Cache, reporter: Silent, places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    down(everywhere, places[0])
    obtain("auto", cache=cache, reporter=reporter)
    lose(cache, "archives", "unpacked", "weights")
    down(everywhere)
    everywhere.requests.clear()
    second = obtain("auto", cache=cache, reporter=reporter)
    assert place_of(second, everywhere) == places[1]
    assert [request.path for request in everywhere.requests] == [PLACES[places[1]]]
    lose(cache, "archives", "unpacked", "weights")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    assert place_of(obtain("auto", cache=cache, reporter=reporter), everywhere) == places[0]


def test_a_copy_from_any_place_goes_before_a_connection(
    everywhere: HubServer, cache: Cache, reporter: Silent
) -> None:
    obtain(everywhere.url(KAGGLE_GRAPH), cache=cache, reporter=reporter)
    everywhere.requests.clear()
    graph = obtain("auto", cache=cache, reporter=reporter)
    assert place_of(graph, everywhere) == "Kaggle's graph"
    obtain("keras", cache=cache, reporter=reporter)
    everywhere.requests.clear()
    assert obtain("auto", cache=cache, reporter=reporter).kind == "keras"
    assert everywhere.requests == []


def test_without_tensorflow_an_original_at_hand_is_of_no_use(
    everywhere: HubServer, cache: Cache, reporter: Silent, no_tensorflow: None, tmp_path: Path
) -> None:
    a_model(tmp_path / "tfhub" / hashlib.sha1(everywhere.url(HANDLE).encode()).hexdigest())
    assert place_of(obtain("auto", cache=cache, reporter=reporter), everywhere) == "the Hub's graph"


def test_a_graph_that_only_its_files_are_of(
    everywhere: HubServer, cache: Cache, reporter: Silent, graph: dict[str, bytes], no_tensorflow: None
) -> None:
    """As it was on tfhub.dev when TensorFlow.js asked for it."""
    down(everywhere, "the Hub's graph", fault=Fault(status=404))
    for name, file in graph.items():
        everywhere.modules[f"{HUB_GRAPH}/{name}"] = file
        everywhere.queries[f"{HUB_GRAPH}/{name}"] = "tfjs-format=file"
    source = obtain("auto", cache=cache, reporter=reporter)
    assert files_under(source.graph_model) == graph
    assert (source.url, source.why) == (everywhere.url(HUB_GRAPH), None)


def test_a_changed_copy_on_kaggle_is_not_passed_over(
    everywhere: HubServer, cache: Cache, reporter: Silent
) -> None:
    down(everywhere, "the Hub's module")
    obtain("auto", cache=cache, reporter=reporter)
    lose(cache, "archives", "unpacked")
    everywhere.modules[KAGGLE_MODULE_DOWNLOAD] = OTHER
    with pytest.raises(SourceError, match="not the file that was expected") as caught:
        obtain("auto", cache=cache, reporter=reporter)
    assert caught.value.where == everywhere.url(KAGGLE_MODULE)


def test_kaggle_sends_on_to_a_signed_address(everywhere: HubServer, cache: Cache, reporter: Silent) -> None:
    down(everywhere, "the Hub's module")
    everywhere.modules["/storage/1"], everywhere.queries["/storage/1"] = MODULE, "X-Goog-Signature=a%7Eb"
    everywhere.faults[KAGGLE_MODULE_DOWNLOAD] = [Fault(redirect="/storage/1?X-Goog-Signature=a%7Eb")]
    source = obtain("auto", cache=cache, reporter=reporter)
    assert (source.url, files_under(source.saved_model)) == (everywhere.url(KAGGLE_MODULE), FILES)


def test_auto_knows_the_worlds_addresses() -> None:
    assert f"https://tfhub.dev{HANDLE}" == hub_source.DEFAULT_HANDLE
    assert f"https://www.kaggle.com{KAGGLE_MODULE}" == auto.KAGGLE_MODULE
    assert f"https://tfhub.dev{HUB_GRAPH}" == auto.HUB_GRAPH
    assert f"https://www.kaggle.com{KAGGLE_GRAPH}" == auto.KAGGLE_GRAPH


@pytest.mark.parametrize("place", ["the Hub's module", "Kaggle's module"])
def test_googles_own_archive_from_either_place(
    everywhere: HubServer, cache: Cache, reporter: Silent, place: str
) -> None:
    archive = data.weights("100")
    everywhere.modules[PLACES[place]] = archive
    down(everywhere, *WITH_TENSORFLOW[: WITH_TENSORFLOW.index(place)])
    source = obtain("auto", cache=cache, reporter=reporter)
    assert source.sha256 == sha256_file(archive)
    assert (source.saved_model / "saved_model.pb").is_file()


# What needs TensorFlow says so before anything is downloaded


@pytest.mark.parametrize(
    ("value", "purpose"),
    [
        ("hub", "Converting the Hub's SavedModel"),
        ("keras", "Converting Keras' weights"),
        (f"https://tfhub.dev{HANDLE}", "Converting the Hub's SavedModel"),
        (f"https://www.kaggle.com{KAGGLE_MODULE}", "Converting the Hub's SavedModel"),
    ],
)
def test_without_tensorflow_nothing_is_downloaded_in_vain(
    everywhere: HubServer, cache: Cache, reporter: Silent, no_tensorflow: None, value: str, purpose: str
) -> None:
    with pytest.raises(ConfigError, match=f"{purpose} needs TensorFlow"):
        obtain(value, cache=cache, reporter=reporter)
    assert (everywhere.requests, kept(cache)) == ([], [])
