"""A run of the head's training: order, batches, steps, and its trace. Specified in docs/head.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.contract import HEAD
from onthefly_studio.reference.head import (
    NAMES,
    ORDER_STREAM,
    BatchResult,
    Float32,
    Weights,
    gradient,
    initial_weights,
)
from onthefly_studio.reference.optimizer import new_optimizer
from onthefly_studio.reference.random import Xoshiro128

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class HeadSettings:
    """What a run depends on besides its examples; the names of `[head]` in `site.toml`."""

    hidden: int = int(HEAD["hidden"].default)
    epochs: int = int(HEAD["epochs"].default)
    batch: int = int(HEAD["batch"].default)
    rate: float = HEAD["rate"].default
    seed: int = int(HEAD["seed"].default)


@dataclass(frozen=True)
class TrainingSet:
    """What a head is trained on."""

    features: Float32
    """`[n, F]`, in the order of class, then time of adding."""
    labels: Indices
    """`[n]`, each below `classes`."""
    classes: int


@dataclass
class Epoch:
    """One epoch as Keras' history counts it: means over its examples, before each step."""

    loss: float
    accuracy: float


@dataclass
class Run:
    """A run as far as it went."""

    weights: Weights
    losses: list[float] = field(default_factory=list)
    """Mean loss of each step's batch, before the step."""
    norms: list[list[float]] = field(default_factory=list)
    """Euclidean, of each tensor: before the first epoch and after each."""
    history: list[Epoch] = field(default_factory=list)
    batch: Indices | None = None
    """The batch of the step that the run was stopped before."""


def train(features: Float32, labels: Indices, classes: int, settings: HeadSettings) -> Run:
    """Train the head from its seed.

    Args:
        features: `[n, F]`, in the order of class, then time of adding.
        labels: `[n]`, each below `classes`; every class has examples.
        classes: at least 2.
        settings: see `HeadSettings`.

    Raises:
        ValueError: fewer than two classes, or one without examples.
    """
    if classes < 2 or set(np.unique(labels)) != set(range(classes)):
        raise ValueError("training needs two or more classes, each with examples")
    return run(TrainingSet(features, labels, classes), settings)


def run(
    given: TrainingSet,
    settings: HeadSettings,
    *,
    wide: bool = False,
    stop_before: int | None = None,
    start: Weights | None = None,
) -> Run:
    """Train the head by the specification.

    Args:
        given: the examples.
        settings: of the run.
        wide: take sums in float64; what is kept between steps is float32 all the same.
        stop_before: the step, counted from 1, to stop before.
        start: the initial weights, where they are known already; they are not changed.
    """
    if start is None:
        start = initial_weights(given.features.shape[1], settings.hidden, given.classes, settings.seed)
    done = Run(start.copy())
    done.norms.append(norms_of(done.weights))
    optimizer = new_optimizer(done.weights, settings.rate)
    for epoch in batches(len(given.labels), settings):
        loss, correct = 0.0, 0
        for batch in epoch:
            if stop_before == len(done.losses) + 1:
                done.batch = batch
                return done
            slopes, result = _gradient(done.weights, given, batch, wide)
            optimizer.step(done.weights, slopes)
            done.losses.append(result.loss / len(batch))
            loss, correct = loss + result.loss, correct + result.correct
        done.history.append(Epoch(loss / len(given.labels), correct / len(given.labels)))
        done.norms.append(norms_of(done.weights))
    return done


def batches(examples: int, settings: HeadSettings) -> Iterator[list[Indices]]:
    """For every epoch its batches, as indices of examples."""
    for order in orders(examples, settings.epochs, settings.seed):
        yield [order[at : at + settings.batch] for at in range(0, examples, settings.batch)]


def orders(examples: int, epochs: int, seed: int) -> Iterator[Indices]:
    """For every epoch the order of its examples, each shuffled from the last (Fisher-Yates)."""
    random = Xoshiro128(seed, ORDER_STREAM)
    order = np.arange(examples)
    for _ in range(epochs):
        for i in range(examples - 1, 0, -1):
            j = random.below(i + 1)
            order[i], order[j] = order[j], order[i]
        yield order.copy()


def norms_of(weights: Weights) -> list[float]:
    """The Euclidean norm of each tensor, summed in float64."""
    return [float(np.linalg.norm(getattr(weights, name).astype(np.float64))) for name in NAMES]


def _gradient(
    weights: Weights, given: TrainingSet, batch: Indices, wide: bool
) -> tuple[Weights, BatchResult]:
    features, labels = given.features[batch], given.labels[batch]
    if not wide:
        return gradient(weights, features, labels)
    widened: list[Any] = [getattr(weights, name).astype(np.float64) for name in NAMES]
    x: Any = features.astype(np.float64)
    return gradient(Weights(*widened), x, labels)
