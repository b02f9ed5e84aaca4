"""Settings: defaults, files, options, and every mistake at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from onthefly_studio.config import FORMERLY, HeadConfig, SiteConfig, load
from onthefly_studio.errors import ConfigError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(text, "utf-8")
    return path


def test_defaults_are_the_article_s() -> None:
    config = SiteConfig()
    assert (config.head.hidden, config.head.epochs, config.head.batch, config.head.rate) == (
        128,
        10,
        5,
        0.001,
    )
    assert len(config.classes) == 3
    assert (config.backbone, config.precision, config.fit) == ("auto", "float16", "crop")


def test_an_option_goes_before_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'title = "From file"\nclasses = ["A", "B"]\n[head]\nepochs = 20\n')
    config = load(path, {"title": "From option"})
    assert config.title == "From option"
    assert config.classes == ["A", "B"]
    assert (config.head.epochs, config.head.batch) == (20, 5)


def test_all_mistakes_are_told_with_line_and_nearest_key(tmp_path: Path) -> None:
    path = written(
        tmp_path, 'titel = "x"\nclasses = ["A"]\nprecision = "float8"\n\n[head]\nepoch = 3\nbatch = "five"\n'
    )
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    said = caught.value.format_message()
    for part in (
        "line 1: titel: no such key; did you mean title?",
        "line 2: classes",
        "line 3: precision",
        "line 6: head.epoch: no such key; did you mean epochs?",
        "line 7: head.batch",
        str(path),
    ):
        assert part in said


MARKED = 'title = "Café"\nclasses = ["A", "B"]\n[head]\nepochs = 20\n'


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, line_end: str) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(MARKED.replace("\n", line_end).encode("utf-8-sig"))
    config = load(path, {})
    assert (config.title, config.classes, config.head.epochs) == ("Café", ["A", "B"], 20)
    path.write_bytes(MARKED.replace("epochs", "epoch").encode("utf-8-sig"))
    with pytest.raises(ConfigError, match=r"line 4: head\.epoch: no such key"):
        load(path, {})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_unicode_is_told_apart_and_mended(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(MARKED.encode(encoding))
    with pytest.raises(ConfigError, match="UTF-16 or UTF-32, and TOML is UTF-8") as caught:
        load(path, {})
    assert (caught.value.exit_code, caught.value.where) == (2, str(path))
    assert "UTF-8" in str(caught.value.hint)


def test_an_old_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(f'lang = "en"\n{MARKED}'.encode("latin-1"))
    with pytest.raises(ConfigError, match="not TOML, which is UTF-8: line 2 holds the byte 0xe9") as caught:
        load(path, {})
    assert caught.value.where == str(path)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "x', "not TOML"),
        ('classes = ["Cup", "cup"]', "is listed twice"),
        ("classes = [" + ", ".join(f'"{n}"' for n in range(200)) + "]", "at most 100"),
        ('classes = ["A", " "]', "at least 1"),
        ("[head]\nseed = -1", "greater than or equal to 0"),
        ('lang = "<b>"', "pattern"),
    ],
)
def test_wrong_values_are_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        load(written(tmp_path, text), {})


def test_a_wrong_option_is_named_as_an_option() -> None:
    with pytest.raises(ConfigError, match="--classes"):
        load(None, {"classes": ["only one"]})


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml", {})


def test_other_scripts_and_markup_are_only_text(tmp_path: Path) -> None:
    names = ["<img src=x onerror=alert(1)>", "قطة"]
    assert load(None, {"classes": names}).classes == names


def test_the_starter_project_goes_by_its_former_names(tmp_path: Path) -> None:
    path = written(tmp_path, 'project = "taught.zip"\n')
    notes: list[str] = []
    config = load(path, {}, note=notes.append)
    assert config.starter == str(tmp_path / "taught.zip")
    assert notes == ["project in site.toml is now called starter. The old spelling still works."]
    notes.clear()
    assert load(None, {FORMERLY: "taught.zip"}, note=notes.append).starter == "taught.zip"
    assert notes == ["--head is now called --starter. The old spelling still works."]
    notes.clear()
    assert load(path, {FORMERLY: "other.zip"}, note=notes.append).starter == "other.zip"
    assert len(notes) == 1, "one line for both"
    assert load(path, {"starter": "other.zip"}).starter == "other.zip", "an option goes before the file"
    notes.clear()
    assert load(written(tmp_path, 'starter = "taught.zip"\n'), {"title": "x"}, note=notes.append).starter
    assert notes == []


def test_two_names_of_the_starter_project_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, 'starter = "a.zip"\nproject = "b.zip"\n')
    with pytest.raises(ConfigError, match="are two names of one setting") as caught:
        load(path, {})
    assert caught.value.where == str(path)
    with pytest.raises(ConfigError, match="--head and --starter are two names"):
        load(None, {"starter": "a.zip", FORMERLY: "b.zip"})


def test_a_mistake_is_found_under_the_former_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 2: starter: .* not 3"):
        load(written(tmp_path, 'lang = "en"\nproject = 3\n'), {})


def test_the_example_names_every_key_with_its_default(tmp_path: Path) -> None:
    example = Path(__file__).resolve().parents[2] / "site.toml"
    assert load(example, {}) == SiteConfig()
    keys = [line[2:] for line in example.read_text("utf-8").splitlines() if re.match(r"# (\[|\w+ = )", line)]
    path = written(tmp_path, "\n".join(keys))
    config = load(path, {})
    assert config == SiteConfig()
    assert config.model_fields_set == set(SiteConfig.model_fields)
    assert config.head.model_fields_set == set(HeadConfig.model_fields)
