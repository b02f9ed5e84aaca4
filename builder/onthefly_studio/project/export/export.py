"""One model, backbone and head, in the format of somebody else's program.

It is written next to its place, loaded again and compared with the reference on the golden pictures; only
then is it put there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio.cache import disk_reason
from onthefly_studio.contract import MODEL_FORMAT, MODEL_KIND, ExportFormat
from onthefly_studio.errors import ConversionError, OutputError
from onthefly_studio.process import run as run_child
from onthefly_studio.project.format.model import Project
from onthefly_studio.project.format.write import metadata
from onthefly_studio.reference.golden import GOLDEN
from onthefly_studio.reference.head import NAMES, Float32

TFLITE_FILE, KERAS_FILE = "model.tflite", "model.keras"
ABOUT, METADATA, LABELS = "onthefly.json", "metadata.json", "labels.txt"
CHILD = "onthefly_studio.project.export.export_child"

PROBABILITY_LIMIT = 1e-4
"""How far a probability of the written model may stand from the reference's; 3e-6 was the most seen."""
LOGIT_LIMIT = 2e-4
"""The same for the logarithms of the probabilities, which tell what a plain 1 hides, relative to the
picture's largest; 8e-6 was the most seen. Below `LEAST` a probability counts as that: formats differ in what
they round to 0."""
LEAST = 1e-20


@dataclass(frozen=True)
class Row:
    """What became of one golden picture."""

    image: str
    error: float
    """Largest difference of a probability."""
    logit_error: float
    """Largest difference of a probability's logarithm, over the picture's largest."""

    @property
    def passed(self) -> bool:
        """Whether both hold; a NaN never does."""
        return self.error <= PROBABILITY_LIMIT and self.logit_error <= LOGIT_LIMIT


@dataclass(frozen=True)
class Exported:
    """A model that was written."""

    files: list[str]
    bytes: int
    rows: list[Row]


def export(
    project: Project, form: ExportFormat, out: Path, *, model: Path, name: str, time_stamp: datetime
) -> Exported:
    """Write the project's head and its backbone as one model.

    Args:
        project: with a head.
        form: the format.
        out: the folder to write; absent or empty.
        model: the folder of the backbone's files, see `embed.find_model`.
        name: of the model, for `metadata.json`.
        time_stamp: the only time in what is written here.

    Raises:
        CheckFailed: the project holds no head.
        ConversionError: the model cannot be converted, or what was written is not the model.
        OutputError: the folder cannot be written, or holds something.
    """
    head = project.trained_head()
    with _replacing(out) as fresh, tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        np.savez(scratch / "head.npz", **{each: getattr(head.weights, each) for each in NAMES})
        what = f"Exporting as {form}"
        run_child(CHILD, [str(model), form, str(fresh)], scratch, what=what, where=form)
        rows = compare(np.load(scratch / "written.npy"), np.load(scratch / "reference.npy"))
        require_within(rows, form)
        _describe(project, fresh, name, time_stamp)
        files = sorted(path for path in fresh.rglob("*") if path.is_file())
        names = [path.relative_to(fresh).as_posix() for path in files]
        size = sum(path.stat().st_size for path in files)
    return Exported(names, size, rows)


def compare(written: Float32, reference: Float32) -> list[Row]:
    """Probabilities of the golden pictures by the written model and by the reference, `[n, C]` each.

    Raises:
        ConversionError: the two do not even have one shape.
    """
    if written.shape != reference.shape:
        raise ConversionError(
            f"The written model gives probabilities of shape {written.shape}, not {reference.shape}.",
            where="export",
        )
    logs = [np.log(np.maximum(each.astype(np.float64), LEAST)) for each in (written, reference)]
    errors = np.abs(written.astype(np.float64) - reference).max(axis=1)
    logit_errors = np.abs(logs[0] - logs[1]).max(axis=1) / np.maximum(np.abs(logs[1]).max(axis=1), 1)
    return [
        Row(image.name, float(error), float(logit_error))
        for image, error, logit_error in zip(GOLDEN, errors, logit_errors, strict=True)
    ]


def require_within(rows: list[Row], form: ExportFormat) -> None:
    """Fail on the first picture beyond a limit.

    Raises:
        ConversionError: with the picture, the figures and the limits.
    """
    for row in rows:
        if not row.passed:
            raise ConversionError(
                f"The model that was written predicts something else: of the golden picture {row.image} its "
                f"probabilities are {row.error:.2e} off (limit {PROBABILITY_LIMIT:.0e}), their logarithms "
                f"{row.logit_error:.2e} (limit {LOGIT_LIMIT:.0e}).",
                where=form,
                hint="Nothing was written. Export in another format, and report this.",
            )


def _describe(project: Project, folder: Path, name: str, time_stamp: datetime) -> None:
    """What a program needs to know besides the model, and the names as Teachable Machine has them."""
    head, labels = project.trained_head(), project.labels()
    sums = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    about = {
        "format": MODEL_FORMAT,
        "kind": MODEL_KIND,
        "generator": project.generator,
        "backbone": project.backbone.model_dump(by_alias=True),
        "preprocess": project.preprocess.model_dump(),
        "settings": asdict(head.settings),
        "classes": labels,
        "files": sums,
    }
    _write_json(folder / ABOUT, about)
    _write_json(folder / METADATA, metadata(project, name, time_stamp))
    # One line per class, as TensorFlow Lite's examples read them.
    lines = [" ".join(label.split()) for label in labels]
    (folder / LABELS).write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8", newline="\n")


@contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A fresh folder beside `out`, renamed to it when the block ends well and gone when it does not."""
    try:
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise OutputError(
                "There is already something there; it is left alone.",
                where=str(out),
                hint="Choose another folder with --out, or empty this one yourself.",
            )
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            yield fresh
            fresh.chmod(0o755)  # mkdtemp's are for the owner alone
            if out.is_dir():
                out.rmdir()
            fresh.rename(out)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"The model cannot be written ({disk_reason(error)}).",
            where=str(out),
            hint="Free up space or allow writing there, or choose another folder with --out.",
        ) from error
