"""Training an exported project again, by the reference, and comparing with what was exported.

Checksums reveal which file was changed by somebody careless; the run reveals it even if somebody
rewrote the checksums. What can be told apart is in docs/formats.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from onthefly_studio.graph.check import cosine_similarity
from onthefly_studio.project.diagnose import LOSS_LIMIT, Explanation, explain, parting
from onthefly_studio.project.format import schema
from onthefly_studio.project.format.model import Head, Project
from onthefly_studio.reference.head import NAMES, Weights, initial_weights, probabilities
from onthefly_studio.reference.training import Run, TrainingSet, batches, norms_of, run
from onthefly_studio.text import printable

if TYPE_CHECKING:
    from onthefly_studio.project.embed import Embed

PROBABILITY_LIMIT = 1e-3
"""Docs/head.md, Tolerances, as are the steps' losses."""
WEIGHT_LIMIT = 1e-3
"""Two honest runs stand up to 3e-4 apart; a weight that somebody changed to some effect, further."""
EPOCH_NORM_LIMIT = 1e-3
LEAST_SIMILARITY, SIMILARITY_MARGIN = 0.7, 0.1
"""Least cosine of a photo's features and those of the frame it is a small JPEG of, and how much nearer it may
be to another's: among 60 photographs on two backbones its own were always nearest, 0.83 and more."""
TINY = 1e-30
NORM_LIMIT = 1e-10
"""How far norms of the very same numbers may stand apart, relatively: float64 sums in two orders."""

Kind = Literal[
    "altered", "incomplete", "label", "seed", "settings", "features", "parts", "history", "weights", "picture"
]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was when the head was trained or exported."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Parting:
    """Where the recorded run and the reference part."""

    step: int
    epoch: int
    recorded: float
    reference: float
    photos: list[int]
    """Ids of the step's batch."""


