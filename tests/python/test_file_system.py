"""Files that Windows does not move or delete while they are in use, and its names of failures."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from onthefly_studio import file_system
from onthefly_studio.cache import Cache, disk_reason, write_json
from onthefly_studio.errors import OutputError, SourceError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.pictures.open import open_picture
from onthefly_studio.project import embed
from onthefly_studio.project.format.schema import Preprocess
from onthefly_studio.reference import graph as numpy_graph
from onthefly_studio.reference.preprocess import preprocess
from onthefly_studio.site import publish
from tests.python.site.test_publish import fill
from tests.support import projects
from tests.support.windows import refusal


class Held:
    """Renames and deletions that Windows refuses so many times."""

    def __init__(self, times: int, winerror: int = 32) -> None:
        self.left, self.winerror = times, winerror

    def __call__(self, act: Callable[..., object]) -> Callable[..., object]:
        def held(*args: object, **kwargs: object) -> object:
            if self.left:
                self.left -= 1
                raise refusal(self.winerror)
            return act(*args, **kwargs)

        return held


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_system, "PATIENCE_S", 0.2)


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_what_is_in_use_is_waited_for(winerror: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(0, winerror)
    for name in ("rename", "replace"):
        monkeypatch.setattr(Path, name, held(getattr(Path, name)))
    monkeypatch.setattr(shutil, "rmtree", held(shutil.rmtree))
    cache = Cache(tmp_path / "cache")

    held.left = 2
    place = cache.folder("model", "0" * 64, lambda into: (into / "file").touch())
    assert (place / "file").exists()
    held.left = 2
    write_json(place / "file.json", {"a": 1})
    (entry,) = cache.entries(["model"])
    held.left = 2
    assert cache.remove(entry)
    assert not place.exists()

    for text in ("old", "new"):
        held.left = 3
        with publish.replacing(tmp_path / "dist", cache) as fresh:
            fill(fresh, text)
    assert (tmp_path / "dist" / "index.html").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "dist"]


def test_what_stays_in_use_leaves_the_old_site_and_is_told(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch, briefly: None
) -> None:
    out = tmp_path / "dist"
    with publish.replacing(out, cache) as fresh:
        fill(fresh, "old")
    rename = Path.rename

    def renamed(self: Path, target: Path) -> Path:
        if self == out:
            raise refusal(5)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", renamed)
    with pytest.raises(OutputError) as caught, publish.replacing(out, cache) as fresh:
        fill(fresh, "new")
    assert "being used by another process" in caught.value.what
    assert "Close whatever has the folder or a file in it open" in str(caught.value.hint)
    assert (out / "index.html").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_a_refusal_for_good_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def renamed(self: Path, target: Path) -> Path:
        asked.append(target)
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "rename", renamed)
    with pytest.raises(PermissionError):
        file_system.rename(tmp_path, tmp_path / "other")
    assert len(asked) == 1


def test_leftovers_in_use_stay_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, briefly: None
) -> None:
    (tmp_path / "old").mkdir()
    rmtree = shutil.rmtree

    def removed(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise refusal(32)

    monkeypatch.setattr(shutil, "rmtree", removed)
    file_system.delete(tmp_path / "old")
    monkeypatch.setattr(shutil, "rmtree", rmtree)
    file_system.delete(tmp_path / "old")
    file_system.delete(tmp_path / "old")
    assert not (tmp_path / "old").exists()


@pytest.mark.parametrize(
    "error",
    [
        refusal(112, errno.EINVAL),
        refusal(39, errno.EINVAL),
        shutil.Error([("from", "to", "[WinError 112] There is not enough space on the disk: 'to'")]),
    ],
    ids=["a write", "a handle", "a copy"],
)
def test_a_full_disk_of_windows_is_one(error: OSError, tmp_path: Path) -> None:
    def fill(into: Path) -> None:
        raise error

    with pytest.raises(OutputError, match=r"^The cache folder cannot be written \((There|The process)"):
        Cache(tmp_path).folder("model", "key", fill)
    assert "WinError" not in disk_reason(error)


def test_no_picture_that_cannot_be_read_keeps_the_inputs_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows deletes no open file; an error that is kept keeps what its functions hold."""
    pictures = [projects.jpeg(0), b"none", projects.jpeg(1)]
    settings = Preprocess(size=224, fit="crop")
    errors = embed._preprocessed(pictures, settings, tmp_path / "inputs.npy")
    assert list(errors) == [1]
    if Path("/proc/self/maps").exists():
        assert str(tmp_path) not in Path("/proc/self/maps").read_text()
    inputs = np.load(tmp_path / "inputs.npy")
    assert inputs.shape == (3, 224, 224, 3)
    assert inputs.dtype == np.float32
    for row, picture in enumerate((pictures[0], pictures[2])):
        expected = preprocess(open_picture(picture), "crop", 224)
        np.testing.assert_array_equal(inputs[row], expected)
    assert not inputs[2].any()

    monkeypatch.setattr(graph_model, "read", lambda model: None)
    monkeypatch.setattr(embed, "require_portable", lambda graph: None)
    monkeypatch.setattr(numpy_graph, "features", lambda graph, images: np.stack([*images]))
    np.testing.assert_array_equal(embed._with_numpy(tmp_path, tmp_path), inputs)

    def fails(graph: object, images: Iterator[object]) -> None:
        next(images)
        raise ValueError("strange")

    monkeypatch.setattr(numpy_graph, "features", fails)
    with pytest.raises(SourceError, match="strange") as caught:
        embed._with_numpy(tmp_path, tmp_path)
    assert caught.value.__cause__, "with its frames"
    opened = Path("/proc/self/fd")
    links = [*opened.iterdir()] if opened.is_dir() else []
    assert not [link for link in links if os.path.lexists(link) and str(tmp_path) in str(link.readlink())]
