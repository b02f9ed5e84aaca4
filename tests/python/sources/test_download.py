"""Downloads against a loopback server that stalls, cuts, lies and refuses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import pytest

import onthefly_studio
from onthefly_studio.cache import Cache
from onthefly_studio.errors import OutputError, SourceError
from onthefly_studio.report import Silent
from onthefly_studio.sources import download as stage
from onthefly_studio.sources.addresses import is_secure, public_url
from onthefly_studio.sources.download import Limits, UnreachableError, download
from tests.support.hubserver import Fault, HubServer
from tests.support.patience import PATIENCE_S, wait_until

BODY = b"\x1f\x8b" + os.urandom(300_000)
OTHER = b"\x1f\x8b" + os.urandom(200_000)
LIMITS = Limits(PATIENCE_S, PATIENCE_S, attempts=3, backoff_s=1, backoff_max_s=4, retry_after_max_s=60)
"""Nothing but a stall takes so long; what is paused between attempts is only written down."""
IMPATIENT = replace(LIMITS, read_s=1)
"""Where a stall is the subject."""
M = "/module/5"
ASK = "?tf-hub-format=compressed"


FETCH = """
import sys
from pathlib import Path
from onthefly_studio.sources.download import download
from onthefly_studio.cache import Cache
from onthefly_studio.report import Silent
part = Path(sys.argv[2])
download(sys.argv[1], part, cache=Cache(part.parent.parent), reporter=Silent())
"""


class Counting(Silent):
    """Keeps what was drawn: (label, total, advances)."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[tuple[str, int | None, list[int]]] = []

    @contextmanager
    def progress(self, label, total):
        advances: list[int] = []
        self.drawn.append((label, total, advances))
        yield advances.append


@pytest.fixture
def hub():
    with HubServer({M: BODY}) as server:
        yield server


@pytest.fixture(autouse=True)
def paused(monkeypatch) -> list[float]:
    """The pauses that were made between attempts, in seconds: written down, not waited."""
    pauses: list[float] = []
    monkeypatch.setattr(stage, "time", SimpleNamespace(sleep=pauses.append, time=time.time))
    return pauses


@pytest.fixture
def part(tmp_path: Path) -> Path:
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads" / "x.part"


def fetch(
    hub: HubServer, part: Path, *faults: Fault, limits: Limits = LIMITS, url: str | None = None
) -> Counting:
    hub.faults[M] = list(faults)
    reporter = Counting()
    cache = Cache(part.parent.parent)
    download(url or hub.url(M) + ASK, part, cache=cache, reporter=reporter, limits=limits)
    return reporter


def refused(hub: HubServer, part: Path, *faults: Fault, **how) -> UnreachableError:
    with pytest.raises(UnreachableError) as caught:
        fetch(hub, part, *faults, **how)
    assert caught.value.where == hub.url(M)
    assert caught.value.mend
    return caught.value


def nothing_left(part: Path) -> bool:
    return list(part.parent.iterdir()) == []


def asked_ranges(hub: HubServer) -> list[str | None]:
    return [request.headers.get("range") for request in hub.requests]


def test_a_download_in_one_go(hub, part):
    reporter = fetch(hub, part)
    assert part.read_bytes() == BODY
    assert [path.name for path in part.parent.iterdir()] == ["x.part"]
    ((label, total, advances),) = reporter.drawn
    assert label == "Downloading from 127.0.0.1"
    assert total == sum(advances) == len(BODY)
    assert reporter.notes == []
    (request,) = hub.requests
    assert request.query == "tf-hub-format=compressed"
    assert request.headers["user-agent"] == f"onthefly/{onthefly_studio.__version__}"
    assert request.headers["accept-encoding"] == "identity"


def test_a_body_cut_half_way_is_resumed(hub, part):
    reporter = fetch(hub, part, Fault(cut_after=150_000))
    assert part.read_bytes() == BODY
    first, second = hub.requests
    assert "range" not in first.headers
    assert second.headers["range"] == "bytes=150000-"
    assert second.headers["if-range"].startswith('"')
    assert reporter.drawn[1][2][0] == 150_000  # the bar goes on from where it was
    assert sum(reporter.drawn[1][2]) == len(BODY)


def test_cuts_that_bring_something_each_do_not_use_up_the_attempts(hub, part):
    fetch(hub, part, *[Fault(cut_after=30_000)] * 9)
    assert part.read_bytes() == BODY
    assert len(hub.requests) == 10


