"""What moves the head's weights against a gradient. Specified in docs/head.md."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from onthefly_studio.reference.head import NAMES, Weights

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7


class Optimizer(Protocol):
    """The state of one run, from its first step to its last."""

    def step(self, weights: Weights, slopes: Weights) -> None:
        """Move the weights, in place, against a gradient."""


class Adam(Optimizer):
    """Adam as TensorFlow.js computes it: epsilon beside the root of the corrected second moment.

    Source: Kingma and Ba, "Adam" (2015), algorithm 1. Keras adds epsilon before the correction.

    Args:
        weights: of the shapes to be trained.
        rate: the learning rate.
    """

    def __init__(self, weights: Weights, rate: float) -> None:
        self.rate, self.steps = rate, 0
        self.m, self.v = weights.zeros(), weights.zeros()

    def step(self, weights: Weights, slopes: Weights) -> None:
        """Move the weights, in place, against a gradient."""
        self.steps += 1
        correct_m = np.float32(1 / (1 - BETA1**self.steps))
        correct_v = np.float32(1 / (1 - BETA2**self.steps))
        for name in NAMES:
            g, m, v, w = (getattr(each, name) for each in (slopes, self.m, self.v, weights))
            m[...] = np.float32(BETA1) * m + np.float32(1 - BETA1) * g
            v[...] = np.float32(BETA2) * v + np.float32(1 - BETA2) * g * g
            w -= np.float32(self.rate) * (m * correct_m) / (np.sqrt(v * correct_v) + np.float32(EPSILON))


def new_optimizer(weights: Weights, rate: float) -> Optimizer:
    """The optimizer that a run starts with.

    Args:
        weights: of the shapes to be trained.
        rate: the learning rate.
    """
    return Adam(weights, rate)
