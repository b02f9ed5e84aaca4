"""A build that is stopped or killed in any stage, or runs twice at once: the old site stands, and the next
build is as good as if nothing had been.

Every test waits for something to be seen (a request, a file, a process), then strikes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import OutputError
from onthefly_studio.pipeline import Built
from onthefly_studio.site import publish
from tests.support.builds import NO_MODEL, M, tree
from tests.support.hubserver import Fault, HubServer
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.processes import PYTHON_PATH, gone, heedful, ignoring, kill, seen, stops, succeeds

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="builds run on Linux and macOS only")

PLAIN = f"""
from onthefly_studio.sources import download
from onthefly_studio.sources.download import Limits
download.PATIENT = Limits(read_s={PATIENCE_S})  # a stalled server is for the test to end, not for the build
from onthefly_studio.cli import main
main()
"""
AFTER_THE_FIRST_RENAME = f"""
import time
from pathlib import Path
rename = Path.rename
def renamed(self, target):
    rename(self, target)
    if Path(target).name == ".dist.old":
        Path("struck").touch()
        time.sleep({PATIENCE_S})
Path.rename = renamed
"""
BEFORE_THE_SUMS = f"""
import time
from pathlib import Path
from onthefly_studio.site import publish
def stuck(folder):
    Path("struck").touch()
    time.sleep({PATIENCE_S})
