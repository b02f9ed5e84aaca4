"""A server in the Hub's place, and nothing else within reach."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.report import Silent
from onthefly_studio.sources import auto, download
from onthefly_studio.sources.keras_applications import MIRROR
from tests.hubserver import HubServer
from tests.unit.backbone.sources.support import (
    HANDLE,
    LIMITS,
    MODULE,
    files_under,
    in_the_place_of_every_host,
)
from tests.unit.backbone.tfjs_files import Files


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
    """In the place of every host; it has the Hub's module only."""
    with HubServer({HANDLE: MODULE}) as server:
        in_the_place_of_every_host(monkeypatch, server.url)
        yield server


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def reporter() -> Silent:
    return Silent()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """A graph as its publisher has it."""
    return files_under(Files().write(tmp_path / "published"))
