"""A model at an address: what is fetched, trusted and refused."""

from __future__ import annotations

import hashlib
import json
import signal
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache, sha256_text
from onthefly_studio.errors import SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, obtain
from onthefly_studio.sources.addresses import request_url
from onthefly_studio.sources.trust import PINNED
from tests.python.sources.support import (
    FILES,
    HANDLE,
    MODULE,
    OTHER,
    SHA256,
    files_under,
    kept,
    lose,
    packed,
    run,
    start,
)
from tests.support.hubserver import Fault, HubServer
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.processes import LOCKED_OUT


@pytest.mark.parametrize("value", ["hub", "auto", "url"])
def test_a_first_download(hub: HubServer, cache: Cache, reporter: Silent, value: str) -> None:
    source = obtain(hub.url(HANDLE) if value == "url" else value, cache=cache, reporter=reporter)
    kind = "hub" if value == "auto" else value
    requested = hub.url(HANDLE) if value == "url" else value
    assert source == Source(kind, requested, source.saved_model, SHA256, "recorded", hub.url(HANDLE), None)
    assert files_under(source.saved_model) == FILES
    assert [request.query for request in hub.requests] == ["tf-hub-format=compressed"]
    (archive,) = cache.path("archives", SHA256).iterdir()
    assert archive.read_bytes() == MODULE
    (record,) = cache.path("sources", "").iterdir()
    assert json.loads(record.read_text()) == {"archive": SHA256, "url": hub.url(HANDLE)}
    assert not [name for name in kept(cache) if name.startswith("downloads/")]
    assert reporter.notes == []


def test_the_second_time_nothing_is_asked_and_nothing_heavy_imported(
    hub: HubServer, cache: Cache, reporter: Silent
) -> None:
    first = obtain(hub.url(HANDLE), cache=cache, reporter=reporter)
    hub.requests.clear()
    assert obtain(hub.url(HANDLE), cache=cache, reporter=reporter, offline=True) == first
    again = run(cache, hub.url(HANDLE))
    assert again.split() == [SHA256, str(first.saved_model)]
    assert hub.requests == []


def test_a_module_in_a_folder_of_its_own(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    hub.modules[HANDLE] = packed(at="model/")
    source = obtain("hub", cache=cache, reporter=reporter)
    assert source.saved_model.name == "model"
    assert files_under(source.saved_model) == FILES


@pytest.mark.parametrize(
    ("end", "asked"),
    [
        ("", "tf-hub-format=compressed"),
        ("?", "tf-hub-format=compressed"),
        ("#part", "tf-hub-format=compressed"),
        ("/", "tf-hub-format=compressed"),
        ("?tf-hub-format=compressed", "tf-hub-format=compressed"),
        ("?a=1&tf-hub-format=compressed", "a=1&tf-hub-format=compressed"),
    ],
)
def test_a_handle_is_asked_for_as_the_hub_wants_it(
    hub: HubServer, cache: Cache, reporter: Silent, end: str, asked: str
) -> None:
    hub.modules[HANDLE + "/"] = MODULE
    source = obtain(hub.url(HANDLE) + end, cache=cache, reporter=reporter)
    assert [request.query for request in hub.requests] == [asked]
    assert source.url == source.requested == hub.url(HANDLE) + end.rstrip("?#part").partition("?")[0]
    assert "a=1" not in "".join(path.read_text() for path in cache.path("sources", "").iterdir())


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/bucket/model.tar.gz", ""),
        ("/bucket/model.TGZ", "a=1&b=%2F"),
        ("/bucket/model/1", "X-Amz-Expires=60&X-Amz-Credential=me%2F20260101&X-Amz-Signature=5f%7E0a"),
        ("/download", "se=2026-01-01&sig=abc%2Bdef%3D&sp=r"),
        ("/f", "flag&empty=&x=1"),
    ],
)
def test_a_signed_address_is_asked_for_as_it_stands(
    hub: HubServer, cache: Cache, reporter: Silent, path: str, query: str
) -> None:
    hub.modules[path], hub.queries[path] = MODULE, query
    hub.faults[path] = [Fault(cut_after=100_000)]  # the rest of it too
    source = obtain(hub.url(path) + f"?{query}" * bool(query), cache=cache, reporter=reporter)
    assert (source.sha256, source.url) == (SHA256, hub.url(path))
    assert [request.query for request in hub.requests] == [query, query]
    kept_text = "".join(path.read_text() for path in cache.path("sources", "").iterdir())
    assert not query or query not in kept_text


