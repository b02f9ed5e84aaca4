"""From a value of `--backbone` to a folder: what is fetched, found, trusted and refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.backbone.sources import Source, auto, download, embedded, obtain
from builder.backbone.sources import folder as folder_source
from builder.backbone.sources import hub as hub_source
from builder.backbone.sources.addresses import request_url
from builder.backbone.sources.download import Limits
from builder.backbone.sources.embedded import EMBEDDED_WEIGHTS
from builder.backbone.sources.keras_applications import BASE_URL, MIRROR, NETWORKS
from builder.backbone.sources.silence import Silence
from builder.backbone.sources.source import KerasWeights
from builder.backbone.sources.trust import PINNED, Trusted
from builder.cache import Cache, sha256_file, sha256_text, sha256_tree
from builder.errors import ConfigError, SourceError
from builder.report import Silent
from tests import tensorflow_scripts
from tests.hubserver import Fault, HubServer
from tests.patience import PATIENCE_S, wait_until
from tests.processes import LOCKED_OUT

HANDLE = "/google/imagenet/mobilenet_v3_small_100_224/feature_vector/5"
FILES = {
    "saved_model.pb": b"graph" * 1000,
    "variables/variables.index": b"index",
    "variables/data": os.urandom(200_000),
}
AUTOS_OWN = auto.BRIEF
LIMITS = Limits(PATIENCE_S, PATIENCE_S, attempts=2, backoff_s=0.01, backoff_max_s=0.02)
HEAVY = "requests urllib3 filelock tensorflow tensorflow_hub tf_keras h5py numpy"
OBTAIN = """
import sys
from pathlib import Path
from builder.backbone.sources import obtain
from builder.cache import Cache
from builder.report import Silent
source = obtain(sys.argv[2], cache=Cache(Path(sys.argv[1])), reporter=Silent())
print(source.sha256, source.saved_model, *sorted(set("HEAVY".split()) & set(sys.modules)))
"""


def packed(files: dict[str, bytes] = FILES, at: str = "./") -> bytes:
    """A `.tar.gz` with a header for each folder before what is in it, as the Hub's have."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for folder in sorted({name.rpartition("/")[0] for name in files} - {"", ".."}):
            member = tarfile.TarInfo(at + folder)
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
        for name, data in files.items():
            member = tarfile.TarInfo(at + name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


MODULE = packed()
SHA256 = hashlib.sha256(MODULE).hexdigest()
OTHER = packed({"saved_model.pb": b"another"})


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No other program's cache, no pause between attempts, and no way out of this machine."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "tfhub"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv(MIRROR, raising=False)
    monkeypatch.setattr(download, "PATIENT", LIMITS)
    monkeypatch.setattr(auto, "BRIEF", LIMITS)
    getaddrinfo = socket.getaddrinfo

    def guarded(host, *args, **options):
        assert host == "127.0.0.1", f"a test looked up {host}"
        return getaddrinfo(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", guarded)


@pytest.fixture
def hub(monkeypatch):
    with HubServer({HANDLE: MODULE}) as server:
        monkeypatch.setattr(hub_source, "DEFAULT_HANDLE", server.url(HANDLE))
        yield server


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def reporter() -> Silent:
    return Silent()


def files_under(folder: Path) -> dict[str, bytes]:
    paths = sorted(folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def kept(cache: Cache) -> list[str]:
    """Everything in the cache but the locks."""
    paths = (path.relative_to(cache.root).as_posix() for path in cache.root.rglob("*") if path.is_file())
    return sorted(path for path in paths if not path.startswith("locks/"))


def a_model(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def lose(cache: Cache, *kinds: str) -> None:
    for kind in kinds:
        for path in sorted(cache.path(kind, "").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()


# Downloads


@pytest.mark.parametrize("value", ["hub", "auto", "url"])
def test_a_first_download(hub, cache, reporter, value):
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


def test_the_second_time_nothing_is_asked_and_nothing_heavy_imported(hub, cache, reporter):
    first = obtain(hub.url(HANDLE), cache=cache, reporter=reporter)
    hub.requests.clear()
    assert obtain(hub.url(HANDLE), cache=cache, reporter=reporter, offline=True) == first
    again = run(cache, hub.url(HANDLE))
    assert again.split() == [SHA256, str(first.saved_model)]
    assert hub.requests == []


def run(cache: Cache, value: str) -> str:
    return start(cache, value).communicate(timeout=PATIENCE_S)[0]


def start(cache: Cache, value: str, patch: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", patch + OBTAIN.replace("HEAVY", HEAVY), str(cache.root), value]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_module_in_a_folder_of_its_own(hub, cache, reporter):
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
def test_a_handle_is_asked_for_as_the_hub_wants_it(hub, cache, reporter, end, asked):
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
def test_a_signed_address_is_asked_for_as_it_stands(hub, cache, reporter, path, query):
    hub.modules[path], hub.queries[path] = MODULE, query
    hub.faults[path] = [Fault(cut_after=100_000)]  # the rest of it too
    source = obtain(hub.url(path) + f"?{query}" * bool(query), cache=cache, reporter=reporter)
    assert (source.sha256, source.url) == (SHA256, hub.url(path))
    assert [request.query for request in hub.requests] == [query, query]
    kept_text = "".join(path.read_text() for path in cache.path("sources", "").iterdir())
    assert not query or query not in kept_text


def test_a_hub_that_sends_on_to_a_signed_address(hub, cache, reporter):
    hub.modules["/storage/1"], hub.queries["/storage/1"] = MODULE, "sig=a%7Eb"
    hub.faults[HANDLE] = [Fault(redirect="/storage/1?sig=a%7Eb")]
    assert obtain(hub.url(HANDLE), cache=cache, reporter=reporter).sha256 == SHA256
    assert [request.query for request in hub.requests] == ["tf-hub-format=compressed", "sig=a%7Eb"]


def test_a_signature_past_its_time_is_said(hub, cache, reporter):
    hub.modules["/m.tar.gz"], hub.queries["/m.tar.gz"] = MODULE, "sig=new"
    with pytest.raises(SourceError, match="refuses access") as caught:
        obtain(hub.url("/m.tar.gz?sig=old"), cache=cache, reporter=reporter)
    assert "past its time: get a new one" in caught.value.mend
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
def test_only_a_hubs_own_addresses_get_its_query(url, asked):
    assert request_url(url) == asked


def test_hashes_recorded_by_earlier_versions_are_still_held_to(hub, cache, reporter):
    """They were kept by the address with the Hub's query, whatever the address."""
    path = "/bucket/model.tar.gz"
    hub.modules[path] = MODULE
    obtain(hub.url(path), cache=cache, reporter=reporter)
    (record,) = cache.path("sources", "").iterdir()
    assert record.stem == sha256_text(f"{hub.url(path)}?tf-hub-format=compressed")


def test_a_password_in_the_url_is_sent_and_not_shown(hub, cache, reporter):
    source = obtain(hub.url(HANDLE).replace("//", "//me:word@"), cache=cache, reporter=reporter)
    assert hub.requests[0].headers["authorization"].startswith("Basic ")
    assert source.url == source.requested == hub.url(HANDLE)


def test_two_builds_at_once_download_once(hub, cache, tmp_path, monkeypatch):
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


def test_a_build_killed_while_downloading_is_resumed_by_the_next(hub, cache, reporter):
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
def test_a_download_that_fails_leaves_and_trusts_nothing(hub, cache, reporter, fault, words):
    hub.faults[HANDLE] = [fault]
    with pytest.raises(SourceError) as caught:
        obtain("hub", cache=cache, reporter=reporter)
    assert words in caught.value.what
    assert caught.value.where == hub.url(HANDLE)
    assert caught.value.mend
    assert kept(cache) == []
    hub.faults.clear()  # and once the publisher has mended it, it is taken
    assert obtain("hub", cache=cache, reporter=reporter).sha256 == SHA256


# Trust


def test_a_publisher_who_changes_the_file_is_refused(hub, cache, reporter):
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
        assert "onthefly cache clear" in caught.value.mend
        assert kept(cache) == before
    assert reporter.notes == []


def test_a_lost_archive_that_comes_back_the_same_is_taken(hub, cache, reporter):
    first = obtain("hub", cache=cache, reporter=reporter)
    lose(cache, "archives", "unpacked")
    assert obtain("hub", cache=cache, reporter=reporter) == first
    assert len(hub.requests) == 2


def test_a_pinned_hash_is_held_to_from_the_first(hub, cache, reporter, monkeypatch):
    monkeypatch.setitem(PINNED, hub.url(HANDLE), SHA256)
    assert obtain("hub", cache=cache, reporter=reporter).trust == "pinned"
    assert obtain("hub", cache=cache, reporter=reporter, offline=True).trust == "pinned"
    monkeypatch.setitem(PINNED, hub.url(HANDLE), "0" * 64)
    with pytest.raises(SourceError, match=f"pinned is {'0' * 64}") as caught:
        obtain("hub", cache=cache, reporter=reporter)
    assert "Do not use it" in caught.value.mend


def test_a_damaged_record_is_not_passed_over(hub, cache, reporter):
    obtain("hub", cache=cache, reporter=reporter)
    (record,) = cache.path("sources", "").iterdir()
    record.write_text("{")
    with pytest.raises(SourceError, match="record of this source's hash is damaged") as caught:
        obtain("hub", cache=cache, reporter=reporter)
    assert caught.value.where == str(record)
    assert "cache clear" in caught.value.mend


@pytest.mark.parametrize("harm", ["change", "delete", "add", "no note"])
def test_an_unpacked_model_that_was_harmed_is_unpacked_again(hub, cache, reporter, harm):
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
def test_an_archive_that_was_harmed_too_is_fetched_again(hub, cache, reporter, harm):
    source = obtain("hub", cache=cache, reporter=reporter)
    lose(cache, "unpacked")
    archive = cache.path("archives", SHA256) / "module.tar.gz"
    archive.write_bytes(MODULE[:-1]) if harm == "change" else archive.unlink()
    with pytest.raises(SourceError, match="not in the cache"):
        obtain("hub", cache=cache, reporter=reporter, offline=True)
    assert obtain("hub", cache=cache, reporter=reporter) == source
    assert archive.read_bytes() == MODULE


# auto


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
def test_auto_falls_back_and_says_why_in_one_line(hub, cache, reporter, monkeypatch, fault, words):
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


def test_auto_where_nobody_listens_tries_twice_with_a_short_pause(cache, reporter, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(hub_source, "DEFAULT_HANDLE", f"http://127.0.0.1:{port}{HANDLE}")
    monkeypatch.setattr(auto, "BRIEF", AUTOS_OWN)
    pauses: list[float] = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=pauses.append, time=time.time))
    source = obtain("auto", cache=cache, reporter=reporter)
    assert pauses == [0.5]
    assert source.why == "127.0.0.1 refused the connection."


def test_autos_own_patience_is_short():
    assert AUTOS_OWN.connect_s <= 5
    assert AUTOS_OWN.attempts == 2
    assert AUTOS_OWN.read_s <= 15


def test_the_answer_of_a_silent_hub_is_remembered_for_an_hour(hub, cache, reporter, monkeypatch):
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


def test_a_remembered_answer_costs_no_import(hub, cache, reporter, monkeypatch):
    monkeypatch.setattr(hub_source, "DEFAULT_HANDLE", "https://tfhub.dev" + HANDLE)
    Silence(cache, hub_source.DEFAULT_HANDLE).remember("It rained.")
    assert run(cache, "auto").split() == [sha256_file(EMBEDDED_WEIGHTS), "None"]


def test_force_asks_again(hub, cache, reporter):
    hub.faults[HANDLE] = [Fault(status=403)]
    obtain("auto", cache=cache, reporter=reporter)
    assert obtain("auto", cache=cache, reporter=reporter, force=True).kind == "hub"
    assert not [name for name in kept(cache) if name.startswith("unreachable/")]


@pytest.mark.parametrize("note", ["{", "[]", '{"why": 1, "when": "x"}', '{"why": "x", "when": 1e12}'])
def test_a_memory_that_makes_no_sense_is_none(hub, cache, reporter, note):
    Silence(cache, hub_source.DEFAULT_HANDLE).remember("It rained.")
    (file,) = cache.path("unreachable", "").iterdir()
    file.write_text(note)
    assert obtain("auto", cache=cache, reporter=reporter).kind == "hub"


def test_only_auto_is_stopped_by_what_auto_remembers(hub, cache, reporter):
    hub.faults[HANDLE] = [Fault(status=403)]
    obtain("auto", cache=cache, reporter=reporter)
    obtain("hub", cache=cache, reporter=reporter)
    assert obtain("auto", cache=cache, reporter=reporter).kind == "hub"  # for now it is here


def test_auto_offline(hub, cache, reporter):
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
def test_offline_without_a_copy(hub, cache, reporter, value):
    with pytest.raises(SourceError, match="not in the cache, and --offline opens no connection") as caught:
        obtain(hub.url(HANDLE) if value == "url" else "hub", cache=cache, reporter=reporter, offline=True)
    assert caught.value.where == hub.url(HANDLE)
    assert "without --offline" in caught.value.mend
    assert hub.requests == []
    assert kept(cache) == []


# Other programs' caches


def test_a_module_that_tensorflow_hub_itself_has_fetched_is_used(hub, cache, reporter, tmp_path):
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
    hub, cache, reporter, tmp_path, monkeypatch
):
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = in_tfhub(tmp_path / "tfhub_modules", hub.url(HANDLE))
    assert obtain("hub", cache=cache, reporter=reporter, offline=True).saved_model == folder
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert obtain("hub", cache=cache, reporter=reporter).saved_model != folder


def test_a_module_there_that_changes_is_refused(hub, cache, reporter, tmp_path):
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


def test_a_place_that_may_not_be_looked_into_is_passed_over(hub, cache, reporter, tmp_path, monkeypatch):
    folder = in_tfhub(tmp_path / "tfhub", hub.url(HANDLE))
    is_file = Path.is_file

    def closed(path):
        if folder in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", closed)  # modes would not stop a test that runs as root
    assert obtain("hub", cache=cache, reporter=reporter).sha256 == SHA256


def test_what_is_not_whole_there_is_passed_over(hub, cache, reporter, tmp_path):
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
    cache, reporter, tmp_path, framework, value
):
    variation = tmp_path / "kagglehub/models/google/mobilenet-v3" / framework / "small-100-224-feature-vector"
    folder = a_model(variation / "1")
    source = obtain("auto", cache=cache, reporter=reporter, offline=True)
    assert source.kind == "embedded"
    (variation / "1.complete").touch()
    source = obtain(value, cache=cache, reporter=reporter, offline=True)
    assert source.saved_model == folder
    assert source.trust == "recorded"
    assert reporter.notes[-1] == f"Using the module in kagglehub's cache: {folder}"


# Keras

WEIGHTS = b"\x89HDF\r\n\x1a\n" + os.urandom(100_000)
SMALL = "/mirror/weights_mobilenet_v3_small_224_1.0_float.h5"
LARGE = "/mirror/weights_mobilenet_v3_large_minimalistic_224_1.0_float.h5"


@pytest.fixture
def mirror(hub, monkeypatch):
    """Random bytes in place of Keras' weights, by the hash that they have."""
    monkeypatch.setenv(MIRROR, hub.url("/mirror"))
    md5 = hashlib.md5(WEIGHTS).hexdigest()
    for name, path in (("small", SMALL), ("large-minimalistic", LARGE)):
        monkeypatch.setitem(NETWORKS, name, replace(NETWORKS[name], md5=md5))
        hub.modules[path] = WEIGHTS
    return hub


@pytest.mark.parametrize(
    ("value", "network", "path"),
    [
        ("keras", "small", SMALL),
        ("keras:small", "small", SMALL),
        ("keras:large-minimalistic", "large-minimalistic", LARGE),
    ],
)
def test_kerass_weights_are_fetched_once(mirror, cache, reporter, value, network, path):
    source = obtain(value, cache=cache, reporter=reporter)
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    file = cache.path("weights", sha256) / "weights.h5"
    url = BASE_URL + path.rpartition("/")[2]  # wherever the file came from
    assert source == Source("keras", value, None, sha256, "pinned", url, keras=KerasWeights(network, file))
    assert source.origin == {"keras": str(file), "network": network}
    assert file.read_bytes() == WEIGHTS
    assert [(request.path, request.query) for request in mirror.requests] == [(path, "")]
    assert obtain(value, cache=cache, reporter=reporter, offline=True) == source
    assert len(mirror.requests) == 1
    assert not [name for name in kept(cache) if name.startswith("downloads/")]


def test_the_second_time_keras_costs_no_import(cache, reporter):
    """Without a mirror or another hash, which a process of its own would not know of."""
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    a_model(cache.path("weights", sha256), {"weights.h5": WEIGHTS})
    Trusted(cache, NETWORKS["small"].url).record("archive", sha256)
    assert run(cache, "keras").split() == [sha256, "None"]


def test_a_download_of_kerass_weights_is_resumed(mirror, cache, reporter):
    mirror.faults[SMALL] = [Fault(cut_after=50_000)]
    obtain("keras", cache=cache, reporter=reporter)
    assert mirror.requests[1].headers["range"] == "bytes=50000-"


def test_a_mirror_may_ask_for_a_token(mirror, cache, reporter, monkeypatch):
    monkeypatch.setenv(MIRROR, mirror.url("/mirror/?token=secret"))
    obtain("keras", cache=cache, reporter=reporter)
    assert [(request.path, request.query) for request in mirror.requests] == [(SMALL, "token=secret")]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=404, always=True), "nothing at this address (404)"),
        (Fault(status=403, always=True), "refuses access"),
        (
            Fault(body=MODULE, content_type="application/gzip", always=True),
            "something else than an HDF5 file of weights (application/gzip",
        ),
        (Fault(body=b"<p>Log in", content_type="text/html", always=True), "beginning “Log in”"),
        (Fault(body=WEIGHTS + b"x", always=True), "not the file that Keras publishes: its md5 is"),
        (Fault(body=WEIGHTS + bytes(64 << 20), always=True), "larger than 64 MiB"),
    ],
)
def test_other_weights_are_refused_and_not_kept(mirror, cache, reporter, fault, words):
    mirror.faults[SMALL] = [fault]
    with pytest.raises(SourceError) as caught:
        obtain("keras", cache=cache, reporter=reporter)
    assert words in caught.value.what
    assert caught.value.where == mirror.url(SMALL)
    assert caught.value.mend
    assert kept(cache) == []
    mirror.faults.clear()
    assert obtain("keras", cache=cache, reporter=reporter).trust == "pinned"


