"""A project in memory: what was taught, and the head that came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onthefly_studio.errors import CheckFailed, ConfigError
from onthefly_studio.project.format.schema import Backbone, Preprocess, ProjectClass
from onthefly_studio.reference.head import Float32, Weights
from onthefly_studio.reference.training import Epoch, HeadSettings


@dataclass(frozen=True)
class Example:
    """One photo."""

    id: int
    class_id: str
    picture: bytes
    """A JPEG."""


@dataclass(frozen=True)
class Head:
    """A trained head and how it came about."""

    weights: Weights
    classes: list[str]
    """Ids, in the order of the outputs."""
    settings: HeadSettings
    examples: list[int]
    """Ids, in the order of training."""
    history: list[Epoch]
    norms: list[list[float]]
    """Euclidean, of kernel1, bias1, kernel2, bias2: before the first epoch and after each."""
    losses: Float32
    """Mean loss of each step's batch, before the step."""


@dataclass(frozen=True)
class Project:
    """Everything in a `project.zip`."""

    generator: str
    backbone: Backbone
    preprocess: Preprocess
    settings: HeadSettings
    """For the next training; the head has its own."""
    classes: list[ProjectClass]
    """In display order."""
    examples: list[Example]
    """In the order of adding."""
    features: Float32
    """`[n, F]`, a row per example."""
    head: Head | None
    altered: tuple[str, ...] = ()
    """Files whose sha256 is not the one recorded at the export."""

    def trained_head(self) -> Head:
        """The head.

        Raises:
            CheckFailed: the project holds none.
        """
        if self.head is None:
            raise CheckFailed(
                "The project holds no trained head, only photos.",
                where="head.json",
                hint="Open it on its site, train there, and export it again.",
            )
        return self.head

    def name_of(self, class_id: str) -> str:
        """The name of a class."""
        return next(each.name for each in self.classes if each.id == class_id)

    def labels(self) -> list[str]:
        """The names of the head's classes, in the order of its outputs."""
        return [self.name_of(class_id) for class_id in self.trained_head().classes]

    def training_set(self) -> tuple[Float32, npt.NDArray[np.int64], list[str]]:
        """All photos as a head is trained on them: features, labels and ids of the classes with photos.

        Raises:
            ConfigError: fewer than two classes have photos.
        """
        filled = [each.id for each in self.classes if any(e.class_id == each.id for e in self.examples)]
        if len(filled) < 2:
            raise ConfigError(
                "Training needs photos of two or more classes.", hint="Export the project with more photos."
            )
        label = {class_id: number for number, class_id in enumerate(filled)}
        labels = np.array([label[example.class_id] for example in self.examples])
        order = np.argsort(labels, kind="stable")
        return self.features[order], labels[order], filled
