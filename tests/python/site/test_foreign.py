"""What people put into the output folder outlives every build, whole, however the build ends."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import OutputError
from onthefly_studio.places import PROJECT_ROOT
from onthefly_studio.site import foreign, publish
from tests.support.patience import PATIENCE_S
from tests.support.processes import heedful

OLD = {"index.html": "old", "assets/app.1.js": "old", "model/1/model.json": "old", "LICENSE": "same"}
NEW = {"index.html": "new", "assets/app.2.js": "new", "model/2/model.json": "new", "LICENSE": "same"}

THEIRS = {
    "CNAME": "example.org",
    "robots.txt": "User-agent: *",
    ".well-known/security.txt": "Contact: me",
    ".git/HEAD": "ref: refs/heads/pages",
    ".git/objects/ab/cdef": "an object",
    "assets/photo.png": "in a folder of the site's",
    "model/1/notes.txt": "in a folder that the new site does not have",
}
"""What stands in the folders of people who publish from them."""


def fill(folder: Path, files: dict[str, str]) -> None:
    put(folder, files)
    (folder / "site.json").write_text(json.dumps({"generator": "onthefly 0", "files": files}))
    publish.write_sums(folder)


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def put_theirs(out: Path) -> None:
    put(out, THEIRS)
    (out / ".git" / "objects" / "ab" / "cdef").chmod(0o444)
    (out / "empty").mkdir()
    (out / "link").symlink_to("nowhere")


def have(out: Path, site: dict[str, str]) -> bool:
    """Whether the site stands there with everything that people put into it, and nothing else."""
    found = {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*") if path.is_file()}
    for name in ("site.json", publish.SUMS):
        del found[name]
    links = (out / "empty").is_dir() and (out / "link").readlink() == Path("nowhere")
    read_only = (out / ".git" / "objects" / "ab" / "cdef").stat().st_mode & 0o777 == 0o444
    return found == {**site, **THEIRS} and links and read_only


@pytest.fixture
def out(tmp_path: Path, cache: Cache) -> Path:
    place = tmp_path / "work" / "dist"
    with publish.replacing(place, cache) as fresh:
        fill(fresh, OLD)
    put_theirs(place)
    return place


def beside(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir())


def rebuild(out: Path, cache: Cache, files: dict[str, str] = NEW) -> None:
    publish.prepare(out, cache)
    with publish.replacing(out, cache) as fresh:
        fill(fresh, files)


def test_it_stays_where_it_is(out: Path, cache: Cache) -> None:
    for site in (NEW, OLD, NEW):
        rebuild(out, cache, site)
        assert have(out, site)
        assert publish.is_intact(out)
        assert beside(out) == ["dist"]


def test_it_is_told_apart_and_not_held_against_the_site(out: Path) -> None:
    held = publish.integrity(out)
    assert held.ok
    assert held.extra == [
        *(".git", ".well-known", "CNAME", "assets/photo.png"),
        *("empty", "link", "model/1/notes.txt", "robots.txt"),
    ]
    assert publish.size(out) == sum((out / name).stat().st_size for name in [*OLD, "site.json", "SHA256SUMS"])
    (out / "index.html").write_text("edited")
    assert publish.edited(out) == ["index.html"]
    assert not publish.is_intact(out)


def test_git_may_be_a_file_and_stand_there_first(tmp_path: Path, cache: Cache) -> None:
    """As in a worktree of a branch that holds nothing yet."""
    place = tmp_path / "dist"
    place.mkdir()
    (place / ".git").write_text("gitdir: ../.git/worktrees/dist")
    for site in (OLD, NEW):
        rebuild(place, cache, site)
        assert (place / ".git").read_text() == "gitdir: ../.git/worktrees/dist"
        assert (place / "index.html").read_text() == site["index.html"]
    assert beside(place) == ["dist"]


@pytest.mark.parametrize(
    ("theirs", "named"),
    [
        ({"assets/app.2.js": "mine"}, "assets/app.2.js"),
        ({"model/2": "a file"}, "model/2"),
        ({"more": "a file"}, "more"),
        ({"notes/page.txt": "mine", "notes/own.txt": "mine too"}, "notes/page.txt"),
    ],
    ids=["a file", "for a folder", "above a folder", "within a folder"],
)
def test_what_the_new_site_would_overwrite_is_named_and_nothing_is_touched(
    out: Path, cache: Cache, theirs: dict[str, str], named: str
) -> None:
    put(out, theirs)
    new = {**NEW, "more/page.txt": "new", "notes/page.txt": "new"}
    with pytest.raises(OutputError, match=f"yours where the new site has a file: {named}") as caught:
        rebuild(out, cache, new)
    assert caught.value.hint
    for name in theirs:
        (out / name).unlink()
    if (out / "notes").is_dir():
        (out / "notes").rmdir()
    assert have(out, OLD)
    assert beside(out) == ["dist"]
    rebuild(out, cache, new)
    assert have(out, new)


def test_a_file_that_is_the_very_same_is_in_nobodys_way(out: Path, cache: Cache) -> None:
    put(out, {"assets/app.2.js": "new", "notes/page.txt": "new"})
    new = {**NEW, "notes/page.txt": "new"}
    rebuild(out, cache, new)
    assert have(out, new)


def test_a_move_that_the_system_refuses_leaves_all_as_it_was(
    out: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def renamed(self: Path, target: Path) -> Path:
        if self == out.with_name(".dist.old") / "robots.txt":
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", renamed)
    with pytest.raises(OutputError, match=r"^robots.txt is .* \(Device or resource busy\)") as caught:
        rebuild(out, cache)
    assert caught.value.where == str(out)
    assert have(out, OLD)
    assert beside(out) == ["dist"]


# Killed at any moment


class Killed(BaseException):
    """Whatever the process would have done after it, it does not."""


@contextmanager
def killed_at(moment: int) -> Iterator[list[int]]:
    """The process dies before its n-th change of a name or in the midst of a deletion; yields their count."""
    count = [0]
    rename, rmtree = Path.rename, shutil.rmtree

    def dies() -> bool:
        count[0] += 1
        return count[0] >= moment

    def renamed(self: Path, target: Path) -> Path:
        if dies():
            raise Killed
        return rename(self, target)

    def removed(folder: Path, ignore_errors: bool = False) -> None:
        if not Path(folder).exists():
            return
        if dies():
            if count[0] == moment:  # it has come as far as this
                (Path(folder) / publish.SUMS).unlink(missing_ok=True)
            raise Killed
        rmtree(folder, ignore_errors=ignore_errors)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", renamed)
        patch.setattr(shutil, "rmtree", removed)
        yield count


def survives(out: Path, cache: Cache) -> None:
    """As a build finds it that has nothing to do, and then one that has."""
    publish.prepare(out, cache)
    assert have(out, OLD) or have(out, NEW)
    assert publish.is_intact(out)
    rebuild(out, cache)
    assert have(out, NEW)
    assert beside(out) == ["dist"]


def test_killed_at_any_moment_nothing_is_lost(out: Path, cache: Cache) -> None:
    copy = Path(shutil.copytree(out, out.parents[1] / "copy", symlinks=True))
    moment = 0
    while True:
        moment += 1
        shutil.rmtree(out)
        shutil.copytree(copy, out, symlinks=True)
        with killed_at(moment) as count:
            try:
                rebuild(out, cache)
            except Killed:
                pass
            else:
                break
        assert count[0] >= moment
        survives(out, cache)
    assert moment > 12, "the swap, each of theirs and the deletion were cut off"


def test_killed_again_while_it_is_mended(out: Path, cache: Cache) -> None:
    copy = Path(shutil.copytree(out, out.parents[1] / "copy", symlinks=True))
    for first in (5, 9, 11):
        for second in range(1, 8):
            shutil.rmtree(out)
            shutil.copytree(copy, out, symlinks=True)
            with pytest.raises(Killed), killed_at(first):
                rebuild(out, cache)
            with killed_at(second), suppress(Killed):
                publish.prepare(out, cache)
            survives(out, cache)


STUCK = f"""
import sys, time
from pathlib import Path
from onthefly_studio.cache import Cache
from onthefly_studio.site import publish
from tests.python.site.test_foreign import NEW, rebuild
rename = Path.rename
def renamed(self, target):
    rename(self, target)
    if self.name == ".git" and self.parent.name == ".dist.old":
        print("struck", flush=True)
        time.sleep({PATIENCE_S})
