"""Counting right answers: folders, splits, figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onthefly_studio.errors import ConfigError
from onthefly_studio.project.embed import Picture
from onthefly_studio.project.evaluate import Evaluation, evaluate_folder, evaluate_held_out, table
from onthefly_studio.project.predict import of_features
from onthefly_studio.reference.split import split
from tests.support import projects


def embed(pictures: Sequence[Picture]) -> NDArray[Any]:
    """The features of the project's photo that a file is named after: `4.jpg`."""
    given = projects.project()
    return np.stack([given.features[int(Path(str(picture)).stem) - 1] for picture in pictures])


def folder(root: Path, **files: Sequence[str]) -> Path:
    for name, numbers in files.items():
        (root / name).mkdir()
        for number in numbers:
            (root / name / number).write_bytes(b"")
    return root


def test_a_folder_is_counted_by_what_its_folders_say(tmp_path: Path) -> None:
    given = projects.project()
    shown = folder(tmp_path, cup=["1.jpg", "4.png"], Hand=["2.jpg", "3.JPG"], notes_txt=[])
    (shown / "notes_txt").rmdir()
    (shown / "cup" / "readme.txt").write_text("no picture")
    (shown / ".DS_Store").write_bytes(b"x")
    counted = evaluate_folder(given, shown, embed)
    assert counted.labels == ["Cup", "Hand", "Bottle"]
    said = [prediction.index for prediction in of_features(given, given.features[:4])]
    expected = np.zeros((3, 3), int)
    for truth, place in ((0, 0), (0, 3), (1, 1), (1, 2)):
        expected[truth, said[place]] += 1
    assert counted.confusion == expected.tolist()
    assert counted.photos == 4
    assert counted.per_class()[2] is None


@pytest.mark.parametrize(
    ("files", "message"),
    [({"dog": ["1.jpg"]}, "none of the head's classes: Cup, Hand, Bottle"), ({"cup": []}, "no pictures")],
)
def test_a_folder_that_does_not_fit_is_refused(
    files: dict[str, list[str]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        evaluate_folder(projects.project(), folder(tmp_path, **files), embed)


def test_a_split_takes_its_share_of_every_class_and_the_same_each_time() -> None:
    labels = np.repeat(np.arange(4), [10, 7, 2, 1])
    held_out = split(labels, 0.25, seed=5)
    assert [int(held_out[labels == label].sum()) for label in range(4)] == [3, 2, 1, 0]
    np.testing.assert_array_equal(held_out, split(labels, 0.25, seed=5))
    assert (held_out != split(labels, 0.25, seed=6)).any()
    assert [int(split(labels, 0.999, 1)[labels == label].sum()) for label in range(4)] == [9, 6, 1, 0]


def test_held_out_photos_are_asked_of_a_head_that_did_not_see_them() -> None:
    counted = evaluate_held_out(projects.project(), 1 / 3)
    assert counted.photos == 9
    assert [sum(row) for row in counted.confusion] == [3, 3, 3]
    assert counted.accuracy >= 5 / 9
    assert "a second head trained on the other 18 (seed 11)" in counted.how


def test_the_table_is_aligned() -> None:
    lines = table(Evaluation(["Cup", "Open hand", "x"], [[10, 2, 0], [1, 9, 0], [0, 0, 0]], "a test"))
    assert lines == [
        "19 of 22 right: accuracy 0.864",
        "on a test",
        "",
        "class      photos  right  accuracy",
        "Cup            12     10     0.833",
        "Open hand      10      9     0.900",
        "x               0      0         -",
        "",
        "rows: what it shows; columns: what the head says",
        "           Cup  Open hand  x",
        "Cup         10          2  0",
        "Open hand    1          9  0",
        "x            0          0  0",
    ]
