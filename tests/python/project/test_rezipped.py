"""A project that a system unpacked and packed again is the same project, to the command and to the page."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onthefly_studio.errors import SourceError
from onthefly_studio.project.format.read import read
from tests.support import projects

Files = dict[str, bytes]
Writer = Callable[[Path, Files], Any]
APPLE_DOUBLE = b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(96)
CAFE = "Cafe\N{COMBINING ACUTE ACCENT} 1"


class Stream(io.RawIOBase):
    """A pipe: `zipfile` cannot go back, and writes the sizes behind each file."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self.parts.append(bytes(part))
        return len(part)


def entry(name: str, system: int, extra: bytes = b"") -> zipfile.ZipInfo:
    told = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
    told.create_system, told.extra = system, extra
    told.compress_type = zipfile.ZIP_STORED if name.endswith("/") else zipfile.ZIP_DEFLATED
    return told


def folders(files: Files) -> list[str]:
    """Every folder that the files lie in, with its slash, the outer ones first."""
    return sorted(
        {"/".join(name.split("/")[: i + 1]) + "/" for name in files for i in range(name.count("/"))}
    )


def wrapped(files: Files, folder: str) -> Files:
    return {f"{folder}/{name}": contents for name, contents in files.items()}


def by_macos(path: Path, files: Files, folder: str = CAFE) -> None:
    """Finder's Compress: folders; deflated files, each with its sizes behind it and a twin for attributes."""
    stream, files = Stream(), wrapped({".DS_Store": b"\0\0\0\1Bud1", **files}, folder)
    with zipfile.ZipFile(stream, "w") as archive:
        for name in folders(files):
            archive.writestr(entry(name, 3), b"")
        for name, contents in files.items():
            archive.writestr(entry(name, 3, b"UX\x08\0" + bytes(8)), contents)
            inside, _, last = name.rpartition("/")
            archive.writestr(entry(f"__MACOSX/{inside}/._{last}", 3), APPLE_DOUBLE)
        archive.writestr(entry("__MACOSX/", 3), b"")
        archive.writestr(entry(f"__MACOSX/._{folder}", 3), APPLE_DOUBLE)
    contents = b"".join(stream.parts)
    assert contents.count(b"PK\7\x08") >= len(files)
    path.write_bytes(contents)


def by_windows(path: Path, files: Files) -> None:
    """Explorer's Send to, in a folder whose name is in the code page of a German Windows."""
    files = wrapped(
        {"Thumbs.db": b"\xd0\xcf\x11\xe0", "desktop.ini": b"[.ShellClassInfo]", **files}, "f\0r Oma"
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in files.items():
            archive.writestr(entry(name.replace("\0", "_"), 0), contents)
    path.write_bytes(path.read_bytes().replace(b"f_r Oma", b"f\x81r Oma"))


def by_powershell(path: Path, files: Files) -> None:
    """Compress-Archive of Windows PowerShell, which writes backslashes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in wrapped(files, "my project").items():
            archive.writestr(entry(name.replace("/", "\\"), 0), contents)


def extracted_twice(path: Path, files: Files) -> None:
    """A Mac's zip after Windows' Extract all, which makes one more folder, of that folder."""
    inner = {**wrapped(files, "project"), "__MACOSX/project/._project.json": APPLE_DOUBLE}
    outer = {**wrapped(inner, "project (1)"), "project (1)/desktop.ini": b"x"}
    projects.pack(path, outer, zipfile.ZIP_DEFLATED)


def without_a_folder(path: Path, files: Files) -> None:
    """The files themselves, marked and packed, and with a comment."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = b"PK\5\6 my project"
        for name, contents in {**files, ".DS_Store": b"x", "images/._1-cup": APPLE_DOUBLE}.items():
            archive.writestr(entry(name, 3), contents)


def wide(path: Path, files: Files) -> None:
    """With 64 bits for everything, as some tools write it however small the files are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "ZIP64_LIMIT", 20)
        patch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
        projects.pack(path, wrapped(files, "project"), zipfile.ZIP_DEFLATED)
    assert b"PK\6\6" in path.read_bytes()


def with_more_files_than_a_zip_counts(path: Path, files: Files) -> None:
    """A Mac's zip of more than 65,535 entries: the count begins again at nothing."""
    by_macos(path, files)
    contents = path.read_bytes()
    *_, count, length, start, _ = struct.unpack("<4s4H2IH", contents[-22:])
    more, records, local = 65_540 - count, [], []
    at = start
    for number in range(more):
        name = f"__MACOSX/{number:05}/._x".encode()
        head = struct.pack("<5H3I2H", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0)
        local.append(b"PK\3\4" + head + name)
        records.append(b"PK\1\2\x14\3" + head + struct.pack("<3H2I", 0, 0, 0, 0, at) + name)
        at += len(local[-1])
    directory = contents[start : start + length] + b"".join(records)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 4, 4, len(directory), at, 0)
    path.write_bytes(contents[:start] + b"".join(local) + directory + end)


