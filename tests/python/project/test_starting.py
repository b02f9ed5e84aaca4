"""`onthefly build --starter`: a site whose visitors start with a taught project."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from onthefly_studio.cache import Cache, sha256_file
from onthefly_studio.config import load
from onthefly_studio.contract import Precision
from onthefly_studio.errors import ConfigError, OnTheFlyError
from onthefly_studio.graph.convert import Converted
from onthefly_studio.pipeline import Built, build
from onthefly_studio.project.format.read import read
from onthefly_studio.report import Silent
from tests.support import projects
from tests.support.projects import of_backbone


@pytest.fixture
def building(cache: Cache, tmp_path: Path) -> Callable[..., Built]:
    def make(file: Path, **settings: str) -> Built:
        config = load(None, {"backbone": "embedded", "starter": str(file), **settings})
        return build(config, cache=cache, reporter=Silent(), root=tmp_path)

    return make


def test_the_project_travels_with_the_site(
    building: Callable[..., Built], converted: Callable[[str, Precision], Converted], tmp_path: Path
) -> None:
    given = of_backbone(converted("embedded", "float16"))
    file = projects.save(tmp_path / "taught.zip", given)
    built = building(file)
    assert built.site.for_page()["classes"] == ["Cup", "Hand", "Empty", "Bottle"]
    asset = built.site.for_page()["project"]
    published = built.out / asset["url"]
    assert sha256_file(published) == asset["sha256"] == sha256_file(file)
    assert published.stat().st_size == asset["bytes"]
    assert read(published).labels() == ["Cup", "Hand", "Bottle"]
    assert asset["url"] in (built.out / "index.html").read_text("utf-8"), "the page is told"
    assert building(file).up_to_date
    # Another head, another site.
    head = given.trained_head()
    head.weights.bias2[0] += 1
    projects.save(file, given)
    again = building(file)
    assert not again.up_to_date
    assert again.site.for_page()["project"]["sha256"] != asset["sha256"]
    assert not published.exists()


def test_one_that_does_not_fit_is_refused_and_the_old_site_stays(
    building: Callable[..., Built], converted: Callable[[str, Precision], Converted], tmp_path: Path
) -> None:
    given = of_backbone(converted("embedded", "float16"))
    file = projects.save(tmp_path / "taught.zip", given)
    before = building(file)
    stood = (before.out / "SHA256SUMS").read_bytes()
    cases: list[tuple[type[OnTheFlyError], str, dict[str, str]]] = [
        (ConfigError, "was made with another backbone", {"precision": "float32"}),
        (ConfigError, "fit = 'crop'", {"fit": "stretch"}),
    ]
    for kind, words, settings in cases:
        with pytest.raises(kind, match=words) as caught:
            building(file, **settings)
        assert caught.value.exit_code == 2
    projects.save(file, replace(given, head=None))
    with pytest.raises(ConfigError, match="no trained head"):
        building(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        building(tmp_path / "none.zip")
    file.write_bytes(b"PK")
    with pytest.raises(OnTheFlyError, match="not a project"):
        building(file)
    assert (before.out / "SHA256SUMS").read_bytes() == stood


def test_a_file_in_the_settings_lies_beside_them(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('starter = "taught.zip"\n')
    assert load(tmp_path / "site.toml", {}).starter == str(tmp_path / "taught.zip")
    assert load(tmp_path / "site.toml", {"starter": "other.zip"}).starter == "other.zip"
    assert json.loads(load(None, {}).model_dump_json())["starter"] == ""
