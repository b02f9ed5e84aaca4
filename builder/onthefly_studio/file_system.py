"""What systems differ in: which names a file may have, and whether one that is in use can be moved.

Windows renames and deletes no file that some program has open, nor a folder with such a file in it: one that
a server is sending, one that is scanned for viruses or indexed. Such programs have done in a moment.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 3.0
"""How long a file that is in use is waited for."""
_LOOK_S = 0.05
_IN_USE = (5, 32, 33)
"""Windows' numbers: access denied, which it also says of folders in use; sharing and lock violation."""

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE | re.DOTALL
)
_LITTER = {".ds_store", ".localized", ".directory", "thumbs.db", "ehthumbs.db", "desktop.ini"}


def is_portable(name: str) -> bool:
    """Whether a name is that of one file or folder on every system, and of that very one.

    On Windows `a:b` is a stream of `a`, `a.` is `a`, and `nul.txt` a device, in whatever folder.
    """
    is_plain = name != "" and not _NOT_IN_NAMES.search(name) and name[-1] not in " ."
    return is_plain and not _DEVICE.fullmatch(name)


def is_litter(name: str) -> bool:
    """Whether it is the name of a file that desktops put into folders without being asked."""
    return name.lower() in _LITTER


def is_unused(folder: Path) -> bool:
    """Whether nobody has put anything into a folder: empty, or fresh from git, as one to publish from is."""
    return all(path.name == ".git" or is_litter(path.name) for path in folder.iterdir())


def is_in_use(error: OSError) -> bool:
    """Whether the system may have refused because some program has the file open."""
    return getattr(error, "winerror", None) in _IN_USE


def rename(source: Path, target: Path) -> None:
    """Give a file or folder another name, on the same disk; what is in use is waited for.

    Raises:
        OSError: the system refuses.
    """
    _patiently(lambda: source.rename(target))


def replace(source: Path, target: Path) -> None:
    """Give a file another name, in place of the file of that name; what is in use is waited for.

    Raises:
        OSError: the system refuses.
    """
    _patiently(lambda: source.replace(target))


def remove(folder: Path) -> None:
    """Delete a folder with all that is in it; what is in use is waited for.

    Raises:
        OSError: the system refuses.
    """
    _patiently(lambda: shutil.rmtree(folder))


def delete(folder: Path) -> None:
    """Delete a folder as far as that goes, if it is there: what stays in use is left."""
    try:
        remove(folder)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)


def _patiently(act: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            act()
        except OSError as error:
            if not is_in_use(error) or time.monotonic() > end:
                raise
        else:
            return
        time.sleep(_LOOK_S)
