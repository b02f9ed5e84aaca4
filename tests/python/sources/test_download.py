"""Downloads against a loopback server that stalls, cuts, lies and refuses."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

import onthefly_studio
from onthefly_studio.sources.download import UnreachableError
from tests.python.sources.downloads import (
    ASK,
    BODY,
    IMPATIENT,
    LIMITS,
    OTHER,
    M,
    asked_ranges,
    fetch,
    nothing_left,
    refused,
)
from tests.support.hubserver import Fault, HubServer
from tests.support.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.usefixtures("paused")

FETCH = """
import sys
from pathlib import Path
from onthefly_studio.sources.download import download
from onthefly_studio.cache import Cache
from onthefly_studio.report import Silent
part = Path(sys.argv[2])
download(sys.argv[1], part, cache=Cache(part.parent.parent), reporter=Silent())
"""


def test_a_download_in_one_go(module: HubServer, part: Path) -> None:
    reporter = fetch(module, part)
    assert part.read_bytes() == BODY
    assert [path.name for path in part.parent.iterdir()] == ["x.part"]
    ((label, total, advances),) = reporter.drawn
    assert label == "Downloading from 127.0.0.1"
    assert total == sum(advances) == len(BODY)
    assert reporter.notes == []
    (request,) = module.requests
    assert request.query == "tf-hub-format=compressed"
    assert request.headers["user-agent"] == f"onthefly/{onthefly_studio.__version__}"
    assert request.headers["accept-encoding"] == "identity"


def test_a_body_cut_half_way_is_resumed(module: HubServer, part: Path) -> None:
    reporter = fetch(module, part, Fault(cut_after=150_000))
    assert part.read_bytes() == BODY
    first, second = module.requests
    assert "range" not in first.headers
    assert second.headers["range"] == "bytes=150000-"
    assert second.headers["if-range"].startswith('"')
    assert reporter.drawn[1][2][0] == 150_000  # the bar goes on from where it was
    assert sum(reporter.drawn[1][2]) == len(BODY)


def test_cuts_that_bring_something_each_do_not_use_up_the_attempts(module: HubServer, part: Path) -> None:
    fetch(module, part, *[Fault(cut_after=30_000)] * 9)
    assert part.read_bytes() == BODY
    assert len(module.requests) == 10


def test_a_broken_download_goes_on_in_the_next_run(module: HubServer, part: Path) -> None:
    error = refused(module, part, Fault(cut_after=100_000), Fault(status=503, always=True))
    assert "503" in error.what
    assert "kept" in error.hint
    assert part.stat().st_size == 100_000
    module.requests.clear()
    fetch(module, part)
    assert part.read_bytes() == BODY
    assert asked_ranges(module) == ["bytes=100000-"]


def test_a_killed_download_goes_on_in_the_next_run(module: HubServer, part: Path) -> None:
    module.faults[M] = [Fault(stall_after=200_000)]
    process = subprocess.Popen([sys.executable, "-c", FETCH, module.url(M) + ASK, str(part)])
    wait_until(lambda: part.is_file() and part.stat().st_size > 150_000, "a part", alive=process)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)
    kept = part.stat().st_size
    assert part.read_bytes() == BODY[:kept]
    fetch(module, part)
    assert part.read_bytes() == BODY
    assert asked_ranges(module) == [None, f"bytes={kept}-"]


def test_a_part_that_is_whole_is_not_asked_for_again(module: HubServer, part: Path) -> None:
    refused(module, part, Fault(cut_after=100_000), Fault(status=500, always=True))
    with part.open("ab") as file:
        file.write(BODY[100_000:])
    module.requests.clear()
    fetch(module, part)
    assert module.requests == []
    assert part.read_bytes() == BODY


def test_a_server_without_ranges_is_asked_for_all_of_it_again(module: HubServer, part: Path) -> None:
    reporter = fetch(module, part, Fault(cut_after=150_000), Fault(ranges=False))
    assert part.read_bytes() == BODY
    assert reporter.drawn[1][2][0] == 0


def test_a_file_that_changed_meanwhile_is_begun_again(module: HubServer, part: Path) -> None:
    refused(module, part, Fault(cut_after=150_000), Fault(status=500, always=True))
    module.modules[M] = OTHER
    fetch(module, part)
    assert part.read_bytes() == OTHER


def test_a_server_that_ignores_if_range_does_not_mix_two_files(module: HubServer, part: Path) -> None:
    refused(module, part, Fault(cut_after=150_000), Fault(status=500, always=True))
    module.modules[M] = OTHER
    # It answers 206 with the other file's rest, and says so in its ETag.
    module.requests.clear()
    date = formatdate(1_700_000_000, usegmt=True)
    (part.parent / "x.part.json").write_text(f'{{"etag": null, "modified": "{date}", "total": {len(BODY)}}}')
    fetch(module, part)
    assert part.read_bytes() == OTHER
    assert asked_ranges(module) == ["bytes=150000-", None]


def test_a_range_that_begins_elsewhere_is_not_appended(module: HubServer, part: Path) -> None:
    wrong = Fault(content_range=f"bytes 100000-{len(BODY) - 1}/{len(BODY)}")
    fetch(module, part, Fault(cut_after=150_000), wrong)
    assert part.read_bytes() == BODY
    assert asked_ranges(module) == [None, "bytes=150000-", None]


def test_a_file_that_shrank_below_the_part_is_begun_again(module: HubServer, part: Path) -> None:
    refused(module, part, Fault(cut_after=250_000, etag='"v"'), Fault(status=500, always=True))
    module.modules[M] = OTHER
    fetch(module, part, *[Fault(etag='"v"')] * 2)
    assert part.read_bytes() == OTHER


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_validator_nothing_is_resumed(module: HubServer, part: Path, etag: str) -> None:
    fetch(module, part, Fault(cut_after=150_000, etag=etag, modified=False), Fault(etag=etag, modified=False))
    assert part.read_bytes() == BODY
    assert asked_ranges(module) == [None, None]


def test_with_a_weak_etag_the_date_serves(module: HubServer, part: Path) -> None:
    fetch(module, part, Fault(cut_after=150_000, etag='W/"weak"'), Fault(etag='W/"weak"'))
    assert part.read_bytes() == BODY
    assert module.requests[1].headers["if-range"] == formatdate(1_700_000_000, usegmt=True)


def test_a_damaged_note_beside_the_part_is_no_harm(module: HubServer, part: Path) -> None:
    for note in ("{", "[]", '{"total": 1}', '{"unknown": 2}'):
        part.write_bytes(b"junk")
        part.with_name("x.part.json").write_text(note)
        fetch(module, part)
        assert part.read_bytes() == BODY


def test_a_body_of_unknown_length(module: HubServer, part: Path) -> None:
    reporter = fetch(module, part, Fault(length=False))
    assert part.read_bytes() == BODY
    assert reporter.drawn[0][1] is None


def test_trouble_that_passes(module: HubServer, part: Path, paused: list[float]) -> None:
    reporter = fetch(module, part, Fault(status=500), Fault(status=502))
    assert part.read_bytes() == BODY
    assert len(module.requests) == 3
    # The first failure is silent; from the second on the user is told.
    assert reporter.notes == ["127.0.0.1 is in trouble (HTTP 502). Trying again in 2 s."]
    assert paused == [1, 2]


def test_trouble_that_stays(module: HubServer, part: Path, paused: list[float]) -> None:
    error = refused(module, part, Fault(status=500, always=True))
    assert error.what == "127.0.0.1 is in trouble (HTTP 500)."
    assert len(module.requests) == LIMITS.attempts
    assert paused == [1, 2]
    assert nothing_left(part)


def test_pauses_grow_up_to_a_limit(module: HubServer, part: Path, paused: list[float]) -> None:
    refused(module, part, Fault(status=500, always=True), limits=replace(LIMITS, attempts=6))
    assert paused == [1, 2, 4, 4, 4]


def test_a_stall_ends_with_what_happened(module: HubServer, part: Path, paused: list[float]) -> None:
    error = refused(module, part, Fault(stall_after=0, always=True), limits=IMPATIENT)
    assert error.what == "127.0.0.1 stopped sending for 1 s."
    assert len(module.requests) == IMPATIENT.attempts
    assert paused == [1, 2]


def test_a_stall_half_way_is_resumed(module: HubServer, part: Path) -> None:
    fetch(module, part, Fault(stall_after=200_000), limits=IMPATIENT)
    assert part.read_bytes() == BODY
    kept = int(module.requests[1].headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert 150_000 < kept <= 200_000


def test_a_server_that_takes_the_request_and_says_nothing(module: HubServer, part: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/module/5"
        with pytest.raises(UnreachableError, match=r"accepted the request but sent nothing for 1 s"):
            fetch(module, part, url=url, limits=IMPATIENT)


def test_too_many_requests_are_waited_out(module: HubServer, part: Path, paused: list[float]) -> None:
    fetch(module, part, Fault(status=429, retry_after="50"))
    assert paused == [50]
    assert part.read_bytes() == BODY


@pytest.mark.parametrize("as_date", [False, True])
def test_a_pause_too_long_is_not_waited_for(
    module: HubServer, part: Path, paused: list[float], as_date: bool
) -> None:
    later = formatdate(time.time() + 3600, usegmt=True) if as_date else "3600"
    error = refused(module, part, Fault(status=429, retry_after=later))
    assert "too many requests (429) and asks for a pause of 3" in error.what
    assert paused == []
    assert len(module.requests) == 1


def test_a_retry_after_that_makes_no_sense_is_ignored(
    module: HubServer, part: Path, paused: list[float]
) -> None:
    fetch(module, part, Fault(status=503, retry_after="soon"))
    assert paused == [1]
    assert part.read_bytes() == BODY


def test_redirects_are_followed_with_query_and_range(module: HubServer, part: Path) -> None:
    module.faults["/old"] = [Fault(redirect="/step?x=1"), Fault(redirect="/step?x=1")]
    module.faults["/step"] = [Fault(redirect=module.url(M) + ASK)] * 2
    fetch(module, part, Fault(cut_after=150_000), url=module.url("/old") + ASK)
    assert part.read_bytes() == BODY
    assert [request.path for request in module.requests] == ["/old", "/step", M] * 2
    assert module.requests[-1].headers["range"] == "bytes=150000-"


def test_the_body_of_a_redirect_is_not_waited_for(module: HubServer, part: Path) -> None:
    module.faults["/old"] = [Fault(redirect=M + ASK, body=b"x" * 100, stall_after=10)]
    fetch(module, part, url=module.url("/old"))
    assert part.read_bytes() == BODY
    assert len(module.requests) == 2


def test_redirects_in_a_circle(module: HubServer, part: Path) -> None:
    error = refused(module, part, Fault(redirect=M, always=True))
    assert "redirects more than 10 times" in error.what
    assert len(module.requests) == 11


def test_https_goes_through_the_proxy_of_the_environment(
    module: HubServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", module.url(""))  # it knows no CONNECT, so it says 501
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(UnreachableError, match=r"The proxy did not allow a connection to hub\.invalid"):
        fetch(module, part, url="https://hub.invalid/x")


def test_loopback_does_not_go_through_a_proxy(
    module: HubServer, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    fetch(module, part)
    assert part.read_bytes() == BODY