def test_weights_that_were_harmed_are_fetched_again(mirror, cache, reporter):
    source = obtain("keras", cache=cache, reporter=reporter)
    source.keras.file.write_bytes(b"harmed")
    with pytest.raises(SourceError, match="not in the cache"):
        obtain("keras", cache=cache, reporter=reporter, offline=True)
    assert obtain("keras", cache=cache, reporter=reporter) == source
    assert source.keras.file.read_bytes() == WEIGHTS


def test_keras_offline_without_a_copy(mirror, cache, reporter):
    with pytest.raises(SourceError, match="not in the cache, and --offline opens no connection") as caught:
        obtain("keras:large-075", cache=cache, reporter=reporter, offline=True)
    assert caught.value.where.endswith("/weights_mobilenet_v3_large_224_0.75_float.h5")
    assert "without --offline" in caught.value.mend
    assert mirror.requests == []
    assert kept(cache) == []


@pytest.mark.parametrize(
    "mirror_url", ["http://mirror.invalid/x?token=secret", "ftp://127.0.0.1/", "mirror", "https://[x"]
)
def test_a_mirror_that_is_not_secure_is_wrong_use(cache, reporter, monkeypatch, mirror_url):
    monkeypatch.setenv(MIRROR, mirror_url)
    with pytest.raises(ConfigError, match="not an https address") as caught:
        obtain("keras", cache=cache, reporter=reporter)
    assert caught.value.where.startswith(f"{MIRROR}=")
    assert "secret" not in str(caught.value)
    assert "weights_mobilenet_v3_small_224_1.0_float.h5" in caught.value.mend


