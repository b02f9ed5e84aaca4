"""From pixels to features and probabilities: what the page computes against the reference."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.contract import FITS, HEAD
from onthefly_studio.errors import ConfigError
from onthefly_studio.graph.check import GOLDEN_LIMIT, LIMITS, cosine_similarity, deviation, relative_error
from onthefly_studio.pictures.open import on_background
from onthefly_studio.reference import golden
from onthefly_studio.reference.head import NAMES, Float32, probabilities
from onthefly_studio.reference.preprocess import preprocess
from onthefly_studio.site import description
from onthefly_studio.validate import cases
from onthefly_studio.validate.browser import PageError, Tab, frame
from onthefly_studio.validate.cases import Picture, Refused
from onthefly_studio.validate.rows import Report, Spread

PIXEL_LIMIT = 1e-6
DECODED_LIMIT = 2 / 255
"""What two decoders may make of one file: levels of a byte, as rounding gives them."""
CHANCE_LIMIT = 1e-3


@dataclass(frozen=True)
class Site:
    """A built site, as far as checks need to know it."""

    folder: Path
    described: description.Site
    """`site.json`."""

    @property
    def width(self) -> int:
        """Of a feature vector."""
        return self.described.backbone.features

    @property
    def model(self) -> Path:
        """The folder with model.json."""
        return (self.folder / self.described.model.graph.url).parent

    def inputs(self, pictures: list[Picture]) -> Float32:
        """Pictures as the backbone reads them, by the reference: `[n, size, size, 3]`."""
        fit, size = self.described.preprocess.fit, self.described.preprocess.size
        return np.stack([preprocess(each.pixels, fit, size) for each in pictures])


@dataclass
class Seen:
    """What one backend computed, kept until TensorFlow has answered too."""

    features: dict[str, Float32] = field(default_factory=dict)
    """By picture, `[F]`."""
    chances: dict[str, Float32] = field(default_factory=dict)
    """By picture, `[C]`, of the fixed head."""


def check_preprocessing(tab: Tab, report: Report, backend: str, site: Site) -> None:
    """Rows `preprocess/FIT/WxH`: the backbone's input, both ways of fitting, transparency at random."""
    size = site.described.preprocess.size
    for fit in FITS:
        for width, height in cases.FRAME_SIZES:
            row = f"preprocess/{fit}/{width}x{height}"
            if not report.selection.row(row):
                continue
            rgba = cases.random_frame(width, height)
            expected = preprocess(on_background(rgba), fit, size)
            computed = tab.call("probe.preprocess", frame(rgba), fit)
            if computed.size != expected.size:
                report.fail(row, backend, f"{computed.size} numbers, not {expected.size}", PIXEL_LIMIT)
                continue
            error = _largest(computed.reshape(expected.shape), expected)
            report.check(row, backend, error, PIXEL_LIMIT)


def check_photographs(
    tab: Tab, report: Report, backend: str, site: Site, read: list[Picture], refused: list[Refused]
) -> None:
    """Rows `preprocess/photo/NAME`: the backbone's input from the bytes of a file on, by both decoders.

    Args:
        tab: with a worker.
        report: takes the rows.
        backend: of the worker.
        site: says how it preprocesses.
        read: files that Python reads.
        refused: files that it does not; the page must not either.
    """
    options = site.described.preprocess.model_dump()
    for each in read:
        row = f"preprocess/{each.id}"
        if not report.selection.row(row):
            continue
        computed = _read_by_page(tab, each.contents)
        if isinstance(computed, str):
            report.fail(row, backend, f"only the page refuses it: {computed}", DECODED_LIMIT)
            continue
        expected = preprocess(each.pixels, options["fit"], options["size"])
        report.check(row, backend, _largest(computed.reshape(expected.shape), expected), DECODED_LIMIT)
    for file in refused:
        row = f"preprocess/{file.id}"
        if not report.selection.row(row):
            continue
        computed = _read_by_page(tab, file.contents)
        if isinstance(computed, str):
            report.check(row, backend, 0, DECODED_LIMIT, f"both refuse it: {file.why}")
        else:
            report.fail(row, backend, f"only Python refuses it: {file.why}", DECODED_LIMIT)


def _read_by_page(tab: Tab, contents: bytes | None) -> Float32 | str:
    """The backbone's input as the page makes it of a file, or why it does not."""
    try:
        computed: Float32 = tab.call("probe.preprocess", contents)
    except PageError as error:
        if not is_refusal(error):
            raise
        return error.fault.message
    return computed


def is_refusal(error: PageError) -> bool:
    """Whether the page did not take a picture, in whatever way; anything else that it throws is a fault."""
    return error.fault.is_("ImageError")


def golden_images(site: Site) -> tuple[list[golden.Golden], Float32]:
    """The site's golden images and their features, `[n, F]`, as its build wrote them.

    Raises:
        ConfigError: they cannot be read, or this version draws them otherwise.
    """
    try:
        index = json.loads((site.folder / "golden.json").read_text("utf-8"))
        images = [golden.Golden(each["kind"], int(each["seed"])) for each in index["images"]]
        drawn = [hashlib.sha256(golden.draw(image).tobytes()).hexdigest() for image in images]
        features = np.fromfile(site.folder / "golden.bin", "<f4").reshape(len(images), site.width)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"The golden features cannot be read ({error}).",
            where=str(site.folder),
            hint="Build the site again.",
        ) from error
    if drawn != [each["sha256"] for each in index["images"]]:
        raise ConfigError(
            "This version draws the golden images differently from the one that built the site.",
            where=str(site.folder / "golden.json"),
            hint="Build the site again, or validate it with that version.",
        )
    return images, features


