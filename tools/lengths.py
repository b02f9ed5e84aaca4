"""Refuse modules that are too long: `make lint` runs this.

A file of more than LONGEST lines hides what it holds. Where length is right (a table of words, a kernel that
is one loop), the file's first lines say so in a sentence that begins with REASON; of those there may be
EXCEPTIONS at most.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LONGEST = 400
EXCEPTIONS = 10
REASON = f"Longer than {LONGEST} lines because "
SUFFIXES = {".css", ".j2", ".js", ".mjs", ".py", ".ts", ".tsx"}
HEADER = 30
"""Lines in which the reason must stand."""


def too_long(root: Path) -> list[str]:
    """One sentence for each breach in the git repository at `root`."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True)  # noqa: S607
    breaches, excepted = [], []
    for name in filter(None, listed.stdout.split("\0")):
        path = root / name
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) <= LONGEST:
            continue
        if REASON in " ".join(line.strip(" *#/") for line in lines[:HEADER]):
            excepted.append(name)
        else:
            breaches.append(f"{name}: {len(lines)} lines, split it, or let its header say “{REASON}…”")
    if len(excepted) > EXCEPTIONS:
        breaches.append(
            f"{len(excepted)} long files with a reason, more than {EXCEPTIONS}: {', '.join(excepted)}"
        )
    return breaches


if __name__ == "__main__":
    found = too_long(Path(__file__).parent.parent)
    for breach in found:
        print(breach, file=sys.stderr)
    sys.exit(1 if found else 0)