def test_a_hub_that_sends_on_to_a_signed_address(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    hub.modules["/storage/1"], hub.queries["/storage/1"] = MODULE, "sig=a%7Eb"
    hub.faults[HANDLE] = [Fault(redirect="/storage/1?sig=a%7Eb")]
    assert obtain(hub.url(HANDLE), cache=cache, reporter=reporter).sha256 == SHA256
    assert [request.query for request in hub.requests] == ["tf-hub-format=compressed", "sig=a%7Eb"]


def test_a_signature_past_its_time_is_said(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    hub.modules["/m.tar.gz"], hub.queries["/m.tar.gz"] = MODULE, "sig=new"
    with pytest.raises(SourceError, match="refuses access") as caught:
        obtain(hub.url("/m.tar.gz?sig=old"), cache=cache, reporter=reporter)
    assert "may have expired: get a new one" in caught.value.hint
    assert "old" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://tfhub.dev/google/x", "https://tfhub.dev/google/x?tf-hub-format=compressed"),
        ("https://tfhub.dev/google/x/1?a=1", "https://tfhub.dev/google/x/1?a=1&tf-hub-format=compressed"),
        (
            "https://www.kaggle.com/models/google/x/tensorflow2/y/1",
            "https://www.kaggle.com/models/google/x/tensorflow2/y/1?tf-hub-format=compressed",
        ),
        ("https://mirror.example/google/x/1", "https://mirror.example/google/x/1?tf-hub-format=compressed"),
        ("https://mirror.example/google/x/1?a=1", "https://mirror.example/google/x/1?a=1"),
        ("https://mirror.example/model", "https://mirror.example/model"),
        ("https://mirror.example/1", "https://mirror.example/1"),
        ("https://tfhub.dev.example/x/model", "https://tfhub.dev.example/x/model"),
        ("https://tfhub.dev/x/1.tar.gz", "https://tfhub.dev/x/1.tar.gz"),
    ],
)
def test_only_a_hubs_own_addresses_get_its_query(url: str, asked: str) -> None:
    assert request_url(url) == asked


def test_hashes_recorded_by_earlier_versions_are_still_held_to(
    hub: HubServer, cache: Cache, reporter: Silent
) -> None:
    """They were kept by the address with the Hub's query, whatever the address."""
    path = "/bucket/model.tar.gz"
    hub.modules[path] = MODULE
    obtain(hub.url(path), cache=cache, reporter=reporter)
    (record,) = cache.path("sources", "").iterdir()
    assert record.stem == sha256_text(f"{hub.url(path)}?tf-hub-format=compressed")


def test_a_password_in_the_url_is_sent_and_not_shown(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    source = obtain(hub.url(HANDLE).replace("//", "//me:word@"), cache=cache, reporter=reporter)
    assert hub.requests[0].headers["authorization"].startswith("Basic ")
    assert source.url == source.requested == hub.url(HANDLE)


def test_two_builds_at_once_download_once(
    hub: HubServer, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKED_OUT", str(tmp_path / "locked out"))
    hub.faults[HANDLE] = [Fault(stall_after=100_000), Fault(stall_after=100_000)]
    builds = [start(cache, hub.url(HANDLE), LOCKED_OUT) for _ in range(2)]
    wait_until((tmp_path / "locked out").exists, "one of them at the other's lock")
    wait_until(hub.stalled.is_set, "the other's download")
    assert len(hub.requests) == 1
    for build in builds:
        build.kill()
        build.communicate()
    hub.faults.clear()
    hub.requests.clear()
    builds = [start(cache, hub.url(HANDLE)) for _ in range(2)]
    outputs = [build.communicate(timeout=PATIENCE_S)[0].split()[:2] for build in builds]
    assert outputs[0] == outputs[1] == [SHA256, str(cache.path("unpacked", SHA256) / "model")]
    assert len(hub.requests) == 1


def test_a_build_killed_while_downloading_is_resumed_by_the_next(
    hub: HubServer, cache: Cache, reporter: Silent
) -> None:
    hub.faults[HANDLE] = [Fault(stall_after=100_000)]
    build = start(cache, hub.url(HANDLE))
    parts = cache.path("downloads", "")
    wait_until(lambda: any(p.stat().st_size > 50_000 for p in parts.glob("*.part")), "a part", alive=build)
    build.send_signal(signal.SIGKILL)
    build.communicate()
    assert not cache.path("unpacked", SHA256).exists()
    source = obtain(hub.url(HANDLE), cache=cache, reporter=reporter)
    assert files_under(source.saved_model) == FILES
    assert int(hub.requests[1].headers["range"].removeprefix("bytes=").removesuffix("-")) > 50_000
    assert not [name for name in kept(cache) if name.startswith("downloads/")]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=404, always=True), "nothing at this address (404)"),
        (Fault(status=500, always=True), "in trouble (HTTP 500)"),
        (Fault(body=b"<p>Hello", content_type="text/html", always=True), "beginning “Hello”"),
        (Fault(body=MODULE[:-20], always=True), "cut short or damaged"),
        (Fault(body=packed({"readme": b""}), always=True), "No saved_model.pb"),
        (Fault(body=packed({"../saved_model.pb": b""}, at=""), always=True), "leads out of the archive"),
    ],
)
def test_a_download_that_fails_leaves_and_trusts_nothing(
    hub: HubServer, cache: Cache, reporter: Silent, fault: Fault, words: str
) -> None:
    hub.faults[HANDLE] = [fault]
    with pytest.raises(SourceError) as caught:
        obtain("hub", cache=cache, reporter=reporter)
    assert words in caught.value.what
    assert caught.value.where == hub.url(HANDLE)
    assert caught.value.hint
    assert kept(cache) == []
    hub.faults.clear()  # and once the publisher has fixed it, it is taken
    assert obtain("hub", cache=cache, reporter=reporter).sha256 == SHA256


