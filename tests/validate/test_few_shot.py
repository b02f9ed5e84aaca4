"""What a visitor gets: accuracy on real photographs, with the weights as each precision stores them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.contract import Precision
from onthefly_studio.graph.convert import Converted
from onthefly_studio.reference import head, training
from onthefly_studio.reference.preprocess import preprocess
from tests.support import data, tensorflow_scripts

PER_CLASS, SEEDS = 20, 5


def accuracy(features: NDArray[Any], labels: NDArray[Any], seed: int) -> float:
    """Held-out accuracy of the head after 20 photographs per class, drawn by the seed."""
    rng = np.random.default_rng(seed)
    classes = int(labels.max()) + 1
    taken = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:PER_CLASS] for c in range(classes)])
    held_out = np.setdiff1d(np.arange(len(labels)), taken)
    trained = training.train(features[taken], labels[taken], classes, training.HeadSettings(seed=seed))
    chances = head.probabilities(trained.weights, features[held_out])
    return float((chances.argmax(axis=1) == labels[held_out]).mean())


@pytest.fixture(scope="module")
def mean_accuracy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Converted], float]:
    """Of a converted backbone on the hand signs."""
    digits = data.photos("hand-digits")
    labels = np.repeat(np.arange(len(digits)), [len(paths) for paths in digits.values()])
    scratch = tmp_path_factory.mktemp("hand signs")
    inputs, outputs = scratch / "inputs.npy", scratch / "features.npy"
    np.save(inputs, [preprocess(data.pixels(path)) for paths in digits.values() for path in paths])

    def measure(model: Converted) -> float:
        tensorflow_scripts.worker().call("graph_features", model.folder, inputs, outputs)
        features = np.load(outputs)
        return float(np.mean([accuracy(features, labels, seed) for seed in range(SEEDS)]))

    return measure


def test_eight_bits_cost_at_most_a_hundredth(
    converted: Callable[[str, Precision], Converted], mean_accuracy: Callable[[Converted], float]
) -> None:
    means = {precision: mean_accuracy(converted("100", precision)) for precision in ("float32", "int8")}
    print(f"\nmean accuracy over {SEEDS} seeds: {means}")
    assert means["float32"] > 0.75
    assert means["int8"] >= means["float32"] - 0.01


def test_the_embedded_backbone_learns_hand_signs_as_the_default_site_carries_it(
    converted: Callable[[str, Precision], Converted], mean_accuracy: Callable[[Converted], float]
) -> None:
    mean = mean_accuracy(converted("embedded", "float16"))
    print(f"\nmean accuracy over {SEEDS} seeds: {mean}")
    assert mean >= 0.85
