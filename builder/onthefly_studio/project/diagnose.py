"""Why a recorded run diverges from the reference: which single change would make the two agree.

Each guess is tried by running the reference with it, and named only where the recorded steps then follow.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from onthefly_studio.reference.head import NAMES, Weights, cross_entropy, forward
from onthefly_studio.reference.training import HeadSettings, Run, TrainingSet, run

LOSS_LIMIT = 1e-3
"""How far the loss of a step may stand from the reference's (docs/head.md, Tolerances)."""
_SAME_LOSS = 3e-5
"""How far a guess's loss may stand from the recorded one: what rounding has added up to by then."""
_LABELS_AT_MOST = 12
_TRIALS_AT_MOST = 10_000
_RATES = np.geomspace(1e-6, 1, 240)


@dataclass(frozen=True)
class Relabelled:
    """The class that one example had when the head was trained."""

    index: int
    """In the order of training."""
    label: int


@dataclass(frozen=True)
class Explanation:
    """What has to be changed back for the recorded run to be followed to its end."""

    labels: tuple[Relabelled, ...] = ()
    settings: HeadSettings | None = None


def parting(ours: list[float], recorded: list[float]) -> int | None:
    """The first step, counted from 1, whose losses part by more than the limit; None if there is none."""
    for number, (mine, its) in enumerate(zip(ours, recorded, strict=False), 1):
        if not abs(mine - its) <= LOSS_LIMIT * max(1.0, abs(its)):
            return number
    return None


def explain(
    given: TrainingSet,
    settings: HeadSettings,
    start: Weights,
    recorded: list[float],
    others: list[HeadSettings],
) -> Explanation | None:
    """Find the change; None where none that is looked for explains the recorded losses.

    Args:
        given: the examples as they are now.
        settings: as they are now.
        start: the initial weights that these settings give.
        recorded: the losses of the steps.
        others: further settings to try, such as those that the page had when it exported.
    """
    labels = _labels(given, settings, start, recorded)
    if labels:
        return Explanation(labels=labels)
    for candidate in _settings(given, settings, start, recorded, others):
        same_start = (
            start if candidate.seed == settings.seed and candidate.hidden == settings.hidden else None
        )
        ours = run(given, candidate, start=same_start)
        if len(ours.losses) >= len(recorded) and parting(ours.losses, recorded) is None:
            return Explanation(settings=candidate)
    return None


def _labels(
    given: TrainingSet, settings: HeadSettings, start: Weights, recorded: list[float]
) -> tuple[Relabelled, ...] | None:
    """The labels that were changed: at each parting, the one whose change gives the recorded loss."""
    found: list[Relabelled] = []
    labels = given.labels.copy()
    for _ in range(_LABELS_AT_MOST):
        trial = replace(given, labels=labels)
        ours = run(trial, settings, start=start)
        step = parting(ours.losses, recorded)
        if step is None:
            return tuple(found)
        before = run(trial, settings, start=start, stop_before=step)
        changes = _labels_at(trial, before, recorded[step - 1])
        known = {other.index for other in found}
        if any(change.index in known for change in changes) or not changes:
            return None
        found += changes
        for change in changes:
            labels[change.index] = change.label
    return None


def _labels_at(given: TrainingSet, before: Run, recorded: float) -> list[Relabelled]:
    """The one or two labels in a step's batch whose change gives the recorded loss; none where none do."""
    batch = before.batch
    if batch is None:
        return []
    own = given.labels[batch]
    logits = forward(before.weights, given.features[batch])[1]
    each = np.stack([cross_entropy(logits, np.full(len(batch), c)) for c in range(given.classes)], axis=1)
    losses = each[np.arange(len(batch)), own]
    gains = (each - losses[:, None]) / len(batch)
    wanted = recorded - float(losses.mean(dtype=np.float64))
    trials = [(place, c) for place, label in enumerate(own) for c in range(given.classes) if c != label]
    for count in (1, 2):
        if math.comb(len(trials), count) > _TRIALS_AT_MOST:
            return []
        off, best = min(
            (abs(sum(float(gains[trial]) for trial in chosen) - wanted), chosen)
            for chosen in itertools.combinations(trials, count)
        )
        if off <= _SAME_LOSS * max(1.0, abs(recorded)):
            return [Relabelled(int(batch[place]), c) for place, c in best]
    return []


def _settings(
    given: TrainingSet,
    settings: HeadSettings,
    start: Weights,
    recorded: list[float],
    others: list[HeadSettings],
) -> Iterator[HeadSettings]:
    yield from (replace(other, hidden=settings.hidden) for other in others if other != settings)
    examples = len(given.labels)
    for batch in range(1, min(examples, 4096) + 1):
        # Only sizes that make as many steps as were recorded, so few are tried.
        if batch != settings.batch and settings.epochs * math.ceil(examples / batch) == len(recorded):
            yield replace(settings, batch=batch)
    for rate in _rates(given, settings, start, recorded):
        yield replace(settings, rate=rate)


def _rates(
    given: TrainingSet, settings: HeadSettings, start: Weights, recorded: list[float]
) -> Iterator[float]:
    """The rates that give the second step's recorded loss; the first step's depends on none."""
    after = run(given, settings, start=start, stop_before=2)
    if len(recorded) < 2 or after.batch is None:
        return
    x, labels = given.features[after.batch], given.labels[after.batch]
    moves = [(getattr(start, name) - getattr(after.weights, name)) / settings.rate for name in NAMES]

    def off(rate: float) -> float:
        weights = (
            (getattr(start, name) - np.float32(rate) * move).astype(np.float32)
            for name, move in zip(NAMES, moves, strict=True)
        )
        logits = forward(Weights(*weights), x)[1]
        return float(cross_entropy(logits, labels).mean(dtype=np.float64)) - recorded[1]

    values = [off(float(rate)) for rate in _RATES]
    for low, high, left, right in zip(_RATES, _RATES[1:], values, values[1:], strict=False):
        if left * right <= 0:
            rate = _bisect(off, float(low), float(high))
            # People choose round numbers; the root itself carries the rounding of the weights.
            yield from dict.fromkeys(float(f"{rate:.{digits}g}") for digits in (1, 2, 3, 4))


def _bisect(function: Callable[[float], float], low: float, high: float) -> float:
    sign = function(low)
    for _ in range(24):
        middle = (low + high) / 2
        if sign * function(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
