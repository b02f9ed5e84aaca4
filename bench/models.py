"""The backbone in the form that each of the others reads, all made from one SavedModel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.figures import Spent, spending
from onthefly_studio.process import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]
PYTHON_PACKAGES = ROOT / ".venv" / "bench"
"""Where `make bench` installs the converter to ONNX, out of the build's way."""


class Unavailable(Exception):
    """Something to be compared with cannot be run here; the text says why."""


def environment() -> dict[str, str]:
    """For processes that convert with TensorFlow."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **ENVIRONMENT, "PYTHONPATH": path}


def run(command: list[str], what: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a program to its end.

    Raises:
        Unavailable: it failed; with the end of what it said.
    """
    done = subprocess.run(command, capture_output=True, text=True, env=env or environment(), cwd=cwd)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"{what} failed: {said[-1] if said else f'status {done.returncode}'}")
    return done.stdout


class Models:
    """What the others load, in one folder.

    Args:
        source: `sources.Source.origin` of the backbone.
        folder: an empty folder to fill.
    """

    def __init__(self, source: dict[str, Any], folder: Path) -> None:
        self.folder = folder
        job = folder / "job.json"
        job.write_text(json.dumps({"source": source, "folder": str(folder)}), "utf-8")
        run([sys.executable, "-m", "bench.model_child", str(job)], "Conversion to TFLite")
        self.tfjs()
        self.onnx: str | None = None
        """Why there is no ONNX model; None where there is one."""
        try:
            self._onnx()
        except Unavailable as error:
            self.onnx = str(error)

    @property
    def saved(self) -> Path:
        """The SavedModel that all are made from."""
        return self.folder / "saved"

    def tfjs(self) -> Spent:
        """The article's way: the bare converter's output with float32 weights; returns what it took."""
        command = [
            *(sys.executable, "-m", "bench.bare_converter"),
            "--input_format=tf_saved_model",
            "--signature_name=serving_default",
            "--saved_model_tags=serve",
            str(self.saved),
            str(self.folder / "tfjs"),
        ]
        with spending() as spent:
            run(command, "tensorflowjs_converter")
        return spent()

    def _onnx(self) -> None:
        if not (PYTHON_PACKAGES / "tf2onnx").is_dir():
            raise Unavailable("tf2onnx is not installed; `make bench` installs it")
        env = environment()
        env["PYTHONPATH"] = os.pathsep.join([str(PYTHON_PACKAGES), env["PYTHONPATH"]])
        target = str(self.folder / "model.onnx")
        options = ["--saved-model", str(self.saved), "--output", target, "--opset", "17"]
        run([sys.executable, "-m", "tf2onnx.convert", *options], "Conversion to ONNX", env)

    def native(self, count: int) -> list[float]:
        """Milliseconds of `count` runs in native TFLite on one thread."""
        command = [sys.executable, "-m", "bench.native_child", str(self.folder / "model.tflite"), str(count)]
        times: list[float] = json.loads(run(command, "Native TFLite"))
        return times
