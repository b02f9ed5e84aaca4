"""`keras` and `keras:NETWORK`: Keras Applications' ImageNet weights."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

from onthefly_studio import extras
from onthefly_studio.cache import Cache, sha256_file
from onthefly_studio.errors import SourceError
from onthefly_studio.sources.addresses import public_url, source_key
from onthefly_studio.sources.download import Limits, download, patience
from onthefly_studio.sources.hashed_files import hashes_to, keep, part_file, passing
from onthefly_studio.sources.keras_applications import (
    BACKBONES,
    MAX_BYTES,
    MIRROR,
    NETWORKS,
    Network,
    download_url,
)
from onthefly_studio.sources.source import Context, KerasWeights, Source, existing_path, not_here
from onthefly_studio.sources.trust import Trusted

KIND = "keras"
NAMES: tuple[str, ...] = tuple(BACKBONES)
ACCEPTS: tuple[str, ...] = ()

_WEIGHTS = "weights.h5"


def takes(backbone: str) -> bool:
    """Its name, alone or with a network's."""
    return backbone in NAMES


def obtain(backbone: str, context: Context) -> Source:
    """The weights: from our cache, from Keras' own, or downloaded."""
    network = BACKBONES[backbone]
    if found := at_hand(network, backbone, context):
        return found
    extras.require("convert", "Converting Keras' weights")  # before anything is downloaded in vain
    if context.offline:
        raise not_here("The weights are", public_url(download_url(NETWORKS[network])))
    return fetch(network, backbone, context)


def at_hand(name: str, requested: str, context: Context) -> Source | None:
    """The weights if they are on this machine.

    Args:
        name: the network's, in `NETWORKS`.
        requested: what the user wrote.
        context: the caches.
    """
    network, cache = NETWORKS[name], context.cache
    trusted = Trusted(cache, network.url)
    found = _kept(trusted, cache) or _from_keras_cache(network, trusted, context)
    return _source(name, requested, *found) if found else None


def fetch(name: str, requested: str, context: Context, *, limits: Limits | None = None) -> Source:
    """The weights over the network, held to the hash that Keras publishes."""
    network, cache = NETWORKS[name], context.cache
    trusted, url, key = Trusted(cache, network.url), download_url(network), source_key(network.url)
    with cache.lock("download", key):
        found = _kept(trusted, cache)  # by the build we waited for
        if not found:
            part, limits = part_file(cache, key), replace(limits or patience(), max_bytes=MAX_BYTES)
            download(url, part, cache=cache, reporter=context.reporter, limits=limits, expect="hdf5")
            found = _admit(part, network, trusted, public_url(url), cache)
    return _source(name, requested, *found)


def _source(name: str, requested: str, sha256: str, file: Path) -> Source:
    network = NETWORKS[name]
    return Source(
        KIND,
        requested,
        None,
        sha256,
        "pinned",
        network.url,
        keras=KerasWeights(name, file),
        title=network.title,
        trained_on="ImageNet photographs",
    )


def _kept(trusted: Trusted, cache: Cache) -> tuple[str, Path] | None:
    sha256 = trusted.archive()
    file = cache.path("weights", sha256) / _WEIGHTS if sha256 else None
    return (sha256, file) if sha256 and file and hashes_to(file, sha256) else None


def _from_keras_cache(network: Network, trusted: Trusted, context: Context) -> tuple[str, Path] | None:
    """The file that Keras has downloaded itself, copied, so that ours stays when it goes."""
    home, cache = existing_path(os.environ.get("KERAS_HOME") or "~/.keras"), context.cache
    file = home / "models" / network.file_name if home else None
    try:
        if not file or not file.is_file() or file.stat().st_size > MAX_BYTES:
            return None
        if _md5(file) != network.md5:
            return None  # cut short or old; Keras itself would fetch it again
        key = source_key(network.url)
        copy = cache.path("downloads", f"{key}.keras")
        with cache.lock("download", key):
            with cache.writing():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            found = _admit(copy, network, trusted, str(file), cache)
    except OSError:  # another user's folder, which may not be looked into
        return None
    context.reporter.note(f"Using the weights in Keras' cache: {file}")
    return found


def _admit(part: Path, network: Network, trusted: Trusted, where: str, cache: Cache) -> tuple[str, Path]:
    """From a complete file to a trusted one; the part file goes either way."""
    with passing(part, cache):
        sha256, md5 = sha256_file(part), _md5(part)
        if md5 != network.md5:
            raise SourceError(
                f"The download is not the file that Keras publishes: its md5 is {md5}, and should be "
                f"{network.md5}.",
                where=where,
                hint=f"Check {MIRROR} if you set it. Do not use this file.",
            )
        trusted.check_archive(sha256)
        file = keep(part, sha256, "weights", _WEIGHTS, cache)
        trusted.record("archive", sha256)
    return sha256, file


def _md5(path: Path) -> str:
    """The md5 of a file of weights, the one hash that Keras publishes."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
