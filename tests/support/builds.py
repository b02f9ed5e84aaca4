"""The real command beside a good site: it refuses what is wrong, and leaves everything as it is."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from onthefly_studio.cache import Cache
from tests.support.patience import PATIENCE_S
from tests.support.processes import PYTHON_PATH

M = "/google/imagenet/module/5"
"""A module on a server."""
COMMAND = [sys.executable, "-m", "onthefly_studio"]


def waiting(seconds: float) -> list[str]:
    """The real command with other limits: two attempts, and so long for a server that says nothing."""
    limits = f"Limits({seconds}, {seconds}, attempts=2, backoff_s=0.01)"
    program = (
        "from onthefly_studio.sources import download\n"
        "from onthefly_studio.sources.download import Limits\n"
        f"download.PATIENT = {limits}\n"
        "from onthefly_studio.cli import main\nmain()"
    )
    return [sys.executable, "-c", program]


TWICE = waiting(PATIENCE_S)
IMPATIENT = waiting(1)
"""Where a stall is the subject."""
Done = subprocess.CompletedProcess[str]


def tree(folder: Path) -> dict[str, str]:
    """Every name below a folder, with what is there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[path.relative_to(folder).as_posix()] = content
    return found


class Project:
    """A folder with a good site in `dist/`, and the command to run in it."""

    def __init__(self, root: Path, cache: Cache) -> None:
        self.root, self.cache = root, cache

    def build(self, *arguments: object, program: list[str] = COMMAND) -> Done:
        env = {**os.environ, "PYTHONPATH": PYTHON_PATH, "ONTHEFLY_CACHE": str(self.cache.root)}
        command = [*program, "build", *map(str, arguments)]
        return subprocess.run(
            command, cwd=self.root, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def refuses(self, code: int, parts: list[str], *arguments: object, program: list[str] = COMMAND) -> None:
        """Build, which must fail with one message that holds the parts, and leave all as it is."""
        before = tree(self.root)
        done = self.build(*arguments, program=program)
        assert done.returncode == code, done.stderr
        assert done.stdout == ""
        assert done.stderr.count("Error: ") == 1
        assert "Traceback" not in done.stderr
        for part in ("  where: ", "  mend:  ", *parts):
            assert part in done.stderr, (part, done.stderr)
        assert tree(self.root) == before
        assert not list(self.cache.root.glob("*/.*")), "a leftover in the cache"


def packed(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    """A `.tar.gz` of these members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.type, member.size, member.linkname = kind, len(data), "saved_model.pb"
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


NO_MODEL = packed(("variables/data", os.urandom(300_000)))
"""A sound archive without a SavedModel: it comes through the download and the unpacking, and no further."""
