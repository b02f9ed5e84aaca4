"""`onthefly cache`: what it says is what is there, and it deletes nothing but its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import onthefly_studio
from onthefly_studio.cache import KINDS, Cache
from onthefly_studio.cli.cache import command

KEY = "ab" * 32
OTHER = "cd" * 32
URL = "https://example.org/model"
HOLD = """
import sys
from pathlib import Path
from onthefly_studio.cache import Cache
with Cache(Path(sys.argv[1])).lock(sys.argv[2], sys.argv[3]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """A cache with one of everything; each file holds ten bytes or a record."""
    monkeypatch.setenv("ONTHEFLY_CACHE", str(tmp_path / "cache"))
    cache = Cache()

    def fill(into: Path) -> None:
        (into / "file").write_bytes(b"x" * 10)

    for kind in ("archives", "unpacked", "converted", "model", "kernel", "assets", "weights", "witness"):
        cache.folder(kind, KEY, fill)
    records = {"sources": {"url": URL, "archive": OTHER}, "unreachable": {"why": "x", "when": 0}}
    for kind, record in records.items():
        cache.path(kind, "").mkdir()
        cache.path(kind, f"{KEY}.json").write_text(json.dumps(record))
    cache.path("downloads", "").mkdir()
    cache.path("downloads", f"{KEY}.part").write_bytes(b"x" * 10)
    cache.path("downloads", f"{KEY}.part.json").write_bytes(b"{}" + b" " * 8)
    return cache


@pytest.fixture
def holding(cache: Cache) -> Iterator[Callable[[str, str], None]]:
    """Has another process hold a lock, as a running build does."""
    running: list[subprocess.Popen[str]] = []

    def hold(kind: str, key: str) -> None:
        arguments = [sys.executable, "-c", HOLD, str(cache.root), kind, key]
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"

    yield hold
    for process in running:
        process.kill()
        process.communicate()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def kept(cache: Cache) -> set[str]:
    """The kinds that still hold something."""
    return {kind for kind in KINDS if any(cache.path(kind, "").iterdir())}


def test_every_kind_is_shown_with_its_bytes_and_what_for(cache: Cache) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert f"Cache: {cache.root} (from ONTHEFLY_CACHE)" in result.stdout
    for kind, about in KINDS.items():
        row = re.search(rf"^{kind} +(\d+) +([\d,]+)  (.*)$", result.stdout, re.M)
        assert row is not None, kind
        assert row[1] == "1"
        assert int(row[2].replace(",", "")) == bytes_of(cache.path(kind, ""))
        assert row[3] == about.holds
    assert re.search(rf"^all +{len(KINDS)} +{bytes_of(cache.root):,} ", result.stdout, re.M)


def test_every_kind_that_a_stage_uses_is_known() -> None:
    """A stage that keeps something new must say here what it is, or it would never be cleared."""
    code = "\n".join(path.read_text() for path in Path(onthefly_studio.__file__).parent.rglob("*.py"))
    used = set(re.findall(r"\.(?:path|folder)\(\s*\"(\w+)\"", code))
    assert {"model", "sources"} <= used
    assert used <= set(KINDS)
    locks = set(re.findall(r"\.lock\(\s*\"(\w+)\"", code))
    known = {kind.lock for kind in KINDS.values()} | {r for kind in KINDS.values() for r in kind.read_under}
    assert locks <= known


def test_sources_are_shown_with_url_hash_and_since_when(cache: Cache) -> None:
    os.utime(cache.path("sources", f"{KEY}.json"), (1_700_000_000, 1_700_000_000))
    output = run().stdout
    assert URL in output
    assert f"archive: {OTHER}, since 2023-11-1" in output
    cache.path("sources", f"{KEY}.json").write_text("{")
    assert "damaged record" in run().stdout


def test_leftovers_are_told(cache: Cache, holding: Callable[[str, str], None]) -> None:
    leftover = cache.path("model", f".partial-{OTHER}-0123abcd")
    leftover.mkdir()
    (leftover / "half").write_bytes(b"x" * 7)
    assert "killed: 1 entry, 7 bytes" in run().stdout
    holding("model", OTHER)
    output = run().stdout
    assert "Being made by a running build: 1 entry, 7 bytes" in output
    assert "Left by builds that were killed" not in output


def test_a_cache_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONTHEFLY_CACHE", str(tmp_path / "none"))
    assert "does not exist yet" in run().stdout
    assert "Nothing to clear" in run("clear").stdout
    assert not (tmp_path / "none").exists()


def test_clear_frees_exactly_what_it_says(cache: Cache) -> None:
    before = bytes_of(cache.root)
    result = run("clear", "--yes")
    assert result.exit_code == 0, result.output
    assert f"To be deleted from {cache.root}: {len(KINDS)} entries, {before:,} bytes" in result.stdout
    assert f"Freed {len(KINDS)} entries, {before:,} bytes" in result.stdout
    assert "trusted like a first one" in result.stdout
    assert bytes_of(cache.root) == 0
    assert kept(cache) == set()
    assert "Nothing to clear" in run("clear", "--yes").stdout


def test_clear_of_one_kind_leaves_the_others(cache: Cache) -> None:
    size = bytes_of(cache.path("sources", ""))
    result = run("clear", "--kind", "sources", "--yes")
    assert f"Freed 1 entry, {size:,} bytes" in result.stdout
    assert kept(cache) == set(KINDS) - {"sources"}
    run("clear", "--kind", "model", "--kind", "assets", "--yes")
    assert kept(cache) == set(KINDS) - {"sources", "model", "assets"}


def test_a_kind_that_is_none_is_wrong_use(cache: Cache) -> None:
    result = run("clear", "--kind", "modle", "--yes")
    assert result.exit_code == 2
    assert "model" in result.stderr
    assert kept(cache) == set(KINDS)


def test_in_a_pipe_nothing_is_deleted_without_a_yes(cache: Cache) -> None:
    result = run("clear")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert kept(cache) == set(KINDS)


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_on_a_terminal_it_asks(cache: Cache, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("onthefly_studio.cli.cache._is_terminal", lambda: True)
    result = CliRunner().invoke(command, ["clear"], input=f"{answer}\n")
    assert result.exit_code == 0, result.output
    assert "Delete it? [y/N]" in result.output
    assert kept(cache) == (set() if answer == "y" else set(KINDS))


@pytest.mark.parametrize(
    ("lock", "left"),
    [
        (("model", KEY), {"model", "converted", "unpacked", "weights"}),  # being converted
        (("model", OTHER), {"converted", "unpacked", "weights"}),  # another is being converted
        (("out", "0" * 16), {"model", "assets"}),  # being copied into a site
        (("download", KEY), {"downloads", "archives", "weights", "unpacked", "sources"}),
        (("assets", OTHER), {"model", "kernel"}),  # a site's scripts are bundled; its model comes next
    ],
)
def test_what_a_running_build_needs_is_left(
    cache: Cache, holding: Callable[[str, str], None], lock: tuple[str, str], left: set[str]
) -> None:
    holding(*lock)
    size = sum(bytes_of(cache.path(kind, "")) for kind in left)
    freed = bytes_of(cache.root) - size
    result = run("clear", "--yes")
    assert result.exit_code == 0, result.output
    assert kept(cache) == left
    assert f"Freed {len(KINDS) - len(left)} entries, {freed:,} bytes" in result.stdout
    assert re.search(rf"Left \d entr\w+, {size:,} bytes .*: a running build needs it", result.stdout)


def test_an_entry_is_never_seen_half_deleted(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill in the midst of deleting leaves a leftover, not a folder that passes for whole."""

    def killed(path: Path, *rest: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("onthefly_studio.cache.shutil.rmtree", killed)
    (entry,) = cache.entries(["model"])
    with pytest.raises(KeyboardInterrupt):
        cache.remove(entry)
    assert not cache.path("model", KEY).exists()
    monkeypatch.undo()
    (leftover,) = Cache(cache.root).entries(["model"])
    assert leftover.leftover
    assert cache.remove(leftover)
    assert not any(cache.path("model", "").iterdir())


def test_a_folder_that_is_no_cache_is_refused(cache: Cache) -> None:
    for name in ("Documents", ".bashrc"):
        (cache.root / name).mkdir()
    for arguments in (["clear", "--yes"], ["clear", "--kind", "model", "--yes"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert ".bashrc, Documents" in result.stderr
        assert str(cache.root) in result.stderr
        assert "hint:" in result.stderr
        assert kept(cache) == set(KINDS)
    assert "never touched: .bashrc, Documents" in run().stdout


def test_a_file_or_a_link_with_a_kinds_name_is_foreign(cache: Cache, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / KEY).write_text("somebody's")
    for path in cache.path("downloads", "").iterdir():
        path.unlink()
    cache.path("downloads", "").rmdir()
    (cache.root / "downloads").symlink_to(elsewhere)
    assert run("clear", "--yes").exit_code == 2
    assert cache.entries(["downloads"]) == []
    assert (elsewhere / KEY).exists()


def test_what_bears_another_name_inside_a_kind_is_left(cache: Cache, tmp_path: Path) -> None:
    music = cache.path("downloads", "music.mp3")
    music.write_text("song")
    (cache.path("model", "notes")).mkdir()
    target = tmp_path / "target"
    target.mkdir()
    (target / "precious").write_text("x")
    cache.path("model", OTHER).symlink_to(target)
    (cache.path("assets", KEY) / "link").symlink_to(target)
    assert run("clear", "--yes").exit_code == 0
    assert music.read_text() == "song"
    assert cache.path("model", "notes").is_dir()
    assert cache.path("model", OTHER).is_symlink()
    assert (target / "precious").read_text() == "x"


def test_a_file_in_the_place_of_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("ONTHEFLY_CACHE", str(tmp_path / "file"))
    result = run("clear", "--yes")
    assert result.exit_code == 2
    assert "a file where the cache" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"
