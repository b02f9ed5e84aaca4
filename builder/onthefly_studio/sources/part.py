"""The part file of a download, and the note beside it of what it is a part of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from onthefly_studio.cache import Cache, read_json, write_json


@dataclass(frozen=True)
class Body:
    """What the server says of the file, so that two answers can be known to be about the same."""

    total: int | None
    etag: str | None
    modified: str | None

    @staticmethod
    def of(headers: Mapping[str, str], total: int | None) -> Body:
        """From an answer's headers."""
        return Body(total, headers.get("ETag"), headers.get("Last-Modified"))

    @property
    def validator(self) -> str | None:
        """What `If-Range` may carry: a strong ETag, else the date; without one, no resuming."""
        strong = self.etag if self.etag and not self.etag.startswith("W/") else None
        return strong or self.modified


class Part:
    """The file and its note.

    Args:
        path: of the file.
        cache: whose disk it is, for messages.
    """

    def __init__(self, path: Path, cache: Cache) -> None:
        self.path, self.writing = path, cache.writing
        self._note = path.with_name(path.name + ".json")

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def body(self) -> Body | None:
        """What the part is a part of; None where there is nothing to go on from."""
        if not self.size:
            return None
        note = read_json(self._note)
        try:
            return Body(**note) if note else None
        except TypeError:
            return None

    def begin(self, body: Body) -> None:
        """Empty it, for a file to come from its first byte."""
        self.discard()
        with self.writing():
            write_json(self._note, asdict(body))

    @contextmanager
    def appending(self) -> Iterator[IO[bytes]]:
        """The part file, to write at its end; closing it writes too, and may find the disk full."""
        with self.writing():
            file = self.path.open("ab")
        try:
            yield file
        finally:
            with self.writing():
                file.close()

    def discard(self) -> None:
        """Throw it away."""
        with self.writing():
            self.path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def finish(self) -> None:
        """It is whole: no part of anything."""
        with self.writing():
            self._note.unlink(missing_ok=True)
