"""What Windows does, for tests elsewhere."""

from __future__ import annotations

import errno


def refusal(winerror: int, number: int = errno.EACCES) -> OSError:
    """A failure as Python puts it there, by the number of Windows and that of C."""
    error = OSError(number, "The process cannot access the file because it is being used by another process")
    error.__dict__["winerror"] = winerror
    return error
