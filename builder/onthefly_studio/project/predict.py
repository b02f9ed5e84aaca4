"""What an exported head says of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onthefly_studio.errors import OnTheFlyError
from onthefly_studio.project.embed import Embed, Picture, embed_readable
from onthefly_studio.project.format.model import Project
from onthefly_studio.reference.head import Float32, probabilities


@dataclass(frozen=True)
class Prediction:
    """Of one picture."""

    label: str
    """The name of the most probable class, the first where several are equal."""
    index: int
    """Of that class, among the head's outputs."""
    probabilities: list[float]
    """In the order of the head's outputs."""


def predict_readable(
    project: Project, pictures: Sequence[Picture], embed: Embed
) -> tuple[dict[int, Prediction], Mapping[int, OnTheFlyError]]:
    """What the project's head says of each picture that can be read, and why it is silent on the others.

    Both by the picture's place.

    Raises:
        CheckFailed: the project holds no head.
        OnTheFlyError: the backbone cannot be run.
    """
    project.trained_head()
    features, places, errors = embed_readable(pictures, embed)
    return dict(zip(places, of_features(project, features), strict=True)), errors


def of_features(project: Project, features: Float32) -> list[Prediction]:
    """The same from features, `[n, F]`."""
    labels, weights = project.labels(), project.trained_head().weights
    rows = probabilities(weights, features)
    return [
        Prediction(labels[int(row.argmax())], int(row.argmax()), [float(chance) for chance in row])
        for row in rows
    ]
