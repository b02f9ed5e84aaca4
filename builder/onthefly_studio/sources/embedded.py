"""`embedded`: the weights that this package carries, trained on generated images only."""

from __future__ import annotations

from pathlib import Path

from onthefly_studio.cache import sha256_file
from onthefly_studio.errors import SourceError
from onthefly_studio.sources.source import Context, Source

KIND = "embedded"
NAMES: tuple[str, ...] = ("embedded",)
ACCEPTS: tuple[str, ...] = ()

EMBEDDED_WEIGHTS = Path(__file__).with_name("weights") / "weights.npz"


def takes(backbone: str) -> bool:
    """Only its name."""
    return backbone in NAMES


def obtain(backbone: str, context: Context) -> Source:
    """The weights."""
    return weights(backbone)


def weights(requested: str, why: str | None = None) -> Source:
    """The weights, and why it is these where others were asked for."""
    try:
        expected = EMBEDDED_WEIGHTS.with_suffix(".sha256").read_text(encoding="ascii").strip()
        sha256 = sha256_file(EMBEDDED_WEIGHTS)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"The embedded weights cannot be read ({error}).",
            where=str(EMBEDDED_WEIGHTS.parent),
            hint="Install onthefly again.",
        ) from error
    if sha256 != expected:
        raise SourceError(
            f"The embedded weights are damaged: their sha256 is {sha256}, and should be {expected}.",
            where=str(EMBEDDED_WEIGHTS),
            hint="Install onthefly again.",
        )
    return Source(
        KIND,
        requested,
        None,
        sha256,
        "built-in",
        None,
        why,
        embedded=EMBEDDED_WEIGHTS,
        title="MobileNetV3-Small 1.0",
        trained_on="generated images only, no photograph among them",
    )
