"""How stages report what they are doing, without knowing about terminals.

The command passes a reporter that draws; libraries and tests pass `Silent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]
"""Called with the number of units (bytes) done since the last call."""


class Reporter(Protocol):
    """What a stage may say."""

    def step(self, stage: str, detail: str) -> None:
        """A stage begins or has been found done: `convert`, `SavedModel to TensorFlow.js`."""

    def note(self, line: str) -> None:
        """A fact the user should know, such as which backbone was taken and why."""

    def progress(self, label: str, total: int | None) -> AbstractContextManager[Advance]:
        """A context manager that yields `advance(n_bytes)`; `total` is None where unknown."""


class Silent:
    """Says nothing; keeps what was noted."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def step(self, stage: str, detail: str) -> None:
        """Remember the step."""
        self.steps.append((stage, detail))

    def note(self, line: str) -> None:
        """Remember the note."""
        self.notes.append(line)

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Advance]:
        """Count nothing."""
        yield lambda n: None
