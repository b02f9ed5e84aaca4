"""The child process: one backbone as a SavedModel, as TFLite, and the shape of Teachable Machine's base.

Started by `models.py` as `python -m bench.model_child JOB`, in the environment that conversions need.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any


def saved_model(source: dict[str, Any], folder: Path) -> None:
    """The source's SavedModel, built where it is only weights."""
    import tempfile

    from onthefly_studio.tensorflow.child import _saved_model

    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(_saved_model(source, Path(scratch)), folder)


def tflite(saved: Path, file: Path) -> None:
    """The SavedModel as TFLite in float32, for images one at a time."""
    import tensorflow as tf

    model = tf.saved_model.load(str(saved))
    function = model.signatures["serving_default"]
    ((name, spec),) = function.structured_input_signature[1].items()
    single = tf.function(lambda image: function(**{name: image}))
    concrete = single.get_concrete_function(tf.TensorSpec((1, *spec.shape[1:]), tf.float32))
    file.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete], model).convert())


def teachable_base(folder: Path) -> None:
    """The base of Teachable Machine as a layers model: its shape, with random weights."""
    import tf_keras

    from onthefly_studio.tensorflow import placeholders

    placeholders.install()
    from tensorflowjs.converters import save_keras_model

    tf_keras.utils.set_random_seed(1)
    base = tf_keras.applications.MobileNetV2(
        input_shape=(224, 224, 3), alpha=0.35, include_top=False, weights=None
    )
    save_keras_model(base, str(folder))


def main(job_file: Path) -> None:
    """Do the job: `{"source": {...}, "folder": DIR}`."""
    job = json.loads(job_file.read_text("utf-8"))
    folder = Path(job["folder"])
    saved_model(job["source"], folder / "saved")
    tflite(folder / "saved", folder / "model.tflite")
    teachable_base(folder / "teachable")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
