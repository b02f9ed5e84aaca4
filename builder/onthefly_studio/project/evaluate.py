"""How often a head is right: on a folder of photographs, or on photos of the project that it did not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.errors import ConfigError, SourceError
from onthefly_studio.project.embed import Embed
from onthefly_studio.project.folders import Found, LeftOut, sort_out, unreadable
from onthefly_studio.project.format.model import Project
from onthefly_studio.project.format.names import key, normal
from onthefly_studio.project.format.schema import folder_of
from onthefly_studio.project.predict import predict_readable
from onthefly_studio.reference.head import probabilities
from onthefly_studio.reference.split import split
from onthefly_studio.reference.training import train
from onthefly_studio.text import columns, printable

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
    left_out: LeftOut | None = None
    """Files of the folder that were not asked about; None where there was no folder."""

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
        details = {"labels": self.labels, "confusion": self.confusion, "how": self.how}
        left_out = {"left_out": self.left_out.as_json()} if self.left_out else {}
        return {**figures, "per_class": per_class, **details, **left_out}


def evaluate_folder(project: Project, folder: Path, embed: Embed, *, strict: bool = False) -> Evaluation:
    """Ask about every picture in a folder that has a folder for each class; see `folders`.

    Args:
        project: with a head.
        folder: the photographs.
        embed: the backbone.
        strict: take no picture rather than leave some out.

    Raises:
        ConfigError: its folders are not those of the head's classes, or hold no pictures.
        SourceError: none of its pictures can be read, or with `strict` not every one.
    """
    found, shown = _labelled(project, sort_out(folder))
    if strict:
        found.without(unreadable(found.pictures)).require_all()
    predictions, errors = predict_readable(project, [path for path, _ in shown], embed)
    found = found.without({shown[place][0]: error for place, error in errors.items()})
    if not predictions:
        raise SourceError(
            "\n".join(["None of the pictures can be read.", *found.left_out.lines()]),
            where=str(folder),
            hint="Save them as JPEG or PNG.",
        )
    truth = np.array([shown[place][1] for place in predictions])
    predicted = np.array([prediction.index for prediction in predictions.values()])
    how = f"the photographs in {folder}"
    return replace(_evaluation(project.labels(), truth, predicted, how), left_out=found.left_out)


def _labelled(project: Project, found: Found) -> tuple[Found, list[tuple[Path, int]]]:
    """Every picture with the head's class that its folder means.

    Raises:
        ConfigError: a folder means none, or there are no pictures.
    """
    labels = project.labels()
    meant = {name: _meant(name, labels) for name, files in found.classes.items() if files}
    untaught = {key(each.name) for each in project.classes} - {key(label) for label in labels}
    for name in [name for name in meant if key(name) in untaught]:
        errors = unreadable(found.classes[name])
        if len(errors) == len(found.classes[name]):  # so the head was trained without them, too
            found = found.without(errors)
            del meant[name]
    _require_clear(meant, labels, found.folder)
    if not meant:
        raise ConfigError(
            f"The folder holds no pictures in folders by class. {found.left_out.counts()}".rstrip(),
            where=str(found.folder),
            hint="Give a folder with one folder per class.",
        )
    return found, [(path, place) for name, (place,) in meant.items() for path in found.classes[name]]


def _require_clear(meant: Mapping[str, list[int]], labels: list[str], folder: Path) -> None:
    strangers = [repr(name) for name, places in meant.items() if not places]
    if strangers:
        they = (
            f"The folder {strangers[0]} is"
            if len(strangers) == 1
            else f"The folders {', '.join(strangers)} are"
        )
        raise ConfigError(
            f"{they} none of the head's classes: {', '.join(printable(name) for name in labels)}.",
            where=str(folder),
            hint="Name each folder as its class is named.",
        )
    for name, places in meant.items():
        if len(places) > 1:
            alike = ", ".join(ascii(labels[place]) for place in places)
            raise ConfigError(
                f"The folder {name!r} could be any of {len(places)} classes of the head: {alike}.",
                where=str(folder),
                hint="Name the classes apart on the page, train, and export again.",
            )


def _meant(name: str, labels: list[str]) -> list[int]:
    """The classes that a folder may mean: by its name, or by what file systems take of it."""
    for form in (str, normal, key, _on_disk):
        found = [i for i, label in enumerate(labels) if form(label) and form(label) == form(name)]
        if found:
            return found
    return []


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
            "No class has a photo to spare for this.",
            where=f"--held-out {share}",
            hint="Export a project with more photos.",
        )
    run = train(features[~held_out], labels[~held_out], len(classes), settings)
    predicted = probabilities(run.weights, features[held_out]).argmax(axis=1)
    labelled = [project.name_of(class_id) for class_id in classes]
    how = (
        f"{held_out.sum()} photos of the project, by a second head trained on the other {(~held_out).sum()} "
        f"(seed {settings.seed})"
    )
    return _evaluation(labelled, labels[held_out], predicted, how)


def _evaluation(labels: list[str], truth: Indices, predicted: Indices, how: str) -> Evaluation:
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (truth, predicted), 1)
    return Evaluation([printable(label) for label in labels], confusion.tolist(), how)


def table(evaluation: Evaluation) -> list[str]:
    """The figures as aligned lines of text."""
    names = evaluation.labels
    figures = [("class", "photos", "right", "accuracy")]
    for i, (row, share) in enumerate(zip(evaluation.confusion, evaluation.per_class(), strict=True)):
        figures.append((names[i], f"{sum(row)}", f"{row[i]}", "-" if share is None else f"{share:.3f}"))
    matrix = [["", *names]]
    matrix += [[name, *map(str, row)] for name, row in zip(names, evaluation.confusion, strict=True)]
    return [
        f"{evaluation.right} of {evaluation.photos} right: accuracy {evaluation.accuracy:.3f}",
        f"on {evaluation.how}",
        "",
        *columns(figures, right=(1, 2, 3)).splitlines(),
        "",
        "rows: what it shows; columns: what the head says",
        *columns(matrix, right=range(1, len(names) + 1)).splitlines(),
    ]
