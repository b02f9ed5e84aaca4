"""Nothing an archive can hold gets out of its folder, fills the disk, or passes for whole when it is not."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from onthefly_studio.errors import OutputError, SourceError
from onthefly_studio.sources.unpack import UnpackLimits, find_saved_model, unpack_tar

Member = tuple[tarfile.TarInfo, bytes]


def a_file(name: str, data: bytes = b"bytes", mode: int = 0o600) -> Member:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), mode
    return member, data


def special(name: str, kind: bytes, target: str = "") -> Member:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def a_folder(name: str) -> Member:
    return special(name, tarfile.DIRTYPE)


def tar_bytes(*members: Member, format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def sign(raw: bytearray) -> None:
    """Set the first header's checksum, in which the checksum itself counts as spaces."""
    raw[148:156] = b"%06o\0 " % (8 * 32 + sum(raw[:148]) + sum(raw[156:512]))


Packed = Callable[..., Path]
"""Writes an archive of members, or of raw bytes."""


@pytest.fixture
def packed(tmp_path: Path) -> Packed:
    def pack(*members: Member, raw: bytes | None = None) -> Path:
        path = tmp_path / "module.tar.gz"
        path.write_bytes(gzip.compress(tar_bytes(*members) if raw is None else raw, 1))
        return path

    return pack


def refused(archive: Path, tmp_path: Path, limits: UnpackLimits | None = None) -> SourceError:
    """The error of unpacking, after a look that it left nothing anywhere."""
    into = tmp_path / "into"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SourceError) as caught:
        unpack_tar(archive, into, limits)
    assert sorted(tmp_path.rglob("*")) == before
    assert caught.value.where == str(archive)
    assert caught.value.hint
    return caught.value


def test_files_and_folders_arrive_with_plain_modes(packed: Packed, tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        unpack_tar(
            packed(a_folder("./"), a_file("./saved_model.pb", b"graph", 0o4777), a_file("./v/x", b"", 0o000)),
            tmp_path / "into",
        )
    finally:
        os.umask(old)
    assert (tmp_path / "into/saved_model.pb").read_bytes() == b"graph"
    assert (tmp_path / "into/v/x").read_bytes() == b""
    modes = {
        name: stat.S_IMODE((tmp_path / "into" / name).stat().st_mode) for name in ("saved_model.pb", "v")
    }
    assert modes == {"saved_model.pb": 0o644, "v": 0o755}


def test_long_names_of_both_dialects(packed: Packed, tmp_path: Path) -> None:
    name = "/".join(["a" * 120, "b" * 120, "saved_model.pb"])
    for number, dialect in enumerate((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)):
        unpack_tar(packed(raw=tar_bytes(a_file(name), format=dialect)), tmp_path / str(number))
        assert (tmp_path / str(number) / name).read_bytes() == b"bytes"


def test_an_empty_folder_given_is_filled_and_on_failure_empty_again(packed: Packed, tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(SourceError):
        unpack_tar(packed(a_file("fine"), special("link", tarfile.SYMTYPE, "fine")), into)
    assert list(into.iterdir()) == []
    unpack_tar(packed(a_file("fine")), into)
    assert [path.name for path in into.iterdir()] == ["fine"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a character device"),
        (tarfile.BLKTYPE, "a block device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file"),
        (b"Z", "neither a file nor a folder"),
    ],
)
def test_what_is_no_file_is_refused_by_name(packed: Packed, tmp_path: Path, kind: bytes, words: str) -> None:
    error = refused(packed(a_file("first"), special("variables/odd", kind, "first")), tmp_path)
    assert words in error.what
    assert "'variables/odd'" in error.what


def test_a_sparse_file_in_the_newer_dialect_is_refused(packed: Packed, tmp_path: Path) -> None:
    member, data = a_file("holes", b"x" * 512)
    member.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.name": "holes",
        "GNU.sparse.size": str(1 << 40),
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.map": "0,512",
    }
    assert "a sparse file: 'holes'" in refused(packed((member, data)), tmp_path).what


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/passwd", "an absolute path"),
        ("C:/windows", "an absolute path"),
        ("c:evil", "an absolute path"),
        ("../outside", "leads out of the archive"),
        ("a/../../outside", "leads out of the archive"),
        ("a\\..\\outside", "may not be in a path"),
        ("a\x1b[31m", "may not be in a path"),
        ("a\x00b", "may not be in a path"),
        ("x" * 256, "too long"),
        ("/".join(["y" * 200] * 6), "too long"),
    ],
)
def test_dangerous_names_are_refused(packed: Packed, tmp_path: Path, name: str, words: str) -> None:
    # As an extended header, in which a name may hold anything at all.
    member, data = a_file("short")
    member.pax_headers = {"path": name}
    error = refused(packed((member, data)), tmp_path)
    assert words in error.what
    assert len(error.what) < 200
    assert not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize("name", ["a/nul", "a/aux.txt/b", "a/b:c", "a./b", "a/b ", "what?"])
