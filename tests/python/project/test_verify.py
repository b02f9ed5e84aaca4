"""Every change of a project is told as what it is, also by somebody who wrote the checksums anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.errors import CheckFailed
from onthefly_studio.project.format.read import read
from onthefly_studio.project.verify import Verdict, compare_pictures, verify
from onthefly_studio.reference import head as reference
from onthefly_studio.reference.training import HeadSettings, TrainingSet, run, train
from tests.support import projects
from tests.support.projects import alter, put

STEPS = 36


def verdict_on(file: Path) -> Verdict:
    return verify(read(file, tolerate_altered=True))


def kinds(verdict: Verdict) -> list[str]:
    return [finding.kind for finding in verdict.findings]


def floats(name: str, change: Callable[[NDArray[Any]], None]) -> Callable[[Path], Any]:
    def altered(path: Path) -> None:
        values = np.frombuffer(projects.members(path)[name], "<f4").copy()
        change(values)
        alter(path, {name: values.tobytes()})

    return altered


def test_the_traced_run_is_the_reference_s() -> None:
    project = projects.project()
    features, labels, classes = project.training_set()
    expected = train(features, labels, len(classes), projects.SETTINGS)
    assert project.head
    assert project.head.history == expected.history
    for name in reference.NAMES:
        np.testing.assert_array_equal(getattr(project.head.weights, name), getattr(expected.weights, name))


@pytest.mark.parametrize("wide", [False, True])
def test_reproduced_whichever_way_sums_are_taken(wide: bool, tmp_path: Path) -> None:
    verdict = verdict_on(projects.save(tmp_path / "p.zip", projects.project(wide=wide)))
    assert verdict.reproduced, verdict.findings
    assert verdict.steps_followed == verdict.steps_planned == verdict.steps_recorded == STEPS
    assert verdict.loss_error is not None
    assert verdict.loss_error < 1e-5
    assert verdict.probability_error is not None
    assert verdict.probability_error < 1e-5


def test_a_changed_label_is_named_with_the_photo_and_its_class(file: Path) -> None:
    """Photo 5 was taken as a hand; its file goes along, and its checksum is right."""
    files = projects.members(file)
    moved = {"images/2-hand/5.jpg": None, "images/4-bottle/5.jpg": files["images/2-hand/5.jpg"]}

    def relabel(told: Any) -> None:
        told["examples"][4]["class"] = "c4"
        told["files"]["images/4-bottle/5.jpg"] = told["files"].pop("images/2-hand/5.jpg")

    alter(file, {**moved, "project.json": relabel})
    verdict = verdict_on(file)
    assert kinds(verdict) == ["label"]
    text = verdict.findings[0].text
    assert "label of photo 5" in text
    assert "trained with it in 'Hand'" in text
    assert "now it is in 'Bottle'" in text
    assert verdict.parting
    assert 5 in verdict.parting.photos
    assert abs(verdict.parting.recorded - verdict.parting.reference) > 1e-3


def test_three_changed_labels_are_all_named(file: Path) -> None:
    def relabel(told: Any) -> None:
        for photo, class_id, old, new in (
            (1, "c2", "1-cup", "2-hand"),
            (9, "c1", "4-bottle", "1-cup"),
            (14, "c4", "2-hand", "4-bottle"),
        ):
            told["examples"][photo - 1]["class"] = class_id
            name = told["files"].pop(f"images/{old}/{photo}.jpg")
            told["files"][f"images/{new}/{photo}.jpg"] = name

    files = projects.members(file)
    moves = {"images/1-cup/1.jpg": "images/2-hand/1.jpg", "images/4-bottle/9.jpg": "images/1-cup/9.jpg"}
    moves["images/2-hand/14.jpg"] = "images/4-bottle/14.jpg"
    changes: dict[str, Any] = {new: files[old] for old, new in moves.items()}
    alter(file, {**changes, **dict.fromkeys(moves), "project.json": relabel})
    texts = " ".join(finding.text for finding in verdict_on(file).findings)
    assert all(f"photo {photo} " in texts for photo in (1, 9, 14))


SETTING_CHANGES = [
    ("seed", 12, "seed", "the seed was changed"),
    ("rate", 0.002, "settings", "rate is 0.002 and was 0.003"),
    ("batch", 6, "settings", "batch is 6 and was 5"),
    ("epochs", 5, "settings", "epochs is 5 and was 6"),
    ("epochs", 9, "settings", "epochs is 9 and was 6"),
]


@pytest.mark.parametrize(("name", "value", "kind", "text"), SETTING_CHANGES)
def test_a_changed_setting_is_named_with_what_it_was(
    name: str, value: Any, kind: str, text: str, file: Path
) -> None:
    change = put(f"settings.{name}", value)
    alter(file, {"head.json": change, "project.json": change})
    verdict = verdict_on(file)
    assert kinds(verdict) == [kind], verdict.findings
    assert text in verdict.findings[0].text


def test_settings_for_the_next_training_are_no_finding(file: Path) -> None:
    alter(file, {"project.json": put("settings.seed", 99)})
    assert verdict_on(file).reproduced


@pytest.mark.parametrize("by", [0.5, 1e-2, 1e-5])
def test_a_changed_weight_is_told_from_a_changed_run(by: float, file: Path) -> None:
    def change(values: NDArray[Any]) -> None:
        values[100] += by

    floats("head.f32", change)(file)
    verdict = verdict_on(file)
    assert kinds(verdict) == ["weights"]
    assert "weights in head.f32 were changed" in verdict.findings[0].text
    assert "kernel1" in verdict.findings[0].text
    assert verdict.steps_followed == STEPS
    if by > 1e-3:
        assert f"{by:.3g} at kernel1[4, 4]" in verdict.findings[0].text


def test_one_flipped_bit_is_named_by_its_checksum_and_weighed_by_the_run(file: Path) -> None:
    contents = bytearray(projects.members(file)["head.f32"])
    contents[400] ^= 1  # the lowest bit of a float: far below anything that matters
    alter(file, {"head.f32": bytes(contents)}, rehash=False)
    verdict = verdict_on(file)
    assert kinds(verdict) == ["altered"]
    assert verdict.findings[0].text == "head.f32 has been changed since the export"
    assert verdict.probability_error is not None
    assert verdict.probability_error < 1e-6


def test_changed_features_are_told_with_the_photos_they_may_be_of(file: Path) -> None:
    def change(values: NDArray[Any]) -> None:
        values[7 * projects.WIDTH : 8 * projects.WIDTH] += 0.5  # photo 8

    floats("features.f32", change)(file)
    verdict = verdict_on(file)
    assert kinds(verdict) == ["features"]
    assert verdict.parting
    assert verdict.parting.epoch == 1
    assert 8 in verdict.parting.photos


def test_a_truncated_history(file: Path) -> None:
    trace = projects.members(file)["trace.f32"][: 4 * 24]

    def cut(told: Any) -> None:
        told.update(steps=24, history=told["history"][:4], norms=told["norms"][:5])

    alter(file, {"head.json": cut, "trace.f32": trace})
    verdict = verdict_on(file)
    assert kinds(verdict) == ["history"]
    assert verdict.findings[0].text == "the history is truncated: 24 of 36 steps, 4 of 6 epochs"
    assert verdict.steps_followed == 24


def test_no_history_at_all(file: Path) -> None:
    empty = {"steps": 0, "history": [], "norms": []}
    alter(file, {"head.json": lambda told: told.update(empty), "trace.f32": b""})
    verdict = verdict_on(file)
    assert kinds(verdict) == ["history"]
    assert verdict.weight_error is not None
    assert verdict.weight_error < 1e-4


def test_a_changed_record_is_told_from_a_changed_run(file: Path) -> None:
    def change(values: NDArray[Any]) -> None:
        values[10] += 0.1

    floats("trace.f32", change)(file)
    verdict = verdict_on(file)
    assert kinds(verdict) == ["history"]
    assert "only the record of it was changed" in verdict.findings[0].text
    assert verdict.parting
    assert verdict.parting.step == 11


def test_a_flattering_history_is_told(file: Path) -> None:
    alter(file, {"head.json": put("history.5.accuracy", 1.0)})
    verdict = verdict_on(file)
    if not verdict.reproduced:
        assert kinds(verdict) == ["history"]
    alter(file, {"head.json": put("history.5.loss", 0.0)})
    assert kinds(verdict_on(file)) == ["history"]
    assert "epoch 6" in verdict_on(file).findings[0].text


def test_photos_removed_after_training(file: Path) -> None:
    features = projects.members(file)["features.f32"][4 * projects.WIDTH :]

    def remove(told: Any) -> None:
        del told["examples"][0], told["files"]["images/1-cup/1.jpg"]

    alter(file, {"features.f32": features, "images/1-cup/1.jpg": None, "project.json": remove})
    verdict = verdict_on(file)
    assert kinds(verdict) == ["incomplete"]
    assert verdict.findings[0].text.startswith("photo 1: ")


def test_photos_added_after_training_do_not_matter(tmp_path: Path) -> None:
    project = projects.project()
    example = replace(project.examples[0], id=1000)
    features = np.concatenate([project.features, project.features[:1]])
    grown = replace(project, examples=[*project.examples, example], features=features)
    assert verdict_on(projects.save(tmp_path / "p.zip", grown)).reproduced


def test_a_project_without_a_head(tmp_path: Path) -> None:
    bare = replace(projects.project(), head=None)
    with pytest.raises(CheckFailed, match="no trained head"):
        verdict_on(projects.save(tmp_path / "p.zip", bare))


def test_two_runs_that_honestly_differ_in_rounding_stay_far_within_the_limits() -> None:
    """The measure behind the limits: sums in float32 and in float64."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(3), 20)
    features = np.maximum(rng.normal(size=(3, 256))[labels] + rng.normal(size=(60, 256)), -0.3)
    given = TrainingSet(features.astype(np.float32), labels, 3)
    one, two = (run(given, HeadSettings(seed=3), wide=wide) for wide in (False, True))
    assert np.abs(np.subtract(one.losses, two.losses)).max() < 1e-5
    for name in reference.NAMES:
        assert np.abs(getattr(one.weights, name) - getattr(two.weights, name)).max() < 1e-3


