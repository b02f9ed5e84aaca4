"""That a place did not answer, kept for a while, so that not every build waits for it."""

from __future__ import annotations

import math
import time

from onthefly_studio.cache import Cache, read_json, write_json
from onthefly_studio.sources.addresses import source_key

REMEMBER_S = 3600
"""How long `auto` takes a place's silence for an answer."""


class Silence:
    """What is remembered of one address."""

    def __init__(self, cache: Cache, url: str) -> None:
        self._cache, self._key = cache, source_key(url)
        self._file = cache.path("unreachable", f"{self._key}.json")

    def remembered(self) -> tuple[str, int] | None:
        """The reason and for how many minutes it still holds; None once it does not."""
        known = read_json(self._file) or {}
        why, when = known.get("why"), known.get("when")
        if not isinstance(why, str) or not isinstance(when, (int, float)):
            return None
        left = when + REMEMBER_S - time.time()
        # More than the whole time left: the clock has been set back since.
        return (why, math.ceil(left / 60)) if 0 < left <= REMEMBER_S else None

    def remember(self, why: str) -> int:
        """Keep the reason; returns for how many minutes."""
        with self._cache.lock("unreachable", self._key), self._cache.writing():
            write_json(self._file, {"why": why, "when": time.time()})
        return math.ceil(REMEMBER_S / 60)

    def forget(self) -> None:
        """The place has answered."""
        with self._cache.writing():
            self._file.unlink(missing_ok=True)
