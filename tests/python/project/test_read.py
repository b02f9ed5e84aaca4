"""Reading a project that anybody may have made: the same back, or refused as what it is."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.contract import PROJECT_LIMITS
from onthefly_studio.errors import ConfigError, OnTheFlyError, SourceError
from onthefly_studio.project.format import directory
from onthefly_studio.project.format.read import read
from onthefly_studio.reference.head import NAMES
from tests.support import projects
from tests.support.node import evaluate
from tests.support.projects import alter, put

REPOSITORY = Path(__file__).resolve().parents[3]
IMPORT_TS = REPOSITORY / "site_template" / "src" / "project" / "import.ts"


def test_what_is_written_is_read_again(file: Path) -> None:
    given, got = projects.project(), read(file)
    assert got.classes == given.classes
    assert got.examples == given.examples
    assert (got.backbone, got.preprocess, got.settings) == (given.backbone, given.preprocess, given.settings)
    np.testing.assert_array_equal(got.features, given.features)
    assert got.head and given.head
    for name in NAMES:
        np.testing.assert_array_equal(getattr(got.head.weights, name), getattr(given.head.weights, name))
    np.testing.assert_array_equal(got.head.losses, given.head.losses)
    assert (got.head.norms, got.head.history) == (given.head.norms, given.head.history)
    assert got.labels() == ["Cup", "Hand", "Bottle"]
    assert got.altered == ()


def test_the_same_project_gives_the_same_bytes(file: Path, tmp_path: Path) -> None:
    assert projects.save(tmp_path / "again.zip").read_bytes() == file.read_bytes()


def test_the_page_reads_it_and_the_page_s_export_is_read_here(file: Path, tmp_path: Path) -> None:
    """Both readers and both writers, against each other."""
    script = f"""
      import {{openAsBlob, writeFileSync}} from 'node:fs';
      const {{unpackProject}} = await import({json.dumps(IMPORT_TS.as_uri())});
      const {{packProject}} = await import({json.dumps(IMPORT_TS.with_name("export.ts").as_uri())});
      const project = await unpackProject(await openAsBlob({json.dumps(str(file))}));
      const about = {{modelName: 'Test', timeStamp: new Date('2024-05-06T07:08:09.010Z')}};
      const packed = await packProject(project, about);
      writeFileSync({json.dumps(str(tmp_path / "js.zip"))}, new Uint8Array(await packed.arrayBuffer()));
    """
    evaluate(script)
    ours, theirs = projects.members(file), projects.members(tmp_path / "js.zip")
    assert list(ours) == list(theirs)
    for name in ours:
        if name in ("project.json", "head.json"):  # numbers are written with other digits, of one value
            mine, its = json.loads(ours[name]), json.loads(theirs[name])
            mine.pop("files", None), its.pop("files", None)
            assert mine == its
            assert list(mine) == list(its)
        else:
            assert ours[name] == theirs[name], name
    assert read(tmp_path / "js.zip").examples == read(file).examples


def changed(name: str, change: Any) -> Callable[[Path], Any]:
    return lambda path: alter(path, {name: change})


def described(change: Callable[[Any], Any]) -> Callable[[Path], Any]:
    return changed("project.json", change)


def with_file(name: str, contents: bytes = b"x", method: int = zipfile.ZIP_STORED) -> Callable[[Path], Any]:
    return lambda path: projects.pack(path, {**projects.members(path), name: contents}, method)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def flip_in_place(path: Path) -> None:
    """One bit on the disk, so that the zip's own checksum tells."""
    contents = bytearray(path.read_bytes())
    at = contents.index(projects.members(path)["head.f32"])
    contents[at + 40] ^= 1
    path.write_bytes(contents)


def central(path: Path, name: str, offset: int, layout: str, value: int) -> None:
    """Patch a field of a file's record in the directory."""
    contents = bytearray(path.read_bytes())
    at = contents.rindex(name.encode()) - 46
    struct.pack_into(layout, contents, at + offset, value)
    path.write_bytes(contents)


