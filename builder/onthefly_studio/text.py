"""Text for a terminal or a pipe: a stranger's words made harmless, rows laid out in columns."""

from __future__ import annotations

from collections.abc import Sequence

_ENDLESS = 1_000_000
"""Columns of a terminal that breaks no line: what is printed may be piped."""


def printable(text: str, longest: int | None = 200) -> str:
    """A stranger's words for a terminal: no control characters, nothing endless.

    Args:
        text: from a file or a server.
        longest: characters at most; the last of more is an ellipsis. None where nothing may be cut.
    """
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if longest is None or len(shown) <= longest else shown[: longest - 1] + "…"


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its type."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Rows with their columns aligned, those in `right` to the right; the last is never padded.

    Characters that a terminal gives two places, as those of Chinese, count as two. Cells may be styled as
    `click.style` does it.
    """
    # 60 ms, for a table only.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2), pad_edge=False)
    for number in range(len(rows[0])):
        table.add_column(justify="right" if number in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text.from_ansi, row))
    console = Console(width=_ENDLESS, force_terminal=True, color_system="standard", legacy_windows=False)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