def test_weights_that_keras_itself_has_fetched_are_used(mirror, cache, reporter, tmp_path):
    name = SMALL.rpartition("/")[2]
    file = a_model(tmp_path / "keras" / "models", {name: WEIGHTS}) / name
    source = obtain("keras", cache=cache, reporter=reporter, offline=True)
    assert source.trust == "pinned"
    assert reporter.notes == [f"Using the weights in Keras' cache: {file}"]
    file.unlink()
    assert obtain("keras", cache=cache, reporter=reporter, offline=True) == source
    assert mirror.requests == []


def test_what_keras_has_of_another_hash_is_passed_over(mirror, cache, reporter, tmp_path):
    a_model(tmp_path / "keras" / "models", {SMALL.rpartition("/")[2]: WEIGHTS[:-1]})
    obtain("keras", cache=cache, reporter=reporter)
    assert len(mirror.requests) == 1
    assert reporter.notes == []


# Paths


def test_an_archive_of_ones_own(cache, reporter, tmp_path):
    for name in ("module.tar.gz", "module.TGZ"):
        (tmp_path / name).write_bytes(MODULE)
        source = obtain(str(tmp_path / name), cache=cache, reporter=reporter, offline=True)
        assert source == Source(
            "archive", str(tmp_path / name), source.saved_model, SHA256, "given", None, None
        )
        assert files_under(source.saved_model) == FILES


