"""How long it takes from a camera's frame to a kept example."""

from __future__ import annotations

from bench.figures import Result, Table, middle, ms, times
from bench.models import Unavailable
from bench.stage import Stage

ROUNDS, COUNT = 4, 15
NAMES = {
    "ours": "On-the-Fly: features, thumbnail and all",
    "article:wasm": "the article's way, wasm: features only",
    "teachable": "Teachable Machine's library (wasm): features only",
}


def measure(stage: Stage) -> Result:
    """A 640 x 480 frame to an example, and for ours to its picture."""
    found: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    for round_ in range(-1, ROUNDS):
        for peer in NAMES:
            if peer in missing:
                continue
            try:
                got = stage.call(stage.tab(peer), "addTimes", COUNT)
            except Unavailable as error:
                missing[peer] = str(error)
                continue
            if round_ >= 0:
                found.setdefault(peer, []).extend(got)
    figures = {peer: middle(values) for peer, values in found.items()}
    rows = [
        [name, ms(figures[peer]), times(figures[peer] / figures["ours"])]
        if peer in figures
        else [name, f"not run: {missing[peer]}", ""]
        for peer, name in NAMES.items()
    ]
    return Result([Table("A frame to an example", ["", "median", "of ours"], rows)], figures=figures)
