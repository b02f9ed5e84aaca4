"""Whatever a user, a server or a disk does wrong: one clear message, and the old site stays as it was.

Every case runs the real command beside a good site. How a stage judges each thing in detail is tested
with the stage; here stand the exit code, the message, and that nothing else happened.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import shutil
import socket
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import OutputError
from onthefly_studio.pipeline import Built
from onthefly_studio.report import Silent
from onthefly_studio.site import publish
from onthefly_studio.sources import obtain
from tests.support.hubserver import PAGE, Fault, HubServer
from tests.support.patience import PATIENCE_S
from tests.support.processes import PYTHON_PATH

M = "/google/imagenet/module/5"
COMMAND = [sys.executable, "-m", "onthefly_studio"]


def waiting(seconds: float) -> list[str]:
    """The real command with other limits: two attempts, and so long for a server that says nothing."""
    limits = f"Limits({seconds}, {seconds}, attempts=2, backoff_s=0.01)"
    program = (
        "from onthefly_studio.sources import download\n"
        "from onthefly_studio.sources.download import Limits\n"
        f"download.PATIENT = {limits}\n"
        "from onthefly_studio.cli import main\nmain()"
    )
    return [sys.executable, "-c", program]


TWICE = waiting(PATIENCE_S)
IMPATIENT = waiting(1)
"""Where a stall is the subject."""
Done = subprocess.CompletedProcess[str]


def tree(folder: Path) -> dict[str, str]:
    """Every name below a folder, with what is there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[path.relative_to(folder).as_posix()] = content
    return found


