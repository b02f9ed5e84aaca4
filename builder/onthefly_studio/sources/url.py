"""An address: a handle of TensorFlow Hub, or of a `.tar.gz` anywhere.

Where it leads to neither, it may be that of a folder with a TensorFlow.js graph, without a slash at its end.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from onthefly_studio.errors import ConfigError
from onthefly_studio.sources import graph_url, hub, other_formats, remote
from onthefly_studio.sources.addresses import ARCHIVES, is_of_a_hub, is_secure, public_url, request_url
from onthefly_studio.sources.graph_address import in_folder
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
    split, requested = urlsplit(backbone), public_url(backbone)
    is_archive = split.path.lower().endswith(ARCHIVES)
    if is_of_a_hub(backbone) and not is_archive:
        return remote.nearest(Module(KIND, backbone, requested, converting=hub.CONVERTING), context)
    module = Module(KIND, backbone, requested, archive=request_url(backbone))
    if is_archive or split.query:  # an address with a query of its own stands for one file
        return remote.nearest(module, context)
    return graph_url.nearest(module, in_folder(backbone), context)


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
