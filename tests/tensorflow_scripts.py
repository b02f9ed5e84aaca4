"""Pieces that need TensorFlow, run in processes of their own as the build does.

python -m tests.tensorflow_scripts NAME ARGUMENT...

`worker` starts one that stays, for tests that would each pay for TensorFlow's import: `Worker.run_child` does
what `convert.run_child` does, `Worker.run_module` what `process.run` does. Only some tests
have the product's own children do it, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import tempfile
import threading
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio import process
from onthefly_studio.errors import ConversionError
from tests.patience import PATIENCE_S
from tests.processes import PYTHON_PATH

ROOT = Path(__file__).resolve().parents[1]
DONE = "-- done --"


def _environment(more: dict[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, **process.ENVIRONMENT, **(more or {}), "PYTHONPATH": PYTHON_PATH}


def run(name: str, *arguments: object, environment: dict[str, str] | None = None) -> str:
    """Run one of the functions below in a fresh process; returns what it printed."""
    command = [sys.executable, "-m", "tests.tensorflow_scripts", name, *map(str, arguments)]
    done = subprocess.run(
        command, env=_environment(environment), capture_output=True, text=True, timeout=PATIENCE_S
    )
    if done.returncode != 0:
        raise AssertionError(f"{name} failed:\n{done.stderr[-3000:]}")
    return done.stdout


class Worker:
    """A process that runs the functions below one after another; it ends with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.tensorflow_scripts", "work"],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # TensorFlow's own talk
            text=True,
        )

    def call(self, name: str, *arguments: object) -> None:
        """Run a function; what it writes is its answer."""
        assert self._process.stdin and self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps([name, *map(str, arguments)]) + "\n")
            self._process.stdin.flush()
            for line in self._process.stdout:
                if line.startswith(DONE):
                    problem = json.loads(line.removeprefix(DONE))
                    assert not problem, problem
                    return
        raise AssertionError(f"the worker died in {name}")

    def run_child(self, job: dict[str, Any], environment: dict[str, str] | None = None) -> None:
        """In place of `convert.run_child`: the same job, without a process of its own."""
        assert not environment
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "job.json").write_text(json.dumps(job))
            self.call("child", folder)
            result = json.loads((Path(folder) / "result.json").read_text())
        if not result["ok"]:
            raise ConversionError(result["what"], where=result["where"], hint=result["hint"])

    def run_module(
        self, module: str, arguments: list[str], scratch: Path, *, what: str, where: str
    ) -> dict[str, Any]:
        """In place of `process.run`."""
        self.call("project_module", module, *arguments, scratch)
        told = json.loads((scratch / process.RESULT).read_text())
        if not told["ok"]:
            raise ConversionError(told["what"], where=told["where"], hint=told["hint"])
        return told


@cache
def worker() -> Worker:
    """The one worker of this test run, started when it is first needed."""
    return Worker()


def work() -> None:
    """The worker's side: a call per line of input."""
    import traceback

    from onthefly_studio.tensorflow import placeholders

    placeholders.install()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        problem = ""
        try:
            globals()[name](*arguments)
        except Exception:
            problem = traceback.format_exc()
        print(f"{DONE}{json.dumps(problem)}", flush=True)


def child(scratch: str) -> None:
    """One job of the build's own child process."""
    import tf_keras

    from onthefly_studio.tensorflow import child as tensorflow_child

    tf_keras.backend.clear_session()
    assert tensorflow_child.main(Path(scratch)) == 0


def project_module(module: str, *arguments: str) -> None:
    """What `python -m` does with one of the project's child modules."""
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as end:
        assert not end.code, end.code


def keras_model(folder: str, network: str = "small") -> None:
    """Save one of Keras' own MobileNetV3, random weights and zero biases, as a feature vector."""
    import tf_keras

    from onthefly_studio.tensorflow import architecture

    tf_keras.backend.clear_session()
    tf_keras.utils.set_random_seed(7)
    architecture.save(architecture.feature_vector(architecture.NETWORKS[network]), Path(folder))