def features_with_nan(path: Path) -> None:
    values = np.frombuffer(projects.members(path)["features.f32"], "<f4").copy()
    values[5] = np.nan
    alter(path, {"features.f32": values.tobytes()})


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an empty file": (lambda path: path.write_bytes(b""), "not a zip"),
    "a truncated zip": (cut, "only part of one"),
    "junk before it": (lambda path: path.write_bytes(b"x" + path.read_bytes()), "not a zip"),
    "another program's zip": (lambda path: projects.pack(path, {"model.json": b"{}"}), "no project.json"),
    "another kind": (described(put("kind", "x")), "describes something else"),
    "a future version": (described(lambda told: told.update(format=2, more=[])), "newer version (format 2"),
    "a name with ..": (with_file("images/../../x.jpg"), "a name that no project has"),
    "an absolute name": (with_file("/etc/x"), "a name that no project has"),
    "a backslash": (with_file("images\\x.jpg"), "a name that no project has"),
    "a drive": (with_file("C:x"), "a name that no project has"),
    "a bomb": (with_file("x.bin", bytes(3_000_000), zipfile.ZIP_DEFLATED), "unpacks to"),
    "a size beyond all": (
        lambda path: central(path, "features.f32", 24, "<I", 3 << 30),
        "has two sizes",
    ),
    "an overlap": (lambda path: central(path, "head.json", 42, "<I", 0), "overlaps its neighbour"),
    "encryption": (lambda path: central(path, "head.json", 8, "<H", 1), "is encrypted"),
    "a foreign packing": (lambda path: central(path, "head.json", 10, "<H", 12), "packed in a way"),
    "a bit that fell over": (flip_in_place, "head.f32: cannot be unpacked, its checksum"),
    "a stray file": (with_file("notes.txt"), "notes.txt: is not part of the project"),
    "a missing photo": (changed("images/1-cup/1.jpg", None), "images/1-cup/1.jpg: is missing"),
    "no features": (changed("features.f32", None), "features.f32: is missing"),
    "features that are not numbers": (features_with_nan, "features.f32: the number at 5 is not finite"),
    "features of another count": (changed("features.f32", bytes(4 * 10)), "has 40 bytes and needs 5,184"),
    "no JPEG": (changed("images/1-cup/1.jpg", b"<svg onload=x>"), "is not a JPEG"),
    "a huge picture": (
        changed("images/1-cup/1.jpg", b"\xff\xd8\xff\xc0\0\x08\x08\xea\x60\xea\x60\x03"),
        "is a picture of 60000 by 60000",
    ),
    "JSON that is none": (changed("head.json", b"{"), "head.json: invalid JSON"),
    "deep JSON": (changed("metadata.json", b"[" * 200_000), "metadata.json: is not JSON"),
    "infinite JSON": (changed("head.json", put("norms.0.0", float("inf"))), "head.json"),
    "an unknown key": (described(put("code", "x")), "project.json.code: extra inputs"),
    "a missing key": (
        described(lambda told: told.pop("settings") and None),
        "project.json.settings: field required",
    ),
    "a million labels": (
        described(lambda told: told.update(classes=[told["classes"][0]] * 1_000_000)),
        "project.json has 59,",
    ),
    "a thousand and one labels": (
        described(lambda told: told.update(classes=[told["classes"][0]] * 1001)),
        "at most 1000",
    ),
    "a class twice": (described(put("classes.1.id", "c1")), "two classes are the same"),
    "a folder that leads away": (described(put("classes.0.folder", "..")), "classes[0].folder"),
    "a photo of no class": (
        described(put("examples.0.class", "c9")),
        "photo 1 belongs to a class that does not exist",
    ),
    "photos out of order": (described(lambda told: told["examples"].reverse()), "order they were taken"),
    "a seed out of bounds": (described(put("settings.seed", 2**32)), "settings.seed"),
    "a number for a name": (described(put("classes.0.name", 5)), "classes[0].name"),
    "a head of another size": (changed("head.json", put("settings.hidden", 25)), "shape of kernel1"),
    "a head of unknown classes": (changed("head.json", put("classes.0", "c9")), "not those of the project"),
    "a photo twice in the head": (changed("head.json", put("examples.0", 4)), "names a photo twice"),
    "a trace of another length": (changed("head.json", put("steps", 35)), "trace.f32: has 144 bytes"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str, file: Path) -> None:
    change, message = REFUSED[what]
    change(file)
    with pytest.raises(SourceError) as caught:
        read(file, tolerate_altered=True)
    assert message in caught.value.message
    assert caught.value.where


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_twice_is_refused(file: Path) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("head.f32", b"x")
    with pytest.raises(SourceError, match=r"head\.f32: is in the zip twice"):
        read(file)


def test_a_deflated_file_that_holds_more_than_it_says(file: Path) -> None:
    projects.pack(file, projects.members(file), zipfile.ZIP_DEFLATED)
    central(file, "head.f32", 24, "<I", 10)
    with pytest.raises(SourceError, match=r"head\.f32: cannot be unpacked"):
        read(file)


def test_more_entries_than_a_project_has_are_refused_before_they_are_read(file: Path) -> None:
    contents = bytearray(file.read_bytes())
    struct.pack_into("<I", contents, len(contents) - 22 + 12, 1 << 31)
    file.write_bytes(contents)
    with pytest.raises(SourceError, match="not a zip"):
        read(file)


def test_too_large_a_file_is_not_opened(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "PROJECT_LIMITS", replace(PROJECT_LIMITS, zip_bytes=1000))
    with pytest.raises(SourceError, match="larger than any"):
        read(file)
    monkeypatch.setattr(directory, "PROJECT_LIMITS", replace(PROJECT_LIMITS, total_bytes=1000))
    with pytest.raises(SourceError, match="it unpacks to"):
        read(file)


def test_a_file_changed_since_the_export_is_named(file: Path) -> None:
    alter(file, {"images/1-cup/1.jpg": projects.jpeg(99)}, rehash=False)
    with pytest.raises(SourceError, match=r"changed since: images/1-cup/1\.jpg\."):
        read(file)
    assert read(file, tolerate_altered=True).altered == ("images/1-cup/1.jpg",)


def test_a_project_packed_again_by_another_program_is_read(file: Path) -> None:
    before = read(file)
    files = {"images/": b"", **projects.members(file)}
    again = read(projects.pack(file, files, zipfile.ZIP_DEFLATED))
    assert again.examples == before.examples


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read(tmp_path / "none.zip")


def test_a_stranger_s_words_cannot_steer_a_terminal(file: Path) -> None:
    alter(file, {"project.json": put("\x1b[2J", 1)})
    with pytest.raises(OnTheFlyError) as caught:
        read(file)
    assert "\x1b" not in caught.value.message
