"""How long the head takes to train."""

from __future__ import annotations

from bench.figures import Goal, Result, Table, middle, ms, times
from bench.models import Unavailable
from bench.stage import Stage

NAMES = {
    "ours": "On-the-Fly, in its worker",
    "article:wasm": "tf.layers, wasm",
    "article:webgl": "tf.layers, webgl",
    "teachable": "Teachable Machine's library (wasm)",
}
PLAN: list[tuple[int, int, dict[str, int]]] = [
    # examples, classes, rounds by contender
    (60, 2, {"ours": 5, "article:wasm": 3, "teachable": 2}),
    (60, 3, {"ours": 9, "article:wasm": 7, "article:webgl": 1, "teachable": 3}),
    (60, 10, {"ours": 5, "article:wasm": 3, "teachable": 2}),
    (600, 2, {"ours": 3, "article:wasm": 1, "teachable": 1}),
    (600, 3, {"ours": 3, "article:wasm": 2, "teachable": 1}),
    (600, 10, {"ours": 3, "article:wasm": 1, "teachable": 1}),
    (3000, 2, {"ours": 2}),
    (3000, 3, {"ours": 2, "article:wasm": 2, "teachable": 1}),
    (3000, 10, {"ours": 2}),
]
WARM = 5
"""Trainings of 60 examples before those that count: browsers go on optimizing what runs often."""
GOALS = {60: 1 / 15, 3000: 1 / 12}
GOAL_CLASSES = 3


def measure(stage: Stage) -> Result:
    """10 epochs in batches of 5, as every contender's own library does them."""
    figures: dict[str, dict[str, float]] = {}
    missing: dict[str, str] = {}
    for examples, classes, plan in PLAN:
        stage.say(f"training: {examples} examples, {classes} classes")
        found: dict[str, list[float]] = {}
        for round_ in range(max(plan.values())):
            for peer, rounds in plan.items():
                if round_ >= rounds or peer in missing:
                    continue
                try:
                    page = stage.tab(peer)
                    if examples == 60 and round_ == 0 and rounds > 1:
                        for _ in range(WARM):
                            stage.call(page, "train", examples, classes)
                    took = stage.call(page, "train", examples, classes)
                    found.setdefault(peer, []).append(took)
                except Unavailable as error:
                    missing[peer] = str(error)
        figures[f"{examples} x {classes}"] = {peer: middle(values) for peer, values in found.items()}
    return Result([_table(figures, missing), _growth(figures)], _goals(figures), figures)


def _table(figures: dict[str, dict[str, float]], missing: dict[str, str]) -> Table:
    rows = []
    for examples, classes, _ in PLAN:
        got = figures[f"{examples} x {classes}"]
        row = [f"{examples:,}", str(classes), ms(got["ours"])]
        for peer in list(NAMES)[1:]:
            row.append(f"{ms(got[peer])} ({times(got[peer] / got['ours'])})" if peer in got else "–")
        rows.append(row)
    columns = ["examples", "classes", *NAMES.values()]
    notes = [
        "10 epochs in batches of 5, Adam; in brackets, of ours. – is not measured: it takes many minutes, "
        "or adds nothing.",
        "Teachable Machine trains another head (100 hidden units) on 85 % of the examples and looks at the "
        "other 15 % after every epoch; the others train 128 hidden units on all of them.",
        *(f"{NAMES[peer]}: not run: {why}" for peer, why in missing.items()),
    ]
    return Table("Training the head", columns, rows, notes)


def _growth(figures: dict[str, dict[str, float]]) -> Table:
    rows = []
    for peer in ("ours", "article:wasm", "teachable"):
        few, some, many = (figures[f"{n} x {GOAL_CLASSES}"].get(peer) for n in (60, 600, 3000))
        if few and some and many:
            each = [value / n * 1000 for value, n in ((few, 60), (some, 600), (many, 3000))]
            rows.append([NAMES[peer], *(f"{value:,.0f} µs" for value in each)])
    return Table(
        "Training, per example (10 epochs)", ["", "of 60", "of 600", "of 3,000"], rows, ["Level is linear."]
    )


def _goals(figures: dict[str, dict[str, float]]) -> list[Goal]:
    goals = []
    for examples, limit in GOALS.items():
        got = figures[f"{examples} x {GOAL_CLASSES}"]
        if "article:wasm" in got:
            what = f"training {examples:,} examples, of tf.layers on wasm"
            goals.append(Goal(what, got["ours"] / got["article:wasm"], limit))
    return goals
