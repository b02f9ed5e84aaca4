"""What a server's answer means for a model, and in what words it is told."""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import Literal

from onthefly_studio.text import printable

Format = Literal["gzip", "hdf5", "json", "weights"]
NAMES: dict[Format, str] = {
    "gzip": "a .tar.gz",
    "hdf5": "an HDF5 file of weights",
    "json": "a model.json",
    "weights": "a file of weights",
}
"""What a file of each format is called."""
_MAGIC: dict[Format, bytes] = {"gzip": b"\x1f\x8b", "hdf5": b"\x89HDF\r\n\x1a\n"}
"""How a file begins."""

_PAGE = "Open the address in a browser: it may want a login, or be a page about the model."
INSTEAD: dict[Format, str] = {
    "gzip": f"{_PAGE} A handle of a hub of your own may need ?tf-hub-format=compressed at its end.",
    "hdf5": _PAGE,
    "json": f"{_PAGE} Pass the address of the folder that holds model.json.",
    "weights": _PAGE,
}
"""What to do when something other than a file of the format came."""
OTHERWISE = "Or pass `--backbone embedded`, or the path of a SavedModel you have."
LATER = "Try again later; what has arrived is kept. " + OTHERWISE


def begins_as(expect: Format, start: bytes, content_type: str) -> bool:
    """Whether a file may be of a format, by its first bytes; weights may be any, but are no page of the web.

    Args:
        expect: the format.
        start: the first bytes that came; empty where none did.
        content_type: as the server says.
    """
    if expect == "json":
        return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    if expect == "weights":
        return bool(start) and not content_type.lower().startswith("text/html")
    return start.startswith(_MAGIC[expect])


def refusal(status: int, host: str, expect: Format, *, signed: bool) -> tuple[str, str]:
    """What an HTTP status means for a model, and what to do."""
    what = "the .tar.gz you get" if expect == "gzip" else "the folder of what you get"
    browser = f"Open it in a browser, accept or log in if it asks you to, and pass {what}. {OTHERWISE}"
    if expect == "hdf5":  # no value of --backbone takes such a file
        browser = "Set ONTHEFLY_KERAS_MIRROR to a place that serves the file. " + OTHERWISE
    known = {
        HTTPStatus.UNAUTHORIZED: (f"{host} requires a login (401).", browser),
        HTTPStatus.FORBIDDEN: (
            f"{host} refuses access to this address (403).",
            f"A signed address may have expired: get a new one. {browser}" if signed else browser,
        ),
        HTTPStatus.NOT_FOUND: (f"{host} has nothing at this address (404).", "Check it. " + OTHERWISE),
        HTTPStatus.GONE: (f"{host} has removed this model for good (410).", "Use another. " + OTHERWISE),
        HTTPStatus.TOO_MANY_REQUESTS: (f"{host} is getting too many requests (429).", LATER),
    }
    if status in known:
        return known[HTTPStatus(status)]
    kind = "is in trouble" if status >= 500 else "gives no file"
    return f"{host} {kind} (HTTP {status}).", LATER


def is_signed(url: str) -> bool:
    """Whether an address carries a signature, which has its time."""
    return re.search(r"(?i)signature|[?&](sig|token|expires|se)=", url) is not None


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from either form of the header; None where there is none to go by."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    from email.utils import parsedate_to_datetime  # 5 ms, for a rare header

    try:
        until = parsedate_to_datetime(value).timestamp()
    except ValueError:
        return None
    return max(0.0, until - time.time())


def length(value: str | None) -> int | None:
    """Bytes, of a `Content-Length`; None where it says none."""
    return int(value) if value and value.isdecimal() else None


def content_range(value: str) -> tuple[int, int | None]:
    """First byte and total of `bytes 5-9/10`; (-1, None) for anything else."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", value.strip())
    return (int(match[1]), length(match[2])) if match else (-1, None)


def first_words(start: bytes) -> str:
    """What a person would read at the beginning of a page; empty where it is no text."""
    text = start[:4096].decode(errors="replace")
    return words(re.sub(r"(?is)<(script|style)\b.*?(</\1>|$)|<[^>]*(>|$)", " ", text))


def words(text: str) -> str:
    """A server's words, in one line."""
    line = " ".join(text.split())
    return printable(
        "".join(char for char in line if char.isprintable() and char != "\N{REPLACEMENT CHARACTER}"), 80
    )
