"""A whole training run of the head: order, batches, history. Specified in docs/head.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from builder.contract import HEAD
from builder.head.head import (
    ORDER_STREAM,
    Adam,
    Float32,
    Weights,
    gradient,
    initial_weights,
)
from builder.head.random import Xoshiro128


@dataclass(frozen=True)
class HeadSettings:
    """What a run depends on besides its examples; the names of `[head]` in `site.toml`."""

    hidden: int = int(HEAD["hidden"].default)
    epochs: int = int(HEAD["epochs"].default)
    batch: int = int(HEAD["batch"].default)
    rate: float = HEAD["rate"].default
    seed: int = int(HEAD["seed"].default)


@dataclass
class Epoch:
    """One epoch as Keras' history counts it: means over its examples, before each step."""

    loss: float
    accuracy: float


@dataclass
class Trained:
    """The end of a run."""

    weights: Weights
    history: list[Epoch] = field(default_factory=list)


def orders(examples: int, epochs: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """For every epoch the order of its examples, each shuffled from the last (Fisher-Yates)."""
    random = Xoshiro128(seed, ORDER_STREAM)
    order = np.arange(examples)
    for _ in range(epochs):
        for i in range(examples - 1, 0, -1):
            j = random.below(i + 1)
            order[i], order[j] = order[j], order[i]
        yield order.copy()


def train(features: Float32, labels: npt.NDArray[np.int64], classes: int, settings: HeadSettings) -> Trained:
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
        raise ValueError("training takes two classes or more, each with examples")
    weights = initial_weights(features.shape[1], settings.hidden, classes, settings.seed)
    adam = Adam(weights, settings.rate)
    run = Trained(weights)
    for order in orders(len(labels), settings.epochs, settings.seed):
        loss, correct = 0.0, 0
        for at in range(0, len(order), settings.batch):
            batch = order[at : at + settings.batch]
            slopes, result = gradient(weights, features[batch], labels[batch])
            adam.step(weights, slopes)
            loss, correct = loss + result.loss, correct + result.correct
        run.history.append(Epoch(loss / len(order), correct / len(order)))
    return run
