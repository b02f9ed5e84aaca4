"""What a measure hands back: tables to be read, figures to be computed with, and goals held against them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass
class Table:
    """Rows of text under headings; the first column says what."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)


@dataclass
class Goal:
    """A figure and the limit it is held to."""

    what: str
    value: float
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure is within its limit."""
        return self.value <= self.limit


@dataclass
class Result:
    """What a measure found."""

    tables: list[Table]
    goals: list[Goal] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spent:
    """What running something took, in seconds."""

    clock: float
    processor: float
    """Of all processes that it started and waited for; other work on the machine hardly changes it."""


@contextmanager
def spending() -> Iterator[Callable[[], Spent]]:
    """Around processes that are started and waited for; what it yields tells what they took."""
    begin, before = time.perf_counter(), os.times()
    spent: list[Spent] = []
    yield lambda: spent[0]
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    spent.append(Spent(time.perf_counter() - begin, processor))


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(median(values))


def ms(value: float) -> str:
    """Milliseconds with as many digits as mean something."""
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"


def seconds(value: float) -> str:
    """Seconds with two digits."""
    return f"{value:.2f} s"


def times(value: float) -> str:
    """A ratio."""
    return f"{value:.0f} ×" if value >= 10 else f"{value:.2f} ×"


def kilobytes(value: float) -> str:
    """Bytes as thousands of them."""
    return f"{value / 1000:,.0f} KB"