def embedded_model(folder: str, input_range: str = "0-1") -> None:
    """Save the embedded weights in Keras' own architecture, to read pictures in [0, 1] or in [0, 255]."""
    import tf_keras

    from onthefly_studio.sources.embedded import EMBEDDED_WEIGHTS
    from onthefly_studio.tensorflow import architecture

    tf_keras.backend.clear_session()
    model = architecture.feature_vector()
    architecture.load_weights(model, EMBEDDED_WEIGHTS)
    if input_range == "0-255":  # as with Keras' own `include_preprocessing`
        image = tf_keras.Input((224, 224, 3), name="inputs")
        scaled = tf_keras.layers.Rescaling(scale=1 / 127.5, offset=-1.0)(image)
        model = tf_keras.Model(image, architecture._inside(model)(scaled))
    architecture.save(model, Path(folder))


def keras_weights(network: str, file: str, features: str) -> None:
    """Random weights as Keras Applications publishes the real ones, and Keras' own features with them.

    Args:
        network: a key of `keras_applications.NETWORKS`.
        file: the `.h5` to write: the whole network with its 1000 classes, by `Model.save_weights`.
        features: the `.npy` to write: float32 `[n, F]` of the golden images, which Keras' own model, with
            its own preprocessing of [0, 255], gives before its last layer once it has loaded the file.
    """
    import tf_keras

    from onthefly_studio.reference import golden
    from onthefly_studio.sources.keras_applications import NETWORKS

    tf_keras.backend.clear_session()
    known = NETWORKS[network]
    network_class = getattr(tf_keras.applications, f"MobileNetV3{known.size}")
    options = {"alpha": known.alpha, "minimalistic": known.minimalistic, "input_shape": (224, 224, 3)}
    tf_keras.utils.set_random_seed(11)
    model = network_class(weights=None, **options)
    random = np.random.default_rng(11)
    norms = [layer for layer in model.layers if isinstance(layer, tf_keras.layers.BatchNormalization)]
    for norm in norms:  # four different arrays each, so that two which were mixed up are noticed
        norm.momentum = 0.0
        norm.gamma.assign(random.uniform(0.7, 1.3, norm.gamma.shape))
        norm.beta.assign(random.normal(0, 0.2, norm.beta.shape))
    # Statistics of real activations, or the images' differences would die out on the way.
    model(golden.inputs() * np.float32(255), training=True)
    model.save_weights(file)
    own = network_class(weights=file, **options)
    cut = tf_keras.Model(own.input, tf_keras.layers.Flatten()(own.get_layer("Logits").input))
    np.save(features, cut(golden.inputs() * np.float32(255), training=False).numpy())


def keras_variables(network: str, file: str) -> None:
    """Names and shapes of our network's variables, in its order, as JSON."""
    import tf_keras

    from onthefly_studio.sources.keras_applications import NETWORKS
    from onthefly_studio.tensorflow import architecture

    tf_keras.backend.clear_session()
    variables = architecture.variables(architecture.feature_vector(NETWORKS[network]))
    Path(file).write_text(json.dumps([(name, list(each.shape)) for name, each in variables.items()]))


def keras_saved_model(network: str, weights: str, folder: str) -> None:
    """A SavedModel of a Keras Applications network as its users export it, [0, 1] to features."""
    import tf_keras

    from onthefly_studio.sources.keras_applications import NETWORKS

    tf_keras.backend.clear_session()
    known = NETWORKS[network]
    own = getattr(tf_keras.applications, f"MobileNetV3{known.size}")(
        weights=weights, alpha=known.alpha, minimalistic=known.minimalistic, input_shape=(224, 224, 3)
    )
    image = tf_keras.Input((224, 224, 3))
    cut = tf_keras.Model(own.input, own.get_layer("Logits").input)
    whole = tf_keras.Model(image, cut(tf_keras.layers.Rescaling(255.0)(image)))  # [n, 1, 1, F]
    whole.save(folder, save_format="tf")


def efficient_net(folder: str) -> None:
    """EfficientNetV2B0 with random weights and the statistics of the golden images, as Keras 3 exports it."""
    import keras

    from onthefly_studio.reference import golden

    keras.utils.set_random_seed(5)
    model = keras.applications.EfficientNetV2B0(
        weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3)
    )
    random = np.random.default_rng(5)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for number, norm in enumerate(norms):
        norm.momentum = 0.0
        norm.gamma.assign(random.uniform(0.7, 1.3, norm.gamma.shape))
        if number % 2:  # TensorFlow fuses what is added to a sum without a bias otherwise
            norm.beta.assign(random.normal(0, 0.2, norm.beta.shape))
    model(golden.inputs() * np.float32(255), training=True)
    model.export(folder, verbose=False)


