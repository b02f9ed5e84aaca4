"""The first stage: from the value of `--backbone` to weights on this machine.

What is fetched is trusted once and held to ever after: the sha256 of a first download, or of a
module found in another program's cache, is recorded under the URL, and anything else that comes
from there later is refused. What the cache already holds costs no import of a network library.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from builder.backbone import keras_applications, other_formats
from builder.backbone.addresses import ARCHIVES, request_url, source_key
from builder.backbone.download import (
    Limits,
    UnreachableError,
    download,
    is_secure,
    public_url,
    read_json,
    write_json,
)
from builder.backbone.input_range import DEFAULT, InputRange
from builder.backbone.other_formats import GRAPH_MODEL, SAVED_MODEL
from builder.cache import Cache, sha256_file, sha256_tree
from builder.errors import ConfigError, SourceError
from builder.report import Reporter

Kind = Literal["hub", "keras", "url", "archive", "folder", "tfjs", "embedded"]
Trust = Literal["pinned", "recorded", "given", "built-in"]

DEFAULT_HANDLE = "https://tfhub.dev/google/imagenet/mobilenet_v3_small_100_224/feature_vector/5"
EMBEDDED_WEIGHTS = Path(__file__).with_name("embedded") / "weights.npz"

PINNED: dict[str, str] = {}
"""URL (without its query) to the sha256 of its archive. Empty: a hash belongs here only once the
publisher's own bytes have been seen, and none have yet."""

ACCEPTED = (
    f"auto, hub, {', '.join(keras_applications.BACKBONES)}, embedded, an https URL (http on this machine "
    "only), a .tar.gz or .tgz that holds a SavedModel or a TensorFlow.js graph model, or a folder with "
    "saved_model.pb or model.json"
)
_NAMES = ("auto", "hub", *keras_applications.BACKBONES, "embedded")

_PATIENT = Limits()
# `auto` has somewhere else to go, so a network that swallows packets must cost it little.
_BRIEF = Limits(connect_s=3.0, read_s=10.0, attempts=2, backoff_s=0.5, retry_after_max_s=3.0)
_REMEMBER_S = 3600
"""How long `auto` takes the Hub's silence for an answer."""


@dataclass(frozen=True)
class KerasWeights:
    """A file of Keras Applications' weights."""

    network: str
    """Its key in `keras_applications.NETWORKS`."""
    file: Path


@dataclass(frozen=True)
class Source:
    """Weights that are here, with where they came from and what they hash to."""

    kind: Kind
    requested: str
    """What the user wrote; a URL without the parts that may hold secrets."""
    saved_model: Path | None
    """The folder that holds `saved_model.pb`; None where the weights are something else."""
    sha256: str
    """Of the archive's bytes; of the folder's tree (`builder.cache.sha256_tree`) where there is no
    archive; of the file of weights for `keras` and `embedded`."""
    trust: Trust
    """Where the hash comes from: this package's tables, the first download, the user, this package."""
    url: str | None
    """What was asked for, without its query; for `hub`, `url` and `keras`."""
    why: str | None = None
    """Set only where `auto` fell back to `embedded`: the reason, in one sentence."""
    graph_model: Path | None = None
    """The folder that holds a TensorFlow.js `model.json` and its shards."""
    keras: KerasWeights | None = None
    """Set for `keras`."""
    input_range: InputRange = DEFAULT
    """What the model reads pictures in, as the user says; of our own weights, always [0, 1]."""

    @property
    def origin(self) -> dict[str, str]:
        """What the child process starts from, as `tensorflow_child` reads it."""
        own = {} if self.input_range == DEFAULT else {"input_range": self.input_range}
        if self.saved_model:
            return {"saved_model": str(self.saved_model), **own}
        if self.graph_model:
            return {"graph_model": str(self.graph_model), **own}
        if self.keras:
            return {"keras": str(self.keras.file), "network": self.keras.network}
        return {"weights": str(EMBEDDED_WEIGHTS)}


