"""`train`, `evaluate` and `predict` on folders as people have them; TensorFlow's part is an average here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from onthefly_studio.contract import PROJECT_LIMITS
from onthefly_studio.errors import ConfigError, OnTheFlyError, SourceError
from onthefly_studio.project import embed as embedding
from onthefly_studio.project import train
from onthefly_studio.project.embed import SomeUnreadable, embedder
from onthefly_studio.project.evaluate import evaluate_folder
from onthefly_studio.project.format.read import read
from onthefly_studio.project.format.schema import Preprocess
from onthefly_studio.project.format.write import write
from onthefly_studio.project.train import Target, photographs, require_room, teach
from onthefly_studio.reference.training import HeadSettings
from onthefly_studio.report import Silent
from tests.support import projects
from tests.support.commands import ended

SETTINGS = HeadSettings(hidden=8, epochs=4, batch=4, rate=0.01, seed=1)
TIME = datetime(2024, 5, 6, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _average(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child process gives the rows of each picture's upper left corner for features."""

    def run_child(module: str, arguments: list[str], scratch: Path, **_: str) -> dict[str, Any]:
        inputs = np.load(scratch / "inputs.npy")
        np.save(scratch / "features.npy", inputs[:, :4, :4].reshape(len(inputs), projects.WIDTH))
        return {}

    monkeypatch.setattr(embedding, "run_child", run_child)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(projects.some_backbone(), Preprocess(size=224, fit="crop"), SETTINGS, tmp_path)


def embed_for(target: Target) -> embedding.Embed:
    return embedder(target.model, target.backbone, target.preprocess)


def picture(path: Path, colour: tuple[int, int, int] = (200, 60, 40), kind: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), colour).save(path, kind)
    return path


def broken(path: Path) -> Path:
    """A picture that begins well."""
    picture(path, kind="JPEG")
    path.write_bytes(path.read_bytes()[:-300])
    return path


