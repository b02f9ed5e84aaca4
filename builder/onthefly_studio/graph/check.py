"""Comparing features: how far the written model may be from the original, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConversionError
from onthefly_studio.reference.golden import Golden

Features = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Limits:
    """Largest differences allowed, as `deviation` measures them.

    `cosine` is the least cosine similarity, asked of photo-like images only.
    """

    photo: float
    other: float
    cosine: float


LIMITS: dict[Precision, Limits] = {
    "float32": Limits(photo=1e-4, other=1e-4, cosine=0.99999),
    "float16": Limits(photo=0.04, other=0.08, cosine=0.9995),
    "int8": Limits(photo=0.15, other=0.3, cosine=0.995),
}
GOLDEN_LIMIT = 1e-3
"""What the page may differ by from the golden features, which come from the very graph it loads."""


@dataclass(frozen=True)
class Row:
    """One image's measured difference and its limit."""

    image: str
    error: float
    limit: float
    cosine: float | None
    least_cosine: float | None

    @property
    def passed(self) -> bool:
        """Whether both figures hold; a NaN never does."""
        near = self.error <= self.limit
        return near and (self.cosine is None or self.least_cosine is None or self.cosine >= self.least_cosine)


def relative_error(features: Features, reference: Features) -> npt.NDArray[np.float64]:
    """Per image, max|difference| over max|reference|: `[n, F]`, `[n, F]` to `[n]`."""
    difference = np.abs(features.astype(np.float64) - reference).max(axis=1)
    peak: npt.NDArray[np.float64] = np.abs(reference.astype(np.float64)).max(axis=1)
    error: npt.NDArray[np.float64] = difference / np.maximum(peak, np.finfo(np.float32).tiny)
    return error


def deviation(features: Features, reference: Features, photo_like: Sequence[bool]) -> npt.NDArray[np.float64]:
    """Per image, max|difference| over max|reference| of that image, as a photo-like one has it at least.

    A blank picture's features may be small beside those that a head is taught with. What rounding makes of
    them matters as far as it could be taken for a photograph's: it is measured by the largest of those.

    Args:
        features: `[n, F]`.
        reference: `[n, F]`.
        photo_like: `n` flags.

    Returns:
        `[n]`; NaN where a feature is.
    """
    difference = np.abs(features.astype(np.float64) - reference).max(axis=1)
    peak = np.abs(reference.astype(np.float64)).max(axis=1)
    least = peak[np.asarray(photo_like, bool)].max(initial=0)
    whole = np.where(photo_like, peak, np.maximum(peak, least))
    error: npt.NDArray[np.float64] = difference / np.maximum(whole, np.finfo(np.float32).tiny)
    return error


def cosine_similarity(features: Features, reference: Features) -> npt.NDArray[np.float64]:
    """Per image, the cosine of the angle between two feature vectors: `[n, F]`, `[n, F]` to `[n]`."""
    a, b = features.astype(np.float64), reference.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    product: npt.NDArray[np.float64] = (a * b).sum(axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny)
    return product


def compare(
    features: Features, reference: Features, images: Sequence[Golden], precision: Precision
) -> list[Row]:
    """One row per golden image.

    Args:
        features: of the written model, `[n, F]`.
        reference: of the original model, `[n, F]`.
        images: the `n` images they were computed from.
        precision: which limits hold.

    Raises:
        ConversionError: the two do not even have one shape.
    """
    if features.shape != reference.shape:
        raise ConversionError(
            f"The written model gives features of shape {features.shape}, the original {reference.shape}.",
            where="check",
        )
    limits = LIMITS[precision]
    errors = deviation(features, reference, [image.is_photo_like for image in images])
    cosines = cosine_similarity(features, reference)
    rows = []
    for image, error, cosine in zip(images, errors, cosines, strict=True):
        photo = image.is_photo_like
        rows.append(
            Row(
                image=image.name,
                error=float(error),
                limit=limits.photo if photo else limits.other,
                cosine=float(cosine) if photo else None,
                least_cosine=limits.cosine if photo else None,
            )
        )
    return rows


def require_within(rows: Sequence[Row], precision: Precision) -> None:
    """Fail on the first row beyond its limit.

    Raises:
        ConversionError: with the image, the figure and the limit.
    """
    for row in rows:
        if not row.passed:
            cosine = "" if row.cosine is None else f", cosine {row.cosine:.6f} (at least {row.least_cosine})"
            raise ConversionError(
                f"The {precision} model does not match the original: on the image {row.image!r} its features "
                f"differ by {row.error:.3g} of their largest (limit {row.limit:g}){cosine}.",
                where="check",
                hint="Build with --precision float32; if it fails there too, report the model.",
            )
