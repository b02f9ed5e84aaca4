"""TensorFlow in a process of its own: the only way in which the command starts it.

What TensorFlow does depends on variables that must be set before it is imported. A child ends when the
process that started it does, however that dies: it holds the reading end of a pipe whose other end only its
parent has. A child's module is run by this one, so that none goes unwatched:

    python -m onthefly_studio.process MODULE ARGUMENT...
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onthefly_studio.closing import Closing
from onthefly_studio.errors import ConversionError, OnTheFlyError

ENVIRONMENT = {
    "TF_ENABLE_ONEDNN_OPTS": "0",  # else: fused hard-swish, which no browser backend has
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",  # a GPU would only add its own rounding
    "PYTHONHASHSEED": "0",
    "TF_USE_LEGACY_KERAS": "1",
}
TIMEOUT_S = 900
RESULT = "result.json"
OUTPUT, ERRORS = "stdout.txt", "stderr.txt"
LAST_LINES = 12
"""Of what a child said before it died: what an error shows."""


class Child(Closing):
    """A module at work in a process of its own, from its making until `close`.

    Args:
        module: with its package.
        arguments: for it.
        scratch: a folder for what it says.
        environment: added to `ENVIRONMENT`.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        scratch: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._scratch = scratch
        # Files, not pipes: nobody reads while the child works.
        with (scratch / OUTPUT).open("wb") as output, (scratch / ERRORS).open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "onthefly_studio.process", module, *arguments],
                env=_environment(environment or {}),
                stdin=subprocess.PIPE,  # never written to: its end is this process's
                stdout=output,
                stderr=errors,
            )

    def wait(self, timeout_s: float) -> int:
        """Its exit status.

        Raises:
            subprocess.TimeoutExpired: it did not end in so many seconds; it still runs.
        """
        return self._process.wait(timeout_s)

    def last_lines(self) -> list[str]:
        """The last lines that it wrote, of its errors where there are any."""
        for name in (ERRORS, OUTPUT):
            if text := (self._scratch / name).read_text("utf-8", "replace").strip():
                return text.splitlines()[-LAST_LINES:]
        return []

    def close(self) -> None:
        """End it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()


def run(
    module: str,
    arguments: Sequence[str],
    scratch: Path,
    *,
    what: str,
    where: str,
    died: str = "{what} failed",
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run a module that ends with `answer` to its end.

    Args:
        module: with its package.
        arguments: for it; `scratch` follows them.
        scratch: a folder in which it leaves `result.json`.
        what: it does, as the beginning of a sentence.
        where: it does it to.
        died: what to say where it gave no answer, of `what` and its `status`.
        environment: added to `ENVIRONMENT`.

    Returns:
        What it answered.

    Raises:
        ConversionError: the child's own, or with the end of its output where it died.
        OSError: the disk's, which `Cache.folder` puts into words.
    """
    with Child(module, [*arguments, str(scratch)], scratch, environment) as child:
        try:
            status = child.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise ConversionError(f"{what} took more than {TIMEOUT_S} s.", where=where) from error
        result = scratch / RESULT
        if status != 0 or not result.exists():
            last_lines = "\n".join(child.last_lines())
            raise ConversionError(f"{died.format(what=what, status=status)}:\n{last_lines}", where=where)
    outcome: dict[str, Any] = json.loads(result.read_text("utf-8"))
    if "errno" in outcome:
        raise OSError(outcome["errno"], os.strerror(outcome["errno"]))
    if not outcome["ok"]:
        raise ConversionError(outcome["what"], where=outcome["where"], hint=outcome["hint"])
    return outcome


def answer(scratch: Path, given: Mapping[str, Any] | OnTheFlyError | OSError) -> None:
    """Leave the child's answer: what it found, its error, or the disk's."""
    if isinstance(given, OnTheFlyError):
        outcome: dict[str, Any] = {
            "ok": False,
            "what": given.what,
            "where": given.where,
            "hint": given.hint,
        }
    elif isinstance(given, OSError):
        outcome = {"ok": False, "errno": given.errno}
    else:
        outcome = {"ok": True, **given}
    (scratch / RESULT).write_text(json.dumps(outcome), "utf-8", newline="\n")


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """With the folder that `import onthefly_studio` finds this package in first on the path."""
    root = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, **ENVIRONMENT, **more, "PYTHONPATH": path}


def _end_with_parent() -> None:
    """End this process when its parent's end of the pipe closes: the parent is gone, or has done with it."""

    def watch() -> None:
        os.read(0, 1)  # not through sys.stdin, whose lock would be held when the interpreter ends
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _end_with_parent()
    del sys.argv[0]  # so that the module finds its own name there, as it would be started by itself
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