def people_s_folder(root: Path) -> Path:
    """Two classes with pictures of all kinds, and whatever else lies about."""
    for number, suffix in enumerate([".jpg", ".jfif", ".PNG", ".webp", ".jpe", ".heic"]):
        kind = {".PNG": "PNG", ".webp": "WEBP"}.get(suffix, "JPEG")  # phones do call a JPEG .heic
        picture(root / "Caf\u00e9 " / f"{number}{suffix}", kind=kind)
    for number in range(3):
        picture(root / "Leaf" / "more" / f"{number}.png", (40, 200, 60))
    picture(root / "Leaf" / "0.gif", (40, 200, 60))
    broken(root / "Leaf" / "cut.jpg")
    (root / "Leaf" / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (root / "Leaf" / "gone.png").symlink_to(root / "nowhere.png")
    (root / "Leaf" / "notes.txt").write_text("no picture")
    picture(root / "cover.jpg")
    (root / "Later").mkdir()
    (root / "Only unreadable").mkdir()
    (root / "Only unreadable" / "1.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "._0.jpg").write_bytes(b"x")
    return root


def test_what_can_be_read_is_learned_and_the_rest_is_told(target: Target, tmp_path: Path) -> None:
    folder = people_s_folder(tmp_path / "photos")
    reporter = Silent()
    project, left_out = teach(photographs(folder), target, SETTINGS, embed_for(target), reporter)
    names = {each.id: each.name for each in project.classes}
    assert list(names.values()) == ["Caf\u00e9", "Later", "Leaf", "Only unreadable"]
    counts = [sum(names[e.class_id] == name for e in project.examples) for name in names.values()]
    assert counts == [6, 0, 4, 0]
    assert project.labels() == ["Caf\u00e9", "Leaf"]
    assert left_out.beside == ["cover.jpg"]
    assert left_out.others == ["Leaf/notes.txt"]
    assert list(left_out.unreadable) == [
        *("Leaf/cut.jpg", "Leaf/gone.png", "Leaf/photo.heic", "Only unreadable/1.heic"),
    ]
    # Every row stands beside its own picture, though others in between were left out.
    own = [example.picture for example in project.examples]
    again = embed_for(target)(own)
    assert np.abs(again - project.features).max() < 0.1

    file = tmp_path / "project.zip"
    file.write_bytes(write(project, model_name="photos", time_stamp=TIME))
    assert read(file).altered == ()
    # What was trained on is not refused by what measures it.
    evaluation = evaluate_folder(read(file), folder, embed_for(target))
    assert (evaluation.photos, evaluation.right) == (10, 10)
    told = json.loads(json.dumps(evaluation.as_json()))
    assert told["left_out"] == json.loads(json.dumps(left_out.as_json()))


def test_chunks_do_not_mix_pictures_up(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        picture(tmp_path / "a" / f"{number}.png", (number * 30, 0, 0))
        picture(tmp_path / "b" / f"{number}.png", (0, number * 30, 0))
    for name in ("a/1.png", "a/2.png", "a/3.png", "b/6.png"):
        (tmp_path / name).write_bytes(b"x")
    whole, _ = teach(photographs(tmp_path), target, SETTINGS, embed_for(target), Silent())
    monkeypatch.setattr("onthefly_studio.project.train.CHUNK", 3)
    parts, left_out = teach(photographs(tmp_path), target, SETTINGS, embed_for(target), Silent())
    np.testing.assert_array_equal(parts.features, whole.features)
    assert parts.examples == whole.examples
    assert [round(float(row[0]) * 255) // 30 for row in parts.features[:4]] == [0, 4, 5, 6]
    assert len(left_out.unreadable) == 4


def test_a_folder_of_which_nothing_can_be_read_is_refused_at_once(tmp_path: Path) -> None:
    for name in ("a/1.heic", "a/2.heic", "b/1.heic"):
        picture(tmp_path / name, kind="JPEG").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(SourceError) as caught:
        photographs(tmp_path)
    assert "0 of 2 folders hold some" in caught.value.message
    for part in ("a/1.heic: HEIC is not supported", "a/2.heic", "b/1.heic"):
        assert part in caught.value.message


def test_too_few_that_can_be_read_are_refused_before_the_training(target: Target, tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png")
    picture(tmp_path / "c" / "1.png")
    broken(tmp_path / "b" / "1.jpg")
    found = photographs(tmp_path)
    (tmp_path / "c" / "1.png").write_bytes(b"changed meanwhile")
    with pytest.raises(SourceError, match="1 of 3 folders hold some"):
        teach(found, target, SETTINGS, embed_for(target), Silent())


def test_a_project_that_could_not_be_read_again_is_not_begun(target: Target) -> None:
    require_room(60_000, HeadSettings())
    with pytest.raises(ConfigError, match="60,000,000 steps"):
        require_room(60_000, HeadSettings(epochs=1000, batch=1))
    with pytest.raises(ConfigError, match="could not be read again"):
        require_room(10, HeadSettings(), PROJECT_LIMITS.total_bytes)


def test_evaluate_names_every_folder_that_means_no_class(target: Target, tmp_path: Path) -> None:
    for name in ("cup/1.png", "dog/1.png", "fox/1.png"):
        picture(tmp_path / name)
    with pytest.raises(ConfigError, match="folders 'dog', 'fox' are none of the head's classes: Cup"):
        evaluate_folder(projects.project(), tmp_path, embed_for(target))


def test_evaluate_takes_a_name_in_either_form_and_old_twins_by_their_own(
    target: Target, tmp_path: Path
) -> None:
    def named(**names: str) -> Any:
        given = projects.project()
        classes = [each.model_copy(update={"name": names.get(each.id, each.name)}) for each in given.classes]
        return type(given)(**{**vars(given), "classes": classes})

    composed, apart = "Caf\u00e9", "Cafe\u0301"
    picture(tmp_path / "one" / f"{apart} " / "1.png")
    counted = evaluate_folder(named(c2=composed), tmp_path / "one", embed_for(target))
    assert [sum(row) for row in counted.confusion] == [0, 1, 0]
    twins = named(c1="cup", c2="Cup")
    picture(tmp_path / "two" / "Cup" / "1.png")
    counted = evaluate_folder(twins, tmp_path / "two", embed_for(target))
    assert [sum(row) for row in counted.confusion] == [0, 1, 0]
    picture(tmp_path / "three" / "CUP" / "1.png")
    with pytest.raises(ConfigError, match="could be any of 2 classes of the head: 'cup', 'Cup'"):
        evaluate_folder(twins, tmp_path / "three", embed_for(target))


def test_evaluate_with_nothing_readable_and_strictly(target: Target, tmp_path: Path) -> None:
    broken(tmp_path / "Cup" / "1.jpg")
    broken(tmp_path / "Cup" / "2.jpg")
    with pytest.raises(SourceError, match=r"(?s)None of the pictures.*Cup/1\.jpg.*Cup/2\.jpg"):
        evaluate_folder(projects.project(), tmp_path, embed_for(target))
    picture(tmp_path / "Cup" / "3.png")
    assert evaluate_folder(projects.project(), tmp_path, embed_for(target)).photos == 1
    with pytest.raises(SourceError, match=r"(?s)Not every picture.*Cup/1\.jpg.*Cup/2\.jpg"):
        evaluate_folder(projects.project(), tmp_path, embed_for(target), strict=True)


def test_all_errors_of_several_pictures_come_at_once(target: Target, tmp_path: Path) -> None:
    good = [picture(tmp_path / f"{number}.png", (number * 50, 0, 0)) for number in range(2)]
    bad = [tmp_path / "none.png", broken(tmp_path / "cut.jpg")]
    with pytest.raises(SomeUnreadable) as caught:
        embed_for(target)([good[0], *bad, good[1]])
    assert "2 of 4 pictures cannot be read" in caught.value.message
    assert list(caught.value.errors) == [1, 2]
    np.testing.assert_array_equal(caught.value.features, embed_for(target)(good))


def test_predict_answers_for_the_good_and_names_the_bad(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "find_model", lambda *_, **__: tmp_path)
    file = projects.save(tmp_path / "project.zip")
    good, cut, none = picture(tmp_path / "1.png"), broken(tmp_path / "cut.jpg"), tmp_path / "none.png"
    answers: list[str] = []
    monkeypatch.setattr("click.echo", lambda text, **_: answers.append(text))
    code, message = ended("predict", file, good, cut, none, good)
    assert code == 3
    assert "2 of 4 pictures cannot be read" in message
    assert str(cut) in message
    assert str(none) in message
    assert answers[0].count(str(good)) == 2
    code, message = ended("predict", file, good, cut, "--json")
    told = json.loads(answers[1])
    assert [row["image"] for row in told["predictions"]] == [str(good)]
    assert list(told["unreadable"]) == [str(cut)]
    assert ended("predict", file, none)[0] == 2
    assert ended("predict", file, none, tmp_path / "none too.png")[0] == 2
    assert ended("predict", file, good)[0] == 0
    assert len(answers) == 3


REFUSED_PLACES: dict[str, tuple[Callable[[Path], Path], int, str]] = {
    "a folder": (lambda root: root / "folder.zip", 5, "There is a folder with this name"),
    "within a file": (lambda root: root / "file.txt" / "p.zip", 5, "cannot be written (Not a directory)"),
    "another suffix": (lambda root: root / "project", 2, "The page imports files that end in .zip"),
}


@pytest.mark.parametrize("what", REFUSED_PLACES)
def test_a_place_that_cannot_be_written_is_refused_first(what: str, tmp_path: Path) -> None:
    make, code, words = REFUSED_PLACES[what]
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "file.txt").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    # Also the folder of photographs is not there: nothing was looked at before.
    ended_with, message = ended("train", tmp_path / "nowhere", "--out", make(tmp_path))
    assert ended_with == code
    assert words in message
    assert sorted(tmp_path.rglob("*")) == before


def test_strict_ends_before_the_backbone_is_looked_for(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def no_backbone(*_: object, **__: object) -> Target:
        asked.append(1)
        raise OnTheFlyError("asked for")

    monkeypatch.setattr("onthefly_studio.project.train.of_backbone", no_backbone)
    folder = people_s_folder(tmp_path / "photos")
    given = ("train", folder, "--out", tmp_path / "p.zip", "--backbone", "embedded")
    code, message = ended(*given, "--strict")
    assert (code, asked) == (3, [])
    for name in ("Leaf/cut.jpg", "Leaf/gone.png", "Leaf/photo.heic", "Only unreadable/1.heic", "cover.jpg"):
        assert name in message
    assert ended(*given, "--epochs", 1000, "--batch", 1)[1].startswith("asked for")
    monkeypatch.setattr(train, "PROJECT_LIMITS", replace(PROJECT_LIMITS, steps=5))
    code, message = ended(*given, "--epochs", 6, "--batch", 20)
    assert code == 2
    assert "at most 5" in message
    assert asked == [1]