def obtain(
    backbone: str,
    *,
    cache: Cache,
    reporter: Reporter,
    offline: bool = False,
    force: bool = False,
    input_range: InputRange = DEFAULT,
) -> Source:
    """Find or fetch the weights that a value of `--backbone` names.

    Args:
        backbone: `auto`, `hub`, `keras` or `keras:NETWORK`, `embedded`, a URL, or the path of a
            `.tar.gz` or a folder.
        cache: where downloads, their hashes and unpacked models are kept.
        reporter: told of downloads, of a module found elsewhere, and of `auto`'s falling back.
        offline: open no connection; what the caches do not hold is an error (`auto`: embedded).
        force: let `auto` ask the Hub although it did not answer within the last hour.
        input_range: what the model reads pictures in, for one that the user brings.

    Raises:
        ConfigError: the value names nothing that is accepted, or another range than it has.
        SourceError: the source cannot be reached, read or trusted.
        OutputError: the cache cannot be written.
    """
    if input_range == DEFAULT:
        return _named(backbone, _Obtain(cache, reporter, offline), force)
    if backbone in _NAMES:
        raise ConfigError(
            f"The weights of `{backbone}` read pictures in [0, 1].",
            where=f"--input-range {input_range}",
            mend="Leave it out: it is for a model of your own, by its path or address.",
        )
    return replace(_named(backbone, _Obtain(cache, reporter, offline), force), input_range=input_range)


def _named(backbone: str, here: _Obtain, force: bool) -> Source:
    if backbone == "auto":
        return here.auto(force)
    if backbone == "hub":
        return here.hub("hub", DEFAULT_HANDLE, requested="hub", limits=_PATIENT)
    if backbone == "embedded":
        return _embedded("embedded", why=None)
    if backbone in keras_applications.BACKBONES:
        return here.keras(keras_applications.BACKBONES[backbone], requested=backbone)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", backbone):
        _check_url(backbone)
        return here.hub("url", backbone, requested=public_url(backbone), limits=_PATIENT)
    path = _path(backbone) if backbone else None
    if path and path.is_dir():
        return _folder(path, requested=backbone)
    if path and path.is_file() and path.name.lower().endswith(ARCHIVES):
        return here.archive(path, requested=backbone)
    raise _not_accepted(backbone, path)


