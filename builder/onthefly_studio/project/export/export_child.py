"""The child process of `export`: writes one model in a format, loads it again and says what it gives.

python -m onthefly_studio.process onthefly_studio.project.export.export_child MODEL FORMAT OUT SCRATCH

MODEL is the backbone's folder; SCRATCH holds `head.npz`. The model is written to OUT. `reference.npy` gets
the golden pictures' probabilities by the backbone and the NumPy head, `written.npy` those by the model that
was loaded again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio.contract import ExportFormat
from onthefly_studio.errors import OnTheFlyError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import portability as rules
from onthefly_studio.graph.model import Array, GraphModel
from onthefly_studio.process import answer
from onthefly_studio.project.export.export import KERAS_FILE, TFLITE_FILE
from onthefly_studio.project.export.whole_model import append_head
from onthefly_studio.reference import golden
from onthefly_studio.reference.head import NAMES, Weights, probabilities
from onthefly_studio.tensorflow.child import graph_def, run_graph

SERVING, INPUT, OUTPUT = "serving_default", "image", "probabilities"


def main(model: Path, form: ExportFormat, out: Path, scratch: Path) -> int:
    """Do it; the exit status is 0 also for an expected error, which `result.json` holds."""
    try:
        backbone = graph_model.read(model)
        rules.require_portable(backbone)  # known, harmless operations only, whoever made the files
        with np.load(scratch / "head.npz") as stored:
            weights = Weights(*(stored[name] for name in NAMES))
        images = golden.inputs()
        np.save(scratch / "reference.npy", probabilities(weights, run_graph(backbone, images)))
        np.save(scratch / "written.npy", WRITE[form](backbone, weights, out, images))
        answer(scratch, {})
    except OnTheFlyError as error:
        answer(scratch, error)
    return 0


def _tfjs(backbone: GraphModel, weights: Weights, out: Path, images: Array) -> Array:
    whole = append_head(backbone, weights)
    rules.require_portable(whole)
    graph_model.write(whole, out)
    return run_graph(graph_model.read(out), images)


def _saved_model(backbone: GraphModel, weights: Weights, out: Path, images: Array) -> Array:
    import tensorflow as tf

    _save(append_head(backbone, weights), out)
    function = tf.saved_model.load(str(out)).signatures[SERVING]
    return _one_by_one(lambda image: function(**{INPUT: tf.constant(image)})[OUTPUT], images)


def _save(whole: GraphModel, out: Path) -> None:
    import tensorflow as tf

    graph = graph_def(whole)
    wrapped = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
    pruned = wrapped.prune(f"{whole.input_name}:0", f"{whole.output_name}:0")
    given = next(iter(whole.signature["inputs"].values()))["tensorShape"]["dim"]
    sizes = [int(each["size"]) for each in given]
    spec = tf.TensorSpec([None if size < 0 else size for size in sizes], tf.float32, name=INPUT)
    module = tf.Module()
    function = tf.function(lambda image: {OUTPUT: pruned(image)}, input_signature=[spec])
    tf.saved_model.save(module, str(out), signatures={SERVING: function})


def _tflite(backbone: GraphModel, weights: Weights, out: Path, images: Array) -> Array:
    import tensorflow as tf

    saved = out / "saved"
    _save(append_head(backbone, weights), saved)
    converted = tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert()
    _remove(saved)
    (out / TFLITE_FILE).write_bytes(converted)
    interpreter = tf.lite.Interpreter(str(out / TFLITE_FILE))
    run = interpreter.get_signature_runner(SERVING)
    return _one_by_one(lambda image: run(**{INPUT: image})[OUTPUT], images)


def _keras(backbone: GraphModel, weights: Weights, out: Path, images: Array) -> Array:
    import keras

    from onthefly_studio.project.export.keras_graph import to_keras

    to_keras(backbone, weights).save(out / KERAS_FILE)
    loaded = keras.models.load_model(out / KERAS_FILE)
    return _one_by_one(lambda image: loaded(image, training=False), images)


def _one_by_one(run: Callable[[Array], Any], images: Array) -> Array:
    """As a graph that was made for single pictures wants it."""
    return np.concatenate([np.asarray(run(image[None]), np.float32) for image in images])


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


WRITE: dict[ExportFormat, Callable[[GraphModel, Weights, Path, Array], Array]] = {
    "tfjs": _tfjs,
    "saved_model": _saved_model,
    "tflite": _tflite,
    "keras": _keras,
}

if __name__ == "__main__":
    model, form, out, scratch = sys.argv[1:]
    sys.exit(main(Path(model), form, Path(out), Path(scratch)))  # type: ignore[arg-type]
