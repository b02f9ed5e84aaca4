"""How often a head is right: on a folder of photographs, or on photos of the project that it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from builder.errors import ConfigError
from builder.head.head import SPLIT_STREAM, probabilities
from builder.head.random import Xoshiro128
from builder.head.training import train
from builder.project.embed import Embed
from builder.project.model import Project
from builder.project.pictures import SUFFIXES
from builder.project.predict import predict
from builder.project.schema import folder_of, printable

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Evaluation:
    """Counts of what was and what was said."""

    labels: list[str]
    """In the order of the head's outputs."""
    confusion: list[list[int]]
    """A row for what a photo shows, a column for what the head says."""
    how: str
    """On what, in words."""

    @property
    def photos(self) -> int:
        """How many were asked about."""
        return sum(map(sum, self.confusion))

    @property
    def right(self) -> int:
        """How many answers were right."""
        return sum(row[i] for i, row in enumerate(self.confusion))

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return self.right / self.photos

    def per_class(self) -> list[float | None]:
        """The share of right answers for each class; None where it has no photos."""
        return [row[i] / sum(row) if sum(row) else None for i, row in enumerate(self.confusion)]

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        per_class = dict(zip(self.labels, self.per_class(), strict=True))
        figures = {"photos": self.photos, "right": self.right, "accuracy": self.accuracy}
        return {**figures, "per_class": per_class, **asdict(self)}


def evaluate_folder(project: Project, folder: Path, embed: Embed) -> Evaluation:
    """Ask about every picture in a folder that has a folder for each class.

    Raises:
        ConfigError: its folders are not those of the head's classes, or hold no pictures.
        OnTheFlyError: a picture cannot be read.
    """
    shown = _pictures(project, folder)
    predictions = predict(project, [path for path, _ in shown], embed)
    truth = np.array([label for _, label in shown])
    said = np.array([prediction.index for prediction in predictions])
    return _evaluation(project.labels(), truth, said, f"the photographs in {folder}")


def _pictures(project: Project, folder: Path) -> list[tuple[Path, int]]:
    if not folder.is_dir():
        raise ConfigError(
            "There is no such folder.", where=str(folder), mend="Give a folder with one folder per class."
        )
    labels = project.labels()
    shown: list[tuple[Path, int]] = []
    for place in sorted(folder.iterdir()):
        if place.name.startswith(".") or not place.is_dir():
            continue
        label = _label_of(place.name, labels)
        if label is None:
            raise ConfigError(
                f"The folder {place.name!r} is none of the head's classes: "
                f"{', '.join(printable(name) for name in labels)}.",
                where=str(folder),
                mend="Name each folder as its class is named.",
            )
        files = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)
        shown += [(path, label) for path in files if not path.name.startswith(".")]
    if not shown:
        raise ConfigError(
            "The folder holds no pictures in folders by class.",
            where=str(folder),
            mend="Give a folder with one folder per class.",
        )
    return shown


def _label_of(name: str, labels: list[str]) -> int | None:
    """The class that a folder means: by its name, or by what file systems take of it. None where unclear."""
    for key in (_plain, _on_disk):
        found = [i for i, label in enumerate(labels) if key(label) and key(label) == key(name)]
        if len(found) == 1:
            return found[0]
    return None


def _plain(name: str) -> str:
    return name.strip().casefold()


def _on_disk(name: str) -> str:
    return folder_of(name, 0).removeprefix("1").removeprefix("-")


def evaluate_held_out(project: Project, share: float, seed: int | None = None) -> Evaluation:
    """Train on one part of the project's own photos, with the head's settings, and ask about the rest.

    The exported head was trained on all of them; this is a second head, and a guess at how good the first is.

    Args:
        project: with photos of two classes or more.
        share: of each class's photos that is held out.
        seed: of the split and the training; the settings' by default.

    Raises:
        ConfigError: there are too few photos.
    """
    features, labels, classes = project.training_set()
    settings = project.head.settings if project.head else project.settings
    settings = settings if seed is None else replace(settings, seed=seed)
    held_out = split(labels, share, settings.seed)
    if not held_out.any():
        raise ConfigError(
            "No class has a photo to spare.",
            where=f"--held-out {share}",
            mend="Export a project with more photos.",
        )
    run = train(features[~held_out], labels[~held_out], len(classes), settings)
    said = probabilities(run.weights, features[held_out]).argmax(axis=1)
    names = [project.name_of(class_id) for class_id in classes]
    how = (
        f"{held_out.sum()} photos of the project, by a second head trained on the other {(~held_out).sum()} "
        f"(seed {settings.seed})"
    )
    return _evaluation(names, labels[held_out], said, how)


def split(labels: Indices, share: float, seed: int) -> npt.NDArray[np.bool_]:
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


def _evaluation(labels: list[str], truth: Indices, said: Indices, how: str) -> Evaluation:
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (truth, said), 1)
    return Evaluation([printable(label) for label in labels], confusion.tolist(), how)


def table(evaluation: Evaluation) -> list[str]:
    """The figures as aligned lines of text."""
    names = evaluation.labels
    width = max(len("class"), *(len(name) for name in names))
    lines = [
        f"{evaluation.right} of {evaluation.photos} right: accuracy {evaluation.accuracy:.3f}",
        f"on {evaluation.how}",
        "",
        f"{'class':<{width}}  photos  right  accuracy",
    ]
    for name, row, share, i in zip(
        names, evaluation.confusion, evaluation.per_class(), range(len(names)), strict=True
    ):
        shown = "-" if share is None else f"{share:.3f}"
        lines.append(f"{name:<{width}}  {sum(row):>6}  {row[i]:>5}  {shown:>8}")
    return [*lines, "", *_matrix(names, evaluation.confusion, width)]


def _matrix(names: Sequence[str], confusion: list[list[int]], width: int) -> list[str]:
    columns = [max(len(name), *(len(str(row[i])) for row in confusion)) for i, name in enumerate(names)]
    head = "  ".join(f"{name:>{column}}" for name, column in zip(names, columns, strict=True))
    rows = [
        f"{name:<{width}}  " + "  ".join(f"{n:>{c}}" for n, c in zip(row, columns, strict=True))
        for name, row in zip(names, confusion, strict=True)
    ]
    return ["rows: what it shows; columns: what the head says", f"{'':<{width}}  {head}", *rows]