class _Obtain:
    def __init__(self, cache: Cache, reporter: Reporter, offline: bool) -> None:
        self._cache, self._reporter, self._offline = cache, reporter, offline

    def auto(self, force: bool) -> Source:
        """The Hub's model, or the embedded one and the reason why."""
        silence = _Silence(self._cache, DEFAULT_HANDLE)
        found = self._at_hand("hub", DEFAULT_HANDLE, requested="auto")
        if found:
            return found
        if self._offline:
            why = "The Hub's model is not in the cache, and --offline opens no connection."
            self._reporter.note(f"{why} Using the embedded weights instead.")
            return _embedded("auto", why)
        remembered = None if force else silence.remembered()
        if remembered is None:
            try:
                source = self._fetch("hub", DEFAULT_HANDLE, requested="auto", limits=_BRIEF)
            except UnreachableError as error:
                remembered = error.what, silence.remember(error.what)
            else:
                silence.forget()
                return source
        why, minutes = remembered
        again = f"not asked again for {minutes} minute{'s' * (minutes != 1)}; --force asks"
        self._reporter.note(f"{why} Using the embedded weights instead ({again}).")
        return _embedded("auto", why)

    def hub(self, kind: Kind, url: str, *, requested: str, limits: Limits) -> Source:
        """The module at a URL, from the nearest place that has it."""
        found = self._at_hand(kind, url, requested)
        if found:
            return found
        if self._offline:
            raise SourceError(
                "The model is not in the cache, and --offline opens no connection.",
                where=public_url(url),
                mend="Build once without --offline, or pass --backbone embedded or a path.",
            )
        return self._fetch(kind, url, requested=requested, limits=limits)

    def archive(self, path: Path, requested: str) -> Source:
        """A `.tar.gz` of the user's own, unpacked into the cache."""
        try:
            sha256 = sha256_file(path)
        except OSError as error:
            raise _unreadable(path, error) from error
        model = self._unpack(path, sha256, where=str(path))
        kind: Kind = "archive" if _holds_saved_model(model) else "tfjs"
        return _holding(model, kind, requested, sha256, "given", None)

    def keras(self, network: str, requested: str) -> Source:
        """Keras Applications' weights: from our cache, from Keras' own, or downloaded."""
        known = keras_applications.NETWORKS[network]
        trusted = _Trusted(self._cache, known.url)
        found = self._kept_weights(trusted) or self._from_keras_cache(known, trusted)
        if not found:
            url = keras_applications.download_url(known)
            if self._offline:
                raise SourceError(
                    "The weights are not in the cache, and --offline opens no connection.",
                    where=public_url(url),
                    mend="Build once without --offline, or pass --backbone embedded or a path.",
                )
            found = self._fetch_weights(known, url, trusted)
        sha256, file = found
        return Source(
            "keras", requested, None, sha256, "pinned", known.url, keras=KerasWeights(network, file)
        )

    def _kept_weights(self, trusted: _Trusted) -> tuple[str, Path] | None:
        sha256 = trusted.archive()
        file = self._cache.path("weights", sha256) / _WEIGHTS if sha256 else None
        return (sha256, file) if sha256 and file and _hashes_to(file, sha256) else None

    def _from_keras_cache(
        self, known: keras_applications.Network, trusted: _Trusted
    ) -> tuple[str, Path] | None:
        """The file that Keras has downloaded itself, copied, so that ours stays when it goes."""
        home = _path(os.environ.get("KERAS_HOME") or "~/.keras")
        file = home / "models" / known.file_name if home else None
        try:
            if not file or not file.is_file() or file.stat().st_size > keras_applications.MAX_BYTES:
                return None
            if _md5(file) != known.md5:
                return None  # cut short or old; Keras itself would fetch it again
            copy = self._cache.path("downloads", f"{source_key(known.url)}.keras")
            with self._cache.lock("download", source_key(known.url)):
                with self._cache.writing():
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, copy)
                found = self._admit_weights(copy, known, trusted, where=str(file))
        except OSError:  # another user's folder, which may not be looked into
            return None
        self._reporter.note(f"Using the weights in Keras' cache: {file}")
        return found

    def _fetch_weights(
        self, known: keras_applications.Network, url: str, trusted: _Trusted
    ) -> tuple[str, Path]:
        key = source_key(known.url)
        with self._cache.lock("download", key):
            if found := self._kept_weights(trusted):  # by the build we waited for
                return found
            part = self._cache.path("downloads", f"{key}.part")
            with self._cache.writing():
                part.parent.mkdir(parents=True, exist_ok=True)
            limits = replace(_PATIENT, max_bytes=keras_applications.MAX_BYTES)
            download(url, part, cache=self._cache, reporter=self._reporter, limits=limits, expect="hdf5")
            return self._admit_weights(part, known, trusted, where=public_url(url))

    def _admit_weights(
        self, part: Path, known: keras_applications.Network, trusted: _Trusted, where: str
    ) -> tuple[str, Path]:
        """From a complete file to a trusted one; the part file goes either way."""
        try:
            sha256, md5 = sha256_file(part), _md5(part)
            if md5 != known.md5:
                raise SourceError(
                    f"The download is not the file that Keras publishes: its md5 is {md5}, and should be "
                    f"{known.md5}.",
                    where=where,
                    mend=f"Check {keras_applications.MIRROR} if you set it. Do not use this file.",
                )
            trusted.check_archive(sha256)
            self._keep(part, sha256, "weights", _WEIGHTS)
            trusted.record("archive", sha256)
        finally:
            with self._cache.writing():
                part.unlink(missing_ok=True)
        return sha256, self._cache.path("weights", sha256) / _WEIGHTS

    def _at_hand(self, kind: Kind, url: str, requested: str) -> Source | None:
        """The module if it is on this machine: downloaded before, or in another program's cache."""
        trusted = _Trusted(self._cache, url)
        sha256 = trusted.archive()
        if sha256 and (model := self._kept(sha256, public_url(url))):
            return _holding(model, kind, requested, sha256, trusted.level(), public_url(url))
        for program, folder in _other_caches(url):
            tree = trusted.hold_to(program, folder)
            self._reporter.note(f"Using the module in {program}'s cache: {folder}")
            return Source(kind, requested, folder, tree, "recorded", public_url(url))
        return None

    def _kept(self, sha256: str, where: str) -> Path | None:
        """The model of an archive downloaded before; None where the cache has lost it."""
        model = self._unpacked(sha256, where)
        if model:
            return model
        archive = self._cache.path("archives", sha256) / _ARCHIVE
        return self._unpack(archive, sha256, where) if _hashes_to(archive, sha256) else None

    def _fetch(self, kind: Kind, url: str, *, requested: str, limits: Limits) -> Source:
        key, where = source_key(url), public_url(url)
        trusted = _Trusted(self._cache, url)
        with self._cache.lock("download", key):
            expected = trusted.archive()
            model = self._kept(expected, where) if expected else None  # by the build we waited for
            if not expected or not model:
                part = self._cache.path("downloads", f"{key}.part")
                with self._cache.writing():
                    part.parent.mkdir(parents=True, exist_ok=True)
                download(request_url(url), part, cache=self._cache, reporter=self._reporter, limits=limits)
                expected, model = self._admit(part, trusted, where)
        return _holding(model, kind, requested, expected, trusted.level(), where)

    def _admit(self, part: Path, trusted: _Trusted, where: str) -> tuple[str, Path]:
        """From a complete download to a trusted, unpacked model; the part file goes either way."""
        try:
            sha256 = sha256_file(part)
            trusted.check_archive(sha256)
            model = self._unpack(part, sha256, where)
            self._keep(part, sha256, "archives", _ARCHIVE)
            # Last, so that an archive which cannot be unpacked is not what is held to ever after.
            trusted.record("archive", sha256)
        finally:
            with self._cache.writing():
                part.unlink(missing_ok=True)
        return sha256, model

    def _keep(self, part: Path, sha256: str, kind: str, name: str) -> None:
        """Move a trusted file into the cache, in place of one that is no longer what it was."""
        place = self._cache.path(kind, sha256)
        if place.is_dir() and not _hashes_to(place / name, sha256):
            with self._cache.lock(kind, sha256), self._cache.writing():
                shutil.rmtree(place)

        def fill(into: Path) -> None:
            with self._cache.writing():
                part.replace(into / name)

        self._cache.folder(kind, sha256, fill)

    def _unpack(self, archive: Path, sha256: str, where: str) -> Path:
        """The model in an archive, from the cache where it is there and unharmed."""
        from builder.backbone.unpack import unpack_tar

        model = self._unpacked(sha256, where)
        if model:
            return model

        def fill(into: Path) -> None:
            unpack_tar(archive, into / _MODEL, where=where)
            _find_model(into / _MODEL, where)
            with self._cache.writing():
                (into / _TREE).write_text(sha256_tree(into / _MODEL) + "\n", encoding="ascii")

        place = self._cache.folder("unpacked", sha256, fill)
        return _find_model(place / _MODEL, where)

    def _unpacked(self, sha256: str, where: str) -> Path | None:
        """The unpacked model; one that is no longer what was unpacked is thrown away."""
        place = self._cache.path("unpacked", sha256)
        if not place.is_dir():
            return None
        if _is_whole(place):
            return _find_model(place / _MODEL, where)
        with self._cache.lock("unpacked", sha256), self._cache.writing():
            if place.is_dir() and not _is_whole(place):  # nor made anew while we waited
                shutil.rmtree(place)
        return None