def test_a_broken_download_goes_on_in_the_next_run(hub, part):
    error = refused(hub, part, Fault(cut_after=100_000), Fault(status=503, always=True))
    assert "503" in error.what
    assert "kept" in error.mend
    assert part.stat().st_size == 100_000
    hub.requests.clear()
    fetch(hub, part)
    assert part.read_bytes() == BODY
    assert asked_ranges(hub) == ["bytes=100000-"]


def test_a_killed_download_goes_on_in_the_next_run(hub, part):
    hub.faults[M] = [Fault(stall_after=200_000)]
    process = subprocess.Popen([sys.executable, "-c", FETCH, hub.url(M) + ASK, str(part)])
    wait_until(lambda: part.is_file() and part.stat().st_size > 150_000, "a part", alive=process)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)
    kept = part.stat().st_size
    assert part.read_bytes() == BODY[:kept]
    fetch(hub, part)
    assert part.read_bytes() == BODY
    assert asked_ranges(hub) == [None, f"bytes={kept}-"]


def test_a_part_that_is_whole_is_not_asked_for_again(hub, part):
    refused(hub, part, Fault(cut_after=100_000), Fault(status=500, always=True))
    with part.open("ab") as file:
        file.write(BODY[100_000:])
    hub.requests.clear()
    fetch(hub, part)
    assert hub.requests == []
    assert part.read_bytes() == BODY


def test_a_server_without_ranges_is_asked_for_all_of_it_again(hub, part):
    reporter = fetch(hub, part, Fault(cut_after=150_000), Fault(ranges=False))
    assert part.read_bytes() == BODY
    assert reporter.drawn[1][2][0] == 0


def test_a_file_that_changed_meanwhile_is_begun_again(hub, part):
    refused(hub, part, Fault(cut_after=150_000), Fault(status=500, always=True))
    hub.modules[M] = OTHER
    fetch(hub, part)
    assert part.read_bytes() == OTHER


def test_a_server_that_ignores_if_range_does_not_mix_two_files(hub, part):
    refused(hub, part, Fault(cut_after=150_000), Fault(status=500, always=True))
    hub.modules[M] = OTHER
    # It answers 206 with the other file's rest, and says so in its ETag.
    hub.requests.clear()
    date = formatdate(1_700_000_000, usegmt=True)
    (part.parent / "x.part.json").write_text(f'{{"etag": null, "modified": "{date}", "total": {len(BODY)}}}')
    fetch(hub, part)
    assert part.read_bytes() == OTHER
    assert asked_ranges(hub) == ["bytes=150000-", None]


def test_a_range_that_begins_elsewhere_is_not_appended(hub, part):
    wrong = Fault(content_range=f"bytes 100000-{len(BODY) - 1}/{len(BODY)}")
    fetch(hub, part, Fault(cut_after=150_000), wrong)
    assert part.read_bytes() == BODY
    assert asked_ranges(hub) == [None, "bytes=150000-", None]


def test_a_file_that_shrank_below_the_part_is_begun_again(hub, part):
    refused(hub, part, Fault(cut_after=250_000, etag='"v"'), Fault(status=500, always=True))
    hub.modules[M] = OTHER
    fetch(hub, part, *[Fault(etag='"v"')] * 2)
    assert part.read_bytes() == OTHER


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_validator_nothing_is_resumed(hub, part, etag):
    fetch(hub, part, Fault(cut_after=150_000, etag=etag, modified=False), Fault(etag=etag, modified=False))
    assert part.read_bytes() == BODY
    assert asked_ranges(hub) == [None, None]


def test_with_a_weak_etag_the_date_serves(hub, part):
    fetch(hub, part, Fault(cut_after=150_000, etag='W/"weak"'), Fault(etag='W/"weak"'))
    assert part.read_bytes() == BODY
    assert hub.requests[1].headers["if-range"] == formatdate(1_700_000_000, usegmt=True)


def test_a_damaged_note_beside_the_part_is_no_harm(hub, part):
    for note in ("{", "[]", '{"total": 1}', '{"unknown": 2}'):
        part.write_bytes(b"junk")
        part.with_name("x.part.json").write_text(note)
        fetch(hub, part)
        assert part.read_bytes() == BODY


def test_a_body_of_unknown_length(hub, part):
    reporter = fetch(hub, part, Fault(length=False))
    assert part.read_bytes() == BODY
    assert reporter.drawn[0][1] is None


def test_trouble_that_passes(hub, part, paused):
    reporter = fetch(hub, part, Fault(status=500), Fault(status=502))
    assert part.read_bytes() == BODY
    assert len(hub.requests) == 3
    # The first failure is silent; from the second on the user is told.
    assert reporter.notes == ["127.0.0.1 is in trouble (HTTP 502). Trying again in 2 s."]
    assert paused == [1, 2]


