"""The child process: everything that needs TensorFlow, with the environment that conversion needs.

`TF_ENABLE_ONEDNN_OPTS=0` must stand before TensorFlow is imported, or its optimiser writes fused
hard-swish operations that no browser backend has; hence a process of its own. It reads a job,
does what is missing, and leaves its answer as files:

* job.json: `{"source": {...}, "converted": DIR, "model": DIR, "precision": ...}`
* DIR converted: `model.json` + shards in float32, rewritten; `reference.npy`, the original's golden features
* DIR model: the files to publish; `features.npy`, their golden features as TensorFlow computes them
* result.json: `{"ok": true}` or an error's `what`, `where` and `mend`
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from builder.backbone import golden, graph_model, precision, rewrite, rules
from builder.backbone.graph_model import GraphModel, Node, fused_ops
from builder.errors import ConversionError, OnTheFlyError

SIGNATURE = "serving_default"


def main(job_file: Path) -> int:
    """Do the job; the exit status is 0 also for an expected error, which `result.json` holds."""
    job = json.loads(job_file.read_text("utf-8"))
    result: dict[str, Any] = {"ok": True}
    try:
        run(job)
    except OnTheFlyError as error:
        result = {"ok": False, "what": error.what, "where": error.where, "mend": error.mend}
    (job_file.parent / "result.json").write_text(json.dumps(result), "utf-8")
    return 0


def run(job: dict[str, Any]) -> None:
    """Convert where that is missing, store in the wanted precision, and run what was written."""
    converted, model_folder = Path(job["converted"]), Path(job["model"])
    if not (converted / "reference.npy").exists():
        convert(job["source"], converted)
    stored = precision.store(graph_model.read(converted), job["precision"])
    rules.require_portable(stored)
    graph_model.write(stored, model_folder)
    features = run_graph(graph_model.read(model_folder), golden.inputs())
    np.save(model_folder / "features.npy", features)


def convert(source: dict[str, Any], converted: Path) -> None:
    """SavedModel, or embedded weights, to a rewritten float32 graph with the original's golden features."""
    with tempfile.TemporaryDirectory(dir=converted) as scratch:
        saved_model = source.get("saved_model") or _embedded(Path(source["weights"]), Path(scratch) / "saved")
        reference = original_features(saved_model)
        raw = Path(scratch) / "raw"
        _tensorflowjs(saved_model, raw)
        graph = rewrite.rewrite(graph_model.read(raw))
    rules.require_portable(graph)
    graph_model.write(graph, converted)
    np.save(converted / "reference.npy", reference)


def _embedded(weights: Path, folder: Path) -> str:
    from builder.backbone import architecture

    model = architecture.feature_vector()
    architecture.load_weights(model, weights)
    architecture.save(model, folder)
    return str(folder)


def original_features(saved_model: str) -> np.ndarray[Any, Any]:
    """The SavedModel's own features of the golden images, `[n, F]` float32.

    Raises:
        ConversionError: it is not a feature vector of 224 x 224 images.
    """
    import tensorflow as tf
    import tensorflow_hub as hub

    try:
        loaded = hub.load(saved_model)
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ConversionError(
            f"TensorFlow cannot load the SavedModel: {str(error).splitlines()[0]}",
            where=saved_model,
            mend="Give an intact SavedModel in TensorFlow 2's format.",
        ) from error
    serve = _feature_signature(loaded, saved_model)
    (name,) = serve.structured_input_signature[1]
    (output,) = serve(**{name: tf.constant(golden.inputs())}).values()
    return np.asarray(output.numpy(), np.float32)


