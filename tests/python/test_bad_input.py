"""Whatever a user, a server or a disk does wrong: one clear message, and the old site stays as it was.

Every case runs the real command beside a good site. How a stage judges each thing in detail is tested
with the stage; here stand the exit code, the message, and that nothing else happened.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.report import Silent
from onthefly_studio.sources import obtain
from tests.support.builds import COMMAND, IMPATIENT, NO_MODEL, TWICE, M, Project, packed
from tests.support.hubserver import PAGE, Fault, HubServer
from tests.support.processes import PYTHON_PATH


@pytest.fixture
def project(good_site: Path, tmp_path: Path) -> Project:
    """With an empty cache of its own: for what never gets as far as a conversion."""
    return Project(good_site, Cache(tmp_path / "cache"))


@pytest.fixture
def ready(good_site: Path, full_cache: Cache) -> Project:
    """With a cache in which everything is made already."""
    return Project(good_site, full_cache)


# The value of --backbone


def test_an_unknown_backbone_and_the_nearest(project: Project) -> None:
    project.refuses(2, ["no such backbone", "Did you mean `embedded`?"], "--backbone", "embeded")


def test_a_path_with_nothing_there(project: Project) -> None:
    project.refuses(2, ["no such file or folder"], "--backbone", "models/mine.tar.gz")


# The network


@pytest.mark.parametrize(
    ("fault", "parts"),
    [
        (Fault(status=404), ["(404)"]),
        (Fault(status=403), ["(403)", "log in"]),
        (Fault(stall_after=1000), ["stopped sending for 1 s", "is kept"]),
        (Fault(cut_after=0), ["broke off", "is kept"]),
        (
            Fault(body=PAGE, content_type="text/html"),
            ["something other than a .tar.gz", "Hello from the Hub"],
        ),
        (Fault(body=NO_MODEL[:-2000]), ["cut short or damaged"]),
        (Fault(body=NO_MODEL), ["No saved_model.pb"]),
    ],
    ids=["404", "403", "stalls", "cuts", "a page", "truncated", "no model"],
)
def test_a_server_that_fails(project: Project, server: HubServer, fault: Fault, parts: list[str]) -> None:
    server.modules[M] = NO_MODEL
    server.faults[M] = [Fault(**{**fault.__dict__, "always": True})]
    url = server.url(M)
    program = TWICE if fault.stall_after is None else IMPATIENT
    project.refuses(3, [*parts, url], "--backbone", url, program=program)


def test_a_connection_refused(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}{M}"
    project.refuses(3, ["refused the connection", url], "--backbone", url, program=TWICE)


def test_a_download_that_breaks_off_half_way_is_resumed(project: Project, server: HubServer) -> None:
    server.modules[M] = NO_MODEL
    server.faults[M] = [Fault(cut_after=150_000)]
    project.refuses(3, ["No saved_model.pb"], "--backbone", server.url(M), program=TWICE)
    assert [request.headers.get("range") for request in server.requests] == [None, "bytes=150000-"]


def test_bytes_that_changed_under_a_recorded_hash(project: Project, server: HubServer) -> None:
    one, two = (packed(("saved_model.pb", contents)) for contents in (b"one", b"two"))
    server.modules[M] = one
    obtain(server.url(M), cache=project.cache, reporter=Silent())
    for kind in ("archives", "unpacked"):
        shutil.rmtree(project.cache.path(kind, ""))
    first = hashlib.sha256(one).hexdigest()
    server.modules[M] = two
    second = hashlib.sha256(two).hexdigest()
    parts = ["not the file that was expected", first, second, "onthefly cache clear"]
    project.refuses(3, parts, "--backbone", server.url(M), program=TWICE)


# Archives


def ten_gigabytes() -> bytes:
    """An archive of a few megabytes that really holds 10 GiB of zeros: gzip members, one after another."""
    size = 10 << 30
    member = tarfile.TarInfo("saved_model.pb")
    member.size = size
    zeros = gzip.compress(bytes(64 << 20))
    return gzip.compress(member.tobuf(tarfile.GNU_FORMAT)) + zeros * (size // (64 << 20))


def a_million_files() -> bytes:
    """A million empty files; the names of the first ten thousand and one are all different."""
    headers = b"".join(tarfile.TarInfo(f"{number:07}").tobuf() for number in range(12_500))
    return gzip.compress(headers, 1) * 80


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: packed(("../x", b"out")), ["'../x'", "leads out of the archive"]),
        (lambda: packed(("/etc/x", b"out")), ["'/etc/x'", "absolute path"]),
        (lambda: packed(("link", b""), kind=tarfile.SYMTYPE), ["'link'", "a symbolic link"]),
        (lambda: packed(("sda", b""), kind=tarfile.BLKTYPE), ["'sda'", "a block device"]),
        (ten_gigabytes, ["more than 2,048 MiB"]),
        (a_million_files, ["more than 1000 members"]),
        (lambda: packed(("saved_model.pb", bytes(100_000)))[:-50], ["cut short or damaged"]),
        (lambda: b"PK\x03\x04", ["not a .tar.gz"]),
    ],
    ids=["dot-dot", "absolute", "link", "device", "10 GB", "a million files", "truncated", "a zip"],
)
def test_an_archive_that_is_refused(
    project: Project, tmp_path: Path, make: Callable[[], bytes], parts: list[str]
) -> None:
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(make())
    project.refuses(3, [*parts, str(archive)], "--backbone", archive)
    assert not list(project.cache.root.glob("unpacked/*"))


# The output


def test_an_output_folder_that_is_somebody_s(ready: Project) -> None:
    folder = ready.root / "thesis"
    folder.mkdir(exist_ok=True)
    (folder / "thesis.txt").write_text("years of work")
    parts = ["left alone", str(folder)]
    ready.refuses(5, parts, "--backbone", "embedded", "--out", "thesis")


def test_a_file_in_the_place_of_the_output_folder(ready: Project) -> None:
    (ready.root / "file").write_text("mine")
    ready.refuses(5, ["left alone", str(ready.root / "file")], "--backbone", "embedded", "--out", "file")
    ready.refuses(5, [str(ready.root / "file")], "--backbone", "embedded", "--out", "file/dist")


@pytest.mark.parametrize("out", ["/proc/here/dist", "/"])
def test_a_place_where_nothing_can_be_written(ready: Project, out: str) -> None:
    ready.refuses(5, [out], "--backbone", "embedded", "--out", out)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere; run as a user"
)
def test_an_output_folder_without_rights(ready: Project) -> None:
    closed = ready.root / "closed"
    closed.mkdir(exist_ok=True)
    closed.chmod(0o500)
    ready.refuses(5, ["Permission denied"], "--backbone", "embedded", "--out", "closed/dist")


# The settings


MANY = ",".join(f"Class {number}" for number in range(200))


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--classes", "Alone"], ["--classes", "at least 2"]),
        (["--classes", "Cup,cup"], ["--classes", "'cup' is listed twice"]),
        (["--classes", "Cup, ,Hand"], ["--classes", "at least 1"]),
        (["--classes", MANY], ["--classes", "at most 100"]),
        (["--config", "none.toml"], ["none.toml", "cannot be read"]),
    ],
    ids=["one class", "a class twice", "a class without a name", "200 classes", "no such file"],
)
def test_settings_that_are_refused(project: Project, arguments: list[str], parts: list[str]) -> None:
    project.refuses(2, parts, *arguments)


def test_every_mistake_in_a_settings_file_is_told_at_once(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('titel = "x"\nclasses = ["A"]\nprecision = "float8"\n[head]\nepoch = 3\nrate = "fast"\n')
    parts = [
        str(file),
        "line 1: titel: no such key; did you mean title?",
        "line 2: classes",
        "line 3: precision",
        "line 5: head.epoch: no such key; did you mean epochs?",
        "line 6: head.rate",
    ]
    project.refuses(2, parts, "--config", file, "--out", "dist")
    file.write_text('title = "On\nclasses = 3')
    project.refuses(2, [str(file), "not TOML", "line 1"], "--config", file, "--out", "dist")


def test_names_in_any_script_and_even_markup_are_names(ready: Project, tmp_path: Path) -> None:
    names = ["<img src=x onerror=alert(1)>", "قطة"]
    project = Project(tmp_path, ready.cache)
    done = project.build("--backbone", "embedded", "--classes", ",".join(names))
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "dist" / "index.html").read_text("utf-8")
    assert "<img src=x" not in html
    shown = subprocess.run(
        [*COMMAND, "inspect"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": PYTHON_PATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ", ".join(names) in shown.stdout
