"""The backbone on one thread by kind of step: our kernels, TensorFlow.js', and native code's."""

from __future__ import annotations

import json
import sys

from bench.figures import Goal, Result, Table, middle, ms
from bench.models import Unavailable, run
from bench.stage import HERE, Stage
from onthefly_studio.places import TEMPLATE_ROOT
from onthefly_studio.site import description

PROTOTYPE_MS = 2.1
"""All pointwise layers of MobileNetV3-Small 1.0 in the kernel that this began with, on another machine."""
STOCK_RATIO = 0.60
KINDS = ["convolution", "depthwise", "pointwise", "vector", "mean", "scale"]
NAMES = {
    "convolution": "first convolution",
    "depthwise": "depthwise",
    "pointwise": "pointwise, on planes",
    "vector": "pointwise, on vectors",
    "mean": "means",
    "scale": "products with a factor per channel",
    "single elements": "single elements: activations, sums, products",
    "between kernels": "between kernels",
}
COLUMNS = {
    "relaxed": "ours, relaxed SIMD",
    "simd": "ours, SIMD",
    "stock": "TensorFlow.js, as built",
    "given": "TensorFlow.js, as converted",
}


def measure(stage: Stage) -> Result:
    """In Node, whose engine is Chromium's, so that every kernel's own time can be taken."""
    command = ["node", "--experimental-wasm-relaxed-simd", "--import", "tsx", str(HERE / "backbone.ts")]
    command += [str(stage.site()), str(stage.models.folder / "tfjs")]
    told = json.loads(run(command, "bench/backbone.ts", cwd=TEMPLATE_ROOT).splitlines()[-1])
    kinds, whole = told["kinds"], told["whole"]
    shown = [name for name in COLUMNS if name in kinds]
    native = _native(stage)
    missing = native if isinstance(native, str) else None
    floor = {} if isinstance(native, str) else native
    rows = [
        [
            NAMES[kind],
            *(ms(kinds[name][kind]) if kind in kinds[name] else "–" for name in shown),
            ms(floor[kind]) if kind in floor else "–",
        ]
        for kind in NAMES
    ]
    rows.append(["a whole pass", *(ms(whole[name]) for name in shown), ms(floor["whole"]) if floor else "–"])
    notes = [
        "Medians of each step, summed; – is part of other rows. Our kernels compute activations where they "
        "store a sum, TensorFlow.js as operations of their own. Native is TFLite with XNNPACK, given the "
        "layers of one kind in a model of their own; LiteRT.js tells no times of kernels.",
        f"The kernel that this began with took {PROTOTYPE_MS} ms for the pointwise layers on planes.",
    ]
    if missing:
        notes.append(f"Native not run: {missing}")
    table = Table(
        "The backbone by kind of step",
        ["", *(COLUMNS[name] for name in shown), "native TFLite"],
        rows,
        notes,
    )
    best = "relaxed" if "relaxed" in whole else "simd"
    ratio = whole[best] / whole["given"]
    goals = [Goal("the backbone's kernels, of TensorFlow.js' on the converter's graph", ratio, STOCK_RATIO)]
    return Result([table], goals, {"kinds": kinds, "whole": whole, "native": floor})


def _native(stage: Stage) -> dict[str, float] | str:
    """Native milliseconds by kind and as a whole; why not, where it cannot be run."""
    plan = description.read(stage.site()).model.plan
    assert plan is not None, "the site's own backbone has a plan"
    command = [sys.executable, "-m", "bench.native_kinds", str(stage.site() / plan.url)]
    try:
        found: dict[str, list[float]] = json.loads(run(command, "Native layers").splitlines()[-1])
        found["whole"] = stage.models.native(40)
    except Unavailable as error:
        return str(error)
    return {kind: middle(values) for kind, values in found.items()}
