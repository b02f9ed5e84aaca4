"""Commands that tests start in order to send them signals, and what becomes of their children."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.patience import PATIENCE_S, wait_until

_ROOT = Path(__file__).resolve().parents[2]
PYTHON_PATH = os.pathsep.join((str(_ROOT / "builder"), str(_ROOT)))
"""For a process that imports the package, or the tests, as they stand here."""

_HEEDFUL = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_SETMASK, ())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


def heedful(command: Sequence[str]) -> list[str]:
    """The command, started as from a terminal: with no signal ignored or held back.

    A process hands down what it ignores, and a command that finds a signal ignored rightly goes on
    ignoring it. What runs the tests may ignore some: a shell has its background jobs ignore SIGINT,
    `nohup` SIGHUP.
    """
    return [sys.executable, "-I", "-S", "-c", _HEEDFUL, *command]


def ignoring(command: list[str]) -> list[str]:
    """The command, started as by `nohup` and as a job in the background: it finds the signals ignored."""
    return ["/bin/sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", *command]


LOCKED_OUT = """
import os, filelock
from pathlib import Path

acquire = filelock.FileLock.acquire

def openly(self, *args, **options):
    try:
        return acquire(self, timeout=0)
    except filelock.Timeout:
        Path(os.environ["LOCKED_OUT"]).touch()
        return acquire(self, *args, **options)

filelock.FileLock.acquire = openly
"""
"""Put before a program in Python: once it finds a lock held by another, the file `$LOCKED_OUT` is there."""


def processes() -> dict[int, tuple[int, str]]:
    """Every process that runs: its parent and its command; those that only wait to be counted are none."""
    columns = [f"-o{name}=" for name in ("pid", "ppid", "stat", "args")]
    command = ["ps", "-A", "-ww", *columns]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 3) for line in listed.splitlines())
    return {int(row[0]): (int(row[1]), row[3]) for row in rows if len(row) == 4 and row[2][0] != "Z"}


def child_of(parent: subprocess.Popen[str], word: str) -> int | None:
    """A child of the command with this word in its command."""
    for number, (above, command) in processes().items():
        if above == parent.pid and word in command:
            return number
    return None


def seen(parent: subprocess.Popen[str], word: str) -> int:
    """Wait for a child with this word in its command."""
    number = wait_until(lambda: child_of(parent, word), f"a child {word}", alive=parent)
    assert number is not None
    return number


def gone(number: int) -> None:
    wait_until(lambda: number not in processes(), f"the end of process {number}")


def succeeds(build: subprocess.Popen[str]) -> None:
    """It ends well."""
    _, error = build.communicate(timeout=PATIENCE_S)
    assert build.returncode == 0, error


def stops(build: subprocess.Popen[str], code: int = 130) -> None:
    """It ends, with its code and one line."""
    _, error = build.communicate(timeout=PATIENCE_S)
    assert build.returncode == code, error
    assert error.splitlines()[-1] == "Stopped."
    for word in ("Traceback", "Error", "bug"):
        assert word not in error


def kill(build: subprocess.Popen[str]) -> None:
    """End the build alone: what it started must see to itself."""
    build.kill()
    build.wait(PATIENCE_S)
