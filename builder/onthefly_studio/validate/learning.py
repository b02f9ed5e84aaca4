"""From features to a trained head: what the page computes against NumPy, Keras and tf.layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.reference.head import NAMES, Float32, Weights, gradient, initial_weights, probabilities
from onthefly_studio.reference.optimizer import Adam
from onthefly_studio.reference.training import orders, train
from onthefly_studio.validate import cases
from onthefly_studio.validate.browser import PageError, Tab, frame
from onthefly_studio.validate.cases import Task
from onthefly_studio.validate.pixels import Site
from onthefly_studio.validate.rows import Curve, Report

STEP_LIMIT = 1e-5
MOMENT_LIMIT = 1e-4
"""Of Adam's moments, as a share of the tensor's largest. A step of the usual rate cannot move a weight by
more than a thousandth, so a mistake of a percent in a moment hides below the limit for weights."""
RUN_LIMIT = 1e-3
MARGIN = 1e-2
"""Two implementations must name the same winner where its lead is larger."""
SAME_HEAD_LIMIT = 1e-5
"""One head on the same features, in two summation orders."""
EQUAL = 0.0
ENGINES = ("wasm-simd", "plain")
"""What trains in the page: where the browser has it, the first."""


@dataclass(frozen=True)
class Run:
    """The end of a training, as one implementation computed it."""

    losses: list[float]
    """Mean loss of each epoch."""
    chances: Float32
    """`[k, C]`, of the vectors the task asks for."""


def check_init(tab: Tab, report: Report, backend: str, site: Site) -> None:
    """Rows `init/seed-S`: how many initial weights are other than the reference's, in any bit."""
    for hidden, classes, seed in cases.INIT_SHAPES:
        row = f"init/seed-{seed}"
        if not report.selection.row(row):
            continue
        shape = {"features": site.width, "hidden": hidden, "classes": classes}
        computed = tab.call("probe.initialWeights", shape, seed)
        expected = initial_weights(site.width, hidden, classes, seed)
        different = 0
        for name in NAMES:
            bits = np.ascontiguousarray(getattr(expected, name)).view(np.uint32).ravel()
            theirs = computed[name].view(np.uint32)
            different += int((theirs != bits).sum()) if theirs.size == bits.size else bits.size
        report.check(row, backend, different, EQUAL, "weights that are not equal bit for bit")


def check_order(tab: Tab, report: Report, backend: str) -> None:
    """Rows `order/seed-S`: how many batches hold other examples than the reference's, or in another order."""
    for task in cases.ORDER_TASKS:
        row = f"order/{task.name}"
        if not report.selection.row(row):
            continue
        answer = tab.call("probe.train", _request(task, width=4, states=False))
        computed = [step["indices"] for step in answer["steps"]]
        expected = list(_batches(task))
        pairs = zip(computed, expected, strict=False)
        different = sum(a != b for a, b in pairs) + abs(len(computed) - len(expected))
        report.check(row, backend, different, EQUAL, f"batches that differ, of {len(expected)}")


def _batches(task: Task) -> Iterator[list[int]]:
    settings = task.settings
    for order in orders(sum(task.counts), settings.epochs, settings.seed):
        for at in range(0, len(order), settings.batch):
            yield order[at : at + settings.batch].tolist()


def _request(task: Task, width: int, states: bool) -> dict[str, Any]:
    data = cases.examples(task, width)
    return {
        "features": data.features,
        "labels": data.labels,
        "classes": task.classes,
        "settings": asdict(task.settings),
        "states": states,
    }


def _train(tab: Tab, task: Task, width: int, engine: str, states: bool) -> Any:
    """What `probe.train` answers; None where the site or the browser has no such engine."""
    try:
        answer = tab.call("probe.train", {**_request(task, width, states), "engine": engine})
    except PageError as error:
        if error.fault.is_("WorkerError", "no-simd"):
            return None
        raise
    # A site from before there were two had the plain one, and said nothing of it.
    return answer if answer.get("engine", "plain") == engine else None


def no_engine(engine: str) -> str:
    """Why a row about an engine is not checked."""
    return f"this site, or this browser, does not train with {engine}"


