"""Putting a finished site in its place: all of it or nothing.

The site is written beside its place and swapped in by renaming, so a failed or killed build leaves
the old one as it was, and a server never sees half of each.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.cache import Cache, sha256_file, sha256_text
from builder.errors import OutputError

SUMS = "SHA256SUMS"


def write_sums(folder: Path) -> None:
    """List the sha256 of every file, as `sha256sum -c` reads it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    lines = [f"{sha256_file(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / SUMS).write_text("".join(lines), "utf-8")


def is_intact(folder: Path) -> bool:
    """Whether the folder holds exactly the files its list names, each with its sha256."""
    try:
        lines = (folder / SUMS).read_text("utf-8").splitlines()
        listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {SUMS}
        return found == set(listed) and all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
            for name, digest in listed.items()
        )
    except (OSError, ValueError):
        return False


def is_ours(folder: Path) -> bool:
    """Whether a folder is a site that this command wrote."""
    try:
        site = json.loads((folder / "site.json").read_text("utf-8"))
        return (folder / SUMS).is_file() and str(site.get("generator", "")).startswith("onthefly ")
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def replacing(out: Path, cache: Cache) -> Iterator[Path]:
    """A fresh folder to write a site into, put in the place of `out` when the block ends well.

    Raises:
        OutputError: the place cannot be written, or holds something that is not a site of ours.
    """
    out = out.absolute()
    with cache.lock("out", sha256_text(str(out))[:16]):
        fresh, old = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
        try:
            _recover(out, old)
            _require_replaceable(out)
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            yield fresh
            if out.exists():
                out.rename(old)
            try:
                fresh.rename(out)
            except OSError:
                _recover(out, old)
                raise
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise OutputError(
                f"The site cannot be written ({error.strerror or error}).",
                where=str(out),
                mend="Make room or give rights there, or choose another folder with --out.",
            ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def _recover(out: Path, old: Path) -> None:
    """Undo a swap that was cut off between its two renames."""
    if old.exists() and not out.exists():
        old.rename(out)
    elif old.exists():
        shutil.rmtree(old)


def _require_replaceable(out: Path) -> None:
    if not out.exists():
        return
    empty = out.is_dir() and not any(out.iterdir())
    if not (out.is_dir() and (empty or is_ours(out))):
        raise OutputError(
            "The output folder holds something that is not a site built by onthefly; it is left alone.",
            where=str(out),
            mend="Choose another folder with --out, or empty this one yourself.",
        )
