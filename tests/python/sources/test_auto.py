"""`auto`: the Hub where it answers, the embedded weights where not."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from onthefly_studio.cache import Cache, sha256_file
from onthefly_studio.errors import SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, auto, download, obtain
from onthefly_studio.sources import hub as hub_source
from onthefly_studio.sources.embedded import EMBEDDED_WEIGHTS
from onthefly_studio.sources.silence import Silence
from tests.python.sources.support import (
    HANDLE,
    LIMITS,
    kept,
    run,
)
from tests.support.hubserver import Fault, HubServer

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


def test_auto_where_nobody_listens_tries_twice_with_a_short_pause(
    cache: Cache, reporter: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(hub_source, "DEFAULT_HANDLE", f"http://127.0.0.1:{port}{HANDLE}")
    monkeypatch.setattr(auto, "BRIEF", AUTOS_OWN)
    pauses: list[float] = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=pauses.append, time=time.time))
    source = obtain("auto", cache=cache, reporter=reporter)
    assert pauses == [0.5]
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
    now = time.time()
    for later, minutes in ((600, "50 minutes"), (3590, "1 minute")):
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        assert obtain("auto", cache=cache, reporter=reporter) == first
        assert (
            f"{first.why} Using the embedded weights instead (not asked again for {minutes};"
            in reporter.notes[-1]
        )
    assert len(hub.requests) == 1
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    assert obtain("auto", cache=cache, reporter=reporter).kind == "hub"


def test_a_remembered_answer_costs_no_import(
    hub: HubServer, cache: Cache, reporter: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_source, "DEFAULT_HANDLE", "https://tfhub.dev" + HANDLE)
    Silence(cache, hub_source.DEFAULT_HANDLE).remember("It rained.")
    assert run(cache, "auto").split() == [sha256_file(EMBEDDED_WEIGHTS), "None"]


def test_force_asks_again(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    hub.faults[HANDLE] = [Fault(status=403)]
    obtain("auto", cache=cache, reporter=reporter)
    assert obtain("auto", cache=cache, reporter=reporter, force=True).kind == "hub"
    assert not [name for name in kept(cache) if name.startswith("unreachable/")]


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
    assert "without --offline" in caught.value.mend
    assert hub.requests == []
    assert kept(cache) == []
