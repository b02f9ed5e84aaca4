"""Which examples are held out, to be asked about by a head that never saw them. Specified in docs/head.md."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from onthefly_studio.reference.head import SPLIT_STREAM
from onthefly_studio.reference.random import Xoshiro128


def split(labels: npt.NDArray[np.int64], share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which examples are held out: of every class the share, rounded, at least one and never all.

    Class by class, the indices of its examples are shuffled (Fisher-Yates) with the seed's stream for
    splits, and the first are held out; a class with one example keeps it.
    """
    random = Xoshiro128(seed, SPLIT_STREAM)
    held_out = np.zeros(len(labels), bool)
    for label in range(int(labels.max()) + 1):
        indices = np.flatnonzero(labels == label)
        for i in range(len(indices) - 1, 0, -1):
            j = random.below(i + 1)
            indices[i], indices[j] = indices[j], indices[i]
        count = min(max(int(share * len(indices) + 0.5), 1), len(indices) - 1)
        held_out[indices[:count]] = True
    return held_out
