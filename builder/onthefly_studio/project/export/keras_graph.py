"""A backbone's graph as a Keras model of Keras' own layers, so that its file needs no code of ours to load.

Needs Keras: the child process only. What an image network is made of has a layer; other operations are
refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph.model import Array, GraphModel, Node, fused_ops
from onthefly_studio.reference.head import Weights

_AXES = [1, 2]
_SIMPLE = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Elu": "elu", "Softmax": "softmax"}
_PLAIN: dict[str, Callable[[Array, Array], Array]] = {"Mul": np.multiply, "AddV2": np.add, "Add": np.add}


def to_keras(backbone: GraphModel, weights: Weights) -> Any:
    """A Keras model from `[n, size, size, 3]` to `[n, classes]`.

    Raises:
        ConversionError: the graph holds an operation that has no layer here.
    """
    import keras

    made = _Layers(backbone)
    x = made.tensor(backbone.output_name)
    hidden = keras.layers.Dense(len(weights.bias1), activation="relu", name="head_hidden")
    output = keras.layers.Dense(len(weights.bias2), activation="softmax", name="probabilities")
    model = keras.Model(made.inputs, output(hidden(x)), name="onthefly")
    hidden.set_weights([weights.kernel1, weights.bias1])
    output.set_weights([weights.kernel2, weights.bias2])
    return model


class _Layers:
    """Tensors of the graph as Keras tensors, made when they are asked for."""

    def __init__(self, graph: GraphModel) -> None:
        self._graph = graph
        self._nodes = {node["name"]: node for node in graph.nodes}
        self._made: dict[str, Any] = {}
        self._constants: dict[str, Array] = {}
        self.inputs = self._input()

    def _input(self) -> Any:
        import keras

        node = self._nodes[self._graph.input_name]
        dim = node["attr"]["shape"]["shape"]["dim"]
        tensor = keras.Input([int(size["size"]) for size in dim[1:]], name="image")
        self._made[node["name"]] = tensor
        return tensor

    def tensor(self, reference: str) -> Any:
        """The Keras tensor of a node's output."""
        # Not recursive: a network is deeper than Python's stack likes.
        waiting = [_plain(reference)]
        while waiting:
            name = waiting[-1]
            inputs = [_plain(each) for each in self._nodes[name].get("input", ())]
            missing = [each for each in inputs if self.constant(each) is None and each not in self._made]
            if name in self._made or not missing:
                waiting.pop()
                if name not in self._made:
                    self._made[name] = self._layer(self._nodes[name], inputs)
            else:
                waiting += missing
        return self._made[_plain(reference)]

    def constant(self, name: str) -> Array | None:
        """The value of a node that depends on no picture; None of any other."""
        if name in self._graph.weights and name not in self._constants:
            self._constants[name] = self._graph.dense(name)
        node = self._nodes[name]
        # An 8-bit kernel stands there as a product with its channels' scales.
        plain = _PLAIN.get(node["op"])
        if plain and name not in self._constants and self._graph.weights.keys() >= set(node["input"]):
            first, second = (self._graph.dense(each) for each in node["input"])
            self._constants[name] = plain(first, second)
        return self._constants.get(name)

    def _layer(self, node: Node, inputs: list[str]) -> Any:
        values = [self.constant(each) for each in inputs]
        tensors = [self._made[each] for each, value in zip(inputs, values, strict=True) if value is None]
        constants = [value for value in values if value is not None]
        make = getattr(self, f"_op_{node['op'].lower().lstrip('_')}", None)
        made = make(node, tensors, constants, values) if make else _simple(node, tensors)
        if made is None:
            raise ConversionError(
                f"The backbone's operation {node['op']} ({node['name']}) has no Keras layer here.",
                where="keras",
                hint="Export as saved_model or tflite.",
            )
        return made

    def _op_identity(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        return tensors[0]

    def _op_relu6(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        return keras.layers.ReLU(max_value=6.0)(tensors[0])

    def _op_fusedconv2d(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        kernel, x = constants[0], tensors[0]
        options = _convolution(node)
        layer = keras.layers.Conv2D(kernel.shape[3], kernel.shape[:2], use_bias=len(constants) > 1, **options)
        return _activated(node, _with_weights(layer, _padded(node, x), constants[:2]))

    _op_conv2d = _op_fusedconv2d

    def _op_fuseddepthwiseconv2dnative(
        self, node: Node, tensors: list[Any], constants: list[Array], values: Any
    ) -> Any:
        import keras

        kernel, x = constants[0], tensors[0]
        options = {**_convolution(node), "depth_multiplier": kernel.shape[3]}
        layer = keras.layers.DepthwiseConv2D(kernel.shape[:2], use_bias=len(constants) > 1, **options)
        return _activated(node, _with_weights(layer, _padded(node, x), constants[:2]))

    _op_depthwiseconv2dnative = _op_fuseddepthwiseconv2dnative

    def _op_fusedmatmul(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        if values[0] is not None or node["attr"].get("transpose_a", {}).get("b", False):
            return None
        transposed = node["attr"].get("transpose_b", {}).get("b", False)
        kernel = constants[0].T if transposed else constants[0]
        layer = keras.layers.Dense(kernel.shape[1], use_bias=len(constants) > 1)
        return _activated(node, _with_weights(layer, tensors[0], [kernel, *constants[1:2]]))

    _op_matmul = _op_fusedmatmul

    def _op_mul(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        if constants:
            return _rescaled(tensors[0], scale=constants[0])
        return keras.layers.Multiply()(tensors)

    def _op_addv2(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        if constants:
            return _rescaled(tensors[0], offset=constants[0])
        return keras.layers.Add()(tensors)

    _op_add = _op_biasadd = _op_addv2

    def _op_sub(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        if not constants:
            return keras.layers.Subtract()(tensors)
        if values[0] is None:
            return _rescaled(tensors[0], offset=-constants[0])
        return _rescaled(tensors[0], scale=-1.0, offset=constants[0])

    def _op_pad(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        amounts = constants[0].tolist()
        if len(amounts) != 4 or any(amounts[0] + amounts[3]):
            return None
        return keras.layers.ZeroPadding2D(amounts[1:3])(tensors[0])

    def _op_mean(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        if sorted(np.ravel(constants[0]).tolist()) != _AXES or len(tensors[0].shape) != 4:
            return None
        keep = node["attr"].get("keep_dims", {}).get("b", False)
        return keras.layers.GlobalAveragePooling2D(keepdims=keep)(tensors[0])

    def _op_avgpool(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        import keras

        maker = keras.layers.AveragePooling2D if node["op"] == "AvgPool" else keras.layers.MaxPooling2D
        sizes = _numbers(node, "ksize")[1:3]
        return maker(sizes, **{k: v for k, v in _convolution(node).items() if k != "dilation_rate"})(
            tensors[0]
        )

    _op_maxpool = _op_avgpool

    def _op_reshape(self, node: Node, tensors: list[Any], constants: list[Array], values: Any) -> Any:
        """To a vector per picture: what a feature vector ends with."""
        import keras

        x = tensors[0]
        to_vector = len(x.shape) == 2 or (len(x.shape) == 4 and tuple(x.shape[1:3]) == (1, 1))
        wanted = constants[0].tolist() if constants else [-1, x.shape[-1]]
        if not to_vector or wanted not in ([-1, x.shape[-1]], [1, x.shape[-1]]):
            return None
        return keras.layers.Flatten()(x)

    _op_squeeze = _op_reshape


def _plain(reference: str) -> str:
    return reference.removeprefix("^").split(":")[0]


def _simple(node: Node, tensors: list[Any]) -> Any:
    import keras

    if node["op"] not in _SIMPLE or len(tensors) != 1:
        return None
    return keras.layers.Activation(_SIMPLE[node["op"]])(tensors[0])


def _with_weights(layer: Any, x: Any, weights: list[Array]) -> Any:
    made = layer(x)
    layer.set_weights(weights)
    return made


def _numbers(node: Node, name: str) -> list[int]:
    return [int(each) for each in node["attr"].get(name, {}).get("list", {}).get("i", [])]


def _padding(node: Node) -> str:
    import base64

    return base64.b64decode(node["attr"]["padding"]["s"]).decode()


def _convolution(node: Node) -> dict[str, Any]:
    padding = "same" if _padding(node) == "SAME" else "valid"
    dilations = _numbers(node, "dilations") or [1, 1, 1, 1]
    return {"strides": _numbers(node, "strides")[1:3], "padding": padding, "dilation_rate": dilations[1:3]}


def _padded(node: Node, x: Any) -> Any:
    """The input of a convolution that names its padding in numbers."""
    import keras

    if _padding(node) != "EXPLICIT":
        return x
    _, _, top, bottom, left, right, *_ = _numbers(node, "explicit_paddings")
    return keras.layers.ZeroPadding2D(((top, bottom), (left, right)))(x)


def _activated(node: Node, x: Any) -> Any:
    import keras

    for fused in fused_ops(node):
        if fused == "Relu6":
            x = keras.layers.ReLU(max_value=6.0)(x)
        elif fused == "LeakyRelu":
            slope = float(node["attr"].get("leakyrelu_alpha", {}).get("f", 0.2))
            x = keras.layers.LeakyReLU(negative_slope=slope)(x)
        elif fused in _SIMPLE:
            x = keras.layers.Activation(_SIMPLE[fused])(x)
        elif fused != "BiasAdd":
            return None
    return x


def _rescaled(x: Any, scale: Any = 1.0, offset: Any = 0.0) -> Any:
    """The input times a number, or one per channel, plus a number, or one per channel."""
    import keras

    scale, offset = (np.squeeze(np.asarray(each)).tolist() for each in (scale, offset))
    return keras.layers.Rescaling(scale, offset)(x)
