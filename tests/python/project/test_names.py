"""Names of classes, whose letters may be stored in two forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from onthefly_studio.config import load
from onthefly_studio.errors import ConfigError
from onthefly_studio.project.format.names import key, normal, normal_all
from onthefly_studio.project.format.read import read
from tests.support import projects

COMPOSED, APART = "Caf\u00e9", "Cafe\u0301"


def test_a_name_is_one_however_its_letters_are_stored() -> None:
    assert normal(APART) == COMPOSED
    assert normal("\u1112\u1161\u11ab") == "\ud55c"
    assert {key(name) for name in (APART, f" {COMPOSED} ", "CAF\u00c9", "cafE\u0301\t")} == {"caf\u00e9"}
    assert key("Cafe") != key(COMPOSED)


def test_names_that_would_become_one_stay_as_they_were() -> None:
    assert normal_all([APART, "A\u0308"]) == [COMPOSED, "\u00c4"]
    assert normal_all([APART, COMPOSED, "o\u0308"]) == [APART, COMPOSED, "\u00f6"]
    assert normal_all([APART, APART]) == [COMPOSED, COMPOSED]


@pytest.mark.parametrize(
    ("stored", "read_as"),
    [
        ([APART, "Hand", "Empty", "Bottle"], [COMPOSED, "Hand", "Empty", "Bottle"]),
        ([APART, COMPOSED, "cup", "Cup "], [APART, COMPOSED, "cup", "Cup "]),
    ],
    ids=["one form", "twins"],
)
def test_an_old_project_opens_whatever_its_names_are(
    stored: list[str], read_as: list[str], tmp_path: Path
) -> None:
    def rename(told: dict[str, list[dict[str, str]]]) -> None:
        for each, name in zip(told["classes"], stored, strict=True):
            each["name"] = name

    file = projects.alter(projects.save(tmp_path / "p.zip"), {"project.json": rename})
    opened = read(file)
    assert [each.name for each in opened.classes] == read_as
    assert len(opened.examples) == 27
    (page,) = projects.unpacked_by_the_page([file])
    assert (page["classes"], len(page["examples"])) == (read_as, 27)


def test_a_site_s_classes_are_told_apart_as_people_do(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(f'classes = ["{APART} ", "Tea"]', "utf-8")
    assert load(tmp_path / "site.toml", {}).classes == [COMPOSED, "Tea"]
    assert load(None, {"classes": [APART, "Tea"]}).classes == [COMPOSED, "Tea"]
    with pytest.raises(ConfigError, match="is listed twice"):
        load(None, {"classes": [APART, COMPOSED]})
