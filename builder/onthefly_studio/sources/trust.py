"""Trust on first use: the sha256 of a first download is recorded under its URL, and held to ever after.

The same holds for a module in another program's cache. A hash that this package pins needs no first use.
"""

from __future__ import annotations

from pathlib import Path

from onthefly_studio.cache import Cache, read_json, sha256_tree, write_json
from onthefly_studio.errors import SourceError
from onthefly_studio.sources.addresses import public_url, source_key
from onthefly_studio.sources.source import Trust, unreadable

PINNED: dict[str, str] = {}
"""URL (without its query) to the sha256 of its archive. Empty: a hash belongs here only once the
publisher's own bytes have been seen, and none have yet."""


class Trusted:
    """What is known of the bytes behind a URL: pinned by us, or recorded when they first came."""

    def __init__(self, cache: Cache, url: str) -> None:
        self._cache, self._key, self._url = cache, source_key(url), public_url(url)
        self._file = cache.path("sources", f"{self._key}.json")

    def archive(self) -> str | None:
        """The sha256 that a download has to have; None where it is not known yet."""
        return PINNED.get(self._url) or self._recorded("archive")

    def files(self) -> str | None:
        """The sha256 over all files of a model that came one by one; None where it is not known yet."""
        return self._recorded("files")

    def level(self) -> Trust:
        """How the archive's hash is known."""
        return "pinned" if self._url in PINNED else "recorded"

    def check_archive(self, sha256: str) -> None:
        """Refuse a download that is not what is expected."""
        self._check(sha256, self.archive(), is_pinned=self.level() == "pinned")

    def check_files(self, sha256: str) -> None:
        """Refuse a model that is not what came from there the first time."""
        self._check(sha256, self.files(), is_pinned=False)

    def _check(self, sha256: str, expected: str | None, *, is_pinned: bool) -> None:
        if not expected or sha256 == expected:
            return
        if is_pinned:
            hint = "Do not use it: the file is not the one this version was made for. Try again later."
        else:
            hint = (
                "If the publisher has changed the file and you trust the new one, run "
                "`onthefly cache clear` and build again."
            )
        raise SourceError(
            f"The download is not the file that was expected: its sha256 is {sha256}, and "
            f"{'pinned' if is_pinned else 'recorded at the first download'} is {expected}.",
            where=self._url,
            hint=hint,
        )

    def hold_to(self, program: str, folder: Path) -> str:
        """The tree's sha256 of a module in another program's cache; refuses one that has changed."""
        try:
            tree = sha256_tree(folder)
        except OSError as error:
            raise unreadable(folder, error) from error
        recorded = self._recorded(program)
        if recorded is None:
            self.record(program, tree)
        elif recorded != tree:
            raise SourceError(
                f"The module in {program}'s cache has changed: its sha256 is {tree}, and recorded at "
                f"the first use is {recorded}.",
                where=f"{folder}, for {self._url}",
                hint="If you replaced it yourself, run `onthefly cache clear`; if not, delete that folder.",
            )
        return tree

    def record(self, what: str, sha256: str) -> None:
        """Remember a hash."""
        with self._cache.lock("source", self._key), self._cache.writing():
            known = read_json(self._file) or {}
            if known.get(what) != sha256:
                write_json(self._file, {**known, "url": self._url, what: sha256})

    def _recorded(self, what: str) -> str | None:
        if not self._file.is_file():
            return None
        known = read_json(self._file)
        if known is None:
            raise SourceError(
                "The record of this source's hash is damaged.",
                where=str(self._file),
                hint="Run `onthefly cache clear`; the next download is then trusted like a first one.",
            )
        return known.get(what)