def test_trouble_that_stays(hub, part, paused):
    error = refused(hub, part, Fault(status=500, always=True))
    assert error.what == "127.0.0.1 is in trouble (HTTP 500)."
    assert len(hub.requests) == LIMITS.attempts
    assert paused == [1, 2]
    assert nothing_left(part)


def test_pauses_grow_up_to_a_limit(hub, part, paused):
    refused(hub, part, Fault(status=500, always=True), limits=replace(LIMITS, attempts=6))
    assert paused == [1, 2, 4, 4, 4]


def test_a_stall_ends_with_what_happened(hub, part, paused):
    error = refused(hub, part, Fault(stall_after=0, always=True), limits=IMPATIENT)
    assert error.what == "127.0.0.1 stopped sending for 1 s."
    assert len(hub.requests) == IMPATIENT.attempts
    assert paused == [1, 2]


def test_a_stall_half_way_is_resumed(hub, part):
    fetch(hub, part, Fault(stall_after=200_000), limits=IMPATIENT)
    assert part.read_bytes() == BODY
    kept = int(hub.requests[1].headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 150_000 < kept <= 200_000


def test_a_server_that_takes_the_request_and_says_nothing(hub, part):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/module/5"
        with pytest.raises(UnreachableError, match=r"took the request and sent nothing for 1 s"):
            fetch(hub, part, url=url, limits=IMPATIENT)


def test_too_many_requests_are_waited_out(hub, part, paused):
    fetch(hub, part, Fault(status=429, retry_after="50"))
    assert paused == [50]
    assert part.read_bytes() == BODY


@pytest.mark.parametrize("as_date", [False, True])
def test_a_pause_too_long_is_not_waited_for(hub, part, paused, as_date):
    later = formatdate(time.time() + 3600, usegmt=True) if as_date else "3600"
    error = refused(hub, part, Fault(status=429, retry_after=later))
    assert "too many requests (429) and asks for a pause of 3" in error.what
    assert paused == []
    assert len(hub.requests) == 1


def test_a_retry_after_that_makes_no_sense_is_ignored(hub, part, paused):
    fetch(hub, part, Fault(status=503, retry_after="soon"))
    assert paused == [1]
    assert part.read_bytes() == BODY


@pytest.mark.parametrize(
    ("status", "words", "mend"),
    [
        (401, "wants a login (401)", "log in"),
        (403, "refuses access to this address (403)", "browser"),
        (404, "has nothing at this address (404)", "Check it"),
        (410, "taken this model away for good (410)", "Use another"),
        (418, "gives no file (HTTP 418)", "embedded"),
        (204, "gives no file (HTTP 204)", "embedded"),
    ],
)
def test_refusals_are_told_apart_and_not_tried_again(hub, part, status, words, mend):
    error = refused(hub, part, Fault(status=status, always=True))
    assert words in error.what
    assert mend in error.mend
    assert len(hub.requests) == 1
    assert nothing_left(part)


def test_a_page_in_place_of_the_archive(hub, part):
    error = refused(hub, part, url=hub.url(M))  # without the query, as a browser would ask
    assert "text/html; charset=utf-8, beginning “A model Hello from the Hub”" in error.what
    assert "browser" in error.mend
    assert len(hub.requests) == 1
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
def test_what_came_instead_is_shown_harmlessly(hub, part, body, kind, words):
    error = refused(hub, part, Fault(body=body, content_type=kind))
    assert words in error.what
    assert "\x1b" not in error.what
    assert len(error.what) < 250
    assert nothing_left(part)


def test_a_file_too_large_by_its_header_is_not_read(hub, part):
    with pytest.raises(SourceError, match="larger than 0 MiB") as caught:
        fetch(hub, part, limits=replace(LIMITS, max_bytes=1000))
    assert not isinstance(caught.value, UnreachableError)
    assert caught.value.where == hub.url(M)
    assert nothing_left(part)


def test_a_file_too_large_without_saying_so(hub, part):
    with pytest.raises(SourceError, match="larger than"):
        fetch(hub, part, Fault(length=False), limits=replace(LIMITS, max_bytes=100_000))
    assert nothing_left(part)


def test_redirects_are_followed_with_query_and_range(hub, part):
    hub.faults["/old"] = [Fault(redirect="/step?x=1"), Fault(redirect="/step?x=1")]
    hub.faults["/step"] = [Fault(redirect=hub.url(M) + ASK)] * 2
    fetch(hub, part, Fault(cut_after=150_000), url=hub.url("/old") + ASK)
    assert part.read_bytes() == BODY
    assert [request.path for request in hub.requests] == ["/old", "/step", M] * 2
    assert hub.requests[-1].headers["range"] == "bytes=150000-"


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
def test_redirects_away_from_https_are_refused(hub, part, monkeypatch, target, shown):
    monkeypatch.setattr(socket, "getaddrinfo", only_loopback(socket.getaddrinfo))
    error = refused(hub, part, Fault(redirect=target))
    assert f"redirects to {shown}, which is not https" in error.what
    assert "secret" not in str(error)


def only_loopback(getaddrinfo):
    def guarded(host, *args, **options):
        assert host == "127.0.0.1", f"{host} was looked up"
        return getaddrinfo(host, *args, **options)

    return guarded


def test_the_body_of_a_redirect_is_not_waited_for(hub, part):
    hub.faults["/old"] = [Fault(redirect=M + ASK, body=b"x" * 100, stall_after=10)]
    fetch(hub, part, url=hub.url("/old"))
    assert part.read_bytes() == BODY
    assert len(hub.requests) == 2


def test_redirects_in_a_circle(hub, part):
    error = refused(hub, part, Fault(redirect=M, always=True))
    assert "redirects more than 10 times" in error.what
    assert len(hub.requests) == 11


def test_nobody_listens(hub, part):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1 refused the connection") as caught:
        fetch(hub, part, url=f"http://127.0.0.1:{port}/x")
    assert "HTTPS_PROXY" in caught.value.mend
    assert nothing_left(part)


def test_a_name_that_does_not_exist(hub, part, monkeypatch):
    def none(*args, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", none)
    with pytest.raises(
        UnreachableError, match=r"hub\.invalid could not be found: no network, or no such name"
    ):
        fetch(hub, part, url="https://hub.invalid/x")


def test_https_goes_through_the_proxy_of_the_environment(hub, part, monkeypatch):
    monkeypatch.setenv("https_proxy", hub.url(""))  # it knows no CONNECT, so it says 501
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(UnreachableError, match=r"The proxy did not let hub\.invalid be reached"):
        fetch(hub, part, url="https://hub.invalid/x")


def test_loopback_does_not_go_through_a_proxy(hub, part, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    fetch(hub, part)
    assert part.read_bytes() == BODY


def test_certificates_that_are_not_there(hub, part, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(UnreachableError, match="CA certificate bundle") as caught:
        fetch(hub, part, url="https://127.0.0.1:9/x")
    assert "REQUESTS_CA_BUNDLE" in caught.value.mend


def test_a_server_without_tls_behind_https(hub, part):
    with pytest.raises(UnreachableError, match=r"certificate of 127\.0\.0\.1 could not be verified"):
        fetch(hub, part, url=hub.url(M).replace("http:", "https:"))


def test_a_part_file_that_cannot_be_written(hub, part):
    part.mkdir()
    with pytest.raises(OutputError, match="cache folder cannot be written") as caught:
        fetch(hub, part)
    assert "ONTHEFLY_CACHE" in caught.value.mend


def test_a_full_disk_is_not_mistaken_for_the_network(hub, part, monkeypatch):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, the device that is always full, which Linux has")
    part.symlink_to("/dev/full")
    monkeypatch.setattr("onthefly_studio.sources.part.Part.discard", lambda self: None)  # keeps the link
    with pytest.raises(OutputError, match="No space left on device"):
        fetch(hub, part)


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
def test_what_counts_as_secure(url, secure):
    assert is_secure(url) is secure


def test_a_public_url_keeps_no_secret():
    assert public_url("HTTPS://me:word@Host.example:8443/a/b?token=1#x") == "https://host.example:8443/a/b"


HDF5 = b"\x89HDF\r\n\x1a\n" + os.urandom(100_000)


def test_a_file_of_weights_is_known_by_its_first_bytes(hub, part):
    hub.modules["/w.h5"] = HDF5
    cache = Cache(part.parent.parent)
    download(hub.url("/w.h5"), part, cache=cache, reporter=Silent(), limits=LIMITS, expect="hdf5")
    assert part.read_bytes() == HDF5
    with pytest.raises(UnreachableError, match=r"something else than a \.tar\.gz") as caught:
        fetch(hub, part.with_name("y.part"), url=hub.url("/w.h5"))
    assert caught.value.where == hub.url("/w.h5")
