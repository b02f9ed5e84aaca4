"""A model's address: whether it may be asked, how, and the name that what comes from there is kept under."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urldefrag, urlsplit, urlunsplit

from onthefly_studio.cache import sha256_text

ARCHIVES = (".tar.gz", ".tgz")
_HUBS = ("tfhub.dev", "kaggle.com")
"""Hosts of which every address is a model's page, unless an archive is asked for."""
_FORMAT = "tf-hub-format"
_HANDLE = re.compile(r"(/[^/]+)+/\d+/?")
"""The path of a Hub module, also on a mirror: names, then a version."""
_KAGGLE = re.compile(
    r"/models/(?P<owner>[\w.-]+)/(?P<model>[\w.-]+)/(?:frameworks/)?(?P<framework>\w+)/"
    r"(?:variations/)?(?P<variation>[\w.-]+)/(?:versions/)?(?P<version>\d+)/?"
)
"""The path of a model's version on Kaggle, as its pages and as tfhub.dev's redirects write it."""
_LOOPBACK_4 = ipaddress.IPv4Network("127.0.0.0/8")


class KaggleModel(NamedTuple):
    """A version of a model on Kaggle."""

    owner: str
    model: str
    framework: str
    """`tensorflow2`, `tfjs` and others, in lower case; addresses spell them in several ways."""
    variation: str
    version: str


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
    return with_format(url) if is_handle(url) else url


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


def is_of_a_hub(url: str) -> bool:
    """Whether the address is on tfhub.dev or Kaggle."""
    return (urlsplit(url).hostname or "").removeprefix("www.") in _HUBS


def kaggle_model(path: str) -> KaggleModel | None:
    """What the path of an address names, if it is that of a model's version on Kaggle."""
    match = _KAGGLE.fullmatch(path)
    if not match:
        return None
    return KaggleModel(**{**match.groupdict(), "framework": match["framework"].lower()})


def kaggle_download(url: str, framework: str) -> str:
    """Where Kaggle gives a version of a model to anybody, as a `.tar.gz`.

    Args:
        url: the version's handle on Kaggle, or on a host of the same manner.
        framework: as Kaggle's interface spells it.
    """
    split = urlsplit(url)
    model = kaggle_model(split.path)
    assert model, "the caller knows that it is one"
    path = (
        f"/api/v1/models/{model.owner}/{model.model}/{framework}/{model.variation}/{model.version}/download"
    )
    return urlunsplit((split.scheme, split.netloc, path, "", ""))


def is_handle(url: str) -> bool:
    """Whether an address gets TensorFlow Hub's query: on its own hosts, or of its handles' shape."""
    split = urlsplit(url)
    if split.path.lower().endswith(ARCHIVES):
        return False
    return is_of_a_hub(url) or (not split.query and _HANDLE.fullmatch(split.path) is not None)


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
