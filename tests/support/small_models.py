"""SavedModels of a few kilobytes: good ones by many names, and bad ones."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


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


def _golden() -> NDArray[Any]:
    from onthefly_studio.reference import golden

    return golden.inputs()


def _tf1_hub_module(folder: Path, stem: NDArray[Any], last: NDArray[Any]) -> None:
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