def test_an_archive_that_is_none(cache, reporter, tmp_path):
    (tmp_path / "module.tar.gz").write_bytes(b"<html>")
    with pytest.raises(SourceError, match=r"not a \.tar\.gz") as caught:
        obtain(str(tmp_path / "module.tar.gz"), cache=cache, reporter=reporter)
    assert caught.value.where == str(tmp_path / "module.tar.gz")
    assert kept(cache) == []


def test_a_folder_of_ones_own(cache, reporter, tmp_path, monkeypatch):
    folder = a_model(tmp_path / "hub")
    monkeypatch.chdir(tmp_path)
    source = obtain("./hub", cache=cache, reporter=reporter, offline=True)
    assert source == Source("folder", "./hub", folder, sha256_tree(folder), "given", None, None)
    assert kept(cache) == []


def test_a_folder_without_a_model(cache, reporter, tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(SourceError, match=r"holds no saved_model\.pb, nor a model\.json") as caught:
        obtain(str(tmp_path / "x"), cache=cache, reporter=reporter)
    assert caught.value.where == str(tmp_path / "x")
    a_model(tmp_path / "x" / "inner")
    with pytest.raises(SourceError) as caught:
        obtain(str(tmp_path / "x"), cache=cache, reporter=reporter)
    assert caught.value.mend == f"Pass {tmp_path / 'x' / 'inner'}."


GRAPH = {"model.json": b"{}", "group1-shard1of1.bin": b"weights"}


def test_a_folder_with_a_tensorflow_js_graph(cache, reporter, tmp_path):
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
def test_an_archive_with_a_tensorflow_js_graph(cache, reporter, tmp_path, at):
    (tmp_path / "graph.tar.gz").write_bytes(packed(GRAPH, at))
    source = obtain(str(tmp_path / "graph.tar.gz"), cache=cache, reporter=reporter, offline=True)
    assert (source.kind, source.saved_model, source.trust) == ("tfjs", None, "given")
    assert files_under(source.graph_model) == GRAPH


def test_a_url_with_a_tensorflow_js_graph(hub, cache, reporter):
    hub.modules[HANDLE] = packed(GRAPH)
    for _ in range(2):
        source = obtain(hub.url(HANDLE), cache=cache, reporter=reporter)
        assert (source.kind, source.saved_model, source.trust) == ("url", None, "recorded")
        assert files_under(source.graph_model) == GRAPH
    assert len(hub.requests) == 1


def test_a_folder_that_may_not_be_read(cache, reporter, tmp_path, monkeypatch):
    def denied(path, files=None):
        raise PermissionError(13, "Permission denied", str(path / "saved_model.pb"))

    monkeypatch.setattr(folder_source, "sha256_tree", denied)
    with pytest.raises(SourceError, match=r"could not be read \(Permission denied\)") as caught:
        obtain(str(a_model(tmp_path / "m")), cache=cache, reporter=reporter)
    assert caught.value.where == str(tmp_path / "m" / "saved_model.pb")
    assert "may read it" in caught.value.mend


def test_a_home_folder_is_understood(cache, reporter, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    a_model(tmp_path / "m")
    assert obtain("~/m", cache=cache, reporter=reporter).saved_model == tmp_path / "m"


# Embedded


def test_the_embedded_weights_are_what_their_hash_says(cache, reporter):
    source = obtain("embedded", cache=cache, reporter=reporter, offline=True)
    expected = EMBEDDED_WEIGHTS.with_suffix(".sha256").read_text().strip()
    assert source == Source("embedded", "embedded", None, expected, "built-in", None, None)
    assert reporter.notes == []


def test_embedded_weights_that_are_harmed_or_gone(cache, reporter, tmp_path, monkeypatch):
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
    assert "Install onthefly again" in caught.value.mend


# What is not accepted


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "no such backbone."),
        ("Hub", "Did you mean `hub`?"),
        ("embeded", "Did you mean `embedded`?"),
        ("atuo", "Did you mean `auto`?"),
        ("kears", "Did you mean `keras`?"),
        ("Keras:Large", "Did you mean `keras:large`?"),
        ("keras:small-75", "Did you mean `keras:small-075`?"),
        ("keras:large-minimalist", "Did you mean `keras:large-minimalistic`?"),
        ("resnet", "There is no such backbone."),
        ("./none.tar.gz", "no such file or folder"),
        ("none.tgz", "no such file or folder"),
        ("some/folder", "no such file or folder"),
        ("~nobody-of-that-name/x", "no such file or folder"),
        ("x" * 5000, "no such backbone"),
        ("nul\x00byte", "no such backbone"),
        ("http://tfhub.dev/x?token=secret", "this machine only"),
        ("http://127.0.0.1@tfhub.dev/x", "this machine only"),
        ("gs://bucket/model.tar.gz", "not a URL that can be fetched"),
        ("file:///etc/passwd", "not a URL that can be fetched"),
        ("https://", "not a URL that can be fetched"),
        ("https://[broken", "not a URL that can be fetched"),
    ],
)
def test_other_values_are_wrong_use(cache, reporter, value, words):
    with pytest.raises(ConfigError) as caught:
        obtain(value, cache=cache, reporter=reporter)
    assert words in caught.value.what
    assert caught.value.where.startswith("--backbone ")
    assert caught.value.mend
    assert "secret" not in str(caught.value)
    assert kept(cache) == []


