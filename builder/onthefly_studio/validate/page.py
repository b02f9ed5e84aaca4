"""The report as one page that needs nothing else: no scripts, no other files, light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from onthefly_studio.validate.rows import VERDICTS

HEIGHT = 250
LOSS_WIDTH, SPREAD_WIDTH = 380, 520
"""Of figures that stand three and two beside each other."""
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 34
BINS = 256
"""Of a figure over features: more would be finer than its pixels."""
FLOOR = 1e-9
"""Errors below are drawn here: a logarithmic axis has no zero."""


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Line:
    """A line of a figure, or its dots."""

    name: str
    number: int
    """Which of the page's colours and dashes it has."""
    points: str
    """For SVG: `x,y x,y`."""


@dataclass(frozen=True)
class Figure:
    """A figure in pixels of its own, for the template to draw."""

    width: int
    title: str
    note: str
    x_label: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    limit_at: float | None = None
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM

    @property
    def right(self) -> int:
        """Where the axis ends."""
        return self.width - RIGHT


def render(report: dict[str, Any]) -> str:
    """The page.

    Args:
        report: what `Report.as_json` gives.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _number
    return environment.get_template("report.html.j2").render(
        report=report,
        losses=loss_figures(report["curves"]),
        spreads=spread_figures(report["spreads"]),
        groups=_groups(report["rows"]),
        backends=[backend["name"] for backend in report["backends"]],
    )


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value == int(value) else f"{value:.1e}"


def _groups(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per group of rows and backend: how many hold, and the error nearest to its limit."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["id"].split("/")[0], row["backend"]), []).append(row)
    groups: dict[str, dict[str, Any]] = {}
    for (group, backend), of_group in found.items():
        verdicts = {row["verdict"] for row in of_group}
        worst = next(name for name in ("FAILED", "ok", *VERDICTS) if name in verdicts)
        cell = {
            "verdict": worst,
            "ok": sum(row["verdict"] == "ok" for row in of_group),
            "all": len(of_group),
            "share": max((_share(row) for row in of_group), default=0.0),
        }
        groups.setdefault(group, {"name": group, "cells": {}})["cells"][backend] = cell
    return list(groups.values())


def _share(row: dict[str, Any]) -> float:
    """The error as a share of its limit."""
    if row["error"] is None or not row["limit"]:
        return 0.0
    return float(row["error"] / row["limit"])


def loss_figures(curves: Sequence[dict[str, Any]]) -> list[Figure]:
    """For each training task a figure with the losses of all its implementations over each other."""
    tasks = list(dict.fromkeys(curve["task"] for curve in curves))
    figures = []
    for task in tasks:
        of_task = [curve for curve in curves if curve["task"] == task and all(x > 0 for x in curve["loss"])]
        if not of_task:
            continue
        epochs = max(len(curve["loss"]) for curve in of_task)
        values = [value for curve in of_task for value in curve["loss"]]
        y = _Logarithmic(min(values), max(values))
        across = (LOSS_WIDTH - LEFT - RIGHT) / max(epochs - 1, 1)
        lines = [
            Line(
                curve["witness"],
                number,
                " ".join(f"{LEFT + i * across:.1f},{y(v):.1f}" for i, v in enumerate(curve["loss"])),
            )
            for number, curve in enumerate(of_task)
        ]
        ticks = [Tick(LEFT + i * across, str(i + 1)) for i in range(0, epochs, max(1, epochs // 10))]
        final = [curve["loss"][-1] for curve in of_task]
        note = f"final losses within {max(final) - min(final):.1e} of each other"
        figures.append(Figure(LOSS_WIDTH, f"Training task “{task}”", note, "epoch", ticks, y.ticks, lines))
    return figures


def spread_figures(spreads: Sequence[dict[str, Any]]) -> list[Figure]:
    """For each reference a figure with every backend's error per feature."""
    figures = []
    for reference in dict.fromkeys(spread["reference"] for spread in spreads):
        of_reference = [spread for spread in spreads if spread["reference"] == reference]
        limit = of_reference[0]["limit"]
        binned = [_binned([max(value, FLOOR) for value in spread["error"]]) for spread in of_reference]
        y = _Logarithmic(min(map(min, binned)), max(limit, *map(max, binned)))
        width = max(len(spread["error"]) for spread in of_reference)
        lines = []
        for number, (spread, values) in enumerate(zip(of_reference, binned, strict=True)):
            across = (SPREAD_WIDTH - LEFT - RIGHT) / max(len(values) - 1, 1)
            points = " ".join(f"{LEFT + i * across:.1f},{y(v):.1f}" for i, v in enumerate(values))
            lines.append(Line(spread["backend"], number, points))
        span = SPREAD_WIDTH - LEFT - RIGHT
        ticks = [Tick(LEFT + span * part / 4, str(round(width * part / 4))) for part in range(5)]
        name = {"original": "the original model", "golden": "the build's golden vectors"}[reference]
        note = "largest over all images, as a share of each image’s max|y|; dashed: the limit"
        figures.append(
            Figure(SPREAD_WIDTH, f"Against {name}", note, "feature", ticks, y.ticks, lines, y(limit))
        )
    return figures


def _binned(values: Sequence[float]) -> list[float]:
    """At most `BINS` values, each the largest of its neighbours."""
    size = math.ceil(len(values) / BINS)
    return [max(values[at : at + size]) for at in range(0, len(values), size)]


class _Logarithmic:
    """A logarithmic axis from bottom to top, over whole powers of ten."""

    def __init__(self, low: float, high: float) -> None:
        self._low = math.floor(math.log10(low))
        self._high = max(math.ceil(math.log10(high)), self._low + 1)

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    @property
    def ticks(self) -> list[Tick]:
        """A mark at each power of ten, or at every other where there are many."""
        step = 1 + (self._high - self._low) // 7
        return [Tick(self(10.0**power), f"1e{power}") for power in range(self._low, self._high + 1, step)]
