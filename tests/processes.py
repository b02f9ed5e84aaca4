"""Commands that tests start in order to send them signals."""

from __future__ import annotations

import sys
from collections.abc import Sequence

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
