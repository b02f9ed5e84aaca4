"""From a source of weights to files for the browser, checked against the original.

TensorFlow runs in a child process (`tensorflow/child.py`), so nothing here imports it. Two kinds of
folder are cached: `converted`, the rewritten float32 graph with the original's features, one per
source; and `model`, the files of one precision with their measured differences.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio import extras, process
from onthefly_studio.cache import Cache, sha256_text, sha256_tree
from onthefly_studio.contract import CheckedWith, Precision
from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import check, from_graph, plan_proof
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.model import model_files, model_hash
from onthefly_studio.graph.plan import NotRecognised
from onthefly_studio.reference import golden
from onthefly_studio.reference import graph as numpy_graph
from onthefly_studio.report import Reporter
from onthefly_studio.sources import Source

CHILD = "onthefly_studio.tensorflow.child"
PLAN = "plan.json"
MEASURED = ("check.json", "golden.json", "golden.bin", PLAN)
"""Of a finished model, what is not the model."""
READY_LIMIT = 1e-4
"""Between NumPy's features of the wheel's graph and the measured ones, relative to each image's max|y|."""
_PURPOSE = {
    "saved_model": "Converting a SavedModel",
    "keras": "Converting Keras' weights",
    "weights": "Converting the embedded weights",
}
"""What TensorFlow is needed for, by the first key of `Source.origin`."""


@dataclass(frozen=True)
class Converted:
    """A backbone ready to publish.

    `folder` holds `model.json`, its shards, `golden.json`, `golden.bin`, `check.json` and, where there is
    one, `plan.json`.
    """

    folder: Path
    features: int
    rows: list[check.Row]
    no_plan: str | None
    """Why our kernels cannot run it; None where they can."""
    checked_with: CheckedWith
    """What computed the original and the written files."""

    def model_files(self) -> list[Path]:
        """`model.json` and its shards, the graph first."""
        return model_files(self.folder)

    @property
    def model_hash(self) -> str:
        """Of the model's files: equal means equal features."""
        return model_hash(self.folder)

    @property
    def plan(self) -> Path | None:
        """What our kernels run."""
        return None if self.no_plan else self.folder / PLAN


@lru_cache
def code_hash() -> str:
    """What converted files depend on besides their source: this package and the converter's versions."""
    package = Path(__file__).parents[1]
    folders = (package / name for name in ("graph", "sources", "tensorflow"))
    code = [path for folder in folders for path in folder.glob("*.py")]
    reference = ("golden", "random", "graph", "node", "operations", "windows")
    code += [package / "process.py", *(package / f"reference/{name}.py" for name in reference)]
    versions = (_version(name) for name in ("tensorflow", "tensorflowjs", "tf-keras", "numpy"))
    return sha256_text(sha256_tree(package, code), *versions)


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"


def model_key(source: Source, precision: Precision) -> str:
    """The cache key of a finished model."""
    return sha256_text("model", code_hash(), source.sha256, source.input_range, precision)


def require_converter(source: Source, precision: Precision, cache: Cache) -> None:
    """Check that TensorFlow is installed, where the source has not been converted before.

    Raises:
        ConfigError: it is not.
    """
    if source.graph_model is not None or source.is_ready:
        return
    if not cache.path("model", model_key(source, precision)).is_dir():
        extras.require("convert", _PURPOSE[next(iter(source.origin))])


def convert(source: Source, precision: Precision, *, cache: Cache, reporter: Reporter) -> Converted:
    """The source's model for the browser, from the cache or made now.

    Raises:
        ConfigError: TensorFlow is not installed.
        ConversionError: it cannot be converted, or what was written is not the original within the
            limits of `check.LIMITS`.
    """
    require_converter(source, precision, cache)
    key = model_key(source, precision)
    if not cache.path("model", key).is_dir():
        reporter.step("convert", f"to TensorFlow.js in {precision}, then run it against the original")
    folder = cache.folder("model", key, lambda into: _fill(source, precision, into, cache))
    recorded = json.loads((folder / "check.json").read_text("utf-8"))
    rows = [check.Row(**row) for row in recorded["rows"]]
    return Converted(folder, recorded["features"], rows, recorded["no_plan"], recorded["checked_with"])


def converted_folder(source: Source, cache: Cache) -> Path:
    """Where the rewritten float32 graph is kept, with the original's golden features; it may not be there."""
    return cache.path("converted", sha256_text("converted", code_hash(), source.sha256, source.input_range))