def by_info_zip(*options: str, stream: bool = False) -> Writer:
    """The `zip` of Linux and of macOS' terminal, on a folder of real files."""

    def write(path: Path, files: Files) -> None:
        root = path.with_suffix(".files")
        for name, contents in wrapped(files, "my project").items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(contents)
        command = ["zip", "-q", "-r", *options, "-" if stream else str(path), "my project"]
        done = subprocess.run(command, cwd=root, check=True, capture_output=True)
        if stream:
            path.write_bytes(done.stdout)
        shutil.rmtree(root)

    return write


WRITERS: dict[str, Writer] = {
    "macOS": by_macos,
    "Windows": by_windows,
    "PowerShell": by_powershell,
    "extracted twice": extracted_twice,
    "without a folder": without_a_folder,
    "64 bits": wide,
    "more than 65,535 entries": with_more_files_than_a_zip_counts,
}
INFO_ZIP: dict[str, Writer] = {
    "zip -r": by_info_zip(),
    "zip -r -0": by_info_zip("-0"),
    "zip -r -D -X": by_info_zip("-D", "-X"),
    "zip -r -fz": by_info_zip("-fz"),
    "zip -r into a pipe": by_info_zip(stream=True),
}


def require_the_same(writers: dict[str, Writer], good_project: Path, into: Path) -> None:
    made = []
    for number, write in enumerate(writers.values()):
        made.append(into / f"{number}.zip")
        write(made[-1], projects.members(good_project))
    (before, *pages), given = projects.unpacked_by_the_page([good_project, *made]), read(good_project)
    for what, file, page in zip(writers, made, pages, strict=True):
        got = read(file)
        assert (got.classes, got.examples, got.altered) == (given.classes, given.examples, ()), what
        assert got.labels() == given.labels(), what
        assert page == before, what


def test_what_a_system_packed_again_is_the_same_project(good_project: Path, tmp_path: Path) -> None:
    require_the_same(WRITERS, good_project, tmp_path)


@pytest.mark.skipif(shutil.which("zip") is None, reason="there is no `zip` on this machine")
def test_what_zip_packed_again_is_the_same_project(good_project: Path, tmp_path: Path) -> None:
    require_the_same(INFO_ZIP, good_project, tmp_path)


def macos_and(more: Files) -> Writer:
    """A Mac's zip with further files, under the very names that are given."""

    def write(path: Path, files: Files) -> None:
        by_macos(path, files, "project")
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, contents in more.items():
                archive.writestr(name, contents)

    return write


def with_a_short_count(path: Path, files: Files) -> None:
    """The two records of a zip with 64 bits contradict each other."""
    wide(path, files)
    contents = bytearray(path.read_bytes())
    struct.pack_into("<2H", contents, len(contents) - 14, 7, 7)
    path.write_bytes(contents)


def with_litter_on_top(path: Path, files: Files) -> None:
    """Two entries in the same bytes."""
    projects.pack(path, {"._x": b"x" * 40, **wrapped(files, "project")})
    contents = bytearray(path.read_bytes())
    at = contents.rindex(b"PK\1\2", 0, contents.rindex(b"._x"))
    contents[at + 42 : at + 46] = struct.pack("<I", contents.index(b"PK\3\4", 30))
    path.write_bytes(contents)


def test_what_is_no_litter_stays_refused(good_project: Path, tmp_path: Path) -> None:
    cases: dict[str, tuple[Writer, str]] = {
        "a file in the folder": (macos_and({"project/notes.txt": b"x"}), "notes.txt: is not part"),
        "a file beside it": (macos_and({"notes.txt": b"x"}), "notes.txt: is not part"),
        "a second project": (macos_and({"other/project.json": b"{}"}), "other/project.json: is not part"),
        "a file in two places": (macos_and({"head.f32": b"x"}), "head.f32: is in the zip twice"),
        "a program among a Mac's": (macos_and({"__MACOSX/project/run.js": b"x"}), "run.js: is not part"),
        "a hidden file of a server": (macos_and({"project/.htaccess": b"x"}), ".htaccess: is not part"),
        "litter that leads away": (macos_and({"../.DS_Store": b"x"}), "a name that no project has"),
        "an absolute name": (macos_and({"/Users/me/.DS_Store": b"x"}), "a name that no project has"),
        "a drive": (macos_and({"C:/Thumbs.db": b"x"}), "a name that no project has"),
        "backslashes beside slashes": (macos_and({"..\\.DS_Store": b"x"}), "a name that no project has"),
        "a name that steers a terminal": (
            macos_and({"\x1b[2J/.DS_Store": b"x"}),
            "a name that no project has",
        ),
        "a bomb in the litter": (
            macos_and({"project/.DS_Store2": b"", "._": bytes(3_000_000)}),
            "unpacks to",
        ),
        "a folder with contents": (macos_and({"project/more/": b"x"}), "is a folder with contents"),
        "counts that differ": (with_a_short_count, "not a zip"),
        "litter over a file": (with_litter_on_top, "overlaps its neighbour"),
    }
    made = []
    for number, (write, _) in enumerate(cases.values()):
        made.append(tmp_path / f"{number}.zip")
        write(made[-1], projects.members(good_project))
    for (what, (_, words)), file, page in zip(
        cases.items(), made, projects.unpacked_by_the_page(made), strict=True
    ):
        with pytest.raises(SourceError) as caught:
            read(file)
        assert words in caught.value.message, what
        assert page.get("code") in ("damaged", "not-a-project", "unsafe", "too-large"), (what, page)
