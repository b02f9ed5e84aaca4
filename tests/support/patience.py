"""How long a test waits for what must come: the one place that says so.

No test asserts how long something took, and none sleeps for a guess: it waits for a condition, and fails
only where that does not come in a time that no busy machine needs. What passes takes no longer for it.
`timeout` in `pyproject.toml` ends a test that hangs elsewhere than in one of these waits.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

PATIENCE_S = 300
"""Seconds; for waits, for `communicate`, `wait` and `join`, and for sockets."""
PATIENCE_MS = 1000 * PATIENCE_S
"""The same in milliseconds, as Playwright takes it."""
_LOOK_S = 0.01

Found = TypeVar("Found")


def wait_until(
    until: Callable[[], Found],
    what: str,
    *,
    alive: subprocess.Popen[Any] | Callable[[], object] | None = None,
) -> Found:
    """The first true value that `until` gives; `what` names it where it never comes.

    With `alive`, a process or a question, the wait ends as soon as nobody is left who could bring it.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        # Asked first: what came just before the end did come.
        living = _lives(alive)
        found = until()
        if found:
            return found
        if not living:
            pytest.fail(f"the end came before this: {what}\n{_said(alive)}")
        if time.monotonic() > end:
            pytest.fail(f"never came, in {PATIENCE_S} s: {what}")
        time.sleep(_LOOK_S)


def _lives(alive: subprocess.Popen[Any] | Callable[[], object] | None) -> bool:
    if alive is None:
        return True
    return alive.poll() is None if isinstance(alive, subprocess.Popen) else bool(alive())


def _said(alive: object) -> str:
    if not isinstance(alive, subprocess.Popen):
        return ""
    out, error = alive.communicate(timeout=PATIENCE_S)
    return f"exit code {alive.returncode}\n{error or out or ''}"
