"""A TensorFlow.js graph in NumPy, operation by operation: what the page's features are compared with.

The graph is computed as it is written. Nothing is recognised, fused or reordered, and no code is shared with
what converts graphs or plans them, see `node.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.graph.model import GraphModel
from onthefly_studio.reference.node import Node, NotComputed
from onthefly_studio.reference.operations import OPERATIONS, Value

Float32 = npt.NDArray[np.float32]


class Network:
    """A graph made ready: what depends on no picture is computed once, weights are decoded once.

    Args:
        model: as read back from the files.

    Raises:
        NotComputed: the graph has an operation that is unknown here.
    """

    def __init__(self, model: GraphModel) -> None:
        self._input, self._output = model.input_name, model.output_name
        self._constants: dict[str, Value] = {}
        self._steps: list[Node] = []
        for node in _in_order(model):
            if node.name == self._input:
                continue
            if node.op == "Const":
                self._constants[node.name] = model.dense(node.name)
            elif node.op not in OPERATIONS:
                raise NotComputed(node.op, node.name)
            elif all(name in self._constants for name in node.inputs):
                self._constants[node.name] = self._made(node, self._constants)
            else:
                self._steps.append(node)
        last = {name: number for number, node in enumerate(self._steps) for name in node.inputs}
        self._over: list[list[str]] = [[] for _ in self._steps]
        """The values that no step after each one needs."""
        for name, number in last.items():
            if name not in self._constants and name != self._output:
                self._over[number].append(name)

    def __call__(self, images: Float32) -> Float32:
        """What the graph makes of a batch of images, `[n, height, width, 3]` float32 in the graph's range."""
        values = {**self._constants, self._input: images}
        for node, over in zip(self._steps, self._over, strict=True):
            values[node.name] = self._made(node, values)
            for name in over:
                del values[name]
        return np.asarray(values[self._output], np.float32)

    @staticmethod
    def _made(node: Node, values: dict[str, Value]) -> Value:
        # A graph's numbers may be beyond what they are divided by or raised to: as infinity, or no number.
        with np.errstate(all="ignore"):
            return OPERATIONS[node.op](node, *(values[name] for name in node.inputs))


def features(model: GraphModel, images: Iterable[npt.NDArray[Any]]) -> Float32:
    """What a graph makes of images, one at a time, as the page does: it may be made for single images.

    Args:
        model: as read back from the files.
        images: `[n, 224, 224, 3]` float32 in [0, 1], or in the range that the graph reads; or any that yields
            such images.

    Returns:
        Features, `[n, F]` float32 (of a stranger's graph: whatever it gives, image by image).

    Raises:
        NotComputed: the graph has an operation, or a way to do one, that is unknown here.
        Exception: of many types, where its attributes and shapes do not fit together.
    """
    network = Network(model)
    return np.concatenate([network(np.asarray(image, np.float32)[None]) for image in images])


def _in_order(model: GraphModel) -> list[Node]:
    """The nodes that the output needs, each after those that it takes values of."""
    nodes = {written["name"]: written for written in model.nodes}
    ordered: dict[str, Node] = {}
    begun: set[str] = set()
    waiting = [model.output_name]
    while waiting:
        node = Node.of(nodes[waiting[-1]])
        missing = [name for name in node.inputs if name not in ordered]
        if not missing:
            ordered[waiting.pop()] = node
        elif node.name in begun:  # what it waits for was put before it once, and waits for it
            raise ValueError(f"{node.name}: the graph has a cycle")
        else:
            begun.add(node.name)
            waiting += missing
    return list(ordered.values())
