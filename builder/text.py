"""Text for a terminal or a pipe: a stranger's words made harmless, rows laid out in columns."""

from __future__ import annotations


def printable(text: str, longest: int | None = 200) -> str:
    """A stranger's words for a terminal: no control characters, nothing endless.

    Args:
        text: from a file or a server.
        longest: characters at most; the last of more is an ellipsis. None where nothing may be cut.
    """
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown if longest is None or len(shown) <= longest else shown[: longest - 1] + "…"
