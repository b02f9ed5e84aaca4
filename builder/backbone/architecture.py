"""MobileNetV3-Small 1.0 as Keras defines it, with weights given by layer name.

The weights are a `.npz` of plain arrays, `<keras layer>:<variable>`, kernels in float16 and the
rest in float32; nothing in it can be executed. Needs TensorFlow: import it in the child process only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

SIZE = 224
FEATURES_LAYER = "Conv_2"
"""The last convolution, to 1024 channels; hard-swish follows it."""


def feature_vector() -> Any:
    """The untrained network: `[n, 224, 224, 3]` in [0, 1] to `[n, 1024]`, a `tf_keras.Model`.

    Source: A. Howard et al., "Searching for MobileNetV3" (2019), cut after the 1024-wide layer.
    """
    import tf_keras as keras

    network = keras.applications.MobileNetV3Small(
        input_shape=(SIZE, SIZE, 3),
        include_top=True,
        weights=None,
        include_preprocessing=False,
        dropout_rate=0,
    )
    names = [layer.name for layer in network.layers]
    activated = network.layers[_last_of_hard_swish(names, names.index(FEATURES_LAYER))].output
    inside = keras.Model(network.input, keras.layers.Flatten(name="features")(activated))
    image = keras.Input((SIZE, SIZE, 3), name="inputs")
    scaled = keras.layers.Rescaling(scale=2.0, offset=-1.0, name="to_minus_one_to_one")(image)
    return keras.Model(image, inside(scaled), name="mobilenet_v3_small_100_224")


def _last_of_hard_swish(names: list[str], convolution: int) -> int:
    """The multiplication that ends the hard-swish after a convolution; Keras writes it in several layers."""
    for index in range(convolution + 1, len(names)):
        if names[index].startswith("multiply"):
            return index
    raise AssertionError(f"no hard-swish after {names[convolution]}")


def _network(model: Any) -> Any:
    return next(layer for layer in model.layers if hasattr(layer, "layers"))


def variables(model: Any) -> dict[str, Any]:
    """Every variable of the network by `<keras layer>:<variable>`, such as `Conv_2:kernel`."""
    found = {}
    for layer in _network(model).layers:
        for variable in layer.weights:
            kind = variable.name.rsplit("/", 1)[-1].split(":")[0]
            found[f"{layer.name}:{kind}"] = variable
    return found


def load_weights(model: Any, archive: Path) -> None:
    """Set every variable from the archive.

    Raises:
        ValueError: a name or a shape in the archive is not the network's.
    """
    with np.load(archive, allow_pickle=False) as arrays:
        wanted = variables(model)
        if set(wanted) != set(arrays.files):
            raise ValueError(
                f"{archive.name} holds other variables: {sorted(set(wanted) ^ set(arrays.files))[:3]}"
            )
        for name, variable in wanted.items():
            array = arrays[name].astype(np.float32)
            if array.shape != tuple(variable.shape):
                raise ValueError(
                    f"{archive.name}: {name} has shape {array.shape}, not {tuple(variable.shape)}"
                )
            variable.assign(array)


def save(model: Any, folder: Path) -> None:
    """Write the model as a SavedModel with the Hub's signature: `inputs` to `feature_vector`."""
    import tensorflow as tf

    images = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, name="inputs")

    def serve(inputs: Any) -> Any:
        return {"feature_vector": model(inputs, training=False)}

    tf.saved_model.save(
        model, str(folder), signatures={"serving_default": tf.function(serve, input_signature=[images])}
    )
