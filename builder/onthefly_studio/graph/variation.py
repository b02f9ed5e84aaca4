"""Whether a model's features tell pictures apart: what barely differs between them cannot be learned from.

The usual reason is a range. A model that reads pictures in [0, 255] sees every one in [0, 1] as black, and
gives nearly the same features for all: converted to the last bit, and useless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph.check import Features
from onthefly_studio.graph.input_range import CHOICES, InputRange
from onthefly_studio.reference.golden import Golden

LEAST = 0.02
"""Of features of photographs that were drawn together on purpose, 20 per class, the head learned most of what
it had before at a variation of 0.2, little at 0.07 and nothing at 0.03."""

FAR = 10.0
"""So many times less than in another range is the wrong range. A network in its own range varies at least 0.4
times as much as in any other, trained or not; in [0, 1] instead of [0, 255] at most 1/48."""


def variation(features: Features) -> float:
    """How far the features of pictures lie from their mean, as a share of their own length, on average.

    Args:
        features: `[n, F]`.

    Returns:
        0 where all are the same, about 0.6 for photographs and a trained network.
    """
    values = features.astype(np.float64)
    length = np.linalg.norm(values, axis=1).mean()
    distance = np.linalg.norm(values - values.mean(axis=0), axis=1).mean()
    return float(distance / length) if length else 0.0


def require_variation(
    features: Features,
    images: Sequence[Golden],
    own: InputRange,
    in_range: Callable[[InputRange], Features],
    *,
    where: str,
) -> None:
    """Refuse a model whose features are much the same for every picture.

    Only photo-like images count: noise and blank ones may differ where photographs don't. A model made for
    [-1, 1] is not told from one for [0, 1], in which it varies as much, and learns as well.

    Args:
        features: of the model, `[n, F]`.
        images: the `n` images they were computed from.
        own: the range in which it was given them.
        in_range: its features of the same images in another range.
        where: what the user knows the model by.

    Raises:
        ConversionError: they are, in this range or in every one; or they are no finite numbers.
    """
    if not np.isfinite(features).all():
        raise ConversionError(
            "The model gives features that are not finite numbers.",
            where=where,
            hint="Export it again from intact weights.",
        )
    photos = [number for number, image in enumerate(images) if image.is_photo_like]
    found = variation(features[photos])
    if found >= 1 / FAR:  # and so no other range is that much better
        return
    others = {other: _variation(in_range(other)[photos]) for other in CHOICES if other != own}
    best = max(others, key=lambda other: others[other])
    if others[best] >= LEAST and others[best] >= FAR * found:
        raise ConversionError(
            f"The model's features barely differ between pictures, so that nothing can be learned from them: "
            f"by {found:.2%} of their size with pictures in {_shown(own)}, by {others[best]:.0%} in "
            f"{_shown(best)}.",
            where=where,
            hint=f"It reads pictures in {_shown(best)}: build with --input-range {best}, or input_range = "
            f'"{best}" in site.toml.',
        )
    if found < LEAST:
        raise ConversionError(
            f"The model's features barely differ between pictures, so that nothing can be learned from them: "
            f"by {found:.2%} of their size, and in no other input range by much more.",
            where=where,
            hint="Export it with its trained weights, and with the features as its output.",
        )


def _variation(features: Features) -> float:
    """As `variation`; 0 for features that are not finite, which an odd range may give."""
    return variation(features) if np.isfinite(features).all() else 0.0


def _shown(input_range: InputRange) -> str:
    return {"0-1": "[0, 1]", "-1-1": "[-1, 1]", "0-255": "[0, 255]"}[input_range]
