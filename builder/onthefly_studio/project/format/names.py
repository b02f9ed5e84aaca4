"""Names of classes: one spelling for each, however a system stores its letters.

macOS may hand over `é` as an `e` and an accent, where others have one letter. The twin of
`site_template/src/project/names.ts`.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence


def normal(name: str) -> str:
    """The name with its letters composed (NFC)."""
    return unicodedata.normalize("NFC", name)


def key(name: str) -> str:
    """What is equal for names that look alike to a reader: without outer blanks, and whatever the case."""
    return normal(normal(name).strip().casefold())


def normal_all(names: Sequence[str]) -> list[str]:
    """Every name composed, but for those that this would make equal: an old project may hold such twins."""
    composed = [normal(name) for name in names]
    count, before = Counter(composed), Counter(names)
    return [name if count[made] > before[name] else made for name, made in zip(names, composed, strict=True)]