def check_steps(tab: Tab, report: Report, backend: str, site: Site, engine: str) -> None:
    """Rows `steps/ENGINE/TASK/*`: each step of a run, the reference starting from the page's state before it.

    So nothing can add up or cancel. `weights`: the largest error of the mean loss and of any weight after
    the step. `moments`: of any of Adam's, as a share of the largest of its tensor.
    """
    for task in cases.STEP_TASKS:
        row = f"steps/{engine}/{task.name}"
        if not report.selection.any(row):
            continue
        answer = _train(tab, task, site.width, engine, states=True)
        if answer is None:
            report.skip(f"{row}/weights", backend, no_engine(engine))
            report.skip(f"{row}/moments", backend, no_engine(engine))
            continue
        steps = answer["steps"]
        try:
            errors = np.array(_follow(task, site.width, steps))
        except (IndexError, ValueError) as problem:
            report.fail(
                f"{row}/weights", backend, f"the page's steps cannot be followed: {problem}", STEP_LIMIT
            )
            continue
        for number, (name, limit) in enumerate((("weights", STEP_LIMIT), ("moments", MOMENT_LIMIT))):
            detail = f"largest at step {errors[:, number].argmax() + 1} of {len(steps)}"
            report.check(f"{row}/{name}", backend, errors[:, number].max(), limit, detail)


def _follow(task: Task, width: int, steps: Sequence[dict[str, Any]]) -> list[tuple[float, float]]:
    """For each step the largest error of loss and weights, and that of the moments."""
    data, start = cases.examples(task, width), cases.start_weights(task, width)
    before = [start.copy(), start.zeros(), start.zeros()]
    errors = []
    for number, step in enumerate(steps):
        weights, adam = before[0], Adam(start, task.settings.rate)
        adam.m, adam.v, adam.steps = before[1], before[2], number
        slopes, result = gradient(weights, data.features[step["indices"]], data.labels[step["indices"]])
        adam.step(weights, slopes)
        after = _state(step["state"], start)
        loss = abs(result.loss - step["loss"]) / len(step["indices"])
        moved = _error(weights, after[0], relative=False)
        moments = [
            _error(ours, theirs, relative=True)
            for ours, theirs in zip((adam.m, adam.v), after[1:], strict=True)
        ]
        errors.append((float(np.max([loss, moved])), float(np.max(moments))))
        before = after
    return errors


def _error(ours: Weights, theirs: Weights, *, relative: bool) -> float:
    """The largest difference over all tensors; of each as a share of its own largest value, if so wanted."""
    errors = []
    for name in NAMES:
        a, b = getattr(ours, name), getattr(theirs, name)
        scale = max(float(np.abs(a).max()), float(np.finfo(np.float32).tiny)) if relative else 1.0
        errors.append(float(np.abs(a - b).max()) / scale)
    return float(np.max(errors))


def _state(flat: Float32, like: Weights) -> list[Weights]:
    """Weights, first and second moments from the page's flat array: of each tensor values, m, v."""
    parts: list[dict[str, Float32]] = [{}, {}, {}]
    at = 0
    for name in NAMES:
        shape = getattr(like, name).shape
        size = int(np.prod(shape))
        for part in parts:
            part[name] = flat[at : at + size].reshape(shape).copy()
            at += size
    if at != flat.size:
        raise ValueError(f"a state of {flat.size} numbers, not {at}")
    return [Weights(**part) for part in parts]


# ---- whole runs --------------------------------------------------------------------------------


def run_in_page(tab: Tab, task: Task, site: Site, engine: str) -> Run | None:
    """Train a task in the page's worker; None where the site does not train with this engine.

    Probabilities are the reference's, with the page's weights.
    """
    answer = _train(tab, task, site.width, engine, states=False)
    if answer is None:
        return None
    like = cases.start_weights(task, site.width)
    weights = Weights(**{name: answer["weights"][name].reshape(getattr(like, name).shape) for name in NAMES})
    losses = [float(epoch["loss"]) for epoch in answer["history"]]
    return Run(losses, probabilities(weights, cases.examples(task, site.width).asked))


@lru_cache(maxsize=8)
def run_in_numpy(task: Task, width: int) -> Run:
    """Train a task with the reference."""
    data = cases.examples(task, width)
    trained = train(data.features, data.labels, task.classes, task.settings)
    losses = [epoch.loss for epoch in trained.history]
    return Run(losses, probabilities(trained.weights, data.asked))


def run_with_layers(tab: Tab, task: Task, site: Site) -> Run:
    """Train a task with tf.layers in the page."""
    data, weights = cases.examples(task, site.width), cases.start_weights(task, site.width)
    run = orders(len(data.labels), task.settings.epochs, task.settings.seed)
    answer = tab.layers(
        {
            "features": data.features,
            "labels": data.labels,
            "asked": data.asked,
            "classes": task.classes,
            "orders": [order.tolist() for order in run],
            "settings": asdict(task.settings),
            "weights": {name: getattr(weights, name) for name in NAMES},
        }
    )
    return Run(answer["losses"], answer["probabilities"].reshape(-1, task.classes))