def test_names_that_windows_takes_for_others_are_refused_there(
    packed: Packed, tmp_path: Path, name: str
) -> None:
    archive = packed(a_file(name))
    assert (
        "no file can be on this system" in refused(archive, tmp_path, UnpackLimits(portable_names=True)).what
    )
    unpack_tar(archive, tmp_path / "into", UnpackLimits(portable_names=False))
    assert (tmp_path / "into" / name).is_file()


@pytest.mark.parametrize(
    "members",
    [
        [a_file("a"), a_file("a")],
        [a_file("a"), a_file("./a")],
        [a_file("Model"), a_file("model")],
        [a_file("caf\u00e9"), a_file("cafe\u0301")],
        [a_file("a"), a_file("a/b")],
        [a_file("a/b"), a_file("a")],
        [a_folder("a"), a_file("a")],
        [a_folder("a"), a_folder("a")],
        [a_file(".")],
    ],
    ids=lambda members: " ".join(repr(member.name) for member, _ in members),
)
def test_a_name_is_used_once(packed: Packed, tmp_path: Path, members: list[Member]) -> None:
    assert "named like another member" in refused(packed(*members), tmp_path).what


def test_a_folder_may_be_listed_after_what_is_in_it(packed: Packed, tmp_path: Path) -> None:
    unpack_tar(packed(a_file("a/b"), a_folder("a")), tmp_path / "into")
    assert (tmp_path / "into/a/b").is_file()


def test_too_many_members(packed: Packed, tmp_path: Path) -> None:
    archive = packed(*(a_file(str(number)) for number in range(4)))
    assert "more than 3 members" in refused(archive, tmp_path, UnpackLimits(members=3)).what
    unpack_tar(archive, tmp_path / "into", UnpackLimits(members=4))


def test_size_is_judged_by_the_header_before_anything_of_it_is_written(
    packed: Packed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(
        "onthefly_studio.sources.unpack._write", lambda tar, member, target: written.append(member.name)
    )
    archive = packed(a_file("small", b"x" * 10), a_file("large", b"x" * (1 << 20)))
    assert "more than 1 MiB" in refused(archive, tmp_path, UnpackLimits(total_bytes=1 << 20)).what
    assert written == ["small"]


def test_a_size_below_zero(packed: Packed, tmp_path: Path) -> None:
    raw = bytearray(tar_bytes(a_file("odd", b"")))
    raw[124:136] = b"\xff" * 12  # base 256, two's complement: -1
    sign(raw)
    assert "negative size" in refused(packed(raw=bytes(raw)), tmp_path).what


def test_a_bomb_behind_the_end_of_the_archive(packed: Packed, tmp_path: Path) -> None:
    archive = packed(raw=tar_bytes(a_file("a")) + bytes(3 << 20))
    limits = UnpackLimits(total_bytes=1 << 20, overhead_bytes=1 << 20)
    assert "inflates to more than 2 MiB" in refused(archive, tmp_path, limits).what


def test_a_bomb_in_an_extended_header_is_not_read(packed: Packed, tmp_path: Path) -> None:
    member, data = a_file("a")
    member.pax_headers = {"comment": "x" * (2 << 20)}
    assert "a header of 2 MiB" in refused(packed((member, data)), tmp_path).what


def test_a_chain_of_extended_headers_without_end(packed: Packed, tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo.create_pax_global_header({"comment": "x"}))
    header[156:157] = tarfile.XHDTYPE
    sign(header)
    assert "cut short or damaged" in refused(packed(raw=bytes(header) * 5000), tmp_path).what


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_cut_archive(packed: Packed, tmp_path: Path, share: float) -> None:
    archive = packed(a_file("saved_model.pb", os.urandom(200_000)), a_file("b", os.urandom(1000)))
    archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * share)])
    error = refused(archive, tmp_path)
    assert "cut short or damaged" in error.what
    assert "sha256" in error.hint