@dataclass
class Verdict:
    """What became of a verification."""

    photos: int
    classes: int
    settings: dict[str, Any]
    steps_planned: int
    steps_recorded: int
    steps_followed: int = 0
    parting: Parting | None = None
    loss_error: float | None = None
    probability_error: float | None = None
    weight_error: float | None = None
    least_similarity: float | None = None
    """Of photos and their features, where that was asked for."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def reproduced(self) -> bool:
        """Whether everything is as it was, and the head is what training gives."""
        return not self.findings

    def add(self, kind: Kind, text: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(kind, text))

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {"reproduced": self.reproduced, **asdict(self)}


def verify(project: Project) -> Verdict:
    """Verify the head of an exported project.

    Args:
        project: as `read(path, tolerate_altered=True)` gives it.

    Raises:
        CheckFailed: it holds no head.
    """
    return _Verifier(project, project.trained_head()).verdict()


def compare_pictures(verdict: Verdict, project: Project, embed: Embed) -> None:
    """Compare every photo with its features, and add what differs to a verdict.

    The photo is a small JPEG of what the features were computed from, so the two are alike but not equal.
    """
    if not project.examples:
        return
    features = embed([example.picture for example in project.examples])
    own = cosine_similarity(features, project.features)
    verdict.least_similarity = float(own.min())
    directions = project.features / np.maximum(np.linalg.norm(project.features, axis=1, keepdims=True), TINY)
    for example, row, similarity in zip(project.examples, features, own, strict=True):
        others = directions @ (row / max(float(np.linalg.norm(row)), TINY))
        nearest = int(others.argmax())
        text = (
            f"photo {example.id} in {printable(project.name_of(example.class_id))!r} is not what its "
            f"features were computed from (similarity {similarity:.3f}"
        )
        if float(others[nearest]) > similarity + SIMILARITY_MARGIN:
            verdict.add("picture", f"{text}; to those of photo {project.examples[nearest].id} it is nearer)")
        elif similarity < LEAST_SIMILARITY:
            verdict.add("picture", f"{text}, at least {LEAST_SIMILARITY} is expected)")


class _Verifier:
    def __init__(self, project: Project, head: Head) -> None:
        self._project, self._head = project, head
        self._recorded = [float(loss) for loss in head.losses]
        self._epoch_steps = math.ceil(len(head.examples) / head.settings.batch)
        self._verdict = Verdict(
            photos=len(head.examples),
            classes=len(head.classes),
            settings=asdict(head.settings),
            steps_planned=self._epoch_steps * head.settings.epochs,
            steps_recorded=len(head.losses),
        )

    def verdict(self) -> Verdict:
        for name in self._project.altered:
            self._verdict.add("altered", f"{name} has been changed since the export")
        given = self._training_set()
        if given is None:
            return self._verdict
        settings = self._head.settings
        start = initial_weights(given.features.shape[1], settings.hidden, given.classes, settings.seed)
        ours = self._nearest(lambda wide: run(given, settings, wide=wide, start=start))
        if self._starts_alike(start):
            self._follow(given, start, ours)
        else:
            self._verdict.parting = self._parting(ours, parting(ours.losses, self._recorded) or 1)
        if self._verdict.parting is None:
            self._check_history(ours)
            self._check_weights(given, ours)
        self._check_last_norms()
        return self._verdict

    def _training_set(self) -> TrainingSet | None:
        """What the head was trained on, in that order; None, with a finding, where it is not all here."""
        place = {example.id: i for i, example in enumerate(self._project.examples)}
        missing = [each for each in self._head.examples if each not in place]
        if missing:
            self._verdict.add(
                "incomplete",
                f"{_photos(missing)}: used in training the head, but no longer in the project; train "
                "again before exporting",
            )
            return None
        rows = [place[each] for each in self._head.examples]
        number = {class_id: i for i, class_id in enumerate(self._head.classes)}
        labels = [number.get(self._project.examples[row].class_id) for row in rows]
        strangers = [each for each, label in zip(self._head.examples, labels, strict=True) if label is None]
        if strangers:
            self._verdict.add("label", f"{_photos(strangers)}: of a class that the head does not know")
            return None
        return TrainingSet(self._project.features[rows], np.array(labels, np.int64), len(number))

    def _nearest(self, make: Callable[[bool], Run]) -> Run:
        """The reference's run; where it parts, the one with wider sums if that follows further.

        Sums may be taken in any order, so either is what the specification asks for.
        """
        plain = make(False)
        step = parting(plain.losses, self._recorded)
        if step is None:
            return plain
        wide = make(True)
        other = parting(wide.losses, self._recorded)
        return wide if other is None or other > step else plain

    def _starts_alike(self, start: Weights) -> bool:
        if not self._head.norms:
            return True
        for name, mine, its in zip(NAMES, norms_of(start), self._head.norms[0], strict=True):
            if abs(mine - its) > NORM_LIMIT * max(mine, its):
                seed = self._head.settings.seed
                self._verdict.add(
                    "seed",
                    f"the seed was changed: the run did not start from the weights of the seed {seed} "
                    f"(norm of {name}: recorded {its:.7g}, this seed {mine:.7g}){self._other_seed()}",
                )
                return False
        return True

    def _other_seed(self) -> str:
        """The settings that the page had when it exported may still hold the right seed."""
        seed, now = self._project.settings.seed, self._head.settings.seed
        return f"; project.json says {seed}" if seed != now else ""

    def _follow(self, given: TrainingSet, start: Weights, ours: Run) -> None:
        step = parting(ours.losses, self._recorded)
        followed = len(self._recorded) if step is None else step - 1
        self._verdict.steps_followed = min(followed, len(ours.losses))
        pairs = zip(ours.losses, self._recorded, strict=False)
        errors = [abs(mine - its) for mine, its in pairs][: self._verdict.steps_followed]
        self._verdict.loss_error = max(errors, default=None)
        if step is None:
            return
        self._verdict.parting = self._parting(ours, step)
        why = explain(given, self._head.settings, start, self._recorded, [self._project.settings])
        if why is None:
            self._tell_parting(self._verdict.parting, ours)
        else:
            self._tell_explanation(why)

    def _parting(self, ours: Run, step: int) -> Parting:
        epoch, place = divmod(step - 1, self._epoch_steps)
        batch: list[int] = []
        if epoch < self._head.settings.epochs:
            all_batches = list(batches(len(self._head.examples), self._head.settings))
            batch = sorted(self._head.examples[i] for i in all_batches[epoch][place])
        recorded = self._recorded[step - 1] if step <= len(self._recorded) else math.nan
        reference = ours.losses[step - 1] if step <= len(ours.losses) else math.nan
        return Parting(step, epoch + 1, recorded, reference, batch)

    def _tell_parting(self, at: Parting, ours: Run) -> None:
        text = (
            f"the runs diverge at step {at.step} by {abs(at.recorded - at.reference):.2g} (epoch {at.epoch}, "
            f"{_photos(at.photos)}): the loss was {at.recorded:.6f}, the reference has {at.reference:.6f}"
        )
        rest = list(zip(ours.losses[at.step :], self._recorded[at.step :], strict=False))
        if rest and parting([mine for mine, _ in rest], [its for _, its in rest]) is None:
            self._verdict.add(
                "history", f"{text}; all later steps agree, so only the record of it was changed"
            )
        elif schema.FEATURES in self._project.altered or at.epoch == 1:
            # Every photo is met in the first epoch, so what was changed of one shows there.
            self._verdict.add(
                "features",
                f"{text}. No other label or setting explains it: features of these photos were changed",
            )
        else:
            self._verdict.add("parts", text)

    def _tell_explanation(self, why: Explanation) -> None:
        names = self._project.labels()
        for change in why.labels:
            photo = self._head.examples[change.index]
            example = next(each for each in self._project.examples if each.id == photo)
            now, then = self._project.name_of(example.class_id), names[change.label]
            self._verdict.add(
                "label",
                f"the label of photo {photo} was changed: the head was trained with it in "
                f"{printable(then)!r}, now it is in {printable(now)!r}; with that undone, "
                "the recorded run is reproduced",
            )
        if why.settings:
            now_settings, then_settings = asdict(self._head.settings), asdict(why.settings)
            changed = [name for name in now_settings if now_settings[name] != then_settings[name]]
            what = ", ".join(
                f"{name} is {now_settings[name]} and was {then_settings[name]}" for name in changed
            )
            self._verdict.add("settings", f"settings in head.json were changed: {what}")

    def _check_history(self, ours: Run) -> None:
        """The steps that are there follow; are they all there, and what the epochs say of them true?"""
        verdict, head = self._verdict, self._head
        epochs, missing = head.settings.epochs, verdict.steps_planned - verdict.steps_recorded
        if missing or len(head.history) != epochs or len(head.norms) != epochs + 1:
            if self._ended_early(len(head.history)):
                verdict.add(
                    "settings",
                    f"settings in head.json were changed: epochs is {epochs} and was {len(head.history)}",
                )
            else:
                verdict.add(
                    "history",
                    f"the history is truncated: {verdict.steps_recorded} of {verdict.steps_planned} steps, "
                    f"{len(head.history)} of {epochs} epochs",
                )
        for number, (mine, its) in enumerate(zip(ours.history, head.history, strict=False), 1):
            loss = abs(mine.loss - its.loss) > LOSS_LIMIT * max(1.0, mine.loss)
            # A photo on the border between two classes may fall on either side.
            accuracy = abs(mine.accuracy - its.accuracy) > 2.5 / len(head.examples)
            if loss or accuracy:
                verdict.add(
                    "history", f"the history of epoch {number} was changed: its steps do not add up to it"
                )
                break
        for number, (norms, recorded) in enumerate(zip(ours.norms, head.norms, strict=False)):
            off = [abs(a - b) > EPOCH_NORM_LIMIT * max(1.0, a) for a, b in zip(norms, recorded, strict=True)]
            if any(off):
                verdict.add("history", f"the norms after epoch {number} are not those of the run")
                break

    def _ended_early(self, epochs: int) -> bool:
        """Whether the record is whole, and its last norms are those of the weights: the run was that long."""
        head = self._head
        whole = len(head.losses) == epochs * self._epoch_steps and len(head.norms) == epochs + 1
        return whole and 0 < epochs != head.settings.epochs and self._ends_in_these_weights()

    def _ends_in_these_weights(self) -> bool:
        recorded = self._head.norms[-1]
        pairs = zip(norms_of(self._head.weights), recorded, strict=True)
        return all(abs(mine - its) <= NORM_LIMIT * max(mine, its) for mine, its in pairs)

    def _check_weights(self, given: TrainingSet, ours: Run) -> None:
        if any(finding.kind == "settings" for finding in self._verdict.findings):
            return
        verdict, exported = self._verdict, self._head.weights
        chances = probabilities(exported, given.features), probabilities(ours.weights, given.features)
        verdict.probability_error = float(np.abs(chances[0] - chances[1]).max())
        name, place, verdict.weight_error = _largest(exported, ours.weights)
        weights_off = verdict.weight_error > max(WEIGHT_LIMIT, self._spread(given))
        if weights_off or verdict.probability_error > PROBABILITY_LIMIT:
            verdict.add(
                "weights",
                "the weights in head.f32 were changed: the recorded run is reproduced and ends elsewhere, by "
                f"{verdict.weight_error:.3g} at {name}{place} "
                f"(probabilities by {verdict.probability_error:.2g})",
            )

    def _spread(self, given: TrainingSet) -> float:
        """How far rounding alone may move a weight, several times the distance of two references.

        Adam takes full steps on gradients of nearly nothing, whose sign rounding decides.
        """
        if self._verdict.weight_error is None or self._verdict.weight_error <= WEIGHT_LIMIT:
            return 0.0
        plain, wide = (run(given, self._head.settings, wide=each) for each in (False, True))
        return 5 * _largest(plain.weights, wide.weights)[2]

    def _check_last_norms(self) -> None:
        """Finer than any comparison with a second run: the norms were taken of these very weights."""
        complete = len(self._head.norms) == self._head.settings.epochs + 1
        is_reported = any(finding.kind == "weights" for finding in self._verdict.findings)
        if complete and not is_reported and not self._ends_in_these_weights():
            pairs = zip(NAMES, norms_of(self._head.weights), self._head.norms[-1], strict=True)
            name, mine, its = max(pairs, key=lambda pair: abs(pair[1] - pair[2]))
            self._verdict.add(
                "weights",
                f"the weights in head.f32 were changed: the norm of {name} was {its:.10g} at the end of "
                f"the run, and is {mine:.10g}",
            )


def _largest(ours: Weights, others: Weights) -> tuple[str, list[int], float]:
    """Where two heads differ most: the tensor, the place in it, and by how much."""
    worst: tuple[str, list[int], float] = (NAMES[0], [], -1.0)
    for name in NAMES:
        difference = np.abs(getattr(ours, name) - getattr(others, name))
        place = np.unravel_index(int(difference.argmax()), difference.shape)
        if float(difference[place]) > worst[2]:
            worst = name, [int(i) for i in place], float(difference[place])
    return worst


def _photos(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:8])) + (" …" if len(ids) > 8 else "")
    return f"photo{'s' * (len(ids) != 1)} {shown}"