def _fill(source: Source, precision: Precision, into: Path, cache: Cache) -> None:
    """Make and check the files of one precision in `into`."""
    if source.is_ready and source.embedded:
        _take_ready(source.embedded, precision, into)
        return
    converted = converted_folder(source, cache)
    with tempfile.TemporaryDirectory(dir=into) as scratch:
        if not converted.is_dir():
            # The child fills it together with the model, in one TensorFlow; it is kept once both are right.
            fresh = Path(scratch) / "converted"
            fresh.mkdir()
            _check(source, precision, fresh, into)
            cache.folder("converted", converted.name, partial(_copy, fresh))
        else:
            _check(source, precision, converted, into)


def _take_ready(backbone: Path, precision: Precision, into: Path) -> None:
    """The files of one precision from the graph that the wheel carries, and what was measured of them.

    Raises:
        ConversionError: what NumPy makes of the files is not what was measured when the wheel was made.
    """
    from_graph.store(backbone, precision, into, numpy_graph.features)
    features = np.load(into / "features.npy")
    (into / "features.npy").unlink()
    for name in MEASURED:
        shutil.copyfile(backbone / precision / name, into / name)
    measured = np.fromfile(into / "golden.bin", "<f4").reshape(features.shape)
    error = float(check.relative_error(features, measured).max())
    if not error <= READY_LIMIT:
        raise ConversionError(
            f"The embedded backbone is damaged: its features are off by {error:.3g} (limit {READY_LIMIT:g}).",
            where=str(backbone),
            hint="Install onthefly again.",
        )


def _copy(folder: Path, place: Path) -> None:
    shutil.copytree(folder, place, dirs_exist_ok=True)


def _check(source: Source, precision: Precision, converted: Path, into: Path) -> None:
    witness = _computed(source, precision, converted, into)
    features = np.load(into / "features.npy")
    rows = check.compare(features, np.load(converted / "reference.npy"), golden.GOLDEN, precision)
    check.require_within(rows, precision)
    (into / "features.npy").unlink()
    (into / "golden.bin").write_bytes(features.astype("<f4").tobytes())
    index = {**golden.index(), "features": features.shape[1], "limit": check.GOLDEN_LIMIT}
    (into / "golden.json").write_text(
        json.dumps(index, sort_keys=True, separators=(",", ":")), "utf-8", newline="\n"
    )
    recorded = {
        "features": int(features.shape[1]),
        "checked_with": witness,
        "rows": [asdict(row) for row in rows],
        "no_plan": _write_plan(into, features),
    }
    (into / "check.json").write_text(json.dumps(recorded, sort_keys=True, indent=1), "utf-8", newline="\n")


def _computed(source: Source, precision: Precision, converted: Path, into: Path) -> CheckedWith:
    """Fill both folders as the child does; what computed the original and the written files."""
    if source.graph_model is None or extras.installed("convert"):
        run_child(
            {"source": source.origin, "converted": str(converted), "model": str(into), "precision": precision}
        )
        return "tensorflow"
    if not (converted / "reference.npy").exists():
        graph, reference = from_graph.read(source.graph_model, source.input_range, numpy_graph.features)
        from_graph.write(graph, reference, source.input_range, converted, keep_half=True)
    from_graph.store(converted, precision, into, numpy_graph.features)
    return "numpy"


def _write_plan(into: Path, features: check.Features) -> str | None:
    """Write what our kernels run, proven on the golden images; returns why there is nothing."""
    try:
        made = plan_proof.proven(graph_model.read(into), golden.inputs(), features)
    except NotRecognised as reason:
        return str(reason)
    (into / PLAN).write_text(
        json.dumps(made.as_json(), sort_keys=True, separators=(",", ":")), "utf-8", newline="\n"
    )
    return None


def run_child(job: dict[str, Any], environment: dict[str, str] | None = None) -> None:
    """Run one job in a process of its own.

    Args:
        job: see `tensorflow_child`.
        environment: added to `process.ENVIRONMENT`.

    Raises:
        ConversionError: the child's own, or with the end of its output where it died.
    """
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        (scratch / "job.json").write_text(json.dumps(job), "utf-8", newline="\n")
        process.run(
            CHILD,
            [],
            scratch,
            what="The conversion",
            where="convert",
            died="{what} process ended with status {status}",
            environment=environment,
        )
