"""A process of its own for what needs TensorFlow: its environment must stand before the import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from builder.backbone.convert import CHILD_ENVIRONMENT, CHILD_TIMEOUT_S
from builder.errors import ConversionError, OnTheFlyError

RESULT = "result.json"


def run_child(module: str, arguments: list[str], scratch: Path, *, what: str, where: str) -> dict[str, Any]:
    """Run a module that ends with `answer`.

    Args:
        module: with its package.
        arguments: for it; the last is `scratch`.
        scratch: a folder in which it leaves `result.json`.
        what: it does, as the beginning of a sentence.
        where: it does it to.

    Returns:
        What it answered.

    Raises:
        ConversionError: the child's own, or with the end of its output where it died.
    """
    command = [sys.executable, "-m", module, *arguments, str(scratch)]
    root = str(Path(__file__).resolve().parents[2])
    env = {**os.environ, **CHILD_ENVIRONMENT}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=CHILD_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise ConversionError(f"{what} took more than {CHILD_TIMEOUT_S} s.", where=where) from error
    result = scratch / RESULT
    if done.returncode != 0 or not result.exists():
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise ConversionError(f"{what} failed:\n{said}", where=where)
    told: dict[str, Any] = json.loads(result.read_text("utf-8"))
    if not told["ok"]:
        raise ConversionError(told["what"], where=told["where"], mend=told["mend"])
    return told


def answer(scratch: Path, given: dict[str, Any] | OnTheFlyError) -> None:
    """Leave the child's answer: what it found, or its error."""
    if isinstance(given, OnTheFlyError):
        told = {"ok": False, "what": given.what, "where": given.where, "mend": given.mend}
    else:
        told = {"ok": True, **given}
    (scratch / RESULT).write_text(json.dumps(told), "utf-8")