class Project:
    """A folder with a good site in `dist/`, and the command to run in it."""

    def __init__(self, root: Path, cache: Cache) -> None:
        self.root, self.cache = root, cache

    def build(self, *arguments: object, program: list[str] = COMMAND) -> Done:
        env = {**os.environ, "PYTHONPATH": PYTHON_PATH, "ONTHEFLY_CACHE": str(self.cache.root)}
        command = [*program, "build", *map(str, arguments)]
        return subprocess.run(
            command, cwd=self.root, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def refuses(self, code: int, parts: list[str], *arguments: object, program: list[str] = COMMAND) -> None:
        """Build, which must fail with one message that holds the parts, and leave all as it is."""
        before = tree(self.root)
        done = self.build(*arguments, program=program)
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        assert done.stderr.count("Error: ") == 1
        assert "Traceback" not in done.stderr
        for part in ("  where: ", "  mend:  ", *parts):
            assert part in done.stderr, (part, done.stderr)
        assert tree(self.root) == before
        assert not list(self.cache.root.glob("*/.*")), "a leftover in the cache"


@pytest.fixture(scope="module")
def good(site: Callable[..., Built], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a good site that all tests share, since none may change it."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(site("embedded").out, root / "dist")
    return root


@pytest.fixture
def project(good: Path, tmp_path: Path) -> Project:
    """With an empty cache of its own: for what never gets as far as a conversion."""
    return Project(good, Cache(tmp_path / "cache"))


@pytest.fixture(scope="module")
def full(good: Path, own_cache: Callable[[Path], Cache], tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """A cache in which everything is made already, and nobody else is at work."""
    return own_cache(tmp_path_factory.mktemp("full"))


@pytest.fixture
def ready(good: Path, full: Cache) -> Project:
    """With a cache in which everything is made already."""
    return Project(good, full)


@pytest.fixture
def server() -> Iterator[HubServer]:
    """A server of this test's own."""
    with HubServer() as running:
        yield running


def packed(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(data), "saved_model.pb"
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


NO_MODEL = packed(("variables/data", os.urandom(300_000)))
"""A sound archive without a SavedModel: it comes through the download and the unpacking, and no further."""


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
        (Fault(body=PAGE, content_type="text/html"), ["something else than a .tar.gz", "Hello from the Hub"]),
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
    server.modules[M] = packed(("saved_model.pb", b"one"))
    obtain(server.url(M), cache=project.cache, reporter=Silent())
    for kind in ("archives", "unpacked"):
        shutil.rmtree(project.cache.path(kind, ""))
    first = hashlib.sha256(server.modules[M]).hexdigest()
    server.modules[M] = packed(("saved_model.pb", b"two"))
    second = hashlib.sha256(server.modules[M]).hexdigest()
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


# A full disk


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a disk of so many bytes, in memory."""
    places: list[Path] = []

    def mount(size: int) -> Path:
        place = tmp_path / f"disk{len(places)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("a small disk can be mounted by root on Linux only; run as root to test a full one")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", "-l", str(place)], check=True)


def size_of(folder: Path) -> int:
    # In pages, as a disk in memory counts.
    return sum((path.stat().st_size | 4095) + 1 for path in folder.rglob("*"))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        shutil.Error([("from", "to", "[Errno 28] No space left on device: 'to'")]),
    ],
    ids=["a write", "a copy"],
)
def test_a_full_disk_is_told_whichever_stage_met_it(error: OSError, tmp_path: Path) -> None:
    def fill(into: Path) -> None:
        raise error

    with pytest.raises(OutputError, match=r"^The cache folder cannot .* \(No space left on device\)"):
        Cache(tmp_path).folder("model", "key", fill)
    place = tmp_path / "dist"
    with (
        pytest.raises(OutputError, match=r"^The site cannot be written \(No space left on device\)"),
        publish.replacing(place, Cache(tmp_path / "cache")),
    ):
        raise error
    assert not place.exists()


def test_a_disk_full_under_the_output(good: Path, full: Cache, mounted: Callable[..., Path]) -> None:
    disk = mounted(size_of(good / "dist") + (2 << 20))  # the old site and a part of the new one
    shutil.copytree(good / "dist", disk / "dist")
    parts = ["No space left on device", str(disk / "dist"), "Make room"]
    Project(disk, full).refuses(5, parts, "--backbone", "embedded", "--title", "New")
    assert publish.is_intact(disk / "dist")


def test_a_read_only_disk_under_the_output(good: Path, full: Cache, mounted: Callable[..., Path]) -> None:
    disk = mounted(size_of(good / "dist") + (64 << 20))
    shutil.copytree(good / "dist", disk / "dist")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    parts = [str(disk / "dist")]
    Project(disk, full).refuses(5, parts, "--backbone", "embedded", "--title", "New")


def test_a_disk_full_under_the_cache_while_downloading(
    good: Path, server: HubServer, mounted: Callable[..., Path]
) -> None:
    project = Project(good, Cache(mounted(128 << 10) / "cache"))
    server.modules[M] = NO_MODEL
    parts = ["No space left on device", str(project.cache.root), "ONTHEFLY_CACHE"]
    project.refuses(5, parts, "--backbone", server.url(M), program=TWICE)


def test_a_disk_full_under_the_cache_while_unpacking(
    good: Path, tmp_path: Path, mounted: Callable[..., Path]
) -> None:
    project = Project(good, Cache(mounted(128 << 10) / "cache"))
    archive = tmp_path / "model.tar.gz"
    many = [(f"variables/{number}", bytes(3000)) for number in range(100)]
    for members in ([("saved_model.pb", bytes(1 << 20))], many):  # written at once, or when it is closed
        archive.write_bytes(packed(*members))
        project.refuses(5, ["No space left on device", "ONTHEFLY_CACHE"], "--backbone", archive)


def test_a_disk_full_under_the_cache_while_bundling(
    good: Path, full: Cache, mounted: Callable[..., Path]
) -> None:
    models = full.path("model", "")
    small = Cache(mounted(size_of(models) + (1 << 20)) / "cache")
    shutil.copytree(models, small.path("model", ""))
    parts = ["No space left on device", "ONTHEFLY_CACHE"]
    Project(good, small).refuses(5, parts, "--backbone", "embedded", "--title", "New")


@pytest.mark.long
def test_a_disk_full_under_the_cache_while_converting(good: Path, mounted: Callable[..., Path]) -> None:
    for size in (1 << 20, 9 << 20):  # TensorFlow's own writing fails, and ours
        project = Project(good, Cache(mounted(size) / "cache"))
        parts = ["No space left on device", "ONTHEFLY_CACHE"]
        project.refuses(5, parts, "--backbone", "embedded", "--title", "New")


# The settings


MANY = ",".join(f"Class {number}" for number in range(200))


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--classes", "Alone"], ["--classes", "at least 2"]),
        (["--classes", "Cup,cup"], ["--classes", "'cup' stands there twice"]),
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
