"""What Windows does, for tests elsewhere."""

from __future__ import annotations

import errno


def refusal(winerror: int, number: int = errno.EACCES) -> OSError:
    """A failure as Python puts it there, by the number of Windows and that of C."""
    error = OSError(number, "The process cannot access the file because it is being used by another process")
    error.__dict__["winerror"] = winerror
    return error


LIKE_WINDOWS = """
import builtins, io, os, pathlib, signal, stat, sys, warnings

def refuse(winerror, path):
    error = PermissionError(13, "refused as on Windows", path)
    error.winerror = winerror
    raise error

def in_use():
    for number in os.listdir("/proc/self/fd"):
        try:
            if stat.S_ISREG(os.fstat(int(number)).st_mode):
                yield os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
    with io.open("/proc/self/maps", encoding="utf-8") as maps:
        yield from (line.split(None, 5)[-1].strip() for line in maps)

def whole(path, folder=-1):
    beginning = os.getcwd() if folder == -1 else os.readlink(f"/proc/self/fd/{folder}")
    above, name = os.path.split(os.path.join(beginning, os.fsdecode(path).rstrip("/")))
    return os.path.join(os.path.realpath(above), name)

def watch(event, given):
    if event == "os.rename":
        paths = [whole(given[0], given[2]), whole(given[1], given[3])]
        if os.path.isdir(paths[1]):
            refuse(183, paths[1])
    elif event in ("os.remove", "os.rmdir"):
        paths = [whole(*given)]
    elif event in ("os.symlink", "os.link", "os.fork", "os.kill", "os.killpg"):
        raise OSError(1, f"no {event} on Windows")
    elif event in ("os.mkdir", "open"):
        if event == "open" and (isinstance(given[0], int) or not given[2] & os.O_CREAT):
            return
        name = os.path.basename(os.fsdecode(given[0]))
        if not file_system.is_portable(name):
            refuse(123, name)
        return
    else:
        return
    for path in paths:
        if any(each == path or each.startswith(path + "/") for each in in_use()):
            refuse(32, path)

def opened(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, *more, **named):
    if newline is None and "b" not in mode and "r" not in mode:
        newline = "\\r\\n"
    return really(file, mode, buffering, encoding, errors, newline, *more, **named)

really = io.open
io.open = builtins.open = opened
pathlib.PurePath.__lt__ = lambda one, other: str(one).lower() < str(other).lower()
warnings.filterwarnings("error", category=EncodingWarning, module="onthefly_studio")
from onthefly_studio import file_system
file_system.PATIENCE_S = 0
sys.addaudithook(watch)
"""
"""Put before a program in Python on Linux: what is open can be neither renamed nor deleted, nor a folder
replaced; there are no links, and no names that only POSIX has; lines end in two characters where nothing else
is said; paths are sorted without regard to case. With `-X warn_default_encoding`, text without an encoding is
an error. Which calls Windows lacks is for the type checker to say."""
