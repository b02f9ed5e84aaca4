"""Pieces that need TensorFlow, run in a process of their own as the build does.

python -m tests.tensorflow_scripts NAME ARGUMENT...
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from builder.backbone import convert

ROOT = Path(__file__).resolve().parents[1]


def run(name: str, *arguments: object, environment: dict[str, str] | None = None) -> str:
    """Run one of the functions below in a fresh process; returns what it printed."""
    env = {**os.environ, **convert.CHILD_ENVIRONMENT, **(environment or {}), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.tensorflow_scripts", name, *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{name} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def keras_model(folder: str) -> None:
    """Save Keras' own MobileNetV3-Small, random weights and zero biases, as a feature vector."""
    import tf_keras

    from builder.backbone import architecture

    tf_keras.utils.set_random_seed(7)
    architecture.save(architecture.feature_vector(), Path(folder))


def embedded_model(folder: str) -> None:
    """Save the embedded weights in Keras' own architecture."""
    from builder.backbone import architecture
    from builder.backbone.obtain import EMBEDDED_WEIGHTS

    model = architecture.feature_vector()
    architecture.load_weights(model, EMBEDDED_WEIGHTS)
    architecture.save(model, Path(folder))


def raw_conversion(saved_model: str, folder: str) -> None:
    """What tensorflowjs writes, without our rewrites."""
    from builder.backbone import tensorflow_child

    tensorflow_child._tensorflowjs(saved_model, Path(folder))


def features(saved_model: str, images: str, out: str) -> None:
    """The original SavedModel's features of float32 images in a .npy file."""
    import tensorflow as tf
    import tensorflow_hub as hub

    serve = hub.load(saved_model).signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    (output,) = serve(**{name: tf.constant(np.load(images))}).values()
    np.save(out, output.numpy())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
