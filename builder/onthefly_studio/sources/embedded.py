"""`embedded`: the weights that this package carries, trained on generated images only.

A checkout has them as an archive, of which TensorFlow makes a graph; the wheel carries that graph, and knows
the archive by its hash.
"""

from __future__ import annotations

from pathlib import Path

from onthefly_studio.cache import sha256_file
from onthefly_studio.errors import SourceError
from onthefly_studio.places import IN_CHECKOUT, READY
from onthefly_studio.sources.source import Context, Source

KIND = "embedded"
NAMES: tuple[str, ...] = ("embedded",)
ACCEPTS: tuple[str, ...] = ()

EMBEDDED_WEIGHTS = Path(__file__).with_name("weights") / "weights.npz"
EMBEDDED_GRAPH = READY / "backbone"
_AGAIN = "Install onthefly again."


def takes(backbone: str) -> bool:
    """Only its name."""
    return backbone in NAMES


def obtain(backbone: str, context: Context) -> Source:
    """The weights."""
    return weights(backbone)


def weights(requested: str, why: str | None = None) -> Source:
    """The weights, and why it is these where others were asked for."""
    sha256 = EMBEDDED_WEIGHTS.with_suffix(".sha256")
    try:
        expected = sha256.read_text(encoding="ascii").strip()
        if IN_CHECKOUT and (found := sha256_file(EMBEDDED_WEIGHTS)) != expected:
            raise SourceError(
                f"The embedded weights are damaged: their sha256 is {found}, and should be {expected}.",
                where=str(EMBEDDED_WEIGHTS),
                hint=_AGAIN,
            )
    except (OSError, ValueError) as error:
        raise SourceError(
            f"The embedded weights cannot be read ({error}).", where=str(sha256.parent), hint=_AGAIN
        ) from error
    return Source(
        KIND,
        requested,
        None,
        expected,
        "built-in",
        None,
        why,
        embedded=EMBEDDED_WEIGHTS if IN_CHECKOUT else EMBEDDED_GRAPH,
        title="MobileNetV3-Small 1.0",
        trained_on="generated images only, no photograph among them",
    )
