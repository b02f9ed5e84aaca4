"""The `Range` header: which bytes of a file are asked for."""

from __future__ import annotations

import re


class RangeOutsideError(Exception):
    """The range asked for begins after the file's end."""


def parse_range(value: str, size: int) -> tuple[int, int] | None:
    """The first byte and the number of bytes that a `Range` header asks for.

    Returns None where the header is to be ignored (several ranges, another unit, nonsense) and the
    whole file is the answer, as RFC 9110 §14.2 allows.

    Raises:
        RangeOutsideError: no byte of the file is in the range.
    """
    match = re.fullmatch(r"bytes=\s*([0-9]{0,19})-([0-9]{0,19})\s*", value)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        wanted = min(int(match[2]), size)
        if wanted == 0:
            raise RangeOutsideError
        return size - wanted, wanted
    first = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if match[2] and int(match[2]) < first:
        return None
    if first >= size:
        raise RangeOutsideError
    return first, last - first + 1