_ARCHIVE = "module.tar.gz"
_MODEL = "model"
_TREE = "tree.sha256"
_WEIGHTS = "weights.h5"


def _find_model(root: Path, where: str) -> Path:
    """The folder of the model in an unpacked archive; a SavedModel goes before a TensorFlow.js graph."""
    from builder.backbone.unpack import find_saved_model

    if not any(root.glob(SAVED_MODEL)) and not any(root.glob(f"*/{SAVED_MODEL}")):
        graphs = [path.parent for path in (root / GRAPH_MODEL, *root.glob(f"*/{GRAPH_MODEL}"))]
        graphs = [folder for folder in graphs if (folder / GRAPH_MODEL).is_file()]
        if graphs and (len(graphs) == 1 or graphs[0] == root):
            return graphs[0]
    return find_saved_model(root, where=where)


def _holds_saved_model(folder: Path) -> bool:
    return (folder / SAVED_MODEL).is_file()


def _holding(folder: Path, kind: Kind, requested: str, sha256: str, trust: Trust, url: str | None) -> Source:
    """A source whose folder is of either format."""
    if _holds_saved_model(folder):
        return Source(kind, requested, folder, sha256, trust, url)
    return Source(kind, requested, None, sha256, trust, url, graph_model=folder)


def _md5(path: Path) -> str:
    """The md5 of a file of weights, the one hash that Keras publishes."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _is_whole(unpacked: Path) -> bool:
    """Whether an unpacked model is still, byte for byte, what was unpacked."""
    try:
        return sha256_tree(unpacked / _MODEL) == (unpacked / _TREE).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return False


def _hashes_to(archive: Path, sha256: str) -> bool:
    try:
        return sha256_file(archive) == sha256
    except OSError:
        return False


class _Trusted:
    """What is known of the bytes behind a URL: pinned by us, or recorded when they first came."""

    def __init__(self, cache: Cache, url: str) -> None:
        self._cache, self._key, self._url = cache, source_key(url), public_url(url)
        self._file = cache.path("sources", f"{self._key}.json")

    def archive(self) -> str | None:
        """The sha256 that a download has to have; None where it is not known yet."""
        return PINNED.get(self._url) or self._recorded("archive")

    def level(self) -> Trust:
        """How the archive's hash is known."""
        return "pinned" if self._url in PINNED else "recorded"

    def check_archive(self, sha256: str) -> None:
        """Refuse a download that is not what is expected."""
        expected = self.archive()
        if not expected or sha256 == expected:
            return
        if self.level() == "pinned":
            mend = "Do not use it: the file is not the one this version was made for. Try again later."
        else:
            mend = (
                "If the publisher has changed the file and you trust the new one, run "
                "`onthefly cache clear` and build again."
            )
        raise SourceError(
            f"The download is not the file that was expected: its sha256 is {sha256}, and "
            f"{'pinned' if self.level() == 'pinned' else 'recorded at the first download'} is {expected}.",
            where=self._url,
            mend=mend,
        )

    def hold_to(self, program: str, folder: Path) -> str:
        """The tree's sha256 of a module in another program's cache; refuses one that has changed."""
        try:
            tree = sha256_tree(folder)
        except OSError as error:
            raise _unreadable(folder, error) from error
        recorded = self._recorded(program)
        if recorded is None:
            self.record(program, tree)
        elif recorded != tree:
            raise SourceError(
                f"The module in {program}'s cache has changed: its sha256 is {tree}, and recorded at "
                f"the first use is {recorded}.",
                where=f"{folder}, for {self._url}",
                mend="If you replaced it yourself, run `onthefly cache clear`; if not, delete that folder.",
            )
        return tree

    def record(self, what: str, sha256: str) -> None:
        """Remember a hash."""
        with self._cache.lock("source", self._key), self._cache.writing():
            known = read_json(self._file) or {}
            if known.get(what) != sha256:
                write_json(self._file, {**known, "url": self._url, what: sha256})

    def _recorded(self, what: str) -> str | None:
        if not self._file.is_file():
            return None
        known = read_json(self._file)
        if known is None:
            raise SourceError(
                "The record of this source's hash is damaged.",
                where=str(self._file),
                mend="Run `onthefly cache clear`; the next download is then trusted anew.",
            )
        return known.get(what)


