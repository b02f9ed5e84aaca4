"""The proof of a plan: its steps, computed in NumPy, give the graph's own features."""

from __future__ import annotations

import numpy as np

from onthefly_studio.graph import check
from onthefly_studio.graph.model import Array, GraphModel
from onthefly_studio.graph.plan import NotRecognised, Plan, Step
from onthefly_studio.graph.recognise import recognise
from onthefly_studio.graph.topology import constant

PROOF_LIMIT = 1e-4
"""How far the plan's features may lie from the graph's: both are float32, and sum in another order."""


def proven(model: GraphModel, images: Array, features: Array) -> Plan:
    """The graph as steps that give the same features.

    Args:
        model: as it is published.
        images: `[n, height, width, 3]` float32 in [0, 1].
        features: what the graph makes of them, `[n, F]`.

    Raises:
        NotRecognised: there are no such steps.
    """
    plan = recognise(model)
    if plan.input != images.shape[1:]:
        raise NotRecognised(f"the graph reads pictures of shape {plan.input}")
    found = compute(plan, model, images)
    if found.shape != features.shape:
        raise NotRecognised(f"the steps give features of shape {found.shape}, the graph {features.shape}")
    error = float(check.relative_error(found, features).max())
    if not error <= PROOF_LIMIT:
        raise NotRecognised(f"the steps' features are off by {error:.3g} (limit {PROOF_LIMIT:g})")
    return plan


def compute(plan: Plan, model: GraphModel, images: Array) -> Array:
    """The plan in NumPy: `[n, height, width, 3]` float32 to `[n, F]` float32."""
    values: list[Array] = [images]
    for step in plan.steps:
        x = values[step.input]
        made: Array
        if step.op == "mean":
            made = x.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
        elif step.op == "scale":
            made = x * values[_other(step)]
        else:
            made = _convolved(step, model, x)
            if step.activation:
                made = step.activation.apply(made)
            if step.other is not None:
                made = made + values[step.other]
        values.append(made)
    return values[-1].reshape(len(images), -1)


def _other(step: Step) -> int:
    if step.other is None:
        raise NotRecognised(f"a {step.op} step without its second value")
    return step.other


def _convolved(step: Step, model: GraphModel, x: Array) -> Array:
    """A convolution's sums with their bias."""
    kernel = constant(model, str(step.kernel))
    bias = np.float32(0) if step.bias is None else model.dense(step.bias)
    assert kernel is not None
    if step.op == "pointwise":
        product: Array = x @ kernel.reshape(kernel.shape[-2:])
        return product + bias
    if step.op == "convolution":
        x = x * np.float32(step.scale) + np.float32(step.offset)
    top, bottom, left, right = step.padding
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    height, width, channels = step.shape
    made = np.zeros((len(x), height, width, channels), np.float32)
    for row, column in np.ndindex(*kernel.shape[:2]):
        down, across = step.stride
        seen = x[:, row : row + down * height : down, column : column + across * width : across]
        seen = seen[:, :height, :width]
        made += seen @ kernel[row, column] if step.op == "convolution" else seen * kernel[row, column, :, 0]
    return made + bias
