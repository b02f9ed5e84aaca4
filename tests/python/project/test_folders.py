"""Photographs in folders: which class each is of, and what is left out and why."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.project.folders import LeftOut, pictures_below, sort_out, unreadable
from tests import support
from tests.support import projects

SHARED: dict[str, dict[str, Any]] = json.loads((support.FOLDER / "folders.json").read_text("utf-8"))
"""What the page's tests hold to as well."""


def fill(root: Path, *files: str) -> Path:
    for number, name in enumerate(files):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(projects.jpeg(number))
    return root


@pytest.mark.parametrize("what", SHARED)
def test_as_on_the_page(what: str, tmp_path: Path) -> None:
    case = SHARED[what]
    found = sort_out(fill(tmp_path, *case["files"]))
    read = [[name, [path.name for path in files]] for name, files in found.classes.items()]
    left_out = found.left_out
    assert read == case["classes"]
    assert sorted(Path(name).name for name in left_out.others) == case.get("others", [])
    assert [Path(name).name for name in left_out.beside] == case.get("beside", [])


def test_pictures_at_any_depth_without_what_systems_put_beside_them(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "b/c/2.JPG",
        "a.png",
        "b/1.webp",
        "b/._1.webp",
        "__MACOSX/a.png",
        ".hidden/x.jpg",
        "notes.txt",
    )
    (tmp_path / "folder.jpg").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in pictures_below(tmp_path)]
    assert found == ["a.png", "b/1.webp", "b/c/2.JPG"]


def test_an_empty_folder_is_a_class_without_pictures(tmp_path: Path) -> None:
    fill(tmp_path, "cat/1.jpg", "split/dog/1.jpg", "notes/x.txt")
    (tmp_path / "later" / "empty").mkdir(parents=True)
    (tmp_path / "split" / "also empty").mkdir()
    classes = sort_out(tmp_path).classes
    assert {name: len(files) for name, files in classes.items()} == {
        "cat": 1,
        "dog": 1,
        "later": 0,
        "notes": 0,
    }


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ("Cup", "cup", "'Cup' and 'cup'"),
        ("Cup", "Cup ", "'Cup' and 'Cup '"),
        ("Caf\u00e9", "Cafe\u0301", "'Cafe\\u0301' and 'Caf\\xe9'"),
        ("STRASSE", "Stra\u00dfe", "'STRASSE' and 'Stra\u00dfe'"),
    ],
)
def test_two_names_that_nobody_can_tell_apart_are_refused(
    one: str, other: str, shown: str, tmp_path: Path
) -> None:
    fill(tmp_path, f"{one}/1.jpg", f"{other}/2.jpg")
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system takes the two for one")
    with pytest.raises(ConfigError) as caught:
        sort_out(tmp_path)
    assert shown in caught.value.message


def test_links_are_followed_and_none_leads_in_circles(tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere", "1.jpg", "deep/2.jpg")
    fill(tmp_path / "set", "cat/1.jpg")
    (tmp_path / "set" / "dog").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "set" / "cat" / "again").symlink_to(tmp_path / "set", target_is_directory=True)
    (tmp_path / "set" / "cat" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    found = sort_out(tmp_path / "set")
    read = {name: [path.name for path in files] for name, files in found.classes.items()}
    assert read == {"cat": ["1.jpg", "gone.jpg"], "dog": ["1.jpg", "2.jpg"]}
    assert list(unreadable(found.pictures)) == [tmp_path / "set" / "cat" / "gone.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(fill(tmp_path, "cat/1.jpg") / "cat" / "pipe.jpg")
    assert sort_out(tmp_path).left_out.others == ["cat/pipe.jpg"]


def test_what_is_left_out_is_counted_and_named(tmp_path: Path) -> None:
    fill(tmp_path, "cat/1.jpg", "cat/2.heic", "cat/3.jpg", "cat/notes.txt", "cover.png")
    (tmp_path / "cat" / "2.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "cat" / "3.jpg").write_bytes(b"\xff\xd8 and no more")
    found = sort_out(tmp_path)
    found = found.without(unreadable(found.pictures))
    assert [path.name for path in found.pictures] == ["1.jpg"]
    assert found.left_out.counts() == (
        "Left out: 2 pictures that cannot be read, 1 picture next to the folders, "
        "1 file that is not a picture."
    )
    lines = "\n".join(found.left_out.lines())
    for part in ("cat/2.heic: HEIC is not supported", "cat/3.jpg: ", "  cover.png", "  cat/notes.txt"):
        assert part in lines
    assert list(found.left_out.as_json()) == ["unreadable", "others", "beside"]
    with pytest.raises(SourceError) as caught:
        found.require_all()
    for part in ("cat/2.heic", "cat/3.jpg", "cover.png"):
        assert part in caught.value.message
    assert "notes.txt" not in caught.value.message


def test_very_many_are_not_all_named() -> None:
    lines = list(LeftOut(others=[f"{number}\x1b.txt" for number in range(1000)]).lines())
    assert lines[:2] == ["Files that are not pictures:", "  0?.txt"]
    assert lines[-1] == "  … and 960 more"
