"""Which photos are held out: the page's split in Node against the reference's, both from docs/head.md."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from onthefly_studio.reference.split import split
from tests.validate.core import CORE, node

SHARES = [0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.45, 0.5, 0.85, 0.999, 1e-9]
SEEDS = [0, 1, 2, 11, 2**31, 2**32 - 1]
COUNTS = [
    [1, 1],
    [2, 2],
    [1, 2, 3],
    [5, 10, 15],
    [10] * 10,
    [7, 1, 30, 2],
    [1000, 3],
    [613, 487, 1],
    [60] * 100,
]


def test_the_same_photos_are_held_out(tmp_path: Path) -> None:
    cases = [(counts, share, seed) for counts in COUNTS for share in SHARES for seed in SEEDS]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    script = f"""
      import {{heldOut}} from '{CORE}/split.ts';
      const cases = JSON.parse(readFileSync('{tmp_path}/cases.json', 'utf8'));
      say(cases.map(([counts, share, seed]) => {{
        const labels = Uint16Array.from(counts.flatMap((n, label) => Array(n).fill(label)));
        const held = [];
        heldOut(labels, share, seed).forEach((one, i) => one && held.push(i));
        return held;
      }}));
    """
    theirs = node(script, tmp_path)
    assert len(theirs) == len(cases) == 9 * 13 * 6
    for (counts, share, seed), held in zip(cases, theirs, strict=True):
        labels = np.repeat(np.arange(len(counts)), counts)
        assert held == np.flatnonzero(split(labels, share, seed)).tolist(), (counts, share, seed)
    assert len({tuple(held) for held in theirs}) > len(cases) / 3
