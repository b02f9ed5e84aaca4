"""A backbone's graph as a short list of steps that our kernels compute.

The kernels (`site_template/src/kernel/backbone/`) know five operations: a convolution, a depthwise and a
pointwise one, the mean of a plane and a product with one factor per channel. A MobileNetV3 is made of nothing
else once its activations are seen as what they are: hard-swish is up to four nodes in the graph, and the end
of a convolution here. A step names its weights as the graph does, so the plan needs no bytes of its own.

`recognise` follows the graph node by node and gives up at the first that it cannot express. What it made is
then proven: `plan_proof` computes the steps and compares with the graph's own features: nothing rests on
names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from onthefly_studio.graph.model import Array
from onthefly_studio.graph.topology import NO_PADDING, Padding, Shape

FORMAT = 1

Operation = Literal["convolution", "depthwise", "pointwise", "mean", "scale"]


class NotRecognised(Exception):
    """The graph has a node that no step expresses; the text names it and says what is in the way."""


@dataclass(frozen=True)
class Activation:
    """What ends a convolution: `clamp(x + shift, 0, high) * scale`, times x where it is gated.

    Relu is shift 0 without `high`, hard-sigmoid shift 3, high 6, scale 1/6, and hard-swish the same, gated.
    The numbers are the graph's own: Google's model writes 0.16667.
    """

    shift: float = 0.0
    high: float | None = None
    scale: float = 1.0
    gated: bool = False

    def apply(self, x: Array) -> Array:
        """Of values of any shape, float32."""
        clamped: Array = np.clip(x + np.float32(self.shift), 0, self.high) * np.float32(self.scale)
        return clamped * x if self.gated else clamped

    def as_json(self) -> dict[str, Any]:
        """Every field."""
        return {"shift": self.shift, "high": self.high, "scale": self.scale, "gated": self.gated}


@dataclass
class Step:
    """One operation. Value 0 is the picture, value i + 1 what step i makes."""

    op: Operation
    input: int
    shape: Shape
    """Height, width and channels of what it makes."""
    kernel: str | None = None
    bias: str | None = None
    window: tuple[int, int] = (1, 1)
    """Rows and columns of the kernel."""
    stride: tuple[int, int] = (1, 1)
    padding: Padding = NO_PADDING
    """Zeros around the input: rows above and below, columns left and right."""
    scale: float = 1.0
    offset: float = 0.0
    """A convolution reads `scale * x + offset`; what is padded is zero after that."""
    activation: Activation | None = None
    other: int | None = None
    """A pointwise step adds this value after its activation; a scale step multiplies by it, [1, 1, c]."""

    def as_json(self) -> dict[str, Any]:
        """What the page reads, without what an operation does not have."""
        fields: dict[str, Any] = {"op": self.op, "input": self.input, "shape": list(self.shape)}
        if self.kernel is not None:
            fields |= {"kernel": self.kernel, "bias": self.bias}
            fields["activation"] = self.activation.as_json() if self.activation else None
        if self.op in ("convolution", "depthwise"):
            fields |= {
                "window": list(self.window),
                "stride": list(self.stride),
                "padding": list(self.padding),
            }
        if self.op == "convolution":
            fields |= {"scale": self.scale, "offset": self.offset}
        if self.other is not None:
            fields["other"] = self.other
        return fields


@dataclass
class Plan:
    """Steps from the picture, `[height, width, 3]` in [0, 1], to the last one's `[1, 1, F]`."""

    input: Shape
    steps: list[Step] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The structure `Plan` of site_template/src/kernel/backbone/plan.ts."""
        return {"format": FORMAT, "input": list(self.input), "steps": [step.as_json() for step in self.steps]}