def test_photos_are_compared_with_their_features(file: Path) -> None:
    """What the backbone makes of a photo is like what it made of the frame, and unlike other photos."""
    project = read(file)
    noise = np.random.default_rng(0).normal(size=project.features.shape) * 0.1
    like = (project.features + noise).astype(np.float32)
    verdict = verify(project)
    compare_pictures(verdict, project, lambda _: like)
    assert verdict.reproduced
    assert verdict.least_similarity is not None
    assert 0.9 < verdict.least_similarity < 1
    exchanged = like.copy()
    exchanged[3] = like[20]
    compare_pictures(verdict, project, lambda _: exchanged)
    assert kinds(verdict) == ["picture"]
    assert "photo 4 in 'Cup' is not what its features were computed from" in verdict.findings[0].text
    assert "to those of photo 21 it is nearer" in verdict.findings[0].text
    foreign = like.copy()
    foreign[3] = np.where(np.arange(projects.WIDTH) % 2, 5, -5)
    other = verify(project)
    compare_pictures(other, project, lambda _: foreign)
    assert kinds(other) == ["picture"]


def test_the_verdict_is_json(file: Path) -> None:
    told = verdict_on(file).as_json()
    assert told["reproduced"] is True
    assert told["settings"] == asdict(projects.SETTINGS)
