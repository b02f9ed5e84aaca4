"""Which entries of a zip are a project's files, and under which names.

Unpacking a project and packing the folder again changes its entries: every name begins with that of
the folder, and the system adds files of its own. The twin of `site_template/src/project/members.ts`.
"""

from __future__ import annotations

import re

from onthefly_studio.project.format.directory import Entry
from onthefly_studio.project.format.schema import PROJECT, damaged

_LITTER = re.compile(
    r"\._.*|\.DS_Store|\.localized|\.directory|thumbs\.db|ehthumbs\.db|desktop\.ini", re.IGNORECASE
)
"""What macOS, Windows and Linux desktops put beside files without being asked."""
_MAC_FOLDER = "__MACOSX"


def members(entries: list[Entry]) -> dict[str, Entry]:
    """The project's files by their names in the project, without entries of folders.

    A file that is neither in the project's folder nor known litter keeps its name, so that it can be refused.

    Raises:
        SourceError: a file stands there twice, or a folder has contents.
    """
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            raise damaged(entry.name, "is in the zip twice")
        if entry.name.endswith("/") and entry.size:
            raise damaged(entry.name, "is a folder with contents")
        seen.add(entry.name)
    files = [entry for entry in entries if not entry.name.endswith("/") and not _is_litter(entry.name)]
    folder = _wrapping([entry.name for entry in files])
    named: dict[str, Entry] = {}
    for entry in files:
        name = entry.name.removeprefix(folder)
        if name in named:
            raise damaged(name, "is in the zip twice")
        named[name] = entry
    return named


def _is_litter(name: str) -> bool:
    *folders, last = name.split("/")
    return last.startswith("._") if _MAC_FOLDER in folders else bool(_LITTER.fullmatch(last))


def _wrapping(names: list[str]) -> str:
    """The folder, with its slash, that the project lies in; empty where it lies in none."""
    candidates = [name for name in names if name == PROJECT or name.endswith(f"/{PROJECT}")]
    return min(candidates, key=lambda name: name.count("/"), default=PROJECT).removesuffix(PROJECT)
