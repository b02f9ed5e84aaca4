"""Downloads that end without the file: refused, redirected, unreachable, too large, or something else."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import OutputError, SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources.addresses import is_secure, public_url
from onthefly_studio.sources.download import UnreachableError, download
from tests.python.sources.downloads import (
    LIMITS,
    M,
    fetch,
    nothing_left,
    only_loopback,
    refused,
)
from tests.support.hubserver import Fault, HubServer

pytestmark = pytest.mark.usefixtures("paused")


@pytest.mark.parametrize(
    ("status", "words", "hint"),
    [
        (401, "requires a login (401)", "log in"),
        (403, "refuses access to this address (403)", "browser"),
        (404, "has nothing at this address (404)", "Check it"),
        (410, "removed this model for good (410)", "Use another"),
        (418, "gives no file (HTTP 418)", "embedded"),
        (204, "gives no file (HTTP 204)", "embedded"),
    ],
)
def test_refusals_are_told_apart_and_not_tried_again(
    module: HubServer, part: Path, status: int, words: str, hint: str
) -> None:
    error = refused(module, part, Fault(status=status, always=True))
    assert words in error.what
    assert hint in error.hint
    assert len(module.requests) == 1
    assert nothing_left(part)


def test_a_page_in_place_of_the_archive(module: HubServer, part: Path) -> None:
    error = refused(module, part, url=module.url(M))  # without the query, as a browser would ask
    assert "text/html; charset=utf-8, beginning “A model Hello from the Hub”" in error.what
    assert "browser" in error.hint
    assert len(module.requests) == 1
    assert nothing_left(part)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"", "application/gzip", "(application/gzip, empty)"),
        (b"\x00\x01\x02", "application/zip", "(application/zip, no text)"),
        (b"\x1b[31mred " + b"x" * 5000, "text/plain\t", "beginning “[31mred xxx"),
        (b"<script>evil()</script><p>Please <b>log in</b>", "text/html", "beginning “Please log in”"),
    ],
)
def test_what_came_instead_is_shown_harmlessly(
    module: HubServer, part: Path, body: bytes, kind: str, words: str
) -> None:
    error = refused(module, part, Fault(body=body, content_type=kind))
    assert words in error.what
    assert "\x1b" not in error.what
    assert len(error.what) < 250
    assert nothing_left(part)


def test_a_file_too_large_by_its_header_is_not_read(module: HubServer, part: Path) -> None:
    with pytest.raises(SourceError, match="larger than 0 MiB") as caught:
        fetch(module, part, limits=replace(LIMITS, max_bytes=1000))
    assert not isinstance(caught.value, UnreachableError)
    assert caught.value.where == module.url(M)
    assert nothing_left(part)


def test_a_file_too_large_without_saying_so(module: HubServer, part: Path) -> None:
    with pytest.raises(SourceError, match="larger than"):
        fetch(module, part, Fault(length=False), limits=replace(LIMITS, max_bytes=100_000))
    assert nothing_left(part)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("http://example.invalid/module?token=secret", "http://example.invalid/module"),
        ("ftp://127.0.0.1/module", "ftp://127.0.0.1/module"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("//example.invalid/x", "http://example.invalid/x"),
        ("http://[broken", "no address"),
    ],
)
def test_redirects_away_from_https_are_refused(
    module: HubServer, part: Path, monkeypatch: pytest.MonkeyPatch, target: str, shown: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", only_loopback(socket.getaddrinfo))
    error = refused(module, part, Fault(redirect=target))
    assert f"redirects to {shown}, which is not https" in error.what
    assert "secret" not in str(error)


def test_nobody_listens(module: HubServer, part: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1 refused the connection") as caught:
        fetch(module, part, url=f"http://127.0.0.1:{port}/x")
    assert "HTTPS_PROXY" in caught.value.hint
    assert nothing_left(part)


def test_a_name_that_does_not_exist(module: HubServer, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", none)
    with pytest.raises(
        UnreachableError, match=r"hub\.invalid could not be found: no network, or no such name"
    ):
        fetch(module, part, url="https://hub.invalid/x")


def test_certificates_that_are_not_there(
    module: HubServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(UnreachableError, match="CA certificate bundle") as caught:
        fetch(module, part, url="https://127.0.0.1:9/x")
    assert "REQUESTS_CA_BUNDLE" in caught.value.hint


def test_a_server_without_tls_behind_https(module: HubServer, part: Path) -> None:
    with pytest.raises(UnreachableError, match=r"certificate of 127\.0\.0\.1 could not be verified"):
        fetch(module, part, url=module.url(M).replace("http:", "https:"))


def test_a_part_file_that_cannot_be_written(module: HubServer, part: Path) -> None:
    part.mkdir()
    with pytest.raises(OutputError, match="cache folder cannot be written") as caught:
        fetch(module, part)
    assert "ONTHEFLY_CACHE" in caught.value.hint


def test_a_full_disk_is_not_mistaken_for_the_network(
    module: HubServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, the device that is always full, which Linux has")
    part.symlink_to("/dev/full")
    monkeypatch.setattr("onthefly_studio.sources.part.Part.discard", lambda self: None)  # keeps the link
    with pytest.raises(OutputError, match="No space left on device"):
        fetch(module, part)


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://tfhub.dev/x", True),
        ("HTTPS://tfhub.dev/x", True),
        ("http://127.0.0.1:80/x", True),
        ("http://127.9.9.9/x", True),
        ("http://[::1]:80/x", True),
        ("http://localhost/x", True),
        ("http://LOCALHOST/x", True),
        ("http://tfhub.dev/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("http://localhost.example.com/x", False),
        ("http://127.0.0.1@example.com/x", False),
        ("http://[::2]/x", False),
        ("http://0.0.0.0/x", False),
        ("https://", False),
        ("https://[x", False),
        ("ftp://localhost/x", False),
    ],
)
def test_what_counts_as_secure(url: str, secure: bool) -> None:
    assert is_secure(url) is secure


def test_a_public_url_keeps_no_secret() -> None:
    assert public_url("HTTPS://me:word@Host.example:8443/a/b?token=1#x") == "https://host.example:8443/a/b"


HDF5 = b"\x89HDF\r\n\x1a\n" + os.urandom(100_000)


def test_a_file_of_weights_is_known_by_its_first_bytes(module: HubServer, part: Path) -> None:
    module.modules["/w.h5"] = HDF5
    cache = Cache(part.parent.parent)
    download(module.url("/w.h5"), part, cache=cache, reporter=Silent(), limits=LIMITS, expect="hdf5")
    assert part.read_bytes() == HDF5
    with pytest.raises(UnreachableError, match=r"something other than a \.tar\.gz") as caught:
        fetch(module, part.with_name("y.part"), url=module.url("/w.h5"))
    assert caught.value.where == module.url("/w.h5")
