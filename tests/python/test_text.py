"""Text for a terminal or a pipe."""

from __future__ import annotations

import click
import pytest

from onthefly_studio.text import columns, printable


def test_a_strangers_words_steer_no_terminal() -> None:
    assert printable("a\x1b[2Jb\r\nc") == "a?[2Jb??c"
    assert printable("名前 é 😀") == "名前 é 😀"
    assert printable("x" * 300) == "x" * 199 + "…"
    assert printable("x" * 300, 10) == "x" * 9 + "…"
    assert printable("x" * 300, None) == "x" * 300


def test_columns_are_aligned_and_the_last_is_never_padded() -> None:
    rows = [("kind", "entries", "holds"), ("a [b] :smile:", "1,000", "x" * 500), ("", "2", "")]
    assert columns(rows, right=(1,)).splitlines() == [
        "kind           entries  holds",
        f"a [b] :smile:    1,000  {'x' * 500}",
        "                     2",
    ]


def test_wide_characters_count_as_two() -> None:
    assert columns([("名前", "1"), ("name", "22")], right=(1,)).splitlines() == ["名前   1", "name  22"]


def test_styles_take_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    styled = columns([("a", click.style("ok", fg="green"), "x"), ("b", click.style("FAILED", fg="red"), "")])
    assert "\x1b[32m" in styled
    assert click.unstyle(styled).splitlines() == ["a  ok      x", "b  FAILED"]
