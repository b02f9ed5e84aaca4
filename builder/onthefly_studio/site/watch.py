"""Watches source files and builds again when one changes.

It asks for the times and sizes of the files once a second: a few hundred files cost milliseconds, and
it works alike on every system and on network and container mounts, which send no events.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from onthefly_studio.errors import OnTheFlyError

_SKIPPED = {"node_modules", "__pycache__"}

Snapshot = dict[Path, tuple[int, int]]
"""For every file its time of change and its size."""


def snapshot(paths: Iterable[Path]) -> Snapshot:
    """What the files and folders hold now; names that begin with a dot or end in `~` are left out."""
    found: Snapshot = {}
    for path in paths:
        for file in _files(path):
            try:
                stat = file.stat()
            except OSError:  # gone between the listing and now
                continue
            found[file] = (stat.st_mtime_ns, stat.st_size)
    return found


def watch(
    paths: Iterable[Path],
    rebuild: Callable[[], None],
    stop_event: threading.Event,
    *,
    interval: float = 1.0,
    say: Callable[[str], None] = print,
) -> None:
    """Call `rebuild` after every change, until `stop_event` is set.

    A change is acted on when the files have been still for one interval, so that an editor that
    saves several files causes one build. A build that fails with an error of the user's is told, and
    the watching goes on. What changes during a build is built next.

    Args:
        paths: files and folders; they need not exist yet.
        rebuild: builds the site.
        stop_event: set by another thread or a signal's handler.
        interval: seconds between looks.
        say: told what changed, and errors.
    """
    paths = list(paths)
    built = snapshot(paths)
    seen = built
    while not stop_event.wait(interval):
        now = snapshot(paths)
        still, seen = now == seen, now
        if now == built or not still:
            continue
        changed = sorted(path for path in now.keys() | built.keys() if now.get(path) != built.get(path))
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        say(f"Changed: {changed[0]}{more}")
        built = now
        try:
            rebuild()
        except OnTheFlyError as error:
            say(f"{error.format_message()}\nThe site is as it was; watching on.")


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in _SKIPPED and not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and not name.endswith("~"):
                yield Path(folder, name)
