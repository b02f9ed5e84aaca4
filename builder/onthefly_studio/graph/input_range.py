"""The range of numbers that a model reads pictures in.

A site gives its backbone pictures in [0, 1]. A model that wants another range gets the step to it as nodes
of its graph: so every backend takes it, our kernels do, and whoever loads the graph.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

from onthefly_studio.errors import ConfigError

if TYPE_CHECKING:
    from onthefly_studio.graph.model import Array, GraphModel, Node

InputRange = Literal["0-1", "-1-1", "0-255"]
CHOICES: tuple[InputRange, ...] = get_args(InputRange)
DEFAULT: InputRange = "0-1"
_STEPS: dict[InputRange, tuple[float, float]] = {"0-1": (1, 0), "-1-1": (2, -1), "0-255": (255, 0)}
"""What a picture in [0, 1] is multiplied by, and what is added then."""


def known(value: object) -> InputRange:
    """The range that a file names.

    Raises:
        ConfigError: it names none.
    """
    for choice in CHOICES:
        if value == choice:
            return choice
    raise ConfigError(
        f"There is no input range {str(value)[:20]!r}.",
        where="inputRange",
        hint=f"One of {', '.join(CHOICES)}.",
    )


def in_range(images: Array, wanted: InputRange) -> Array:
    """Pictures in [0, 1] as a model of the wanted range reads them; float32 of the same shape."""
    import numpy as np

    factor, offset = _STEPS[wanted]
    return images if wanted == DEFAULT else images * np.float32(factor) + np.float32(offset)


def read_unit_range(model: GraphModel, own: InputRange) -> GraphModel:
    """The graph with the step from [0, 1] to its own range before it.

    Args:
        model: with one placeholder, which reads pictures in `own`.
        own: the range.

    Returns:
        The same function of pictures in [0, 1]; the graph itself where that is its range.
    """
    import numpy as np

    from onthefly_studio.graph.model import add_constant

    factor, offset = _STEPS[own]
    image = model.input_name
    nodes: list[Node] = []
    weights = dict(model.weights)
    taken = {node["name"] for node in model.nodes}
    last = image
    for op, number, nothing in (("Mul", factor, 1), ("AddV2", offset, 0)):
        if number == nothing:
            continue
        name = f"input_range/{op}"
        while name in taken:
            name += "_"
        constant = add_constant(nodes, weights, f"{name}/number", np.asarray(number, np.float32))
        attr = {"T": {"type": "DT_FLOAT"}}
        nodes.append({"attr": attr, "input": [last, constant], "name": name, "op": op})
        last = name

    def rewired(node: Node) -> Node:
        # A node may also wait for the placeholder, which stands as it was.
        given = [last if each.removesuffix(":0") == image else each for each in node.get("input", ())]
        return {**node, "input": given} if given else node

    return replace(model, nodes=[*map(rewired, model.nodes), *nodes], weights=weights)