def small_models(folder: str) -> None:
    """SavedModels of a few kilobytes, good and bad, each in a folder of its name."""
    import tensorflow as tf

    random = np.random.default_rng(3)
    stem = random.normal(0, 0.1, (16, 16, 3, 8)).astype(np.float32)
    last = random.normal(0, 0.5, (8, 5)).astype(np.float32)
    square = random.normal(0, 0.3, (1, 1, 8, 8)).astype(np.float32)

    def images(size: int | None = 224, batch: int | None = None, dtype: Any = tf.float32) -> Any:
        return tf.TensorSpec((batch, size, size, 3), dtype, name="pixels")

    class Net(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.last = tf.Variable(stem), tf.Variable(last)
            self.square = tf.Variable(square)

        def pooled(self, pixels: Any) -> Any:
            convolved = tf.nn.conv2d(tf.cast(pixels, tf.float32), self.stem, 16, "SAME")
            return tf.reduce_mean(tf.nn.relu6(convolved), (1, 2))

        def features(self, pixels: Any) -> Any:
            return self.pooled(pixels) @ self.last

    def save(name: str, spec: Any = None, **signatures: Any) -> None:
        net = Net()
        traced = {
            key: tf.function(partial(of, net), input_signature=[spec or images()])
            for key, of in signatures.items()
        }
        net.kept = list(traced.values())
        tf.saved_model.save(net, str(Path(folder) / name), signatures=traced)

    def features(net: Net, pixels: Any) -> dict[str, Any]:
        return {"anything": net.features(pixels)}

    def both(net: Net, pixels: Any) -> dict[str, Any]:
        return {"features": net.features(pixels), "logits": net.pooled(pixels)}

    def with_layers(net: Net, pixels: Any) -> dict[str, Any]:
        return {"default": net.features(pixels), "layer_1": net.pooled(pixels)}

    def four_d(net: Net, pixels: Any) -> dict[str, Any]:
        return {"features": net.features(pixels)[:, None, None, :]}

    def odd(net: Net, pixels: Any) -> dict[str, Any]:
        return {"features": tf.math.lgamma(net.features(pixels) ** 2 + 1)}

    def dark(net: Net, pixels: Any) -> dict[str, Any]:
        return {"features": net.features(pixels / 127.5 - 1)}

    def constant(net: Net, pixels: Any) -> dict[str, Any]:
        return {"features": net.features(pixels * 1e-6 + 0.5)}

    def residual(net: Net, pixels: Any) -> dict[str, Any]:
        """As Keras 3 writes a residual block: TensorFlow fuses the sum as if the plane were a bias."""
        plane = tf.nn.relu6(tf.nn.conv2d(pixels, net.stem, 16, "SAME"))
        for _ in range(2):
            plane = tf.nn.conv2d(plane, net.square, 1, "SAME") + plane
        return {"features": tf.reduce_mean(tf.nn.relu(plane), (1, 2)) @ net.last}

    def map_of(net: Net, pixels: Any) -> dict[str, Any]:
        return {"map": tf.nn.conv2d(pixels, net.stem, 16, "SAME")}

    save("other names", embed=features)
    save("serving among others", serving_default=features, again=features, both=both)
    save("serving unusable", serving_default=both, embed=features)
    save("hub names", image_feature_vector=with_layers, default=features)
    save("1 x 1 maps", serving_default=four_d)
    save("any size", images(None), serving_default=features)
    save("single images", images(batch=1), serving_default=features)

    save("residual sums", serving_default=residual)
    save("0 to 255", serving_default=dark)

    save("constant", serving_default=constant)
    save("two outputs", serving_default=both)
    save("128 pixels", images(128), serving_default=features)
    save("bytes", images(dtype=tf.uint8), serving_default=features)
    save("several", one=features, two=features)
    save("four at once", images(batch=4), serving_default=features)
    save("maps", serving_default=map_of)
    save("odd operation", serving_default=odd)
    save("nothing")

    class Called(Net):
        @tf.function(input_signature=[images()])
        def __call__(self, pixels: Any) -> Any:
            return self.features(pixels)

    class CalledForTwo(Net):
        @tf.function(input_signature=[images()])
        def __call__(self, pixels: Any) -> Any:
            return both(self, pixels)

    class CalledSmall(Net):
        @tf.function(input_signature=[images(128)])
        def __call__(self, pixels: Any) -> Any:
            return self.features(pixels)

    for module in (Called, CalledForTwo, CalledSmall):
        tf.saved_model.save(module(), str(Path(folder) / module.__name__), signatures={})
    _tf1_hub_module(Path(folder) / "TF1 hub module", stem, last)
    net = Net()
    np.save(Path(folder) / "features.npy", net.features(_golden()).numpy())


def _golden() -> np.ndarray:
    from onthefly_studio.reference import golden

    return golden.inputs()


def _tf1_hub_module(folder: Path, stem: np.ndarray, last: np.ndarray) -> None:
    """A module as tensorflow_hub 0.1 wrote them: no tag, signatures `default` and `image_feature_vector`."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        pixels = v1.placeholder(tf.float32, (None, 224, 224, 3))
        kernel = v1.get_variable("stem", initializer=stem, use_resource=False)
        matrix = v1.get_variable("last", initializer=last, use_resource=False)
        pooled = tf.reduce_mean(tf.nn.relu6(tf.nn.conv2d(pixels, kernel, 16, "SAME")), (1, 2))
        features = pooled @ matrix
        session.run(v1.global_variables_initializer())
        predict = v1.saved_model.predict_signature_def
        signatures = {
            "default": predict({"images": pixels}, {"default": features}),
            "image_feature_vector": predict({"images": pixels}, {"default": features, "layer_1": pooled}),
        }
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, [], signature_def_map=signatures)
        builder.save()
    (folder / "tfhub_module.pb").write_bytes(b"\x08\x03")  # format 3


def tfhub_resolve(url: str, folder: str, out: str) -> None:
    """Write down where tensorflow_hub puts a module into a cache of its own."""
    import tensorflow_hub

    os.environ["TFHUB_CACHE_DIR"] = folder
    Path(out).write_text(tensorflow_hub.resolve(url))


def raw_conversion(saved_model: str, folder: str) -> None:
    """What tensorflowjs writes, without our rewrites."""
    from onthefly_studio.tensorflow import child as tensorflow_child

    tensorflow_child._tensorflowjs(saved_model, Path(folder))


def quantized_conversion(saved_model: str, folder: str, dtype: str) -> None:
    """What `tensorflowjs_converter --quantize_DTYPE` writes of a SavedModel."""
    from onthefly_studio.tensorflow import placeholders

    placeholders.install()
    from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

    options = {"signature_def": "serving_default", "saved_model_tags": "serve"}
    converter.convert_tf_saved_model(saved_model, folder, quantization_dtype_map={dtype: "*"}, **options)


def scaled_features(origin: str, out: str, *scales: str) -> None:
    """A source's features of the golden images times each scale: `[scales, n, F]` in a .npy file."""
    from onthefly_studio.reference import golden
    from onthefly_studio.tensorflow import child as tensorflow_child
    from onthefly_studio.tensorflow import signature

    with tempfile.TemporaryDirectory() as scratch:
        original = signature.find(tensorflow_child._saved_model(json.loads(origin), Path(scratch)))
        found = [original.features(golden.inputs() * np.float32(scale)) for scale in scales]
    np.save(out, np.stack(found))


def features(saved_model: str, images: str, out: str) -> None:
    """The original SavedModel's features of float32 images in a .npy file."""
    import tensorflow as tf
    import tensorflow_hub as hub

    serve = hub.load(saved_model).signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    (output,) = serve(**{name: tf.constant(np.load(images))}).values()
    np.save(out, output.numpy())


def graph_features(folder: str, images: str, out: str) -> None:
    """A written graph model's features of float32 images in a .npy file, twenty at a time."""
    import tensorflow as tf

    from onthefly_studio.graph import model as graph_model
    from onthefly_studio.tensorflow import child as tensorflow_child

    model = graph_model.read(Path(folder))
    graph = tensorflow_child.graph_def(model)
    function = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
    pruned = function.prune(f"{model.input_name}:0", f"{model.output_name}:0")
    given = np.load(images)
    batches = [given[at : at + 20] for at in range(0, len(given), 20)]
    np.save(out, np.concatenate([pruned(tf.constant(batch)).numpy() for batch in batches]))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