def compare_runs(report: Report, row: str, backend: str, page: Run, other: Run) -> None:
    """Rows `ROW/loss`, `/probabilities` and `/winners`: two whole runs, each on its own."""
    report.check(f"{row}/loss", backend, abs(page.losses[-1] - other.losses[-1]), RUN_LIMIT)
    difference = np.abs(page.chances.astype(np.float64) - other.chances)
    report.check(f"{row}/probabilities", backend, difference.max(), RUN_LIMIT, f"{len(difference)} examples")
    ranked = np.sort(other.chances, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > MARGIN
    parted = (page.chances.argmax(axis=1) != other.chances.argmax(axis=1)) & clear
    detail = f"winners that differ, of {int(clear.sum())} with a lead above {MARGIN:g}"
    report.check(f"{row}/winners", backend, int(parted.sum()), EQUAL, detail)


def skip_runs(report: Report, row: str, backend: str, why: str) -> None:
    """The rows of `compare_runs`, not checked."""
    for part in ("loss", "probabilities", "winners"):
        report.skip(f"{row}/{part}", backend, why)


def add_curve(report: Report, task: Task, computed_by: str, run: Run) -> None:
    """Keep a run's losses for the report's figures."""
    report.curves.append(Curve(task.name, computed_by, [float(f"{loss:.7g}") for loss in run.losses]))


# ---- classes -----------------------------------------------------------------------------------


def check_classes(tab: Tab, report: Report, backend: str) -> None:
    """Rows `classes/*`: examples taken in any order, trained, and named by the ids of their classes.

    `order`: the snapshot keeps display order, leaves the empty class out of the head, and each example
    in its class. `training`: the head's probabilities, by id, are those of the reference on the same
    features in the order of class, then time. `predict`: what `predict` says of each id is what the
    snapshot's head says.
    """
    if not report.selection.any("classes"):
        return
    added = _teach(tab)
    snapshot = tab.call("snapshot")
    head = snapshot["head"] or {"classes": []}
    filled = [name for name in cases.CLASS_IDS if name in {class_id for class_id, _ in added}]
    kept = [example["classId"] for example in snapshot["examples"]]
    wrong = [
        snapshot["classes"] != list(cases.CLASS_IDS),
        head["classes"] != filled,
        kept != [class_id for class_id, _ in added],
    ]
    report.check("classes/order", backend, sum(wrong), EQUAL, "lists that differ, of 3")
    if sorted(head["classes"]) != sorted(filled) or len(kept) != len(added):
        for row in ("training", "predict"):
            report.fail(f"classes/{row}", backend, "the head has other classes than the examples")
        return
    features = np.stack([example["features"] for example in snapshot["examples"]])
    weights = _weights(head, features.shape[1])
    asked = [picture for _, picture in cases.class_pictures()]
    by_id = _columns(probabilities(weights, features), head["classes"], filled)
    report.check(
        "classes/training",
        backend,
        np.abs(by_id - _taught(features, [filled.index(c) for c, _ in added], len(filled))).max(),
        RUN_LIMIT,
        f"{len(added)} examples",
    )
    answers = [tab.call("predict", frame(cases.rgba(each.pixels)))["probabilities"] for each in asked]
    page = np.array([[row.get(name, np.nan) for name in filled] for row in answers])
    report.check("classes/predict", backend, np.abs(page - by_id).max(), SAME_HEAD_LIMIT)


def _teach(tab: Tab) -> list[tuple[str, int]]:
    """Record and train in the page; class id and example id in the order of adding."""
    tab.call("reset")
    tab.call("setClasses", list(cases.CLASS_IDS))
    added = []
    for class_id, picture in cases.class_pictures():
        answer = tab.call("addExample", frame(cases.rgba(picture.pixels)), class_id)
        added.append((class_id, int(answer["id"])))
    tab.call("train", asdict(cases.CLASS_SETTINGS))
    return added


def _weights(head: dict[str, Any], width: int) -> Weights:
    hidden, classes = cases.CLASS_SETTINGS.hidden, len(head["classes"])
    shapes = {"kernel1": (width, hidden), "kernel2": (hidden, classes)}
    return Weights(**{name: head[name].reshape(shapes.get(name, -1)) for name in NAMES})


def _columns(chances: Float32, given: Sequence[str], wanted: Sequence[str]) -> Float32:
    return chances[:, [given.index(name) for name in wanted]]


def _taught(features: Float32, labels: Sequence[int], classes: int) -> Float32:
    """The reference's probabilities for the examples, in the order of adding."""
    in_order: npt.NDArray[np.int64] = np.argsort(np.array(labels), kind="stable")
    trained = train(features[in_order], np.array(labels)[in_order], classes, cases.CLASS_SETTINGS)
    return probabilities(trained.weights, features)
