"""What every source gives, what it is given, and the interface that it is behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from onthefly_studio.cache import Cache
from onthefly_studio.errors import SourceError
from onthefly_studio.graph.input_range import DEFAULT, InputRange
from onthefly_studio.report import Reporter

Trust = Literal["pinned", "recorded", "given", "built-in"]

UNKNOWN_TRAINING = "what its publisher says; the file does not tell"


@dataclass(frozen=True)
class KerasWeights:
    """A file of Keras Applications' weights."""

    network: str
    """Its key in `keras_applications.NETWORKS`."""
    file: Path


@dataclass(frozen=True)
class Source:
    """Weights that are here, with where they came from and what they hash to."""

    kind: str
    """Of source, as `site.json` records it."""
    requested: str
    """What the user wrote; a URL without the parts that may hold secrets."""
    saved_model: Path | None
    """The folder that holds `saved_model.pb`; None where the weights are something else."""
    sha256: str
    """Of the archive's bytes; of the folder's tree (`onthefly_studio.cache.sha256_tree`) where there is no
    archive; of the file of weights for `keras` and `embedded`."""
    trust: Trust
    """Where the hash comes from: this package's tables, the first download, the user, this package."""
    url: str | None
    """What was asked for, without its query; for weights that came from an address."""
    why: str | None = None
    """Set only where `auto` took another place than its first: the reason, in a few sentences."""
    graph_model: Path | None = None
    """The folder that holds a TensorFlow.js `model.json` and its shards."""
    keras: KerasWeights | None = None
    """Set for `keras`."""
    input_range: InputRange = DEFAULT
    """What the model reads pictures in, as the user says; of our own weights, always [0, 1]."""
    embedded: Path | None = field(default=None, compare=False)
    """This package's own weights; set for `embedded`: their archive, or the folder of a graph made of it."""
    title: str | None = field(default=None, compare=False)
    """The network's name for a visitor; None where only its publisher knows it."""
    trained_on: str = field(default=UNKNOWN_TRAINING, compare=False)
    """In words for a visitor."""

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
        assert self.embedded, "a source is one of the four"
        return {"graph_model" if self.is_ready else "weights": str(self.embedded)}

    @property
    def is_ready(self) -> bool:
        """Whether it needs no conversion: our own weights, as the wheel brings them."""
        return self.embedded is not None and self.embedded.is_dir()


def describe_backbone(source: Source, features: int) -> dict[str, Any]:
    """Which backbone a site carries, in words for a visitor and hashes for everybody."""
    described = {
        "kind": source.kind,
        # Not the whole path: where a publisher keeps files is nobody's business.
        "name": source.title or source.url or Path(source.requested).absolute().name,
        "trainedOn": source.trained_on,
        "features": features,
        "sha256": source.sha256,
        "trust": source.trust,
    }
    own = source.input_range if source.input_range != DEFAULT else None
    further = (("url", source.url), ("why", source.why), ("inputRange", own))
    described.update({key: value for key, value in further if value})
    return described


@dataclass(frozen=True)
class Context:
    """What a source may use, and has to heed."""

    cache: Cache
    """Where downloads, their hashes and unpacked models are kept."""
    reporter: Reporter
    """Told of downloads, and of weights found in another program's cache."""
    offline: bool
    """Open no connection."""
    force: bool
    """Ask the network again, whatever is remembered of it."""
    accepted: str
    """Every value of `--backbone` in words, for messages."""


class SourceKind(Protocol):
    """One kind of source: what a module in the list has."""

    KIND: str
    """What `site.json` calls it."""
    NAMES: tuple[str, ...]
    """The values of `--backbone` that stand for it by name; none for an address or a path."""
    ACCEPTS: tuple[str, ...]
    """What else it takes, in words that follow `Pass `."""

    def takes(self, backbone: str) -> bool:
        """Whether a value of `--backbone` is for this kind; the first in the list that says so has it."""

    def obtain(self, backbone: str, context: Context) -> Source:
        """Find or fetch the weights.

        Raises:
            ConfigError: the value is for this kind, and wrong.
            SourceError: the source cannot be reached, read or trusted.
            OutputError: the cache cannot be written.
        """


def existing_path(backbone: str) -> Path | None:
    """A value of `--backbone` as a path, there or not; None where it cannot be one."""
    if not backbone:
        return None
    try:
        path = Path(backbone).expanduser()
        path.exists()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL byte, ~nobody
        return None
    return path


def unreadable(path: Path, error: OSError) -> SourceError:
    """The error for a file or folder that the system does not let be read."""
    return SourceError(
        f"It could not be read ({error.strerror or error}).",
        where=str(error.filename or path),
        hint="Check that it exists and that you can read it.",
    )


def not_here(what: str, where: str) -> SourceError:
    """The error for what only a connection could bring."""
    return SourceError(
        f"{what} not in the cache, and --offline opens no connection.",
        where=where,
        hint="Build once without --offline, or pass --backbone embedded or a path.",
    )