Path.rename = renamed
rebuild(Path(sys.argv[1]), Cache(Path(sys.argv[2])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_ended_while_git_is_on_its_way(out: Path, cache: Cache, number: int) -> None:
    command = heedful([sys.executable, "-c", STUCK, str(out), str(cache.root)])
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as build:
        assert build.stdout is not None
        assert build.stdout.readline() == "struck\n"
        assert not (out / ".git").exists()
        build.send_signal(number)
        build.wait()
    if number == signal.SIGINT:
        assert have(out, OLD), "what is stopped puts all back itself"
        assert beside(out) == ["dist"]
    survives(out, cache)


def test_what_is_on_its_way_is_never_deleted_nor_put_into_another_folder(out: Path, cache: Cache) -> None:
    """After a kill, somebody makes the folder anew by hand."""
    names = foreign.foreign(out, [*OLD, "site.json", publish.SUMS])
    with pytest.raises(Killed), killed_at(2 + len(names)):
        rebuild(out, cache)
    new = out.with_name(".dist.new")
    assert (new / ".git" / "HEAD").is_file()
    out.mkdir()
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("another")
    message = r"interrupted build has left something of yours .*: \.git"
    for _ in range(2):
        with pytest.raises(OutputError, match=message) as caught:
            rebuild(out, cache)
        assert caught.value.where == str(new)
    assert (new / ".git" / "HEAD").read_text() == THEIRS[".git/HEAD"]
    shutil.rmtree(out)
    survives(out, cache)
