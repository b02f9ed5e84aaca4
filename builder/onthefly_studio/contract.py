"""Facts that Python and the page must agree on: each is here and nowhere else.

The page has its copy in `site_template/src/contract.ts`, which `make contract` writes from this module and
from the models of `project/format/schema.py`; a test fails while the copy is stale.
What both sides *compute* (preprocessing, random numbers, the head, training) is written twice on purpose:
that they agree is the proof.

Needs nothing but the standard library, so that `--help` starts at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

Backend = Literal["wasm", "webgl", "webgpu", "cpu"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
"""In the order in which the page tries them. wasm first: it starts at once, computes alike everywhere and is
quick enough; a GPU only where it cannot run, or was measured to be faster."""

Precision = Literal["float32", "float16", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

CheckedWith = Literal["tensorflow", "numpy"]
"""What computed a backbone's golden features: NumPy where TensorFlow is not installed."""

Fit = Literal["crop", "stretch"]
FITS: tuple[Fit, ...] = get_args(Fit)

ExportFormat = Literal["tfjs", "saved_model", "tflite", "keras"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
"""What `onthefly export` writes; the page writes the first."""

TENSORFLOW_JS = "4.22.0"
"""The version that the page is built with and exports are made for; `package.json` asks for it."""

CLASS_TONES = 10
"""Colours of classes; `.tone-0` to `.tone-9` in the style sheets."""

PICTURE_PIXELS = 120_000_000
"""What a photo in a file may have: 360 MB once decoded, and a small file can hold more."""


class Setting(NamedTuple):
    """A number that a user may set."""

    default: float
    minimum: float
    maximum: float
    whole: bool = True
    exclusive: bool = False
    """Whether the minimum itself is too small."""

    @property
    def bounds(self) -> dict[str, Any]:
        """As `pydantic.Field` takes them."""
        return {"gt" if self.exclusive else "ge": self.minimum, "le": self.maximum}


HEAD = {
    "hidden": Setting(128, 1, 4096),
    "epochs": Setting(10, 1, 1000),
    "batch": Setting(5, 1, 4096),
    "rate": Setting(0.001, 0, 1, whole=False, exclusive=True),
    "seed": Setting(1, 0, 2**32 - 1),
}
"""Of training the head, `[head]` in `site.toml`."""

HELD_OUT_PERCENT = Setting(20, 5, 50)
"""Of every class's photos, held out of a second run that measures accuracy."""

SITE_FORMAT = 1
"""Version of `site.json`."""

PROJECT_FORMAT = 1
"""Version of `project.zip`. A reader refuses a higher one."""
ProjectKind = Literal["onthefly-project"]
PROJECT_KIND: ProjectKind = "onthefly-project"
PROJECT_FILES = {
    "project": "project.json",
    "features": "features.f32",
    "head": "head.json",
    "weights": "head.f32",
    "trace": "trace.f32",
    "metadata": "metadata.json",
}

MODEL_FORMAT = 1
"""Version of an exported model's `onthefly.json`. A reader refuses a higher one."""
ModelKind = Literal["onthefly-model"]
MODEL_KIND: ModelKind = "onthefly-model"

TENSORS = ("kernel1", "bias1", "kernel2", "bias2")
"""Of the head, in their order in `head.f32`."""

_MIB = 1 << 20
_ENTRIES = 65_535


@dataclass(frozen=True)
class ProjectLimits:
    """How much a `project.zip` may hold; checked before anything is read."""

    zip_bytes: int = 1024 * _MIB
    total_bytes: int = 1024 * _MIB
    """Of all files, unpacked."""
    entries: int = _ENTRIES
    """Files: as many as a zip without 64-bit extensions can count."""
    records: int = 2 * _ENTRIES
    """Entries of the zip's directory: for each file macOS may add one of its own."""
    directory_bytes: int = 64 * _MIB
    name_length: int = 1000
    """Of a file in the zip, its folders included; more than a system takes."""
    ratio: int = 100
    """Largest size over packed size, of files above `ratio_from` bytes."""
    ratio_from: int = 65_536
    json_bytes: int = 32 * _MIB
    picture_bytes: int = 4 * _MIB
    picture_edge: int = 4096
    """Pixels."""
    classes: int = 1000
    examples: int = 60_000
    features: int = 8192
    """Width of a feature vector."""
    steps: int = 1 << 24
    """Of training."""


PROJECT_LIMITS = ProjectLimits()
