"""Pieces that need TensorFlow, run in processes of their own as the build does.

python -m tests.support.tensorflow_scripts NAME ARGUMENT...

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio import process
from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import convert
from tests.support.patience import PATIENCE_S
from tests.support.processes import PYTHON_PATH
from tests.support.small_models import small_models

ROOT = Path(__file__).resolve().parents[2]
DONE = "-- done --"
Script = Callable[..., None]
SCRIPTS: dict[str, Script] = {}
"""What may be run, by name."""


def script(function: Script) -> Script:
    """Let a function be run by its name."""
    SCRIPTS[function.__name__] = function
    return function


script(small_models)


def _environment(more: dict[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, **process.ENVIRONMENT, **(more or {}), "PYTHONPATH": PYTHON_PATH}


def run(name: str, *arguments: object, environment: dict[str, str] | None = None) -> str:
    """Run one of the functions below in a fresh process; returns what it printed."""
    command = [sys.executable, "-m", "tests.support.tensorflow_scripts", name, *map(str, arguments)]
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
            [sys.executable, "-m", "tests.support.tensorflow_scripts", "work"],
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


@contextmanager
def in_one_worker() -> Iterator[None]:
    """Conversions run in that worker, and do not each pay for an import of TensorFlow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "run_child", lambda job: worker().run_child(job))
        yield


@script
def work() -> None:
    """The worker's side: a call per line of input."""
    import traceback

    from onthefly_studio.tensorflow import placeholders

    placeholders.install()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        problem = ""
        try:
            SCRIPTS[name](*arguments)
        except Exception:
            problem = traceback.format_exc()
        print(f"{DONE}{json.dumps(problem)}", flush=True)


@script
def child(scratch: str) -> None:
    """One job of the build's own child process."""
    import tf_keras

    from onthefly_studio.tensorflow import child as tensorflow_child

    tf_keras.backend.clear_session()
    assert tensorflow_child.main(Path(scratch)) == 0


@script
def project_module(module: str, *arguments: str) -> None:
    """What `python -m` does with one of the project's child modules."""
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__")
    except SystemExit as end:
        assert not end.code, end.code


@script
def keras_model(folder: str, network: str = "small") -> None:
    """Save one of Keras' own MobileNetV3, random weights and zero biases, as a feature vector."""
    import tf_keras

    from onthefly_studio.sources.keras_applications import NETWORKS
    from onthefly_studio.tensorflow import architecture

    tf_keras.backend.clear_session()
    tf_keras.utils.set_random_seed(7)
    architecture.save(architecture.feature_vector(NETWORKS[network]), Path(folder))


@script
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


@script
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


@script
def keras_variables(network: str, file: str) -> None:
    """Names and shapes of our network's variables, in its order, as JSON."""
    import tf_keras

    from onthefly_studio.sources.keras_applications import NETWORKS
    from onthefly_studio.tensorflow import architecture

    tf_keras.backend.clear_session()
    variables = architecture.variables(architecture.feature_vector(NETWORKS[network]))
    Path(file).write_text(json.dumps([(name, list(each.shape)) for name, each in variables.items()]))


@script
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


@script
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


@script
def tfhub_resolve(url: str, folder: str, out: str) -> None:
    """Write down where tensorflow_hub puts a module into a cache of its own."""
    import tensorflow_hub

    os.environ["TFHUB_CACHE_DIR"] = folder
    Path(out).write_text(tensorflow_hub.resolve(url))


@script
def raw_conversion(saved_model: str, folder: str) -> None:
    """What tensorflowjs writes, without our rewrites."""
    from onthefly_studio.tensorflow import child as tensorflow_child

    tensorflow_child._tensorflowjs(saved_model, Path(folder))


@script
def quantized_conversion(saved_model: str, folder: str, dtype: str) -> None:
    """What `tensorflowjs_converter --quantize_DTYPE` writes of a SavedModel."""
    from onthefly_studio.tensorflow import placeholders

    placeholders.install()
    from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

    options = {"signature_def": "serving_default", "saved_model_tags": "serve"}
    converter.convert_tf_saved_model(saved_model, folder, quantization_dtype_map={dtype: "*"}, **options)


@script
def scaled_features(origin: str, out: str, *scales: str) -> None:
    """A source's features of the golden images times each scale: `[scales, n, F]` in a .npy file."""
    from onthefly_studio.reference import golden
    from onthefly_studio.tensorflow import child as tensorflow_child
    from onthefly_studio.tensorflow import signature

    with tempfile.TemporaryDirectory() as scratch:
        original = signature.find(tensorflow_child._saved_model(json.loads(origin), Path(scratch)))
        found = [original.features(golden.inputs() * np.float32(scale)) for scale in scales]
    np.save(out, np.stack(found))


@script
def features(saved_model: str, images: str, out: str) -> None:
    """The original SavedModel's features of float32 images in a .npy file."""
    import tensorflow as tf
    import tensorflow_hub as hub

    serve = hub.load(saved_model).signatures["serving_default"]
    (name,) = serve.structured_input_signature[1]
    (output,) = serve(**{name: tf.constant(np.load(images))}).values()
    np.save(out, output.numpy())


@script
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
    SCRIPTS[sys.argv[1]](*sys.argv[2:])
