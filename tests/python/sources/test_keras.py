"""Keras Applications' weights."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import Source, obtain
from onthefly_studio.sources.keras_applications import BASE_URL, MIRROR, NETWORKS
from onthefly_studio.sources.source import KerasWeights
from onthefly_studio.sources.trust import Trusted
from tests.python.sources.support import (
    MODULE,
    a_model,
    kept,
    run,
)
from tests.support.hubserver import Fault, HubServer

WEIGHTS = b"\x89HDF\r\n\x1a\n" + os.urandom(100_000)
SMALL = "/mirror/weights_mobilenet_v3_small_224_1.0_float.h5"
LARGE = "/mirror/weights_mobilenet_v3_large_minimalistic_224_1.0_float.h5"


@pytest.fixture
def mirror(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> HubServer:
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
def test_kerass_weights_are_fetched_once(
    mirror: HubServer, cache: Cache, reporter: Silent, value: str, network: str, path: str
) -> None:
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


def test_the_second_time_keras_costs_no_import(cache: Cache, reporter: Silent) -> None:
    """Without a mirror or another hash, which a process of its own would not know of."""
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    a_model(cache.path("weights", sha256), {"weights.h5": WEIGHTS})
    Trusted(cache, NETWORKS["small"].url).record("archive", sha256)
    assert run(cache, "keras").split() == [sha256, "None"]


def test_a_download_of_kerass_weights_is_resumed(mirror: HubServer, cache: Cache, reporter: Silent) -> None:
    mirror.faults[SMALL] = [Fault(cut_after=50_000)]
    obtain("keras", cache=cache, reporter=reporter)
    assert mirror.requests[1].headers["range"] == "bytes=50000-"


def test_a_mirror_may_ask_for_a_token(
    mirror: HubServer, cache: Cache, reporter: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
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
            "something other than an HDF5 file of weights (application/gzip",
        ),
        (Fault(body=b"<p>Log in", content_type="text/html", always=True), "beginning “Log in”"),
        (Fault(body=WEIGHTS + b"x", always=True), "not the file that Keras publishes: its md5 is"),
        (Fault(body=WEIGHTS + bytes(64 << 20), always=True), "larger than 64 MiB"),
    ],
)
def test_other_weights_are_refused_and_not_kept(
    mirror: HubServer, cache: Cache, reporter: Silent, fault: Fault, words: str
) -> None:
    mirror.faults[SMALL] = [fault]
    with pytest.raises(SourceError) as caught:
        obtain("keras", cache=cache, reporter=reporter)
    assert words in caught.value.what
    assert caught.value.where == mirror.url(SMALL)
    assert caught.value.hint
    assert kept(cache) == []
    mirror.faults.clear()
    assert obtain("keras", cache=cache, reporter=reporter).trust == "pinned"


def test_weights_that_were_harmed_are_fetched_again(
    mirror: HubServer, cache: Cache, reporter: Silent
) -> None:
    source = obtain("keras", cache=cache, reporter=reporter)
    source.keras.file.write_bytes(b"harmed")
    with pytest.raises(SourceError, match="not in the cache"):
        obtain("keras", cache=cache, reporter=reporter, offline=True)
    assert obtain("keras", cache=cache, reporter=reporter) == source
    assert source.keras.file.read_bytes() == WEIGHTS


def test_keras_offline_without_a_copy(mirror: HubServer, cache: Cache, reporter: Silent) -> None:
    with pytest.raises(SourceError, match="not in the cache, and --offline opens no connection") as caught:
        obtain("keras:large-075", cache=cache, reporter=reporter, offline=True)
    assert caught.value.where.endswith("/weights_mobilenet_v3_large_224_0.75_float.h5")
    assert "without --offline" in caught.value.hint
    assert mirror.requests == []
    assert kept(cache) == []


@pytest.mark.parametrize(
    "mirror_url", ["http://mirror.invalid/x?token=secret", "ftp://127.0.0.1/", "mirror", "https://[x"]
)
def test_a_mirror_that_is_not_secure_is_wrong_use(
    cache: Cache, reporter: Silent, monkeypatch: pytest.MonkeyPatch, mirror_url: str
) -> None:
    monkeypatch.setenv(MIRROR, mirror_url)
    with pytest.raises(ConfigError, match="not an https address") as caught:
        obtain("keras", cache=cache, reporter=reporter)
    assert caught.value.where.startswith(f"{MIRROR}=")
    assert "secret" not in str(caught.value)
    assert "weights_mobilenet_v3_small_224_1.0_float.h5" in caught.value.hint


def test_weights_that_keras_itself_has_fetched_are_used(
    mirror: HubServer, cache: Cache, reporter: Silent, tmp_path: Path
) -> None:
    name = SMALL.rpartition("/")[2]
    file = a_model(tmp_path / "keras" / "models", {name: WEIGHTS}) / name
    source = obtain("keras", cache=cache, reporter=reporter, offline=True)
    assert source.trust == "pinned"
    assert reporter.notes == [f"Using the weights in Keras' cache: {file}"]
    file.unlink()
    assert obtain("keras", cache=cache, reporter=reporter, offline=True) == source
    assert mirror.requests == []


def test_what_keras_has_of_another_hash_is_passed_over(
    mirror: HubServer, cache: Cache, reporter: Silent, tmp_path: Path
) -> None:
    a_model(tmp_path / "keras" / "models", {SMALL.rpartition("/")[2]: WEIGHTS[:-1]})
    obtain("keras", cache=cache, reporter=reporter)
    assert len(mirror.requests) == 1
    assert reporter.notes == []
