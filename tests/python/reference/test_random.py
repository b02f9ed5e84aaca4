"""Random numbers: the reference's words, and the same draws in the page."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from onthefly_studio.reference.random import Xoshiro128, splitmix32
from tests.support.node import evaluate

CORE = Path(__file__).resolve().parents[3] / "site_template" / "src" / "core"


def test_words_of_the_reference_implementation() -> None:
    random = Xoshiro128(0)
    random._state = [1, 2, 3, 4]
    assert [random.next() for _ in range(6)] == [11520, 0, 5927040, 70819200, 2031721883, 1637235492]


def test_the_page_draws_the_same() -> None:
    script = f"""
      import {{Xoshiro128, splitmix32}} from {json.dumps((CORE / "random.ts").as_uri())};
      const out = [];
      for (const seed of [0, 1, 2 ** 32 - 1]) for (const stream of [0, 1, 2]) {{
        const r = new Xoshiro128(seed, stream);
        out.push([r.next(), r.next(), r.uniform(), r.below(10), r.below(2 ** 21 - 1), splitmix32(seed)()]);
      }}
      console.log(JSON.stringify(out));
    """
    theirs = json.loads(evaluate(script))
    ours = []
    for seed, stream in itertools.product((0, 1, 2**32 - 1), (0, 1, 2)):
        r = Xoshiro128(seed, stream)
        ours.append(
            [r.next(), r.next(), r.uniform(), r.below(10), r.below(2**21 - 1), next(splitmix32(seed))]
        )
    assert theirs == ours
