"""Programs in Node, which reads the page's sources as they are."""

from __future__ import annotations

import subprocess

from onthefly_studio.places import TEMPLATE_ROOT


def run(*arguments: object, read: str | None = None) -> str:
    """Run a program to its end.

    Args:
        arguments: of `node`; paths are absolute.
        read: what it finds on its standard input.

    Returns:
        What it printed.
    """
    # TypeScript through tsx, a package of the page's.
    command = ["node", "--import", "tsx", *map(str, arguments)]
    done = subprocess.run(command, cwd=TEMPLATE_ROOT, input=read, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def evaluate(script: str) -> str:
    """Run a module given as text; see `run`."""
    return run("--input-type=module", "-e", script)
