"""A TensorFlow.js graph whose files are fetched one by one: `model.json`, then the shards that it names.

Each file comes into a folder among the downloads and stays there until all are here, so that a download
which breaks off goes on with the file it was at. How many shards there are, what they are called and how many
bytes they have together is known from `model.json`, and bounded, before the first is asked for. What is
trusted is one hash over all files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from onthefly_studio import file_system
from onthefly_studio.cache import Cache, sha256_tree
from onthefly_studio.errors import OnTheFlyError, SourceError
from onthefly_studio.sources import archive_cache
from onthefly_studio.sources.addresses import public_url, source_key
from onthefly_studio.sources.download import (
    Limits,
    NotThereError,
    TooLargeError,
    UnreachableError,
    download,
    patience,
)
from onthefly_studio.sources.graph_address import GraphAddress
from onthefly_studio.sources.http_answers import Format
from onthefly_studio.sources.other_formats import GRAPH_MODEL
from onthefly_studio.sources.remote import Module
from onthefly_studio.sources.source import Context, Source
from onthefly_studio.sources.trust import Trusted

_WHOLE = "whole"
"""The folder, within that of the download, where the files get their names once all are here."""


def kept(module: Module, context: Context) -> Source | None:
    """The graph of files downloaded before; None where the cache has lost it."""
    sha256 = Trusted(context.cache, module.url).files()
    model = archive_cache.unpacked(sha256, public_url(module.url), context.cache) if sha256 else None
    return module.source(model, sha256, "recorded") if sha256 and model else None


def fetch(
    module: Module,
    address: GraphAddress,
    context: Context,
    *,
    limits: Limits | None = None,
    refused: NotThereError | None = None,
) -> Source:
    """The graph over the network, held to the hash of its first download.

    Args:
        module: what it is known by.
        address: where its files are.
        context: the cache and who is told.
        limits: patience.
        refused: what to raise where there is no `model.json` either.
    """
    key, cache = source_key(module.url), context.cache
    folder = cache.path("downloads", key)
    with cache.lock("download", key):
        if found := kept(module, context):  # by the build we waited for
            return found
        with _resumable(folder, cache):
            files = _Files(address, folder, context, limits or patience())
            try:
                files.fetch_document()
            except NotThereError as error:
                raise refused or error from None
            files.fetch_shards()
            sha256, model = _admit(files.named(), Trusted(cache, module.url), public_url(module.url), cache)
    return module.source(model, sha256, "recorded")


@contextmanager
def _resumable(folder: Path, cache: Cache) -> Iterator[None]:
    """The folder of a download: it stays only where the download broke off and can go on."""
    with cache.writing():
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except OnTheFlyError as error:
        if isinstance(error, NotThereError) or not isinstance(error, UnreachableError):
            file_system.delete(folder)
        raise
    file_system.delete(folder)


def _admit(folder: Path, trusted: Trusted, where: str, cache: Cache) -> tuple[str, Path]:
    """From all files to a trusted model in the cache."""
    sha256 = sha256_tree(folder)
    trusted.check_files(sha256)
    model = archive_cache.keep_files(folder, sha256, where, cache)
    trusted.record("files", sha256)
    return sha256, model


class _Files:
    """The files of one graph, on their way into a folder: under numbers, as their names are a stranger's."""

    def __init__(self, address: GraphAddress, folder: Path, context: Context, limits: Limits) -> None:
        self._address, self._folder, self._context, self._limits = address, folder, context, limits
        self._where = public_url(address.url)
        self._names: list[str] = []

    def fetch_document(self) -> None:
        """`model.json`, anew each time: shards that came before belong to another, if it has changed."""
        from onthefly_studio.graph import foreign  # it needs NumPy, which only a download costs

        fresh = self._download(
            GRAPH_MODEL, self._folder / "model.part", "json", foreign.LIMITS.document_bytes
        )
        document = self._folder / GRAPH_MODEL
        if not document.is_file() or document.read_bytes() != fresh.read_bytes():
            self._keep_only(fresh)
        with self._context.cache.writing():
            file_system.replace(fresh, document)
        groups = foreign.weight_groups(foreign.read_document(document, self._where), self._where)
        self._groups = [(group.shards, group.bytes) for group in groups]
        self._names = [name for shards, _ in self._groups for name in shards]
        if len({GRAPH_MODEL, *map(str.lower, self._names)}) != 1 + len(self._names):
            raise self._refusal("model.json names a file twice.")

    def fetch_shards(self) -> None:
        """The weights, no more bytes of them than `model.json` says."""
        for names, size in self._groups:
            left = size
            for name in names:
                place = self._place(name)
                if not place.is_file():
                    part = self._download(name, place.with_suffix(".part"), "weights", left)
                    with self._context.cache.writing():
                        file_system.replace(part, place)
                left -= place.stat().st_size
            if left:
                raise self._refusal(
                    f"The weight files are {left:,} bytes shorter than the {size:,} that model.json says."
                )

    def named(self) -> Path:
        """A folder with all of them under their names, and nothing else."""
        whole = self._folder / _WHOLE
        with self._context.cache.writing():
            file_system.delete(whole)
            whole.mkdir()
            file_system.replace(self._folder / GRAPH_MODEL, whole / GRAPH_MODEL)
            for name in self._names:
                file_system.replace(self._place(name), whole / name)
        return whole

    def _place(self, name: str) -> Path:
        return self._folder / f"{self._names.index(name)}.shard"

    def _download(self, name: str, part: Path, expect: Format, most: int) -> Path:
        limits = replace(self._limits, max_bytes=min(most, self._limits.max_bytes))
        cache, reporter = self._context.cache, self._context.reporter
        try:
            download(
                self._address.file(name), part, cache=cache, reporter=reporter, limits=limits, expect=expect
            )
        except TooLargeError as error:
            raise self._refusal(f"{name} is longer than the {most:,} bytes that are left for it.") from error
        return part

    def _keep_only(self, file: Path) -> None:
        with self._context.cache.writing():
            for path in self._folder.iterdir():
                if path != file:
                    file_system.remove(path) if path.is_dir() else path.unlink()

    def _refusal(self, what: str) -> SourceError:
        return SourceError(
            what,
            where=self._where,
            hint="Ask the publisher, or pass another address or a folder with the whole model.",
        )