def test_a_tar_cut_between_members_before_it_was_compressed(packed: Packed, tmp_path: Path) -> None:
    whole = tar_bytes(a_file("a", b"x" * 512), a_file("b"))
    assert "cut short or damaged" in refused(packed(raw=whole[:1024]), tmp_path).what


def test_a_damaged_header_does_not_pass_for_the_end(packed: Packed, tmp_path: Path) -> None:
    raw = bytearray(tar_bytes(a_file("a", b"x" * 512), a_file("b")))
    raw[1024] ^= 1
    assert "cut short or damaged" in refused(packed(raw=bytes(raw)), tmp_path).what


def test_a_flipped_bit_in_the_data_is_noticed_at_the_end(packed: Packed, tmp_path: Path) -> None:
    archive = packed(a_file("a", b"x" * 1000))
    body = bytearray(archive.read_bytes())
    body[-8] ^= 1  # the sum over all that was packed
    archive.write_bytes(body)
    assert "cut short or damaged" in refused(archive, tmp_path).what


def test_garbage_behind_the_archive(packed: Packed, tmp_path: Path) -> None:
    archive = packed(a_file("a"))
    archive.write_bytes(archive.read_bytes() + b"garbage")
    assert "cut short or damaged" in refused(archive, tmp_path).what


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04 a zip", "does not begin as gzip does"),
        (gzip.compress(b"<html>not a tar</html>" * 50), "cut short or damaged"),
        (gzip.compress(b""), "cut short or damaged"),
        (zlib.compress(b"x"), "does not begin as gzip does"),
    ],
)
def test_what_is_no_archive(tmp_path: Path, body: bytes, words: str) -> None:
    archive = tmp_path / "module.tar.gz"
    archive.write_bytes(body)
    assert words in refused(archive, tmp_path).what


def test_an_absent_archive(tmp_path: Path) -> None:
    assert "could not be read (No such file" in refused(tmp_path / "none.tar.gz", tmp_path).what


def test_a_place_that_cannot_be_written(packed: Packed, tmp_path: Path) -> None:
    (tmp_path / "in the way").touch()
    with pytest.raises(OutputError) as caught:
        unpack_tar(packed(a_file("a")), tmp_path / "in the way" / "into")
    assert "could not be unpacked" in caught.value.what
    assert "ONTHEFLY_CACHE" in caught.value.hint
    assert (tmp_path / "in the way").is_file()


def test_the_model_is_found_at_the_top_or_one_folder_down(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/saved_model.pb").touch()
    assert find_saved_model(tmp_path, where="x") == tmp_path / "model"
    (tmp_path / "saved_model.pb").touch()
    assert find_saved_model(tmp_path, where="x") == tmp_path


def test_no_model_or_several_are_named(tmp_path: Path) -> None:
    (tmp_path / "a/deep").mkdir(parents=True)
    (tmp_path / "a/deep/saved_model.pb").touch()
    (tmp_path / "readme").touch()
    with pytest.raises(SourceError, match=r"No saved_model\.pb") as caught:
        find_saved_model(tmp_path, where="https://x/y")
    assert "(there is: a/, readme)" in caught.value.what
    assert caught.value.where == "https://x/y"
    for name in "ab":
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "saved_model.pb").touch()
    with pytest.raises(SourceError, match=r"holds 2 SavedModels \(a/, b/\)"):
        find_saved_model(tmp_path, where="x")