publish.write_sums = stuck
"""
NEW = ("--backbone", "embedded", "--title", "New")
"""Another title than the one that stands, so that there is something to build."""


class Project:
    """A folder with a good site in `dist/`, and builds to start in it."""

    def __init__(self, root: Path, cache: Cache) -> None:
        self.root, self.cache, self.dist = root, cache, root / "dist"
        self.before = tree(root)
        self.temporary = cache.root.with_name("temporary")
        self.temporary.mkdir(exist_ok=True)
        self.running: list[subprocess.Popen[str]] = []

    def start(
        self,
        *arguments: str,
        patch: str = "",
        path: str | None = None,
        started_by: Callable[[list[str]], list[str]] = heedful,
    ) -> subprocess.Popen[str]:
        env = {
            **os.environ,
            "PYTHONPATH": PYTHON_PATH,
            "ONTHEFLY_CACHE": str(self.cache.root),
            "TMPDIR": str(self.temporary),
            "PATH": path or os.environ["PATH"],
        }
        command = [sys.executable, "-c", patch + PLAIN, "build", *(arguments or NEW)]
        build = subprocess.Popen(
            started_by(command),
            cwd=self.root,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that a signal to its group is not ours too
        )
        self.running.append(build)
        return build

    def is_as_it_was(self) -> bool:
        return tree(self.root) == self.before

    def builds(self, *arguments: str) -> None:
        """A build that goes well and leaves a whole site, and nothing beside it or in the cache."""
        succeeds(self.start(*arguments))
        assert publish.is_intact(self.dist)
        assert sorted(path.name for path in self.root.iterdir()) == ["dist"]
        assert not self.half_written()

    def half_written(self) -> list[Path]:
        return list(self.cache.root.glob("*/.*"))


@pytest.fixture
def project(site: Callable[..., Built], tmp_path: Path) -> Iterator[Project]:
    """With an empty cache."""
    yield from _project(site, tmp_path, Cache(tmp_path / "cache"))


@pytest.fixture
def ready(
    site: Callable[..., Built], tmp_path: Path, own_cache: Callable[[Path], Cache]
) -> Iterator[Project]:
    """With a copy of the shared cache, in which everything is made already."""
    site("embedded")
    yield from _project(site, tmp_path, own_cache(tmp_path))


def _project(site: Callable[..., Built], folder: Path, cache: Cache) -> Iterator[Project]:
    root = folder / "project"
    shutil.copytree(site("embedded").out, root / "dist")
    made = Project(root, cache)
    yield made
    for build in made.running:  # and whatever it started
        try:
            os.killpg(build.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        build.communicate()


@pytest.fixture
def server() -> Iterator[HubServer]:
    """Serves an archive without a model, and stalls in the midst of it."""
    with HubServer({M: NO_MODEL}) as running:
        running.faults[M] = [Fault(stall_after=100_000)]
        yield running


# While a download is stalled


def downloading(project: Project, server: HubServer, **how: Any) -> subprocess.Popen[str]:
    build = project.start("--backbone", server.url(M), **how)

    def has_come() -> bool:
        return any(p.stat().st_size > 50_000 for p in project.cache.path("downloads", "").glob("*.part"))

    wait_until(has_come, "a part of the download", alive=build)
    return build


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_stopped_while_downloading(project: Project, server: HubServer, number: int, code: int) -> None:
    build = downloading(project, server)
    build.send_signal(number)
    stops(build, code)
    assert project.is_as_it_was()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_is_ignored_from_the_start_is_ignored_on(
    project: Project, server: HubServer, number: int
) -> None:
    build = downloading(project, server, started_by=ignoring)
    build.send_signal(number)
    server.go_on.set()
    _, error = build.communicate(timeout=PATIENCE_S)
    assert build.returncode == 3
    assert "No saved_model.pb" in error, "the download came to its end"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_tests_heed_signals_whatever_their_own_starter_ignores(
    project: Project, server: HubServer, number: int
) -> None:
    """As where `make test` runs in the background, or under `nohup`."""
    build = downloading(project, server, started_by=lambda command: ignoring(heedful(command)))
    build.send_signal(number)
    stops(build, 128 + number)


def test_killed_while_downloading(ready: Project, server: HubServer) -> None:
    kill(downloading(ready, server))
    assert ready.is_as_it_was()
    ready.builds()  # no lock stands in the way
    again = ready.start("--backbone", server.url(M))
    assert "No saved_model.pb" in again.communicate(timeout=PATIENCE_S)[1]
    assert server.requests[-1].headers["range"], "the download went on from where it was"


# While the child converts


@pytest.fixture
def converting(
    site: Callable[..., Built], tmp_path: Path, own_cache: Callable[[Path], Cache]
) -> Iterator[Project]:
    """With a copy of the shared cache that lacks only the model: made in seconds, not half a minute."""
    site("embedded")
    copy = own_cache(tmp_path)
    shutil.rmtree(copy.path("model", ""))
    yield from _project(site, tmp_path, copy)


@pytest.mark.parametrize("to_all", [False, True], ids=["the build alone", "all, as a terminal does"])
def test_stopped_while_converting(project: Project, to_all: bool) -> None:
    build = project.start()
    child = seen(build, "onthefly_studio.tensorflow.child")
    wait_until(
        lambda: list(project.cache.root.glob("model/.partial-*/*/converted/*")), "the conversion", alive=build
    )
    if to_all:
        os.killpg(build.pid, signal.SIGINT)
    else:
        build.send_signal(signal.SIGINT)
    stops(build)
    gone(child)
    assert project.is_as_it_was()
    assert not project.half_written()
    assert not list(project.temporary.iterdir())


def test_killed_while_converting_then_two_builds_at_once(converting: Project) -> None:
    build = converting.start()
    child = seen(build, "onthefly_studio.tensorflow.child")
    kill(build)
    gone(child)
    assert not list(converting.temporary.rglob("result.json")), "the child ended before its work did"
    assert converting.is_as_it_was()
    assert converting.half_written(), "a kill leaves what was half-written"
    builds = [converting.start("--backbone", "embedded", "--title", title) for title in ("One", "Two")]
    for one in builds:
        succeeds(one)
    converting.builds()


@pytest.mark.long
def test_killed_in_the_midst_of_a_whole_conversion(project: Project) -> None:
    build = project.start()
    child = seen(build, "onthefly_studio.tensorflow.child")
    wait_until(
        lambda: list(project.cache.root.glob("model/.partial-*/*/converted/*/raw/model.json")),
        "the converter's own output",
        alive=build,
    )
    kill(build)
    gone(child)
    assert project.is_as_it_was()
    builds = [project.start() for _ in range(2)]
    for one in builds:
        succeeds(one)
    project.builds()


# While the scripts are bundled


@pytest.fixture
def slow_node(tmp_path: Path) -> str:
    """A PATH on which `node` writes half of its output and takes its time for the rest."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "node"
    program.write_text(f'#!/bin/sh\necho half >"$2/half"\nsleep {PATIENCE_S}\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def bundling(ready: Project, slow_node: str) -> subprocess.Popen[str]:
    shutil.rmtree(ready.cache.path("assets", ""))
    build = ready.start(path=slow_node)
    wait_until(lambda: list(ready.cache.root.glob("assets/.partial-*/half")), "the bundler", alive=build)
    return build


def test_stopped_while_bundling(ready: Project, bundling: subprocess.Popen[str]) -> None:
    node = seen(bundling, "node")
    os.killpg(bundling.pid, signal.SIGINT)
    stops(bundling)
    gone(node)
    assert ready.is_as_it_was()
    assert not ready.half_written()
    ready.builds()


def test_killed_while_bundling(ready: Project, bundling: subprocess.Popen[str]) -> None:
    """The bundler lives on, for the second that it needs; what it still writes is in nobody's way."""
    kill(bundling)
    assert ready.is_as_it_was()
    assert ready.half_written()
    ready.builds()


# While the site is written and swapped in


def publishing(project: Project, patch: str) -> subprocess.Popen[str]:
    build = project.start(patch=patch)
    mark = project.root / "struck"
    wait_until(mark.exists, "the moment", alive=build)
    mark.unlink()
    return build


@pytest.mark.parametrize(
    "patch", [BEFORE_THE_SUMS, AFTER_THE_FIRST_RENAME], ids=["while writing", "between renames"]
)
def test_stopped_while_publishing(ready: Project, patch: str) -> None:
    build = publishing(ready, patch)
    build.send_signal(signal.SIGINT)
    stops(build)
    assert ready.is_as_it_was()
    ready.builds()


def test_killed_while_writing_the_site(ready: Project) -> None:
    kill(publishing(ready, BEFORE_THE_SUMS))
    assert tree(ready.dist) == {
        name.removeprefix("dist/"): value for name, value in ready.before.items() if name != "dist"
    }
    ready.builds()


def test_killed_between_the_renames(ready: Project) -> None:
    """The one moment in which no site stands: the next build brings the old one back before all else."""
    kill(publishing(ready, AFTER_THE_FIRST_RENAME))
    assert not ready.dist.exists()
    failing = ready.start("--backbone", "embeded")
    assert failing.wait(PATIENCE_S) == 2
    assert tree(ready.dist) == {
        name.removeprefix("dist/"): value for name, value in ready.before.items() if name != "dist"
    }
    ready.builds()


def test_two_builds_at_once_into_one_folder(ready: Project) -> None:
    for _ in range(3):
        for build in [ready.start("--backbone", "embedded", "--title", title) for title in ("One", "Two")]:
            succeeds(build)
        assert publish.is_intact(ready.dist)
    assert sorted(path.name for path in ready.root.iterdir()) == ["dist"]


# What is known before the long stages


def test_a_link_to_a_folder_stays_a_link(ready: Project) -> None:
    place = ready.root.with_name("elsewhere")
    ready.dist.rename(place)
    ready.dist.symlink_to(place)
    for title in ("One", "Two"):
        succeeds(ready.start("--backbone", "embedded", "--title", title))
    assert ready.dist.is_symlink()
    assert f"<title>{title}</title>" in (place / "index.html").read_text()
    assert sorted(path.name for path in ready.root.iterdir()) == ["dist"]
    assert not list(place.parent.glob(".elsewhere*"))


def test_a_failure_leaves_no_folder_that_was_made_for_the_site(tmp_path: Path, cache: Cache) -> None:
    with pytest.raises(OutputError), publish.replacing(tmp_path / "a" / "b" / "dist", cache):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []
    with publish.replacing(tmp_path / "a" / "b" / "dist", cache) as fresh:
        (fresh / "index.html").write_text("x")
    assert (tmp_path / "a" / "b" / "dist" / "index.html").is_file()


@pytest.mark.parametrize("out", ["/", "a\0b"])
def test_what_names_no_folder_is_refused(out: str, cache: Cache) -> None:
    with pytest.raises(OutputError):
        publish.prepare(Path(out), cache)
    with pytest.raises(OutputError), publish.replacing(Path(out), cache):
        pass