class _Silence:
    """That the Hub did not answer, kept for a while, so that not every build waits for it."""

    def __init__(self, cache: Cache, url: str) -> None:
        self._cache, self._key = cache, source_key(url)
        self._file = cache.path("unreachable", f"{self._key}.json")

    def remembered(self) -> tuple[str, int] | None:
        """The reason and for how many minutes it still holds; None once it does not."""
        known = read_json(self._file) or {}
        why, when = known.get("why"), known.get("when")
        if not isinstance(why, str) or not isinstance(when, (int, float)):
            return None
        left = when + _REMEMBER_S - time.time()
        # More than the whole time left: the clock has been set back since.
        return (why, math.ceil(left / 60)) if 0 < left <= _REMEMBER_S else None

    def remember(self, why: str) -> int:
        """Keep the reason; returns for how many minutes."""
        with self._cache.lock("unreachable", self._key), self._cache.writing():
            write_json(self._file, {"why": why, "when": time.time()})
        return math.ceil(_REMEMBER_S / 60)

    def forget(self) -> None:
        """The Hub has answered."""
        with self._cache.writing():
            self._file.unlink(missing_ok=True)


def _embedded(requested: str, why: str | None) -> Source:
    try:
        expected = EMBEDDED_WEIGHTS.with_suffix(".sha256").read_text(encoding="ascii").strip()
        sha256 = sha256_file(EMBEDDED_WEIGHTS)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"The embedded weights cannot be read ({error}).",
            where=str(EMBEDDED_WEIGHTS.parent),
            mend="Install onthefly again.",
        ) from error
    if sha256 != expected:
        raise SourceError(
            f"The embedded weights are damaged: their sha256 is {sha256}, and should be {expected}.",
            where=str(EMBEDDED_WEIGHTS),
            mend="Install onthefly again.",
        )
    return Source("embedded", requested, None, sha256, "built-in", None, why)