def _feature_signature(loaded: Any, saved_model: str) -> Any:
    """The signature to serve, checked to map one image batch to one feature batch."""
    names = sorted(getattr(loaded, "signatures", {}))
    if SIGNATURE not in names:
        raise ConversionError(
            f"The SavedModel has no signature {SIGNATURE!r} (it has: {', '.join(names) or 'none'}).",
            where=saved_model,
            mend="Export it with tf.saved_model.save(model, folder, signatures={'serving_default': ...}).",
        )
    serve = loaded.signatures[SIGNATURE]
    inputs, outputs = serve.structured_input_signature[1], serve.structured_outputs
    if len(inputs) != 1 or len(outputs) != 1:
        raise ConversionError(
            f"The signature has {len(inputs)} inputs and {len(outputs)} outputs; one of each is needed.",
            where=saved_model,
        )
    shape = next(iter(inputs.values())).shape.as_list()
    if shape[1:] != [golden.SIZE, golden.SIZE, 3]:
        raise ConversionError(
            f"The model reads images of shape {shape[1:]}; the page gives it [224, 224, 3].",
            where=saved_model,
            mend="Choose the 224-pixel variant of the model.",
        )
    features = next(iter(outputs.values())).shape.as_list()
    if len(features) != 2 or not features[1]:
        raise ConversionError(
            f"The model's output has shape {features}, a batch of feature vectors has [n, features].",
            where=saved_model,
            mend="Choose the feature-vector variant of the model.",
        )
    return serve


def _tensorflowjs(saved_model: str, folder: Path) -> None:
    from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

    try:
        converter.convert_tf_saved_model(
            saved_model, str(folder), signature_def=SIGNATURE, saved_model_tags="serve", skip_op_check=False
        )
    except ValueError as error:
        raise ConversionError(
            f"tensorflowjs cannot convert the model: {str(error).splitlines()[0]}",
            where=saved_model,
            mend="The model holds an operation that TensorFlow.js does not have; choose another.",
        ) from error


def run_graph(model: GraphModel, images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Run a graph model's own nodes and constants in TensorFlow.

    Args:
        model: as read back from the files.
        images: `[n, 224, 224, 3]` float32 in [0, 1].

    Returns:
        Features, `[n, F]` float32.
    """
    import tensorflow as tf

    graph_def = _graph_def(model)
    function = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph_def, name=""), [])
    pruned = function.prune(f"{model.input_name}:0", f"{model.output_name}:0")
    return np.asarray(pruned(tf.constant(images)).numpy(), np.float32)


def _graph_def(model: GraphModel) -> Any:
    import tensorflow as tf
    from google.protobuf import json_format

    graph_def = tf.compat.v1.GraphDef()
    for node in model.nodes:
        if node["op"] == "Const":
            written = graph_def.node.add(name=node["name"], op="Const")
            array = model.dense(node["name"])
            written.attr["dtype"].type = tf.as_dtype(array.dtype).as_datatype_enum
            written.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array))
            continue
        for plain in unfuse(node):
            json_format.ParseDict(plain, graph_def.node.add())
    return graph_def


UNFUSED = {
    "_FusedConv2D": ("Conv2D", ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings")),
    "FusedDepthwiseConv2dNative": (
        "DepthwiseConv2dNative",
        ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings"),
    ),
    "_FusedMatMul": ("MatMul", ("T", "transpose_a", "transpose_b")),
}


def unfuse(node: Node) -> list[Node]:
    """A fused node as TensorFlow's plain ones; the last carries the node's own name.

    `FusedDepthwiseConv2dNative` is TensorFlow.js' own operation and unknown to TensorFlow, and the
    others would depend on which fused kernels this TensorFlow was built with.
    """
    if node["op"] not in UNFUSED:
        return [node]
    op, attributes = UNFUSED[node["op"]]
    attr = {key: value for key, value in node["attr"].items() if key in attributes}
    steps = [{"name": node["name"], "op": op, "input": node["input"][:2], "attr": attr}]
    extra = list(node["input"][2:])
    kind = {"T": attr["T"]}
    for fused in fused_ops(node):
        inputs = [steps[-1]["name"]] + ([extra.pop(0)] if fused in ("BiasAdd", "Prelu") else [])
        steps.append({"name": node["name"], "op": fused, "input": inputs, "attr": dict(kind)})
        if fused == "BiasAdd":
            steps[-1]["attr"]["data_format"] = {"s": base64.b64encode(b"NHWC").decode()}
    for number, step in enumerate(steps[:-1]):
        step["name"] = f"{node['name']}/unfused_{number}"
        steps[number + 1]["input"][0] = step["name"]
    return steps


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
