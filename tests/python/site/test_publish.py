"""Swapping a site in: all of it or nothing, whatever happens in between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.errors import OutputError
from onthefly_studio.site import publish


def fill(folder: Path, text: str) -> None:
    (folder / "index.html").write_text(text)
    (folder / "site.json").write_text(json.dumps({"generator": "onthefly 0"}))
    publish.write_sums(folder)


@pytest.fixture
def out(tmp_path: Path, cache: Cache) -> Path:
    place = tmp_path / "dist"
    with publish.replacing(place, cache) as fresh:
        fill(fresh, "old")
    return place


def test_a_site_is_replaced_whole(out: Path, cache: Cache) -> None:
    with publish.replacing(out, cache) as fresh:
        fill(fresh, "new")
        assert (out / "index.html").read_text() == "old", "the old site stands until the new one is whole"
    assert (out / "index.html").read_text() == "new"
    assert [path.name for path in out.parent.iterdir()] == ["dist"]


def test_a_failure_leaves_the_old_site(out: Path, cache: Cache) -> None:
    with pytest.raises(RuntimeError), publish.replacing(out, cache) as fresh:
        fill(fresh, "half")
        raise RuntimeError
    assert (out / "index.html").read_text() == "old"
    assert [path.name for path in out.parent.iterdir()] == ["dist"]


def test_a_swap_cut_off_between_its_renames_is_undone(out: Path, cache: Cache) -> None:
    out.rename(out.with_name(".dist.old"))  # as a kill leaves it: the old one moved away, no new one yet
    with pytest.raises(RuntimeError), publish.replacing(out, cache):
        assert (out / "index.html").read_text() == "old"
        raise RuntimeError
    assert publish.is_intact(out)


def test_leftovers_of_a_killed_build_are_swept(out: Path, cache: Cache) -> None:
    leftover = out.with_name(".dist.new")
    leftover.mkdir()
    (leftover / "junk").write_text("half a site")
    with publish.replacing(out, cache) as fresh:
        assert list(fresh.iterdir()) == []
        fill(fresh, "new")
    assert not leftover.exists()


def test_intact_means_every_byte(out: Path) -> None:
    assert publish.is_intact(out)
    (out / "index.html").write_text("olD")
    assert not publish.is_intact(out)
    (out / "index.html").write_text("old")
    assert publish.is_intact(out)
    (out / "site.json").unlink()
    assert not publish.is_intact(out)


@pytest.mark.parametrize("content", [{}, {"site.json": "{}"}, {"site.json": "[1]"}, {"notes.txt": "mine"}])
def test_what_is_not_ours_is_told_apart(content: dict[str, str], tmp_path: Path, cache: Cache) -> None:
    place = tmp_path / "dist"
    place.mkdir()
    for name, text in content.items():
        (place / name).write_text(text)
    if not content:
        with publish.replacing(place, cache) as fresh:
            fill(fresh, "new")
        assert publish.is_ours(place)
        return
    with pytest.raises(OutputError, match="left alone"), publish.replacing(place, cache):
        pass
    assert {path.name: path.read_text() for path in place.iterdir()} == content


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path, cache: Cache) -> None:
    place = tmp_path / "dist"
    place.write_text("a file")
    with pytest.raises(OutputError), publish.replacing(place, cache):
        pass
    assert place.read_text() == "a file"
