"""A model's address: whether it may be asked, how, and the name that what comes from there is kept under."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, parse_qsl, urldefrag, urlsplit, urlunsplit

from onthefly_studio.cache import sha256_text

ARCHIVES = (".tar.gz", ".tgz")
_HUBS = ("tfhub.dev", "kaggle.com")
"""Hosts of which every address is a model's page, unless an archive is asked for."""
_FORMAT = "tf-hub-format"
_HANDLE = re.compile(r"(/[^/]+)+/\d+/?")
"""The path of a Hub module, also on a mirror: names, then a version."""
_LOOPBACK_4 = ipaddress.IPv4Network("127.0.0.0/8")


def public_url(url: str) -> str:
    """The URL without user, password, query and fragment, which may hold secrets."""
    split = urlsplit(url)
    return urlunsplit((split.scheme.lower(), _host_and_port(split), split.path, "", ""))


def is_secure(url: str) -> bool:
    """Whether the URL is https, or http that does not leave this machine."""
    try:
        split = urlsplit(url)
        host = split.hostname
    except ValueError:
        return False
    return bool(host) and (split.scheme == "https" or (split.scheme == "http" and is_loopback(host or "")))


def request_url(url: str) -> str:
    """The address to fetch: as it was given, but for a Hub's handle, which needs the Hub's query.

    A signature in an address covers its whole query as a rule, so that with one more part in it the address
    is another, and refused.

    Args:
        url: a handle of TensorFlow Hub (on its own hosts, or of its shape and without a query), or the
            address of an archive.
    """
    url = urldefrag(url).url
    return with_format(url) if _is_handle(url) else url


def as_written(prepared: str, given: str) -> str:
    """An address that requests has prepared, with the path and query that were given.

    requests writes `%7E` as `~`. They mean one thing, but not to a server that signs an address as it stands.
    """
    split = urlsplit(given)
    if not (split.path + split.query).isascii() or " " in split.path + split.query:
        return prepared  # which needs quoting
    return urlsplit(prepared)._replace(path=split.path or "/", query=split.query).geturl()


def source_key(url: str) -> str:
    """The key of what is kept of an address: downloads, and the hash that they are held to.

    A key that changed would let go of every hash recorded before, so it is what it always was: of the address
    with the Hub's query, whatever the address.
    """
    return sha256_text(with_format(urldefrag(url).url))


def with_format(url: str) -> str:
    """An address without a fragment as tensorflow_hub asks for an archive; its own query stays."""
    query = urlsplit(url).query
    if any(name == _FORMAT for name, _ in parse_qsl(query, keep_blank_values=True)):
        return url
    return f"{url.rstrip('?')}{'&' if query else '?'}{_FORMAT}=compressed"


def _is_handle(url: str) -> bool:
    split = urlsplit(url)
    if split.path.lower().endswith(ARCHIVES):
        return False
    host = (split.hostname or "").removeprefix("www.")
    return host in _HUBS or (not split.query and _HANDLE.fullmatch(split.path) is not None)


def _host_and_port(split: SplitResult) -> str:
    return split.netloc.rpartition("@")[2].lower()


def is_loopback(host: str) -> bool:
    """Whether a host's name stands for this machine: 127.0.0.0/8, ::1 or localhost."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address in _LOOPBACK_4 if address.version == 4 else address == ipaddress.IPv6Address("::1")
