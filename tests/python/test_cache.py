"""A folder in the cache is whole or absent, however many builds want it and whenever they are killed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache, sha256_file, sha256_text, sha256_tree
from onthefly_studio.errors import ConfigError, OutputError
from tests.support.patience import PATIENCE_S, wait_until
from tests.support.processes import LOCKED_OUT, PYTHON_PATH

FILL = (
    LOCKED_OUT
    + """
import sys
from onthefly_studio.cache import Cache
from tests.support.patience import wait_until
root, name, until = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def fill(into):
    (into / "first").write_text(name)
    with (root / "filled").open("a") as log:
        log.write(name + "\\n")
    wait_until(Path(until).exists, until)
    (into / "second").write_text(name)
place = Cache(root / "cache").folder("kind", "key", fill)
print((place / "first").read_text(), (place / "second").read_text())
"""
)


def start(root: Path, name: str, until: str = ".") -> subprocess.Popen[str]:
    """Fill a folder, half of it at first, the rest when there is a file of this name."""
    return subprocess.Popen(
        [sys.executable, "-c", FILL, str(root), name, str(root / until)],
        env={**os.environ, "PYTHONPATH": PYTHON_PATH, "LOCKED_OUT": str(root / "locked out")},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_hashes_are_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_file(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()
    assert sha256_text("a", "bc") != sha256_text("ab", "c")


def test_a_tree_is_its_names_and_bytes_and_nothing_else(tmp_path: Path) -> None:
    def tree(name: str, files: dict[str, bytes]) -> str:
        for path, data in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_bytes(data)
        return sha256_tree(tmp_path / name)

    one = tree("one", {"a/b": b"1", "a.b": b"2"})
    assert one == tree("two", {"a.b": b"2", "a/b": b"1"})
    assert one != tree("three", {"a/c": b"1", "a.b": b"2"})
    assert one != tree("four", {"a/b": b"2", "a.b": b"1"})
    # The order is that of the names as text ("a.b" < "a/b"), on every system.
    parts = (b"a.b\0" + hashlib.sha256(b"2").digest(), b"a/b\0" + hashlib.sha256(b"1").digest())
    assert one == hashlib.sha256(b"".join(parts)).hexdigest()


def test_a_tree_of_chosen_files(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name)
    chosen = sha256_tree(tmp_path, [tmp_path / "b", tmp_path / "a"])
    assert chosen != sha256_tree(tmp_path)
    (tmp_path / "c").unlink()
    assert chosen == sha256_tree(tmp_path)


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONTHEFLY_CACHE", str(tmp_path))
    assert Cache().root == tmp_path
    assert Cache(tmp_path / "given").root == tmp_path / "given"
    monkeypatch.setenv("ONTHEFLY_CACHE", "")
    assert Cache().root.name == "onthefly"


def test_a_folder_is_filled_once(tmp_path: Path) -> None:
    calls: list[Path] = []
    cache = Cache(tmp_path)

    def fill(into: Path) -> None:
        (into / "x").touch()
        calls.append(into)

    for _ in range(2):
        place = cache.folder("kind", "key", fill)
    assert len(calls) == 1
    assert place == cache.path("kind", "key")
    assert (place / "x").is_file()


@pytest.mark.parametrize("error", [ConfigError("no"), KeyboardInterrupt(), OSError("theirs")])
def test_a_failed_fill_leaves_nothing_and_its_error_passes(tmp_path: Path, error: BaseException) -> None:
    def fill(into: Path) -> None:
        (into / "x").touch()
        raise error

    with pytest.raises(type(error)) as caught:
        Cache(tmp_path).folder("kind", "key", fill)
    assert caught.value is error
    assert list((tmp_path / "kind").iterdir()) == []
    assert Cache(tmp_path).folder("kind", "key", lambda into: None).is_dir()


def test_two_processes_at_once_fill_it_once(tmp_path: Path) -> None:
    builds = [start(tmp_path, name, "locked out") for name in ("one", "two")]
    outputs = [build.communicate(timeout=PATIENCE_S)[0].split() for build in builds]
    filled = (tmp_path / "filled").read_text().split()
    assert len(filled) == 1
    assert outputs == [filled * 2] * 2


def test_a_killed_build_leaves_no_folder_and_its_leftovers_are_swept(tmp_path: Path) -> None:
    killed = start(tmp_path, "killed", "never")
    wait_until((tmp_path / "filled").exists, "the first half", alive=killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not (tmp_path / "cache/kind/key").exists()
    next_one = start(tmp_path, "next")
    assert next_one.communicate(timeout=PATIENCE_S)[0].split() == ["next", "next"]
    assert [path.name for path in (tmp_path / "cache/kind").iterdir()] == ["key"]


def test_the_lock_keeps_another_process_out(tmp_path: Path) -> None:
    with Cache(tmp_path / "cache").lock("kind", "key"):
        other = start(tmp_path, "other")
        wait_until((tmp_path / "locked out").exists, "the other at the lock", alive=other)
        assert not (tmp_path / "filled").exists()
    other.communicate(timeout=PATIENCE_S)
    assert (tmp_path / "filled").exists()


def refused(root: Path) -> OutputError:
    with pytest.raises(OutputError) as caught:
        Cache(root).folder("kind", "key", lambda into: None)
    assert caught.value.where == str(root)
    assert "ONTHEFLY_CACHE" in (caught.value.mend or "")
    return caught.value


def test_a_cache_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    assert "cannot be written" in refused(tmp_path / "cache").what


def test_a_kind_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "kind").touch()
    assert "cannot be written" in refused(tmp_path).what


def test_a_lock_file_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "locks/kind-key.lock").mkdir(parents=True)
    assert "cannot be written" in refused(tmp_path).what


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere; run as a user"
)
def test_a_cache_without_write_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "Permission denied" in refused(tmp_path).what
    finally:
        tmp_path.chmod(0o700)


def test_what_is_in_a_read_only_cache_is_used_without_a_lock(tmp_path: Path) -> None:
    place = Cache(tmp_path).folder("kind", "key", lambda into: None)
    for lock in (tmp_path / "locks").iterdir():
        lock.unlink()
    (tmp_path / "locks").rmdir()
    (tmp_path / "locks").touch()  # no lock can be made any more
    assert Cache(tmp_path).folder("kind", "key", lambda into: pytest.fail()) == place
