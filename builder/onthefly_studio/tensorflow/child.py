"""The child process: everything that needs TensorFlow, with the environment that conversion needs.

`TF_ENABLE_ONEDNN_OPTS=0` must stand before TensorFlow is imported, or its optimiser writes fused
hard-swish operations that no browser backend has; hence a process of its own (`process.py`). It reads a
job in a folder, does what is missing, and leaves its answer as files:

* job.json: `{"source": {...}, "converted": DIR, "model": DIR, "precision": ...}`, the source being one of
  `{"saved_model": DIR}`, `{"graph_model": DIR}`, `{"keras": FILE, "network": ...}`, `{"weights": FILE}`,
  with `"input_range"` where it is not [0, 1]
* DIR converted: `model.json` + shards in float32, rewritten; `reference.npy`, the original's golden features
* DIR model: the files to publish; `features.npy`, their golden features as TensorFlow computes them
* result.json: `{"ok": true}` or an error's `what`, `where` and `hint`
"""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio.errors import ConversionError, OnTheFlyError
from onthefly_studio.graph import foreign, from_graph, rewrite
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph.fused import unfuse
from onthefly_studio.graph.input_range import DEFAULT, InputRange, in_range, known
from onthefly_studio.graph.model import Array, GraphModel
from onthefly_studio.process import answer
from onthefly_studio.reference import golden
from onthefly_studio.sources.keras_applications import NETWORKS
from onthefly_studio.tensorflow import placeholders, signature
from onthefly_studio.tensorflow.signature import SERVING
from onthefly_studio.text import first_line

VERSIONS = {"producer": 2129}
"""That of TensorFlow 2.19, the oldest that converts. Each writes its own number and otherwise the same graph;
from the same weights the same files are to come, whose hash is the model's name."""


def main(scratch: Path) -> int:
    """Do the job; the exit status is 0 also for an expected error, which `result.json` holds."""
    try:
        run(json.loads((scratch / "job.json").read_text("utf-8")))
        answer(scratch, {})
    except OnTheFlyError as error:
        answer(scratch, error)
    except Exception as error:
        # TensorFlow's own writing raises no OSError; its message ends in the system's words.
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        answer(scratch, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    return 0


def run(job: dict[str, Any]) -> None:
    """Convert where that is missing, store in the wanted precision, and run what was written."""
    converted = Path(job["converted"])
    if not (converted / "reference.npy").exists():
        convert(job["source"], converted)
    from_graph.store(converted, job["precision"], Path(job["model"]), run_graph)


def convert(source: dict[str, Any], converted: Path) -> None:
    """The weights of any source to a rewritten float32 graph with the original's golden features."""
    own = known(source.get("input_range", DEFAULT))
    with tempfile.TemporaryDirectory(dir=converted) as scratch:
        if "graph_model" in source:
            graph, reference = from_graph.read(Path(source["graph_model"]), own, run_graph)
        else:
            graph, reference = _from_saved_model(_saved_model(source, Path(scratch)), Path(scratch), own)
    from_graph.write(graph, reference, own, converted, keep_half="graph_model" in source)


def original_features(source: dict[str, Any], images: Array) -> Array:
    """What a source's own model, before any conversion, makes of images.

    Args:
        source: as in a job, `sources.Source.origin`, its range of input included.
        images: `[n, 224, 224, 3]` float32 in [0, 1].

    Returns:
        Features, `[n, F]` float32.

    Raises:
        ConversionError: it is no feature vector of 224 x 224 images.
    """
    images = in_range(images, known(source.get("input_range", DEFAULT)))
    if "graph_model" in source:
        folder = Path(source["graph_model"])
        return from_graph.features(foreign.read(folder), folder, images, run_graph)[1]
    with tempfile.TemporaryDirectory() as scratch:
        return signature.find(_saved_model(source, Path(scratch))).features(images)


def _saved_model(source: dict[str, Any], scratch: Path) -> str:
    """The folder of the source's SavedModel, built here from weights where it is none."""
    if "saved_model" in source:
        return str(source["saved_model"])
    from onthefly_studio.tensorflow import architecture

    folder = scratch / "saved"
    if "keras" in source:
        model = architecture.feature_vector(NETWORKS[source["network"]])
        architecture.load_keras_weights(model, Path(source["keras"]))
    else:
        model = architecture.feature_vector()
        architecture.load_weights(model, Path(source["weights"]))
    architecture.save(model, folder)
    return str(folder)


def _from_saved_model(folder: str, scratch: Path, own: InputRange) -> tuple[GraphModel, Array]:
    original = signature.find(folder)
    reference = original.features(in_range(golden.inputs(), own))
    from_graph.require_variation(reference, own, original.features, where=folder)
    raw = scratch / "raw"
    _tensorflowjs(original.standard(reference.shape[1], scratch / "standard"), raw, where=folder)
    graph = graph_model.read(raw)
    return rewrite.rewrite(replace(graph, versions={**graph.versions, **VERSIONS})), reference


def _tensorflowjs(saved_model: str, folder: Path, where: str | None = None) -> None:
    placeholders.install()  # for a process that came here by another way than the last lines of this file
    from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

    try:
        converter.convert_tf_saved_model(
            saved_model, str(folder), signature_def=SERVING, saved_model_tags="serve", skip_op_check=False
        )
    except Exception as error:  # the converter's errors are of many types, most of them plain Exception
        raise ConversionError(
            f"tensorflowjs cannot convert the model: {_said(error)}",
            where=where or saved_model,
            hint="Choose a model that TensorFlow.js can run; a MobileNetV3 feature vector is one.",
        ) from error


def _said(error: Exception) -> str:
    """What the converter complains of; the operations it does not know stand on its second line."""
    lines = str(error).splitlines()
    if len(lines) > 1 and lines[0].startswith("Unsupported Ops"):
        return f"TensorFlow.js does not have {lines[1][:200]}."
    return first_line(error)


def run_graph(model: GraphModel, images: Array) -> Array:
    """Run a graph model's own nodes and constants in TensorFlow.

    Args:
        model: as read back from the files.
        images: `[n, 224, 224, 3]` float32 in [0, 1].

    Returns:
        Features, `[n, F]` float32 (of a stranger's graph: whatever it gives, image by image).
    """
    import tensorflow as tf

    graph = graph_def(model)
    function = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
    pruned = function.prune(f"{model.input_name}:0", f"{model.output_name}:0")
    # One at a time, as the page does: a graph may be made for single images.
    return np.concatenate([np.asarray(pruned(tf.constant(image[None])), np.float32) for image in images])


def graph_def(model: GraphModel) -> Any:
    """The graph as TensorFlow has it: constants decoded, fused nodes taken apart."""
    import tensorflow as tf
    from google.protobuf import json_format

    written_graph = tf.compat.v1.GraphDef()
    for node in model.nodes:
        if node["op"] == "Const":
            written = written_graph.node.add(name=node["name"], op="Const")
            array = model.dense(node["name"])
            written.attr["dtype"].type = tf.as_dtype(array.dtype).as_datatype_enum
            written.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array))
            continue
        for plain in unfuse(node):
            json_format.ParseDict(plain, written_graph.node.add())
    return written_graph


if __name__ == "__main__":
    placeholders.install()
    sys.exit(main(Path(sys.argv[1])))
