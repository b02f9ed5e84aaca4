"""An address: a handle of TensorFlow Hub, or of a `.tar.gz` anywhere."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from onthefly_studio.errors import ConfigError
from onthefly_studio.sources import other_formats, remote
from onthefly_studio.sources.addresses import is_secure, public_url
from onthefly_studio.sources.remote import Module
from onthefly_studio.sources.source import Context, Source

KIND = "url"
NAMES: tuple[str, ...] = ()
ACCEPTS: tuple[str, ...] = ("an https URL (http on this machine only)",)


def takes(backbone: str) -> bool:
    """Whatever looks like an address."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", backbone) is not None


def obtain(backbone: str, context: Context) -> Source:
    """The module or archive at the address, from the nearest place that has it."""
    _check(backbone, context)
    return remote.nearest(Module(KIND, backbone, requested=public_url(backbone)), context)


def _check(url: str, context: Context) -> None:
    if is_secure(url):
        if found := other_formats.of_url(urlsplit(url).path):
            what = f"This is the address of {found.what}."
            raise ConfigError(what, where=f"--backbone {_shown(url)}", hint=f"{found.hint}.")
        return
    if url.lower().startswith("http://"):
        what = "Plain http is accepted for this machine only (127.0.0.0/8, ::1, localhost)."
        raise ConfigError(what, where=f"--backbone {_shown(url)}", hint="Use https.")
    raise ConfigError(
        "This is not a URL that can be fetched.",
        where=f"--backbone {_shown(url)}",
        hint=f"Pass {context.accepted}.",
    )


def _shown(url: str) -> str:
    try:
        return public_url(url)
    except ValueError:
        return repr(url)
