"""Comparing features, and what may pass."""

from __future__ import annotations

import numpy as np
import pytest

from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import check
from onthefly_studio.graph.model import Array
from onthefly_studio.graph.precision import store
from onthefly_studio.reference.golden import GOLDEN
from tests.support.graphs import convolution

REFERENCE = np.random.default_rng(1).normal(size=(len(GOLDEN), 64)).astype(np.float32)


def test_equal_features_pass() -> None:
    rows = check.compare(REFERENCE, REFERENCE, GOLDEN, "float32")
    assert [row.error for row in rows] == [0] * len(GOLDEN)
    check.require_within(rows, "float32")


def test_the_error_is_relative_to_each_images_largest_feature() -> None:
    features = REFERENCE.copy()
    features[2, 5] += 0.5
    errors = check.relative_error(features, REFERENCE)
    assert errors[2] == pytest.approx(0.5 / np.abs(REFERENCE[2]).max(), rel=1e-4)
    assert errors[[0, 1, 3]].max() == 0


def test_a_blank_picture_is_measured_by_the_features_of_photographs() -> None:
    """Where its own are larger, by those; a photograph always by its own."""
    flags = [image.is_photo_like for image in GOLDEN]
    reference = REFERENCE / np.abs(REFERENCE).max(axis=1, keepdims=True)  # each one's largest is 1
    sizes = np.array([1, 2, 3, 6, 0.5, 0.5], np.float32)[:, None]
    harm = 0.3 * np.eye(len(GOLDEN), 64, dtype=np.float32)  # as much for every image
    errors = check.deviation(reference * sizes + harm, reference * sizes, flags)
    np.testing.assert_allclose(errors, [0.3, 0.15, 0.1, 0.05, 0.1, 0.1], rtol=1e-5)
    rows = check.compare(reference * sizes + harm, reference * sizes, GOLDEN, "float16")
    assert [row.error for row in rows] == errors.tolist()


def test_the_features_of_another_picture_fail_on_a_blank_one_too() -> None:
    features = REFERENCE.copy()
    blank = [image.kind for image in GOLDEN].index("zeros")
    reference = REFERENCE.copy()
    reference[blank] *= 0.3
    features[blank] = reference[0]
    for precision in check.LIMITS:
        with pytest.raises(ConversionError, match="zeros"):
            check.require_within(check.compare(features, reference, GOLDEN, precision), precision)


@pytest.mark.parametrize("precision", check.LIMITS)
def test_a_figure_beyond_its_limit_fails_with_both(precision: Precision) -> None:
    limit = check.LIMITS[precision].photo
    for factor, fails in ((0.9, False), (1.1, True)):
        features = REFERENCE.copy()
        peak = np.abs(features[0]).argmax()
        features[0, peak] *= 1 + factor * limit
        rows = check.compare(features, REFERENCE, GOLDEN, precision)
        if fails:
            with pytest.raises(ConversionError, match=rf"scene 1.*limit {limit:g}"):
                check.require_within(rows, precision)
        else:
            check.require_within(rows, precision)


def test_nan_and_turned_features_fail() -> None:
    broken = REFERENCE.copy()
    broken[1, 0] = np.nan
    with pytest.raises(ConversionError):
        check.require_within(check.compare(broken, REFERENCE, GOLDEN, "float16"), "float16")
    # Small differences everywhere stay below the largest-error limit; the cosine sees them.
    noise: Array = np.asarray(np.random.default_rng(2).uniform(-1, 1, REFERENCE.shape), np.float32)
    spread = REFERENCE + 0.039 * np.abs(REFERENCE).max(axis=1, keepdims=True) * np.sign(noise)
    rows = check.compare(spread, REFERENCE, GOLDEN, "float16")
    assert max(row.error for row in rows) < 0.04
    with pytest.raises(ConversionError, match="cosine"):
        check.require_within(rows, "float16")


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ConversionError, match="shape"):
        check.compare(REFERENCE[:, :10], REFERENCE, GOLDEN, "float32")


def test_float16_takes_kernels_only() -> None:
    model = convolution(np.array([1.0, 2, 3]))
    stored = store(model, "float16")
    assert stored.weights["kernel"].dtype == np.float16
    assert stored.weights["bias"].dtype == np.float32
    assert model.weights["kernel"].dtype == np.float32, "the model given is not changed"


def test_float16_refuses_what_it_cannot_hold() -> None:
    model = convolution(np.zeros(3))
    model.weights["kernel"] = model.weights["kernel"] + np.float32(1e5)
    with pytest.raises(ConversionError, match=r"kernel.*65504"):
        store(model, "float16")
