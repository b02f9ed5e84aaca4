"""A server in the Hub's place, and nothing else within reach."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.report import Silent
from onthefly_studio.sources import auto, download
from onthefly_studio.sources.keras_applications import MIRROR
from tests.python.sources.downloads import BODY, M, only_loopback
from tests.python.sources.support import (
    HANDLE,
    LIMITS,
    MODULE,
    files_under,
    in_the_place_of_every_host,
)
from tests.support.hubserver import HubServer
from tests.support.tfjs_files import Files


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other program's cache, no pause between attempts, and no way out of this machine."""
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "tfhub"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv(MIRROR, raising=False)
    monkeypatch.setattr(download, "PATIENT", LIMITS)
    monkeypatch.setattr(auto, "BRIEF", LIMITS)
    monkeypatch.setattr(socket, "getaddrinfo", only_loopback(socket.getaddrinfo))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """In the place of every host; it has the Hub's module only."""
    with HubServer({HANDLE: MODULE}) as server:
        in_the_place_of_every_host(monkeypatch, server.url)
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def reporter() -> Silent:
    return Silent()


@pytest.fixture
def module() -> Iterator[HubServer]:
    """A server with one module."""
    with HubServer({M: BODY}) as server:
        yield server


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made between attempts, in seconds: written down, not waited."""
    pauses: list[float] = []
    monkeypatch.setattr(download, "time", SimpleNamespace(sleep=pauses.append, time=time.time))
    return pauses


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """Where a download goes."""
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads" / "x.part"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """A graph as its publisher has it."""
    return files_under(Files().write(tmp_path / "published"))
