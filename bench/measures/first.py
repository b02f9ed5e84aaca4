"""How long a visitor waits for the first features, on a first visit and on the next."""

from __future__ import annotations

from bench.figures import Result, Table, middle, ms
from bench.models import Unavailable
from bench.stage import Stage

PEERS = {
    "ours": "On-the-Fly (wasm)",
    "article:wasm": "the article's way, wasm",
    "article:webgl": "the article's way, webgl",
    "litert": "LiteRT.js (wasm)",
    "onnx": "ONNX Runtime Web (wasm)",
}
ROUNDS = 3
SLOW_PEER = "article:webgl"
"""Measured once: in software it takes seconds."""


def measure(stage: Stage) -> Result:
    """From the beginning of the visit to features on the page's thread; cold, then warm."""
    found: dict[str, dict[str, list[float]]] = {peer: {} for peer in PEERS}
    missing: dict[str, str] = {}
    for slow in (False, True):
        for round_ in range(1 if slow else ROUNDS):
            for peer in PEERS:
                if peer in missing or (round_ and peer == SLOW_PEER):
                    continue
                try:
                    cold, warm = _visits(stage, peer, slow=slow)
                except Unavailable as error:
                    missing[peer] = str(error)
                    continue
                line = "10 Mbit/s" if slow else "loopback"
                found[peer].setdefault(f"cold, {line}", []).append(cold)
                found[peer].setdefault(f"warm, {line}", []).append(warm)
    columns = ["cold, 10 Mbit/s", "warm, 10 Mbit/s", "cold, loopback", "warm, loopback"]
    figures = {peer: {kind: middle(got) for kind, got in kinds.items()} for peer, kinds in found.items()}
    rows = [
        [name, *(ms(figures[peer][kind]) for kind in columns)]
        if peer not in missing
        else [name, f"not run: {missing[peer]}", "", "", ""]
        for peer, name in PEERS.items()
    ]
    notes = [
        "From the beginning of the visit to the first features. Cold: nothing in the browser's cache. Warm: "
        "the second visit. Ours also checks every file's hash and the whole golden set before it answers."
    ]
    return Result([Table("The first prediction", ["", *columns], rows, notes)], figures=figures)


def _visits(stage: Stage, peer: str, *, slow: bool) -> tuple[float, float]:
    context = stage.context()
    try:
        times = []
        for _ in range(2):
            page = stage.open(context, peer, slow=slow)
            times.append(float(page.evaluate("async () => (await opened).firstMs")))
            page.close()
        return times[0], times[1]
    finally:
        context.close()