def _folder(path: Path, requested: str) -> Source:
    """A folder of the user's own. A graph model's are the files beside `model.json`, none below."""
    try:
        is_saved_model = _holds_saved_model(path)
        if not is_saved_model and not (path / GRAPH_MODEL).is_file():
            found = (path.glob(f"*/{name}") for name in (SAVED_MODEL, GRAPH_MODEL))
            below = [file.parent for files in found for file in sorted(files)]
            what = "The folder holds no saved_model.pb, nor a model.json"
            mend = "Pass the folder that saved_model.pb stands in."
            if below:
                mend = f"Pass {below[0]}."
            elif other := other_formats.in_folder(path):
                what, mend = f"{what}, but {other.what}", f"{other.mend}."
            raise SourceError(f"{what}.", where=str(path), mend=mend)
        files = None if is_saved_model else [file for file in path.iterdir() if file.is_file()]
        sha256 = sha256_tree(path, files)
    except OSError as error:
        raise _unreadable(path, error) from error
    kind: Kind = "folder" if is_saved_model else "tfjs"
    return _holding(path.resolve(), kind, requested, sha256, "given", None)


def _other_caches(url: str) -> Iterator[tuple[str, Path]]:
    """Modules that tensorflow_hub or kagglehub have downloaded, by program."""
    import tempfile  # 3 ms, needed only where a module is looked for

    # As tensorflow_hub names its folders; the digest keeps no secret.
    name = hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()
    given = os.environ.get("TFHUB_CACHE_DIR")
    folder = Path(given or Path(tempfile.gettempdir(), "tfhub_modules"), name)
    # The default place is open to every user of the machine; what another put there is not ours.
    if _holds_model(folder) and (given or _is_ours(folder)):
        yield "tensorflow_hub", folder
    for folder in _in_kagglehub(url):
        if _holds_model(folder):
            yield "kagglehub", folder


