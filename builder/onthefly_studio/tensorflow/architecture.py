"""MobileNetV3 as Keras defines it, cut after its widest layer, with weights given by layer name.

The embedded weights are a `.npz` of plain arrays, `<keras layer>:<variable>`, kernels in float16 and the
rest in float32; those of Keras Applications are an HDF5 file. Nothing in either can be executed. Needs
TensorFlow: import it in the child process only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from onthefly_studio.sources.keras_applications import NETWORKS, Network
from onthefly_studio.tensorflow import hdf5_weights

SIZE = 224
CLASSIFIER_LAYER = "Logits"
"""The classifier; what it reads are the features, activation included."""


def feature_vector(network: Network = NETWORKS["small"]) -> Any:
    """The untrained network: `[n, 224, 224, 3]` in [0, 1] to `[n, F]`, a `tf_keras.Model`.

    F is 1024 for the small networks and 1280 for the large.

    Source: A. Howard et al., "Searching for MobileNetV3" (2019), cut before the classifier.
    """
    import tf_keras as keras

    whole = getattr(keras.applications, f"MobileNetV3{network.size}")(
        input_shape=(SIZE, SIZE, 3),
        alpha=network.alpha,
        minimalistic=network.minimalistic,
        include_top=True,
        weights=None,
        include_preprocessing=False,
        dropout_rate=0,
    )
    features = whole.get_layer(CLASSIFIER_LAYER).input
    inside = keras.Model(whole.input, keras.layers.Flatten(name="features")(features))
    image = keras.Input((SIZE, SIZE, 3), name="inputs")
    scaled = keras.layers.Rescaling(scale=2.0, offset=-1.0, name="to_minus_one_to_one")(image)
    return keras.Model(image, inside(scaled), name=network.model_name)


def _inside(model: Any) -> Any:
    return next(layer for layer in model.layers if hasattr(layer, "layers"))


def variables(model: Any) -> dict[str, Any]:
    """Every variable of the network by `<keras layer>:<variable>`, such as `Conv_2:kernel`."""
    found = {}
    for layer in _inside(model).layers:
        for variable in layer.weights:
            kind = variable.name.rsplit("/", 1)[-1].split(":")[0]
            found[f"{layer.name}:{kind}"] = variable
    return found


def load_weights(model: Any, archive: Path) -> None:
    """Set every variable from an archive of the embedded kind.

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


def load_keras_weights(model: Any, file: Path) -> None:
    """Set every variable from Keras' own HDF5 file.

    Raises:
        ConversionError: the file lacks a layer or a variable, or has another shape for one.
    """
    wanted = variables(model)
    arrays = hdf5_weights.read(file, {name: tuple(variable.shape) for name, variable in wanted.items()})
    for name, variable in wanted.items():
        variable.assign(arrays[name])


def save(model: Any, folder: Path) -> None:
    """Write the model as a SavedModel with the Hub's signature: `inputs` to `feature_vector`."""
    import tensorflow as tf

    images = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32, name="inputs")

    def serve(inputs: Any) -> Any:
        return {"feature_vector": model(inputs, training=False)}

    # Saved as a Keras model, every layer would be traced on its own: 12 s instead of 1.
    module = tf.Module()
    module.variables_of_the_network = model.variables
    tf.saved_model.save(
        module, str(folder), signatures={"serving_default": tf.function(serve, input_signature=[images])}
    )
