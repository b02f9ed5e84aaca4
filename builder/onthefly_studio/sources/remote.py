"""A model at an address: here already, in another program's cache, or fetched as a `.tar.gz`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onthefly_studio import extras
from onthefly_studio.cache import Cache, sha256_file
from onthefly_studio.sources import archive_cache, foreign_caches, model_folder
from onthefly_studio.sources.addresses import public_url, request_url, source_key
from onthefly_studio.sources.download import Limits, download
from onthefly_studio.sources.hashed_files import part_file, passing
from onthefly_studio.sources.source import UNKNOWN_TRAINING, Context, Source, Trust, not_here
from onthefly_studio.sources.trust import Trusted


@dataclass(frozen=True)
class Module:
    """What is at an address, as TensorFlow Hub calls it."""

    kind: str
    """Of source."""
    url: str
    requested: str
    """What the user wrote."""
    title: str | None = None
    trained_on: str = UNKNOWN_TRAINING
    """See `Source`, as the others."""
    archive: str | None = None
    """Where to ask for the `.tar.gz`, if that does not follow from `url`."""
    converting: str | None = None
    """What TensorFlow is needed for, as the beginning of a sentence, if that is known before the download."""

    def source(self, folder: Path, sha256: str, trust: Trust) -> Source:
        """The source, once its model is in a folder."""
        return model_folder.source(
            folder,
            self.kind,
            self.requested,
            sha256,
            trust,
            public_url(self.url),
            title=self.title,
            trained_on=self.trained_on,
        )


def nearest(module: Module, context: Context) -> Source:
    """The model, from the nearest place that has it.

    Raises:
        ConfigError: it can be used only with packages that are not installed.
        SourceError: it cannot be reached, read or trusted, or only a connection could bring it.
        OutputError: the cache cannot be written.
    """
    if found := at_hand(module, context):
        return found
    require_fetchable(module, context)
    return fetch(module, context)


def require_fetchable(module: Module, context: Context) -> None:
    """Check that a download would not be in vain, and that it may be made.

    Raises:
        ConfigError: packages are not installed that the model can't be used without.
        SourceError: no connection may be opened.
    """
    if module.converting:
        extras.require("convert", module.converting)
    if context.offline:
        raise not_here("The model is", public_url(module.url))


def at_hand(module: Module, context: Context) -> Source | None:
    """The model if it is on this machine: downloaded before, or in another program's cache."""
    trusted, where = Trusted(context.cache, module.url), public_url(module.url)
    sha256 = trusted.archive()
    if sha256 and (model := archive_cache.kept(sha256, where, context.cache)):
        return module.source(model, sha256, trusted.level())
    for program, folder in foreign_caches.modules(module.url):
        tree = trusted.hold_to(program, folder)
        context.reporter.note(f"Using the module in {program}'s cache: {folder}")
        return module.source(folder, tree, "recorded")
    return None


def fetch(module: Module, context: Context, *, limits: Limits | None = None) -> Source:
    """The model over the network, held to the hash of its first download."""
    trusted, where, cache = Trusted(context.cache, module.url), public_url(module.url), context.cache
    key = source_key(module.url)
    with cache.lock("download", key):
        sha256 = trusted.archive()
        model = archive_cache.kept(sha256, where, cache) if sha256 else None  # by the build we waited for
        if not sha256 or not model:
            part = part_file(cache, key)
            url = module.archive or request_url(module.url)
            download(url, part, cache=cache, reporter=context.reporter, limits=limits)
            sha256, model = _admit(part, trusted, where, cache)
    return module.source(model, sha256, trusted.level())


def _admit(part: Path, trusted: Trusted, where: str, cache: Cache) -> tuple[str, Path]:
    """From a complete download to a trusted, unpacked model; the part file goes either way."""
    with passing(part, cache):
        sha256 = sha256_file(part)
        trusted.check_archive(sha256)
        model = archive_cache.unpack(part, sha256, where, cache)
        archive_cache.keep(part, sha256, cache)
        # Last, so that an archive which cannot be unpacked is not what is held to ever after.
        trusted.record("archive", sha256)
    return sha256, model
