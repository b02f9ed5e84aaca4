"""Starts TensorFlow's side of a validation in a process of its own, which works while the browser does."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from onthefly_studio import extras
from onthefly_studio.process import Child
from onthefly_studio.reference.head import NAMES
from onthefly_studio.reference.training import orders
from onthefly_studio.validate.cases import Task, examples, start_weights
from onthefly_studio.validate.original import Origin

CHILD = "onthefly_studio.validate.tensorflow_reference_child"
TIMEOUT_S = 600
Loss = Literal["categorical_crossentropy", "binary_crossentropy"]


@dataclass
class Job:
    """What TensorFlow is asked for."""

    original: Origin | None = None
    pictures: npt.NDArray[np.float32] | None = None
    """For the original, `[n, size, size, 3]`."""
    graph: Path | None = None
    frames: npt.NDArray[np.float32] | None = None
    """For the site's own graph, `[n, size, size, 3]`."""
    heads: dict[str, tuple[Task, Loss]] = field(default_factory=dict)
    """Trainings with Keras, by name."""
    width: int = 0
    """Of the feature vectors that heads are trained on."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be done."""
        return not (self.original or self.graph or self.heads)


class TensorFlowReference:
    """The process, from its making until `result` or `close`."""

    def __init__(self, job: Job) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="onthefly-reference-")
        self._folder = Path(self._scratch.name)
        self._child: Child | None = None
        self._outputs: dict[str, npt.NDArray[Any]] | None = None
        self._failures: dict[str, str] = {}
        self._reason = "it was not asked"
        if job.is_empty:
            self._outputs = {}
            return
        if absent := extras.missing("convert", "This comparison"):
            self._outputs, self._reason = {}, absent
            return
        _write(job, self._folder)
        self._child = Child(CHILD, [str(self._folder)], self._folder)

    def result(self, name: str) -> npt.NDArray[Any] | str:
        """An output by its name, or why there is none. Waits for the process to end."""
        if self._outputs is None:
            self._collect()
        assert self._outputs is not None
        part = name.rpartition("/")[0] or name
        return self._outputs.get(name, f"TensorFlow gave no answer: {self._failures.get(part, self._reason)}")

    def close(self) -> None:
        """End the process, remove its files."""
        if self._child:
            self._child.close()
        self._scratch.cleanup()

    def _collect(self) -> None:
        assert self._child is not None
        self._outputs = {}
        try:
            status = self._child.wait(TIMEOUT_S)
            why = f"the process ended with status {status}"
        except subprocess.TimeoutExpired:
            why = f"it took more than {TIMEOUT_S} s"
        result = self._folder / "result.json"
        if result.exists():
            self._failures = json.loads(result.read_text("utf-8"))
            with np.load(self._folder / "outputs.npz") as outputs:
                self._outputs = dict(outputs)
            return
        last_lines = self._child.last_lines()
        self._reason = f"{why}: {last_lines[-1]}" if last_lines else why


def _write(job: Job, folder: Path) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {}
    if job.pictures is not None:
        arrays["pictures"] = job.pictures
    if job.frames is not None:
        arrays["frames"] = job.frames
    heads = []
    for name, (task, loss) in job.heads.items():
        heads.append({"name": name, "classes": task.classes, "settings": asdict(task.settings), "loss": loss})
        data, weights = examples(task, job.width), start_weights(task, job.width)
        run = orders(len(data.labels), task.settings.epochs, task.settings.seed)
        arrays.update(
            {
                f"{name}/features": data.features,
                f"{name}/labels": data.labels,
                f"{name}/asked": data.asked,
                f"{name}/orders": np.array(list(run)),
                **{f"{name}/{part}": getattr(weights, part) for part in NAMES},
            }
        )
    record = {"original": job.original, "graph": str(job.graph) if job.graph else None, "heads": heads}
    np.savez(folder / "inputs.npz", **arrays)
    (folder / "job.json").write_text(json.dumps(record), "utf-8", newline="\n")