# Trust


def test_a_publisher_who_changes_the_file_is_refused(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    obtain("hub", cache=cache, reporter=reporter)
    lose(cache, "archives", "unpacked")
    before = kept(cache)
    hub.modules[HANDLE] = OTHER
    for value in ("hub", "auto"):  # which does not take this for an unreachable Hub
        with pytest.raises(SourceError, match="not the file that was expected") as caught:
            obtain(value, cache=cache, reporter=reporter)
        assert SHA256 in caught.value.what
        assert hashlib.sha256(OTHER).hexdigest() in caught.value.what
        assert caught.value.where == hub.url(HANDLE)
        assert "onthefly cache clear" in caught.value.hint
        assert kept(cache) == before
    assert reporter.notes == []


def test_a_lost_archive_that_comes_back_the_same_is_taken(
    hub: HubServer, cache: Cache, reporter: Silent
) -> None:
    first = obtain("hub", cache=cache, reporter=reporter)
    lose(cache, "archives", "unpacked")
    assert obtain("hub", cache=cache, reporter=reporter) == first
    assert len(hub.requests) == 2


def test_a_pinned_hash_is_held_to_from_the_first(
    hub: HubServer, cache: Cache, reporter: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PINNED, hub.url(HANDLE), SHA256)
    assert obtain("hub", cache=cache, reporter=reporter).trust == "pinned"
    assert obtain("hub", cache=cache, reporter=reporter, offline=True).trust == "pinned"
    monkeypatch.setitem(PINNED, hub.url(HANDLE), "0" * 64)
    with pytest.raises(SourceError, match=f"pinned is {'0' * 64}") as caught:
        obtain("hub", cache=cache, reporter=reporter)
    assert "Do not use it" in caught.value.hint


def test_a_damaged_record_is_not_passed_over(hub: HubServer, cache: Cache, reporter: Silent) -> None:
    obtain("hub", cache=cache, reporter=reporter)
    (record,) = cache.path("sources", "").iterdir()
    record.write_text("{")
    with pytest.raises(SourceError, match="record of this source's hash is damaged") as caught:
        obtain("hub", cache=cache, reporter=reporter)
    assert caught.value.where == str(record)
    assert "cache clear" in caught.value.hint


@pytest.mark.parametrize("harm", ["change", "delete", "add", "no note"])
def test_an_unpacked_model_that_was_harmed_is_unpacked_again(
    hub: HubServer, cache: Cache, reporter: Silent, harm: str
) -> None:
    source = obtain("hub", cache=cache, reporter=reporter)
    if harm == "change":
        (source.saved_model / "saved_model.pb").write_bytes(b"harmed")
    elif harm == "delete":
        (source.saved_model / "variables/data").unlink()
    elif harm == "add":
        (source.saved_model / "saved_model.pbtxt").write_text("")
    else:
        (source.saved_model.parent / "tree.sha256").unlink()
    assert obtain("hub", cache=cache, reporter=reporter, offline=True) == source
    assert files_under(source.saved_model) == FILES


@pytest.mark.parametrize("harm", ["change", "delete"])
def test_an_archive_that_was_harmed_too_is_fetched_again(
    hub: HubServer, cache: Cache, reporter: Silent, harm: str
) -> None:
    source = obtain("hub", cache=cache, reporter=reporter)
    lose(cache, "unpacked")
    archive = cache.path("archives", SHA256) / "module.tar.gz"
    archive.write_bytes(MODULE[:-1]) if harm == "change" else archive.unlink()
    with pytest.raises(SourceError, match="not in the cache"):
        obtain("hub", cache=cache, reporter=reporter, offline=True)
    assert obtain("hub", cache=cache, reporter=reporter) == source
    assert archive.read_bytes() == MODULE
