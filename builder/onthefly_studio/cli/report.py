"""Shows people what a stage does: a bar on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from onthefly_studio.report import Advance

LINE_EVERY = 0.25
"""In a pipe a download reports its progress at every quarter."""


class ConsoleReporter:
    """A `onthefly_studio.report.Reporter` that writes to the standard error stream."""

    def step(self, stage: str, detail: str) -> None:
        """`convert   to TensorFlow.js ...`."""
        click.echo(f"{click.style(f'{stage:<9}', bold=True)} {detail}", err=True)

    def note(self, line: str) -> None:
        """A line to be noticed."""
        click.echo(click.style(line, fg="yellow"), err=True)

    @contextmanager
    def progress(self, label: str, total: int | None) -> Iterator[Advance]:
        """A progress bar in bytes."""
        if sys.stderr is not None and sys.stderr.isatty():
            with click.progressbar(length=total or 0, label=label, file=sys.stderr, show_pos=True) as bar:
                yield bar.update
            return
        done, reported = 0, 0.0

        def advance(count: int) -> None:
            nonlocal done, reported
            done += count
            if total and done / total >= reported + LINE_EVERY:
                reported = done / total // LINE_EVERY * LINE_EVERY
                click.echo(f"{label}: {reported:.0%} of {megabytes(total)}", err=True)

        yield advance


def megabytes(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / 1e6:.1f} MB"
