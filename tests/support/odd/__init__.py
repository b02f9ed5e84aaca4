"""Odd pictures: what cameras, scanners, phones, programs and bad connections make, drawn when asked for."""

from __future__ import annotations

from functools import lru_cache

from tests.support.odd import jpegs, others, pngs


@lru_cache(maxsize=1)
def corpus() -> dict[str, bytes]:
    """Files by name."""
    return dict(
        [
            *jpegs.jpegs(),
            *jpegs.jpegs_of_colour(),
            *pngs.pngs(),
            *pngs.pngs_of_colour(),
            *pngs.pngs_of_chunks(),
            *others.webps(),
            *others.gifs(),
            *others.bmps(),
            *others.icons(),
            *others.avifs(),
            *others.others(),
        ]
    )