def _holds_model(folder: Path) -> bool:
    try:
        return _holds_saved_model(folder)
    except OSError:  # another user's folder, which may not be looked into
        return False


def _is_ours(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True  # Windows: the folder for temporary files is each user's own
    try:
        return all(path.stat().st_uid == os.getuid() for path in (folder, *folder.rglob("*")))
    except OSError:
        return False


def _in_kagglehub(url: str) -> Iterator[Path]:
    # tfhub.dev forwards to Kaggle, where handle version 5 became version 1 of a renamed model.
    if match := re.fullmatch(
        r"https://tfhub\.dev/google/imagenet/mobilenet_v3_(small|large)_(\d{3})_224/feature_vector/5", url
    ):
        owner, model, version = "google", "mobilenet-v3", "1"
        variation = f"{match[1]}-{match[2]}-224-feature-vector"
    elif match := re.fullmatch(
        r"https://(?:www\.)?kaggle\.com/models/([\w-]+)/([\w-]+)/(?:frameworks/)?tensorflow2/"
        r"(?:variations/)?([\w-]+)/(?:versions/)?(\d+)",
        url,
        re.IGNORECASE,
    ):
        owner, model, variation, version = match.groups()
    else:
        return
    root = _path(os.environ.get("KAGGLEHUB_CACHE") or "~/.cache/kagglehub")
    if root is None:
        return
    # The framework's folder is spelt as its user wrote it: tensorFlow2 and TensorFlow2 both occur.
    for framework in sorted((root / "models" / owner / model).glob("*")):
        versions = framework / variation
        if framework.name.lower() == "tensorflow2" and (versions / f"{version}.complete").is_file():
            yield versions / version


def _check_url(url: str) -> None:
    if is_secure(url):
        if found := other_formats.of_url(urlsplit(url).path):
            what = f"This is the address of {found.what}."
            raise ConfigError(what, where=f"--backbone {_shown(url)}", mend=f"{found.mend}.")
        return
    if url.lower().startswith("http://"):
        what = "Plain http is accepted for this machine only (127.0.0.0/8, ::1, localhost)."
        raise ConfigError(what, where=f"--backbone {_shown(url)}", mend="Use https.")
    raise ConfigError(
        "This is not a URL that can be fetched.", where=f"--backbone {_shown(url)}", mend=f"Pass {ACCEPTED}."
    )


def _shown(url: str) -> str:
    try:
        return public_url(url)
    except ValueError:
        return repr(url)


def _not_accepted(backbone: str, path: Path | None) -> ConfigError:
    import difflib  # 8 ms, for a message only

    near = difflib.get_close_matches(backbone.lower(), _NAMES, n=1, cutoff=0.5)
    mend = f"Pass {ACCEPTED}."
    if path and path.exists():
        what = "The file is not a .tar.gz or .tgz."
        if path.is_file() and (found := other_formats.of_file(path)):
            what, mend = (
                f"The file is not a .tar.gz or .tgz, but {found.what}.",
                f"{found.mend}. Or pass {ACCEPTED}.",
            )
    elif "/" in backbone or os.sep in backbone or backbone.lower().endswith(ARCHIVES):
        what = "There is no such file or folder."
    else:
        what = "There is no such backbone." + (f" Did you mean `{near[0]}`?" if near else "")
    return ConfigError(what, where=f"--backbone {backbone!r}", mend=mend)


def _path(backbone: str) -> Path | None:
    """The value as a path; None where it cannot be one."""
    try:
        path = Path(backbone).expanduser()
        path.exists()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL byte, ~nobody
        return None
    return path


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"It could not be read ({error.strerror or error}).",
        where=str(error.filename or path),
        mend="Check that it is there and that you may read it.",
    )