def test_a_file_of_another_kind_is_told_what_is_accepted(cache, reporter, tmp_path):
    (tmp_path / "model.h5").touch()
    with pytest.raises(ConfigError, match=r"not a \.tar\.gz or \.tgz") as caught:
        obtain(str(tmp_path / "model.h5"), cache=cache, reporter=reporter)
    for word in ("auto", "hub", "embedded", "https", ".tar.gz", "saved_model.pb"):
        assert word in caught.value.mend


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return buffer.getvalue()


KERAS_ZIP = zipped("metadata.json", "config.json", "model.weights.h5")


@pytest.mark.parametrize(
    ("name", "data", "what", "mend"),
    [
        ("model.json", b"{}", "one part of a model: model.json", "Pass its folder: {folder}"),
        ("saved_model.pb", b"", "one part of a model: saved_model.pb", "Pass its folder: {folder}"),
        ("model.keras", KERAS_ZIP, "a Keras model", 'load_model("model.keras").export("FOLDER")'),
        ("model.h5", b"\x89HDF\r\n\x1a\n", "a Keras model", 'load_model("model.h5")'),
        ("model", b"\x89HDF\r\n\x1a\n", "a Keras model", 'load_model("model")'),
        ("model.tflite", b"\x1c\0\0\0TFL3", "a TensorFlow Lite model", "SavedModel that it was made from"),
        ("Model.ONNX", b"", "an ONNX model", "onnx2tf"),
        ("model.pt", zipped("model/data.pkl"), "PyTorch's weights", "onnx2tf"),
        ("frozen.pb", b"", "a TensorFlow graph on its own", "saved_model.pb and variables/"),
        ("model.zip", zipped("m/saved_model.pb"), "a zip", "Unpack it, and pass the folder"),
        ("keras.zip", KERAS_ZIP, "a Keras model", "export"),
        ("project.zip", zipped("project.json"), "a project that a page exported", "--head"),
        ("model.zip", b"PK", "a damaged zip", "Fetch it again"),
        ("model.tar", b"", "an archive, but no .tar.gz", "tar -czf"),
        ("model.tar.xz", b"", "an archive, but no .tar.gz", "tar -czf"),
        ("model.bin", MODULE, "packed with gzip", "a name that ends in .tar.gz"),
    ],
)
def test_a_file_of_a_known_kind_is_told_what_it_is(cache, reporter, tmp_path, name, data, what, mend):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        obtain(str(tmp_path / name), cache=cache, reporter=reporter)
    assert caught.value.what.startswith(f"The file is not a .tar.gz or .tgz, but {what}")
    assert mend.format(folder=tmp_path) in caught.value.mend
    assert (caught.value.exit_code, caught.value.where) == (2, f"--backbone {str(tmp_path / name)!r}")


