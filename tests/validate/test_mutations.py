"""The checks can fail: sites broken in one way each, and the row that has to notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onthefly_studio.errors import ConversionError
from onthefly_studio.graph import model as graph_model
from onthefly_studio.graph import portability as rules
from onthefly_studio.pipeline import Built
from onthefly_studio.validate.rows import Report
from tests.support import mutants
from tests.support.mutants import Edit


@dataclass(frozen=True)
class Mutation:
    """A mistake, and what notices it."""

    edits: tuple[Edit, ...]
    caught: tuple[str, ...]
    """Beginnings of rows of which each must have one that fails."""
    holding: tuple[str, ...] = ()
    """Beginnings of rows that must all hold: the mistake is noticed where it is."""
    backend: str = "wasm"
    is_long: bool = True


def edit(file: str, old: str, new: str) -> tuple[Edit, ...]:
    return (Edit(file, old, new),)


PREPROCESS, HEAD, TRAINING = "src/core/preprocess.ts", "src/core/head.ts", "src/core/training.ts"
PICTURE = "assembly/backbone/picture.ts"
OPTIMIZER = "src/core/optimizer.ts"
MOMENTS, OUTPUT, WORKER = "src/kernel/adam.ts", "assembly/output.ts", "src/worker/main.ts"
ROOT_OF_V = "(Math.sqrt(v[at] * this.correctionV) + EPSILON)"
STEPS = ("steps/wasm-simd/two", "steps/plain/two")

MUTATIONS = {
    "none": Mutation(
        edit(PREPROCESS, "// From the bytes", "// from the bytes"),
        caught=(),
        holding=("preprocess", "order", "init", "classes", *STEPS),
        is_long=False,
    ),
    "input scaled to [-1, 1]": Mutation(
        edit(
            PREPROCESS, "(top * (1 - dy) + bottom * dy) / 255", "(top * (1 - dy) + bottom * dy) / 127.5 - 1"
        ),
        # Golden images are read in the same way: a page that reads otherwise trusts no backend.
        caught=("selfcheck",),
        backend="cpu",
    ),
    "input divided by 256 in the kernel": Mutation(
        edit(PICTURE, "f64x2.splat(255)", "f64x2.splat(256)"),
        caught=("kernels/relaxed", "kernels/simd"),
        # TensorFlow.js' graph takes over, with the plain way.
        holding=("selfcheck", "preprocess"),
        is_long=False,
    ),
    "blue first": Mutation(
        edit(PREPROCESS, "for (let k = 0; k < 3; k++) {", "for (let k = 2; k >= 0; k--) {"),
        caught=("selfcheck",),
        backend="cpu",
    ),
    "the wrong neighbour in the kernel": Mutation(
        edit(PICTURE, "mix(blue(c), near, blue(d), far)", "mix(blue(c), near, blue(c), far)"),
        caught=("preprocess/crop/640x480", "preprocess/stretch/2x3"),
        # At the backbone's own size the neighbour has no weight.
        holding=("preprocess/crop/224x224", "kernels", "selfcheck"),
    ),
    "half pixels instead of aligned corners": Mutation(
        edit(
            PREPROCESS,
            "const at = i * scale;",
            "const at = scale && Math.min(Math.max(((i + 0.5) * length) / size - 0.5, 0), length - 1);",
        ),
        caught=("preprocess/crop/640x480", "preprocess/stretch/2x3"),
        # At the backbone's own size the two are one: golden images could not tell.
        holding=("preprocess/crop/224x224", "features/golden"),
        is_long=False,
    ),
    "crop off by one column": Mutation(
        edit(PREPROCESS, "x: Math.floor((width - edge) / 2)", "x: Math.ceil((width - edge) / 2)"),
        caught=("preprocess/crop/641x480",),
        holding=("preprocess/stretch", "preprocess/crop/2x3"),
    ),
    "crop off by one row": Mutation(
        edit(PREPROCESS, "y: Math.floor((height - edge) / 2)", "y: Math.ceil((height - edge) / 2)"),
        caught=("preprocess/crop/2x3",),
        holding=("preprocess/stretch", "preprocess/crop/641x480"),
    ),
    "last batch dropped": Mutation(
        edit(
            TRAINING,
            "if (this.at < this.order.length) return null;",
            "if (this.at + this.settings.batch <= this.order.length) return null;",
        ),
        caught=("order/seed-1",),
        holding=("init", *STEPS),
        is_long=False,
    ),
    "order shuffled once only": Mutation(
        edit(TRAINING, "if (this.at === 0) shuffle", "if (this.at === 0 && !this.history.length) shuffle"),
        caught=("order/seed-1", "order/seed-4294967295"),
        holding=("init", *STEPS),
    ),
    "other initial weights": Mutation(
        edit(HEAD, "Math.sqrt(6 / (fanIn + fanOut))", "Math.sqrt(6.0001 / (fanIn + fanOut))"),
        caught=("init/seed-1",),
        holding=("order",),
    ),
    "epsilon within the root": Mutation(
        edit(OPTIMIZER, ROOT_OF_V, "Math.sqrt(v[at] * this.correctionV + EPSILON)"),
        caught=("steps/plain/two",),
        holding=("init", "order", "steps/wasm-simd/two"),
        is_long=False,
    ),
    "epsilon within the root in the kernel": Mutation(
        edit(
            OUTPUT,
            "(sqrt(<f64>variance * correction2) + EPSILON)",
            "sqrt(<f64>variance * correction2 + EPSILON)",
        ),
        caught=("steps/wasm-simd/two",),
        holding=("init", "order", "steps/plain/two"),
        is_long=False,
    ),
    "beta2 of 0.99": Mutation(
        edit(OPTIMIZER, "BETA2 = 0.999;", "BETA2 = 0.99;"), caught=STEPS, holding=("init", "order")
    ),
    "beta2 of 0.99 in the kernel": Mutation(
        edit(MOMENTS, "this.scale /= Math.sqrt(BETA2);", "this.scale /= Math.sqrt(0.99);"),
        caught=("steps/wasm-simd/two",),
        holding=("steps/plain/two",),
        is_long=False,
    ),
    "labels shifted by one": Mutation(
        edit(
            HEAD,
            "labels.forEach((label, b) => {",
            "labels.forEach((given, b) => { const label = (given + 1) % classes;",
        ),
        caught=(*STEPS, "classes/training"),
        holding=("init", "order"),
    ),
    "probabilities under other classes": Mutation(
        edit(WORKER, "[id, probabilities[i]]", "[id, probabilities[classes.length - 1 - i]]"),
        caught=("classes/predict",),
        holding=("classes/order", "classes/training"),
        is_long=False,
    ),
    "classes of the head in another order": Mutation(
        edit("src/worker/examples.ts", "filled.map(([id]) => id)", "filled.map(([id]) => id).sort()"),
        caught=("classes/order", "classes/training"),
    ),
    "classes permuted in the snapshot": Mutation(
        edit(
            WORKER,
            "{ ...head.weights, ...how }",
            "{ ...head.weights, ...how, classes: [...how.classes].reverse() }",
        ),
        caught=("classes/order", "classes/predict"),
    ),
    "a worker that throws": Mutation(
        edit(
            WORKER,
            "const pixels = await readFrame(",
            "throw new Error('no'); const pixels = await readFrame(",
        )
        + edit(
            "src/worker/probe.ts",
            "const { backbone, site } =",
            "throw new Error('no'); const { backbone, site } =",
        ),
        caught=("preprocess", "features", "classes"),
        holding=("init", "order"),
    ),
}
Validate = Callable[..., Report]


def verdicts(report: Report, beginning: str) -> set[str]:
    return {row.verdict for row in report.rows if row.id.startswith(beginning)}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long if mutation.is_long else [])
        for name, mutation in MUTATIONS.items()
    ],
)
def test_a_mistake_is_caught_on_its_row(
    name: str, site: Callable[..., Built], validated: Validate, tmp_path: Path
) -> None:
    mutation = MUTATIONS[name]
    folder = mutants.copy_of(site("embedded").out, tmp_path / "site")
    mutants.swap_worker(folder, mutation.edits, tmp_path, mutation.backend)
    report = validated(folder, only=(*mutation.caught, *mutation.holding), backends=(mutation.backend,))
    for beginning in mutation.caught:
        assert "FAILED" in verdicts(report, beginning), (beginning, report.rows)
    for beginning in mutation.holding:
        assert verdicts(report, beginning) == {"ok"}, (beginning, report.rows)
    assert bool(report.misses) == bool(mutation.caught)


def test_a_shard_zeroed_beyond_its_first_kilobyte_is_caught(
    site: Callable[..., Built], validated: Validate, tmp_path: Path
) -> None:
    """The page checks hashes, and here they fit: only what the numbers do can tell."""
    folder = mutants.copy_of(site("embedded").out, tmp_path / "site")
    shard = folder / site("embedded").site.for_page()["model"]["shards"][0]["url"]
    shard.write_bytes(shard.read_bytes()[:1024] + bytes(shard.stat().st_size - 1024))

    def change(record: dict[str, Any]) -> None:
        record["model"]["shards"][0] = mutants.asset(folder, shard)

    mutants.republish(folder, change)
    report = validated(folder, only=("selfcheck", "features"))
    (row,) = report.misses
    assert (row.id, row.backend, row.verdict) == ("selfcheck", "wasm", "FAILED")
    assert row.error is not None
    assert row.limit is not None
    assert row.error > row.limit


def scalar_bias(folder: Path) -> None:
    """Make a convolution's bias a single number, as TensorFlow's own optimiser does where all are equal."""
    model = graph_model.read(folder)
    fused = next(node for node in model.nodes if node["op"] == "_FusedConv2D")
    name = fused["input"][2]
    model.weights[name] = np.asarray(model.weights[name].ravel()[0])
    model.node(name)["attr"]["value"]["tensor"]["tensorShape"] = {}
    graph_model.write(model, folder)


@pytest.mark.parametrize("backend", ["wasm", pytest.param("webgpu", marks=pytest.mark.long)])
def test_a_bias_made_scalar_is_caught(
    backend: str, site: Callable[..., Built], validated: Validate, tmp_path: Path
) -> None:
    """wasm throws and does not start; WebGPU computes nonsense without a word, which the self-check sees."""
    folder = mutants.copy_of(site("embedded").out, tmp_path / "site")
    place = (folder / site("embedded").site.for_page()["model"]["graph"]["url"]).parent
    scalar_bias(place)
    with pytest.raises(ConversionError, match="rank 0"):
        rules.require_portable(graph_model.read(place))

    def change(record: dict[str, Any]) -> None:
        record["model"]["graph"] = mutants.asset(folder, place / "model.json")
        record["model"]["shards"] = [mutants.asset(folder, file) for file in sorted(place.glob("*.bin"))]

    mutants.republish(folder, change)
    report = validated(folder, only=("selfcheck",), backends=(backend,))
    (row,) = report.misses
    assert row.backend == backend
    assert (row.id, row.verdict) == (
        ("start", "not started") if backend == "wasm" else ("selfcheck", "FAILED")
    )
