"""The command: in a process of its own as a user runs it, or in this one."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from click.testing import CliRunner, Result

from onthefly_studio.cache import Cache
from onthefly_studio.cli import cli
from tests.support.patience import PATIENCE_S
from tests.support.processes import PYTHON_PATH

Done = subprocess.CompletedProcess[str]


def onthefly(*arguments: str, cwd: Path, cache: Cache | None = None, **environment: str) -> Done:
    """Run it in a process of its own."""
    env = {**os.environ, "PYTHONPATH": PYTHON_PATH, **environment}
    if cache is not None:
        env["ONTHEFLY_CACHE"] = str(cache.root)
    command = [sys.executable, "-m", "onthefly_studio", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE_S)


CONVERTING = ("tensorflow", "tf_keras", "tensorflow_hub", "pkg_resources", "tensorflowjs")
"""What the extra `convert` brings, with the converter."""
_WITHOUT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

ABSENT, sys.argv = set(sys.argv[1].split(",")), ["onthefly", *sys.argv[2:]]
sys.meta_path.insert(0, Blocker())
from onthefly_studio.cli import main
main()
"""


def without(absent: Sequence[str], *arguments: str, cwd: Path, cache: Cache) -> Done:
    """Run it as if these top-level modules were not installed."""
    command = [sys.executable, "-c", _WITHOUT, ",".join(absent), *arguments]
    env = {**os.environ, "PYTHONPATH": PYTHON_PATH, "ONTHEFLY_CACHE": str(cache.root)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE_S)


def loaded(modules: set[str], *arguments: str) -> set[str]:
    """Those of some modules that the command loads."""
    script = (
        "import sys; sys.argv = ['onthefly', *sys.argv[1:]]\n"
        "from onthefly_studio.cli import cli\ncli.main(standalone_mode=False)\n"
        f"print(*({modules!r} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, *arguments]
    env = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    return set(done.stdout.splitlines()[-1].split())


def refused(done: Done, code: int, *parts: str) -> None:
    """One clear message with what, where and the hint, no traceback, and the right exit code."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for part in ("hint:", *parts):
        assert part in done.stderr


def invoked(command: click.Command, *arguments: object) -> Result:
    """Run one of its commands in this process."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def ended(*arguments: object) -> tuple[int, str]:
    """The exit code and the message of a command, run in this process; a bug of ours is raised."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            cli.main(list(map(str, arguments)), standalone_mode=False)
        except click.ClickException as error:
            return error.exit_code, error.message
    return 0, ""