def compute_features(tab: Tab, pictures: list[Picture]) -> dict[str, Float32]:
    """The page's features of each picture; of a file from its bytes on, where the page reads it."""
    features = {}
    for each in pictures:
        given = each.contents or frame(cases.rgba(each.pixels))
        try:
            features[each.id] = tab.call("embed", given)
        except PageError as error:
            if each.contents is None or not is_refusal(error):
                raise
    return features


def check_golden(tab: Tab, report: Report, backend: str, site: Site) -> None:
    """Row `features/golden`: through frames and preprocessing, against what the build wrote."""
    images, expected = golden_images(site)
    pictures = [cases.drawn(image.kind, image.seed) for image in images]
    computed = np.stack(list(compute_features(tab, pictures).values()))
    if computed.shape != expected.shape:
        why = f"features of shape {list(computed.shape)}, not {list(expected.shape)}"
        report.fail("features/golden", backend, why, GOLDEN_LIMIT)
        return
    error = relative_error(computed, expected).max()
    report.check("features/golden", backend, error, GOLDEN_LIMIT, f"{len(images)} images, against the graph")
    _spread(report, backend, "golden", computed, expected, GOLDEN_LIMIT)


def check_original(
    report: Report,
    backend: str,
    site: Site,
    pictures: list[Picture],
    seen: Seen,
    reference: npt.NDArray[Any] | str,
) -> None:
    """Rows `features/original/PICTURE` and `/cosine`: against the model that the site was made from.

    Args:
        report: takes the rows.
        backend: that computed `seen`.
        site: decides the limits, by its precision.
        pictures: that both computed.
        seen: the page's features.
        reference: the original's, `[n, F]`, or why there are none.
    """
    if isinstance(reference, str):
        for each in pictures:
            report.skip(f"features/original/{each.id}", backend, reference)
        report.skip("features/original/cosine", backend, reference)
        return
    if not seen.features:  # the row `features` says why
        return
    limits = LIMITS[site.described.precision]
    for each in pictures:
        if each.id not in seen.features:
            report.fail(f"features/original/{each.id}", backend, "the page does not read it")
    if len(reference) == len(pictures):
        reference = reference[[each.id in seen.features for each in pictures]]
        pictures = [each for each in pictures if each.id in seen.features]
    computed = np.stack([seen.features[each.id] for each in pictures])
    if computed.shape != reference.shape:
        why = f"features of shape {list(computed.shape)}, not {list(reference.shape)}"
        report.fail("features/original/cosine", backend, why)
        return
    errors = deviation(computed, reference, [each.is_photo_like for each in pictures])
    cosines = cosine_similarity(computed, reference)
    for each, error, cosine in zip(pictures, errors, cosines, strict=True):
        limit = limits.photo if each.is_photo_like else limits.other
        report.check(f"features/original/{each.id}", backend, error, limit, f"cosine {cosine:.6f}")
    photos = [(cosine, each.id) for each, cosine in zip(pictures, cosines, strict=True) if each.is_photo_like]
    least, farthest = min(photos)
    report.check(
        "features/original/cosine",
        backend,
        1 - least,
        1 - limits.cosine,
        f"cosine {least:.6f} on {farthest}, the least of {len(photos)}; at least {limits.cosine}",
    )
    _spread(report, backend, "original", computed, reference, limits.photo)


def _spread(
    report: Report, backend: str, name: str, computed: Float32, reference: Float32, limit: float
) -> None:
    peak = np.abs(reference).max(axis=1, keepdims=True).astype(np.float64)
    error = (np.abs(computed.astype(np.float64) - reference) / np.maximum(peak, 1e-30)).max(axis=0)
    if np.isfinite(error).all():
        report.spreads.append(Spread(backend, name, [float(f"{value:.3g}") for value in error], limit))


def compute_chances(tab: Tab, site: Site, pictures: list[Picture]) -> dict[str, Float32]:
    """The page's probabilities of each picture, by a head that is handed to it."""
    weights = cases.fixed_head(site.width)
    classes = [f"class {number}" for number in range(cases.FIXED_CLASSES)]
    settings = {
        "hidden": cases.FIXED_HIDDEN,
        "epochs": 1,
        "batch": 1,
        "rate": HEAD["rate"].default,
        "seed": cases.FIXED_SEED,
    }
    head = {
        **{name: getattr(weights, name) for name in NAMES},
        **{"classes": classes, "settings": settings, "examples": [], "history": [], "trace": {}},
    }
    tab.call("restore", {"classes": classes, "examples": [], "head": head})
    chances = {}
    for each in pictures:
        answer = tab.call("predict", frame(cases.rgba(each.pixels)))["probabilities"]
        chances[each.id] = np.array([answer.get(name, np.nan) for name in classes], np.float32)
    return chances


def check_end_to_end(
    report: Report,
    backend: str,
    site: Site,
    seen: Seen,
    features: npt.NDArray[Any] | str,
    model: str,
) -> None:
    """Rows `end-to-end/MODEL/WxH`: pixels in, probabilities out.

    Args:
        report: takes the rows.
        backend: that computed `seen`.
        site: gives the width of the fixed head.
        seen: the page's probabilities by picture, in the order of `features`.
        features: of the same pictures by TensorFlow, `[n, F]`, or why there are none.
        model: `graph` or `original`, what TensorFlow ran.
    """
    for number, (name, computed) in enumerate(seen.chances.items()):
        row = f"end-to-end/{model}/{name}"
        if isinstance(features, str):
            report.skip(row, backend, features)
            continue
        expected = probabilities(cases.fixed_head(site.width), features[number : number + 1])[0]
        report.check(row, backend, _largest(computed, expected), CHANCE_LIMIT)


def _largest(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """max|a - b|; a NaN stays one."""
    return float(np.abs(a.astype(np.float64) - b).max())
