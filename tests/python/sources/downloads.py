"""What tests of downloads share: a file that a server has, and downloads of it that go wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.report import Silent
from onthefly_studio.sources.download import Limits, UnreachableError, download
from tests.support.hubserver import Fault, HubServer
from tests.support.patience import PATIENCE_S

BODY = b"\x1f\x8b" + os.urandom(300_000)
OTHER = b"\x1f\x8b" + os.urandom(200_000)
LIMITS = Limits(PATIENCE_S, PATIENCE_S, attempts=3, backoff_s=1, backoff_max_s=4, retry_after_max_s=60)
"""Nothing but a stall takes so long; what is paused between attempts is only written down."""
IMPATIENT = replace(LIMITS, read_s=1)
"""Where a stall is the subject."""
M = "/module/5"
ASK = "?tf-hub-format=compressed"


class Counting(Silent):
    """Keeps what was drawn: (label, total, advances)."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[tuple[str, int | None, list[int]]] = []

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Callable[[int], None]]:
        advances: list[int] = []
        self.drawn.append((label, total, advances))
        yield advances.append


def fetch(
    server: HubServer, part: Path, *faults: Fault, limits: Limits = LIMITS, url: str | None = None
) -> Counting:
    server.faults[M] = list(faults)
    reporter = Counting()
    cache = Cache(part.parent.parent)
    download(url or server.url(M) + ASK, part, cache=cache, reporter=reporter, limits=limits)
    return reporter


def refused(server: HubServer, part: Path, *faults: Fault, **how: Any) -> UnreachableError:
    with pytest.raises(UnreachableError) as caught:
        fetch(server, part, *faults, **how)
    assert caught.value.where == server.url(M)
    assert caught.value.mend
    return caught.value


def nothing_left(part: Path) -> bool:
    return list(part.parent.iterdir()) == []


def asked_ranges(server: HubServer) -> list[str | None]:
    return [request.headers.get("range") for request in server.requests]


def only_loopback(getaddrinfo: Callable[..., Any]) -> Callable[..., Any]:
    """Look up nothing but this machine."""

    def guarded(host: str, *args: Any, **options: Any) -> Any:
        assert host == "127.0.0.1", f"{host} was looked up"
        return getaddrinfo(host, *args, **options)

    return guarded
