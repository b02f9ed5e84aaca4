"""Following a graph node by node to the steps of a `plan`; the first node that no step expresses ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from onthefly_studio.graph.model import Array, GraphModel, Node, fused_ops
from onthefly_studio.graph.plan import Activation, NotRecognised, Plan, Step
from onthefly_studio.graph.topology import (
    NO_PADDING,
    Padding,
    Shape,
    constant,
    in_order,
    input_shape,
    numbers,
    plain,
    same_padding,
    windowed,
    word,
)


@dataclass(frozen=True)
class _Term:
    """What a node is, in terms of a value: `scale * x + offset`, or clamped like an activation."""

    value: int
    version: int
    """Of the value: an activation that is found later changes what the value stands for."""
    scale: float = 1.0
    offset: float = 0.0
    clamp: Activation | None = None
    padding: Padding = NO_PADDING

    @property
    def is_plain(self) -> bool:
        return self.scale == 1 and self.offset == 0 and self.clamp is None and self.padding == NO_PADDING


def recognise(model: GraphModel) -> Plan:
    """The graph as steps.

    Args:
        model: with its kernels stored in any precision.

    Raises:
        NotRecognised: it is not made of what the kernels compute.
    """
    return _Recognition(model).plan()


class _Recognition:
    def __init__(self, model: GraphModel) -> None:
        self._model = model
        self._plan = Plan(input_shape(model))
        self._terms: dict[str, _Term] = {}
        self._versions = [0]
        self._read: set[int] = set()
        """Values that a step has read: their meaning is settled."""

    def plan(self) -> Plan:
        for node in in_order(self._model):
            name = node["name"]
            if constant(self._model, name) is not None:
                continue
            if node["op"] == "Placeholder":
                self._terms[name] = _Term(0, 0)
                continue
            make: Callable[[Node], _Term] | None = getattr(
                self, f"_op_{node['op'].lower().lstrip('_')}", None
            )
            if make is None:
                raise NotRecognised(f"{name}: no step does {node['op']}")
            self._terms[name] = make(node)
        last = self._value(self._terms[self._model.output_name], self._model.output_name)
        if last != len(self._plan.steps) or self._shape(last)[:2] != (1, 1):
            raise NotRecognised("the output is not one vector that the last step makes")
        return self._plan

    # --- values ---------------------------------------------------------------------------------

    def _shape(self, value: int) -> Shape:
        return self._plan.steps[value - 1].shape if value else self._plan.input

    def _add(self, step: Step) -> _Term:
        self._plan.steps.append(step)
        self._versions.append(0)
        return _Term(len(self._plan.steps), 0)

    def _value(self, term: _Term, name: str) -> int:
        """The value that a term is, its activation put where it belongs."""
        if term.clamp and term.padding == NO_PADDING:
            term = self._activate(term, term.clamp, name)
        elif term.scale != 1 and term.value and replace(term, scale=1.0).is_plain:
            term = self._rescale(term)
        if not term.is_plain or term.version != self._versions[term.value]:
            raise NotRecognised(f"{name}: reads a value that only exists in the graph")
        if term.value == 0:
            raise NotRecognised(f"{name}: reads the picture itself")
        self._read.add(term.value)
        return term.value

    def _activate(self, term: _Term, activation: Activation, name: str) -> _Term:
        value = term.value
        step = self._plan.steps[value - 1] if value else None
        if step is None or step.kernel is None or step.activation or step.other is not None:
            raise NotRecognised(f"{name}: an activation of something that has none")
        if value in self._read or term.version != self._versions[value]:
            raise NotRecognised(f"{name}: the value before the activation is read elsewhere")
        step.activation = activation
        self._versions[value] += 1
        return _Term(value, self._versions[value])

    def _rescale(self, term: _Term) -> _Term:
        """A factor after an activation, of which it becomes a part where nothing has read it without."""
        value, step = term.value, self._plan.steps[term.value - 1]
        free = value not in self._read and term.version == self._versions[value] and step.other is None
        if step.activation is None or not free:
            return term
        step.activation = replace(step.activation, scale=step.activation.scale * term.scale)
        self._versions[value] += 1
        return _Term(value, self._versions[value])

    def _term(self, node: Node, place: int = 0) -> _Term:
        name = plain(node["input"][place])
        if name not in self._terms:
            raise NotRecognised(f"{node['name']}: its input {place} is a constant")
        return self._terms[name]

    def _constant(self, node: Node, place: int) -> Array:
        found = constant(self._model, plain(node["input"][place]))
        if found is None:
            raise NotRecognised(f"{node['name']}: its input {place} is not a constant")
        return found

    # --- operations -----------------------------------------------------------------------------

    def _op_identity(self, node: Node) -> _Term:
        return self._term(node)

    def _op_squeeze(self, node: Node) -> _Term:
        return self._flat(node)

    def _op_reshape(self, node: Node) -> _Term:
        return self._flat(node)

    def _flat(self, node: Node) -> _Term:
        term = self._term(node)
        if self._shape(term.value)[:2] != (1, 1):
            raise NotRecognised(f"{node['name']}: {node['op']} of more than a vector")
        return term

    def _op_pad(self, node: Node) -> _Term:
        term = self._term(node)
        (batch, rows, columns, channels) = self._constant(node, 1).tolist()
        if not term.is_plain or any(batch) or any(channels):
            raise NotRecognised(f"{node['name']}: a padding that no step has")
        return replace(term, padding=(*rows, *columns))

    def _op_relu(self, node: Node) -> _Term:
        return self._clamped(node, None)

    def _op_relu6(self, node: Node) -> _Term:
        return self._clamped(node, 6.0)

    def _clamped(self, node: Node, high: float | None) -> _Term:
        term = self._term(node)
        if term.clamp or term.scale != 1 or term.padding != NO_PADDING:
            raise NotRecognised(f"{node['name']}: an activation that no step has")
        return replace(term, offset=0.0, clamp=Activation(term.offset, high))

    def _op_addv2(self, node: Node) -> _Term:
        return self._sum(node, 1.0)

    _op_add = _op_addv2

    def _op_sub(self, node: Node) -> _Term:
        return self._sum(node, -1.0)

    def _sum(self, node: Node, sign: float) -> _Term:
        scalar, place = self._scalar(node)
        if scalar is not None:
            term = self._term(node, place)
            if term.clamp or term.padding != NO_PADDING or (sign < 0 and place == 1):
                raise NotRecognised(f"{node['name']}: a sum that no step has")
            return replace(term, offset=term.offset + sign * scalar)
        a, b = (self._value(self._term(node, i), node["name"]) for i in (0, 1))
        earlier, later = sorted((a, b))
        step = self._plan.steps[later - 1] if later else None
        addable = step is not None and step.op == "pointwise" and step.other is None and earlier != later
        if sign < 0 or step is None or not addable or self._shape(earlier) != step.shape:
            raise NotRecognised(f"{node['name']}: a sum that no step has")
        if any(later in (each.input, each.other) for each in self._plan.steps):
            raise NotRecognised(f"{node['name']}: the value before the sum is read elsewhere")
        step.other = earlier
        self._versions[later] += 1
        return _Term(later, self._versions[later])

    def _op_mul(self, node: Node) -> _Term:
        scalar, place = self._scalar(node)
        if scalar is not None:
            term = self._term(node, place)
            if term.padding != NO_PADDING:
                raise NotRecognised(f"{node['name']}: a product that no step has")
            if term.clamp:
                return replace(term, clamp=replace(term.clamp, scale=term.clamp.scale * scalar))
            return replace(term, scale=term.scale * scalar, offset=term.offset * scalar)
        x, gate = self._term(node, 0), self._term(node, 1)
        if x.clamp:
            x, gate = gate, x
        if x.value == gate.value and gate.clamp:
            if x.clamp or x.offset or x.padding != NO_PADDING or x.version != gate.version:
                raise NotRecognised(f"{node['name']}: a product that no step has")
            activation = replace(gate.clamp, scale=gate.clamp.scale * x.scale, gated=True)
            return self._activate(gate, activation, node["name"])
        a, b = (self._value(term, node["name"]) for term in (x, gate))
        if self._shape(a)[:2] == (1, 1):
            a, b = b, a
        if self._shape(b) != (1, 1, self._shape(a)[2]) or self._shape(a)[:2] == (1, 1):
            raise NotRecognised(f"{node['name']}: a product of planes")
        return self._add(Step("scale", a, self._shape(a), other=b))

    def _scalar(self, node: Node) -> tuple[float | None, int]:
        """The one number that a node adds or multiplies by, and the place of its other input."""
        for place in (0, 1):
            found = constant(self._model, plain(node["input"][place]))
            if found is not None:
                if found.size != 1:
                    raise NotRecognised(f"{node['name']}: {node['op']} with a constant for each channel")
                return float(found.reshape(())), 1 - place
        return None, 0

    def _op_mean(self, node: Node) -> _Term:
        axes = sorted(np.ravel(self._constant(node, 1)).tolist())
        if axes not in ([1, 2], [-3, -2]):
            raise NotRecognised(f"{node['name']}: a mean over other axes than a plane's")
        value = self._value(self._term(node), node["name"])
        return self._add(Step("mean", value, (1, 1, self._shape(value)[2])))

    def _op_avgpool(self, node: Node) -> _Term:
        value = self._value(self._term(node), node["name"])
        height, width, channels = self._shape(value)
        if numbers(node, "ksize") != [1, height, width, 1] or word(node, "padding") != "VALID":
            raise NotRecognised(f"{node['name']}: a pooling of less than the plane")
        return self._add(Step("mean", value, (1, 1, channels)))

    def _op_fusedmatmul(self, node: Node) -> _Term:
        if any(node["attr"].get(f"transpose_{side}", {}).get("b", False) for side in "ab"):
            raise NotRecognised(f"{node['name']}: a transposed product")
        value = self._value(self._term(node), node["name"])
        if self._shape(value)[:2] != (1, 1):
            raise NotRecognised(f"{node['name']}: a matrix product of planes")
        return self._weighted(node, Step("pointwise", value, (1, 1, self._constant(node, 1).shape[1])))

    _op_matmul = _op_fusedmatmul

    def _op_fusedconv2d(self, node: Node) -> _Term:
        kernel = self._constant(node, 1)
        rows, columns, inner, outer = kernel.shape
        term = self._term(node)
        stride, padding = self._window(node, term, (rows, columns))
        height, width, channels = self._shape(term.value)
        if channels != inner:
            raise NotRecognised(f"{node['name']}: a convolution in groups")
        shape = (*windowed(height, width, (rows, columns), stride, padding), outer)
        moving: dict[str, Any] = {"window": (rows, columns), "stride": stride, "padding": padding}
        if term.value == 0 and term.clamp is None:
            # Only the picture's own numbers are rescaled on the way.
            step = Step("convolution", 0, shape, scale=term.scale, offset=term.offset, **moving)
            return self._weighted(node, step)
        value = self._value(replace(term, padding=NO_PADDING), node["name"])
        if (rows, columns) == (1, 1) and stride == (1, 1) and padding == NO_PADDING:
            return self._weighted(node, Step("pointwise", value, shape))
        return self._weighted(node, Step("convolution", value, shape, **moving))

    _op_conv2d = _op_fusedconv2d

    def _op_fuseddepthwiseconv2dnative(self, node: Node) -> _Term:
        rows, columns, channels, multiplier = self._constant(node, 1).shape
        term = self._term(node)
        stride, padding = self._window(node, term, (rows, columns))
        value = self._value(replace(term, padding=NO_PADDING), node["name"])
        height, width, found = self._shape(value)
        if multiplier != 1 or found != channels:
            raise NotRecognised(f"{node['name']}: a depthwise convolution that makes more channels")
        shape = (*windowed(height, width, (rows, columns), stride, padding), channels)
        moving: dict[str, Any] = {"window": (rows, columns), "stride": stride, "padding": padding}
        return self._weighted(node, Step("depthwise", value, shape, **moving))

    _op_depthwiseconv2dnative = _op_fuseddepthwiseconv2dnative

    def _window(self, node: Node, term: _Term, kernel: tuple[int, int]) -> tuple[tuple[int, int], Padding]:
        """How a convolution's window moves: stride and padding in numbers."""
        if word(node, "data_format") not in ("", "NHWC"):
            raise NotRecognised(f"{node['name']}: channels first")
        if any(step != 1 for step in numbers(node, "dilations")):
            raise NotRecognised(f"{node['name']}: a dilated convolution")
        _, down, right, _ = numbers(node, "strides")
        height, width, _ = self._shape(term.value)
        padding = word(node, "padding")
        if padding == "VALID":
            return (down, right), term.padding
        if padding != "SAME" or term.padding != NO_PADDING:
            raise NotRecognised(f"{node['name']}: a padding that no step has")
        return (down, right), (*same_padding(height, kernel[0], down), *same_padding(width, kernel[1], right))

    def _weighted(self, node: Node, step: Step) -> _Term:
        """Appends a step with the kernel, the bias and the activation of a node."""
        step.kernel = plain(node["input"][1])
        fused = fused_ops(node)
        if fused and fused[0] == "BiasAdd":
            bias = self._constant(node, 2)
            if bias.shape != (step.shape[2],):
                raise NotRecognised(f"{node['name']}: a bias of shape {bias.shape}")
            step.bias, fused = plain(node["input"][2]), fused[1:]
        term = self._add(step)
        known = {"Relu": None, "Relu6": 6.0}
        if not fused:
            return term
        if len(fused) > 1 or fused[0] not in known:
            raise NotRecognised(f"{node['name']}: fuses {', '.join(fused)}")
        return self._activate(term, Activation(high=known[fused[0]]), node["name"])
