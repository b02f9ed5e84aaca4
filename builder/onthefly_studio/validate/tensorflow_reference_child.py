"""The child process of `onthefly validate`: everything that needs TensorFlow.

It reads `job.json` and `inputs.npz` in a folder and leaves `outputs.npz` and `result.json` there:

* `job["original"]`: where the original model is, `sources.Source.origin`; its features of the array
  `pictures` (`original`)
* `job["graph"]`: a folder with the site's model.json; its features of the array `frames` (`graph`)
* `job["heads"]`: trainings with Keras, by name; each has the arrays `NAME/features`, `labels`, `asked`,
  `orders` and the four weights, and gives `NAME/losses` and `NAME/probabilities`

A part that fails leaves its reason in `result.json` under its name; the others are done all the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.reference.head import NAMES
from onthefly_studio.reference.optimizer import BETA1, BETA2, EPSILON

Array = npt.NDArray[Any]


def main(folder: Path) -> int:
    """Do the job; the exit status is 0 also where a part failed."""
    job = json.loads((folder / "job.json").read_text("utf-8"))
    outputs: dict[str, Array] = {}
    failures: dict[str, str] = {}

    def part(name: str, work: Callable[[], Mapping[str, Array]]) -> None:
        try:
            outputs.update(work())
        except Exception as error:  # any of them is that part's result
            failures[name] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"

    with np.load(folder / "inputs.npz") as inputs:
        if job["original"]:
            part("original", lambda: {"original": _original(job["original"], inputs["pictures"])})
        if job["graph"]:
            part("graph", lambda: {"graph": _graph(Path(job["graph"]), inputs["frames"])})
        for head in job["heads"]:
            part(head["name"], lambda head=head: _train(head, inputs))  # type: ignore[misc]
    np.savez(folder / "outputs.npz", **outputs)
    (folder / "result.json").write_text(json.dumps(failures), "utf-8", newline="\n")
    return 0


def _original(origin: dict[str, str], pictures: Array) -> Array:
    """The original model's features, `[n, size, size, 3]` to `[n, F]`."""
    from onthefly_studio.tensorflow import child as tensorflow_child

    return np.asarray(tensorflow_child.original_features(origin, pictures), np.float32)


def _graph(folder: Path, frames: Array) -> Array:
    """The features of the graph that the site publishes, `[n, size, size, 3]` to `[n, F]`."""
    from onthefly_studio.graph import model as graph_model
    from onthefly_studio.tensorflow import child as tensorflow_child

    return np.asarray(tensorflow_child.run_graph(graph_model.read(folder), frames), np.float32)


def _train(head: dict[str, Any], inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Train the head with Keras, from given weights and in a given order of examples."""
    import tf_keras as keras

    name, settings, classes = head["name"], head["settings"], head["classes"]
    features, labels, asked, orders = (
        inputs[f"{name}/{part}"] for part in ("features", "labels", "asked", "orders")
    )
    model = keras.Sequential(
        [
            keras.layers.Input((features.shape[1],)),
            keras.layers.Dense(settings["hidden"], activation="relu"),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    # Keras divides by sqrt(v) + epsilon before it corrects v; the page, as TensorFlow.js, after. With
    # epsilon * sqrt(1 - beta2**t) in the place of epsilon the two are one formula: `adaptive_epsilon`.
    optimizer = keras.optimizers.Adam(
        settings["rate"], BETA1, BETA2, EPSILON, adaptive_epsilon=True, jit_compile=False
    )
    model.compile(optimizer, loss=_binary if head["loss"] == "binary_crossentropy" else head["loss"])
    model.set_weights([inputs[f"{name}/{weight}"] for weight in NAMES])
    targets = keras.utils.to_categorical(labels, classes)
    losses = []
    for order in orders:
        history = model.fit(
            features[order], targets[order], batch_size=settings["batch"], shuffle=False, verbose=0
        )
        losses.append(history.history["loss"][0])
    chances = np.asarray(model(asked, training=False), np.float32)
    return {f"{name}/losses": np.array(losses), f"{name}/probabilities": chances}


def _binary(targets: Any, outputs: Any) -> Any:
    """Binary cross-entropy of the outputs themselves, `[b, C]` and `[b, C]` to `[b]`.

    Given a softmax' own output, Keras goes back to its logits and puts a sigmoid in the softmax' place,
    which is another number; from a copy it has no way back.
    """
    import tensorflow as tf
    import tf_keras as keras

    return keras.losses.binary_crossentropy(targets, tf.identity(outputs))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
