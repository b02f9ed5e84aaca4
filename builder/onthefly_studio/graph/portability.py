"""What a graph may hold so that every TensorFlow.js backend runs it, and runs it correctly.

Conversion can succeed and the browser still fail, or worse, compute something else. Each rule
below stands for one such case, seen in TensorFlow.js 4.22.
"""

from __future__ import annotations

from dataclasses import dataclass

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph.model import GraphModel, fused_ops

# Operations with a kernel in all four backends, as far as image networks use them.
PORTABLE_OPS = frozenset(
    (
        "Add",
        "AddV2",
        "AvgPool",
        "BiasAdd",
        "ConcatV2",
        "Const",
        "Conv2D",
        "DepthwiseConv2dNative",
        "Elu",
        "Exp",
        "Fill",
        "FusedDepthwiseConv2dNative",
        "Identity",
        "LeakyRelu",
        "MatMul",
        "Max",
        "MaxPool",
        "Maximum",
        "Mean",
        "Min",
        "Minimum",
        "Mul",
        "Neg",
        "Pack",
        "Pad",
        "PadV2",
        "Placeholder",
        "Prelu",
        "RealDiv",
        "Relu",
        "Relu6",
        "Reshape",
        "Rsqrt",
        "Shape",
        "Sigmoid",
        "Slice",
        "Softmax",
        "Sqrt",
        "Square",
        "Squeeze",
        "StridedSlice",
        "Sub",
        "Sum",
        "Tanh",
        "_FusedConv2D",
        "_FusedMatMul",
    )
)

REWRITTEN_OPS = frozenset(("AddN",))
"""Operations that `rewrite` has a portable form for."""

# TensorFlow's own optimiser also fuses e.g. hard-swish (oneDNN); no browser backend knows it.
PORTABLE_FUSED_OPS = frozenset(("BiasAdd", "Relu", "Relu6", "Elu", "Prelu", "LeakyRelu"))


@dataclass(frozen=True)
class BackendRules:
    """What one backend asks of a graph."""

    ops: frozenset[str] = PORTABLE_OPS
    fused_ops: frozenset[str] = PORTABLE_FUSED_OPS
    lowest_bias_rank: int = 0


BACKENDS = {
    # A rank-0 bias: wasm throws; WebGPU reads past it and returns wrong features without a word.
    "wasm": BackendRules(lowest_bias_rank=1),
    "webgpu": BackendRules(lowest_bias_rank=1),
    "webgl": BackendRules(),
    "cpu": BackendRules(),
}


def violations(model: GraphModel, rules: BackendRules) -> list[str]:
    """What in the graph breaks a backend's rules, one line each, naming the node."""
    found = []
    for node in model.nodes:
        name, op = node["name"], node["op"]
        if op not in rules.ops:
            found.append(f"{name}: operation {op} has no kernel")
        listed = fused_ops(node)
        for fused in listed:
            if fused not in rules.fused_ops:
                found.append(f"{name}: {op} fuses {fused}")
        # An activation without a bias is left out, and whatever follows an activation too.
        if listed and (listed[0] != "BiasAdd" or len(listed) > 2):
            found.append(f"{name}: {op} fuses more than a bias and an activation: {', '.join(listed)}")
        if "BiasAdd" in listed:
            bias = node["input"][2]
            if bias in model.weights and model.weights[bias].ndim < rules.lowest_bias_rank:
                found.append(f"{name}: its bias {bias} has rank {model.weights[bias].ndim}")
    return found


def require_portable(model: GraphModel) -> None:
    """Check the graph against every backend.

    Raises:
        ConversionError: naming the backends and the first nodes that would fail.
    """
    for backend, rules in BACKENDS.items():
        if found := violations(model, rules):
            more = f" and {len(found) - 3} more" if len(found) > 3 else ""
            raise ConversionError(
                f"The converted graph would not run correctly on {backend}: {'; '.join(found[:3])}{more}.",
                where="check",
                hint="Use a MobileNetV3 feature vector, or report the model so that a rewrite can be added.",
            )