@pytest.mark.parametrize(
    ("files", "part"),
    [(FILES, "variables/variables.index"), ({"model.json": b"{}", "weights.bin": b""}, "weights.bin")],
)
def test_a_part_of_a_model_is_told_where_the_model_is(cache, reporter, tmp_path, files, part):
    folder = a_model(tmp_path / "m", files)
    with pytest.raises(ConfigError, match="one part of a model, as ") as caught:
        obtain(str(folder / part), cache=cache, reporter=reporter)
    assert f"Pass its folder: {folder}." in caught.value.mend


@pytest.mark.parametrize(
    ("path", "what", "mend"),
    [
        ("/my-model/model.json", "one part of a model: model.json", "the address of a .tar.gz"),
        ("/m/saved_model.pb?sig=secret", "one part of a model: saved_model.pb", "Download the whole folder"),
        ("/m.keras", "a Keras model", 'load_model("m.keras")'),
        ("/m.tflite", "a TensorFlow Lite model", "SavedModel"),
        ("/m.zip?x=1", "a zip", "Unpack it"),
    ],
)
def test_the_address_of_another_kind_of_file_is_not_fetched(hub, cache, reporter, path, what, mend):
    with pytest.raises(ConfigError, match=f"This is the address of {what}") as caught:
        obtain(hub.url(path), cache=cache, reporter=reporter)
    assert mend in caught.value.mend
    assert "secret" not in str(caught.value)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("files", "what", "mend"),
    [
        ({"m.tflite": b"", "labels.txt": b""}, ", but m.tflite, a TensorFlow Lite model", "SavedModel"),
        ({"config.json": b"", "model.weights.h5": b""}, ", but a Keras model, unpacked", "x.keras"),
        ({"keras_model.h5": b"", "labels.txt": b""}, ", but keras_model.h5, a Keras model", "export"),
        ({"labels.txt": b""}, "nor a model.json", "the folder that saved_model.pb stands in"),
    ],
)
def test_a_folder_of_another_kind_is_told_what_it_holds(cache, reporter, tmp_path, files, what, mend):
    folder = a_model(tmp_path / "x", files)
    with pytest.raises(SourceError, match=r"holds no saved_model\.pb, nor a model\.json") as caught:
        obtain(str(folder), cache=cache, reporter=reporter)
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert caught.value.where == str(folder)


def test_importing_the_stage_imports_nothing_heavy():
    program = f"import sys, builder.backbone.sources; print(set('{HEAVY}'.split()) & set(sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "set()"
