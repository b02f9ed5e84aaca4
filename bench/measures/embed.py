"""How long one picture takes to become features."""

from __future__ import annotations

from bench.figures import Result, Table, middle, ms, times
from bench.models import Unavailable
from bench.stage import Stage

ROUNDS = 5
COUNT, SLOW_COUNT = 20, 3
NATIVE_ROUNDS = (0, ROUNDS - 1)
NAMES = {
    "ours": "On-the-Fly, in its worker (wasm)",
    "article:wasm": "the article's way, wasm",
    "article:webgl": "the article's way, webgl",
    "litert": "LiteRT.js (wasm)",
    "onnx": "ONNX Runtime Web (wasm, one thread)",
    "teachable": "Teachable Machine's library and base (wasm)",
    "native": "native TFLite, one thread",
}
FRAME = ["ours", "article:wasm", "article:webgl", "teachable"]
MODEL = ["ours", "article:wasm", "article:webgl", "litert", "onnx", "native"]


def measure(stage: Stage) -> Result:
    """Frame to features, and a ready 224 x 224 picture to features."""
    renderer = stage.renderer()
    software = any(word in renderer for word in ("SwiftShader", "llvmpipe", "Software"))
    names = {**NAMES, "article:webgl": f"{NAMES['article:webgl']}{' (software)' if software else ''}"}
    figures: dict[str, dict[str, float]] = {}
    missing: dict[str, str] = {}
    for function, peers in (("embedTimes", FRAME), ("runTimes", MODEL)):
        found: dict[str, list[float]] = {}
        for round_ in range(-1, ROUNDS):  # the first warms up
            for peer in peers:
                if peer in missing or (peer == "native" and round_ not in NATIVE_ROUNDS):
                    continue
                try:
                    got = _round(stage, peer, function)
                except Unavailable as error:
                    missing[peer] = str(error)
                    continue
                if round_ >= 0:
                    found.setdefault(peer, []).extend(got)
        figures[function] = {peer: middle(values) for peer, values in found.items()}
    titles = {
        "embedTimes": "A 640 × 480 frame to features",
        "runTimes": "A ready 224 × 224 picture to features",
    }
    tables = []
    for function, peers in (("embedTimes", FRAME), ("runTimes", MODEL)):
        found_ms = figures[function]
        rows = [
            [names[peer], ms(found_ms[peer]), times(found_ms[peer] / found_ms["ours"])]
            if peer in found_ms
            else [names[peer], f"not run: {missing[peer]}", ""]
            for peer in peers
        ]
        tables.append(Table(titles[function], ["", "median", "of ours"], rows))
    tables[0].notes.append(
        "Ours includes the way to the worker and back, and leaves the page's thread free; "
        "the others compute on it."
    )
    tables[1].notes.append(
        "Ours includes the same way, and its own preprocessing of the picture's bytes; "
        "the others take ready floats."
    )
    return Result(tables, figures={**figures, "renderer": renderer})


def _round(stage: Stage, peer: str, function: str) -> list[float]:
    if peer == "native":
        return stage.models.native(COUNT)  # a process of its own
    count = SLOW_COUNT if peer == "article:webgl" else COUNT
    got: list[float] = stage.call(stage.tab(peer), function, count)
    return got
