"""The head in NumPy: initial weights, forward pass, loss, gradient. Specified in docs/head.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onthefly_studio.reference.random import Xoshiro128

Float32 = npt.NDArray[np.float32]
INIT_STREAM, ORDER_STREAM, SPLIT_STREAM = 0, 1, 2
NAMES = ("kernel1", "bias1", "kernel2", "bias2")


@dataclass
class Weights:
    """One value per weight: the weights themselves, a gradient, or a moment."""

    kernel1: Float32
    """`[F, H]`"""
    bias1: Float32
    """`[H]`"""
    kernel2: Float32
    """`[H, C]`"""
    bias2: Float32
    """`[C]`"""

    def copy(self) -> Weights:
        """Independent arrays with the same values."""
        return Weights(*(getattr(self, name).copy() for name in NAMES))

    def zeros(self) -> Weights:
        """Zeros of the same shapes."""
        return Weights(*(np.zeros_like(getattr(self, name)) for name in NAMES))


def glorot_uniform(random: Xoshiro128, rows: int, columns: int) -> Float32:
    """U(-a, a) with a = sqrt(6 / (rows + columns)) (Glorot and Bengio, 2010), `[rows, columns]`."""
    limit = np.sqrt(6 / (rows + columns))
    draws = np.array([random.uniform() for _ in range(rows * columns)])
    values: Float32 = ((2 * draws - 1) * limit).astype(np.float32)
    return values.reshape(rows, columns)


def initial_weights(features: int, hidden: int, classes: int, seed: int) -> Weights:
    """The weights that training starts from."""
    random = Xoshiro128(seed, INIT_STREAM)
    kernel1 = glorot_uniform(random, features, hidden)
    kernel2 = glorot_uniform(random, hidden, classes)
    return Weights(kernel1, np.zeros(hidden, np.float32), kernel2, np.zeros(classes, np.float32))


def forward(weights: Weights, x: Float32) -> tuple[Float32, Float32]:
    """Activations of the hidden layer and logits: `[n, F]` to `[n, H]` and `[n, C]`."""
    hidden = np.maximum(x @ weights.kernel1 + weights.bias1, np.float32(0))
    return hidden, hidden @ weights.kernel2 + weights.bias2


def softmax(logits: Float32) -> Float32:
    """Probabilities per row, `[n, C]`."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Float32 = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result


def probabilities(weights: Weights, x: Float32) -> Float32:
    """`[n, F]` to `[n, C]`."""
    return softmax(forward(weights, x)[1])


def cross_entropy(logits: Float32, labels: npt.NDArray[np.int64]) -> Float32:
    """Categorical cross-entropy per example, `[n, C]` and `[n]` to `[n]`; not clipped."""
    peak = logits.max(axis=1)
    log_sum = peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1))
    loss: Float32 = log_sum - logits[np.arange(len(labels)), labels]
    return loss


@dataclass
class BatchResult:
    """Sums over one batch, from the forward pass before the step."""

    loss: float
    correct: int


def gradient(weights: Weights, x: Float32, labels: npt.NDArray[np.int64]) -> tuple[Weights, BatchResult]:
    """Gradient of the mean loss over a batch.

    Args:
        weights: where it is taken.
        x: `[b, F]`.
        labels: `[b]`, indices of classes.
    """
    hidden, logits = forward(weights, x)
    chances = softmax(logits)
    d_logits = chances.copy()
    d_logits[np.arange(len(labels)), labels] -= 1
    d_logits /= np.float32(len(labels))
    d_hidden = (d_logits @ weights.kernel2.T) * (hidden > 0)
    slopes = Weights(x.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_logits, d_logits.sum(axis=0))
    result = BatchResult(
        float(cross_entropy(logits, labels).sum(dtype=np.float64)),
        int((logits.argmax(axis=1) == labels).sum()),
    )
    return slopes, result
