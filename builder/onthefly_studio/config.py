"""The settings of a site: `site.toml` and the options of the command, checked together.

Every mistake is found and shown at once, each with its line and, for an unknown key, the nearest
known one. The models below are the one table that parsing, defaults and documentation share.
"""

from __future__ import annotations

import codecs
import difflib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)

from onthefly_studio.contract import HEAD, Fit, Precision
from onthefly_studio.errors import ConfigError
from onthefly_studio.graph.input_range import InputRange
from onthefly_studio.project.format.names import key, normal

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "site.toml"
FORMERLY = "project"
"""What `starter` was called in `site.toml`; among the options it was `--head`. Both go on working."""
_WINDOWS_PATH = re.compile(r'=\s*"([A-Za-z]:\\|\\\\)')
_WITHOUT_BACKSLASHES = "Write the path with / for each backslash, or between single quotes"
ClassName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(normal)
]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _setting(name: str, description: str) -> Any:
    return Field(HEAD[name].default, **HEAD[name].bounds, description=description)


class HeadConfig(_Table):
    """What a visitor's training starts with (`[head]`)."""

    hidden: int = _setting("hidden", "units of the hidden layer")
    epochs: int = _setting("epochs", "times that training goes over all photos")
    batch: int = _setting("batch", "photos per step of training")
    rate: float = _setting("rate", "Adam's learning rate")
    seed: int = _setting("seed", "start of the random numbers: the same seed, the same model")


class Published(BaseModel):
    """The settings that the page has to know, as they are: each is also a field of `site.json`."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)] = Field(
        "On-the-Fly", description="the page's title"
    )
    lang: str = Field(
        "en", pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", description="the page's language, BCP 47"
    )
    precision: Precision = Field("float16", description="how the weights are stored in the site")
    head: HeadConfig = HeadConfig()


class SiteConfig(_Table, Published):
    """Everything `site.toml` may say; each key is also an option of `onthefly build` where that helps."""

    classes: list[ClassName] = Field(
        ["Class 1", "Class 2", "Class 3"],
        min_length=2,
        max_length=100,
        description="the classes a new visitor starts with",
    )
    backbone: str = Field("auto", min_length=1, description="where the weights come from; see the README")
    input_range: InputRange = Field("0-1", description="the pixel range that your own model expects")
    fit: Fit = Field("crop", description="learn from the centre square, or the squashed frame")
    logo: str = Field("", description="an SVG, PNG or WebP file instead of our logo")
    accent: str = Field(
        "", pattern=r"^(#[0-9A-Fa-f]{6})?$", description="the colour of buttons, such as #0b6d80"
    )
    starter: str = Field("", description="a project.zip with a trained head that visitors start with")
    out: str = Field("dist", min_length=1, description="the folder to write")

    @field_validator("classes")
    @classmethod
    def _distinct(cls, names: list[str]) -> list[str]:
        seen: set[str] = set()
        for name in names:
            if key(name) in seen:
                raise ValueError(f"the class {name!r} is listed twice")
            seen.add(key(name))
        return names


def load(
    path: Path | None, options: dict[str, Any], *, note: Callable[[str], None] | None = None
) -> SiteConfig:
    """The settings from a file and from options that were given; an option goes before the file.

    Args:
        path: `site.toml`, or None where there is none.
        options: values by the names of `SiteConfig`, without those that were not given.
        note: given one line where a setting was given by a name that it had before.

    Raises:
        ConfigError: with every mistake in the file and in the options.
    """
    text, table = "", {}
    if path is not None:
        text = _text(path)
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            fix = _WITHOUT_BACKSLASHES if _WINDOWS_PATH.search(text) else "Fix the line"
            raise ConfigError(
                f"The settings are not TOML: {error}.",
                where=str(path),
                hint=f"{fix}; the README, “Your own site”, says where all settings are listed.",
            ) from error
        _require_paths(table, path)
    if path is not None and table.get("logo") and isinstance(table["logo"], str):
        table["logo"] = str(path.parent / table["logo"])  # the output may lie elsewhere, the logo does not
    notes: list[str] = []
    options = _renamed(options, "--head", "--starter", "the options", notes)
    if path is not None:
        table = _renamed(table, f"{FORMERLY} in {path.name}", "starter", str(path), notes)
    if notes and note is not None:
        note(f"{', and '.join(notes)}. The old spelling still works.")
    if path is not None and table.get("starter") and isinstance(table["starter"], str):
        table["starter"] = str(path.parent / table["starter"])
    try:
        return SiteConfig.model_validate({**table, **options})
    except ValidationError as error:
        problems = [_problem(detail, text, options) for detail in error.errors()]
        raise ConfigError(
            "\n".join(
                ["The settings have mistakes:" if len(problems) > 1 else "A setting is wrong:", *problems]
            ),
            where=str(path) if path else "the options",
            hint="Correct it and build again; the README, “Your own site”, says where all are listed.",
        ) from error


def _require_paths(table: dict[str, Any], path: Path) -> None:
    """Refuse a path of Windows in which TOML has read a backslash and a letter as a tab or a new line.

    Raises:
        ConfigError: there is one.
    """
    for name in ("backbone", "logo", "out", "starter", FORMERLY):
        value = table.get(name)
        if isinstance(value, str) and value[1:2] == ":" and not value.isprintable():
            raise ConfigError(
                f"`{name}` is no path: {value!r}.", where=str(path), hint=f"{_WITHOUT_BACKSLASHES}."
            )


def _renamed(given: dict[str, Any], old: str, new: str, where: str, notes: list[str]) -> dict[str, Any]:
    """Settings with the starter project under its present name; what was renamed joins `notes`.

    Args:
        given: values by the names of `SiteConfig`.
        old: what a person wrote, in words.
        new: what to write instead.
        where: they were given.
        notes: for every setting by an old name, a sentence without its end.

    Raises:
        ConfigError: it was given by both names.
    """
    if FORMERLY not in given:
        return given
    if "starter" in given:
        raise ConfigError(
            f"{old} and {new} are two names of one setting, the starter project, and both are given.",
            where=where,
            hint=f"Give {new} alone.",
        )
    notes.append(f"{old} is now called {new}")
    return {"starter" if key == FORMERLY else key: value for key, value in given.items()}


def _text(path: Path) -> str:
    """What is in a file of settings, without the mark that some editors put at its beginning."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The settings cannot be read ({error.strerror}).", where=str(path), hint="Check --config."
        ) from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data:
        raise ConfigError(
            "The settings are stored as UTF-16 or UTF-32, and TOML is UTF-8.",
            where=str(path),
            hint="Save the file again with the encoding UTF-8 (PowerShell: Set-Content -Encoding utf8).",
        )
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"The settings are not TOML, which is UTF-8: line {line} holds the byte "
            f"0x{data[error.start]:02x}, as in another encoding.",
            where=str(path),
            hint="Save the file again with the encoding UTF-8.",
        ) from error


def _problem(detail: Any, text: str, options: dict[str, Any]) -> str:
    """One mistake as a line: its place, its key, what is wrong, the nearest known key."""
    location = [str(part) for part in detail["loc"]]
    key = ".".join(part for part in location if not part.isdigit())
    if location and location[0] in options:
        place = f"--{location[0].replace('_', '-')}"
    else:
        line = _line_of(location, text)
        if line is None and location == ["starter"]:
            line = _line_of([FORMERLY], text)
        place = f"line {line}: {key}" if line else key
    if detail["type"] == "extra_forbidden":
        known = _keys_next_to(location)
        near = difflib.get_close_matches(location[-1], known, 1)
        return f"  {place}: no such key" + (
            f"; did you mean {near[0]}?" if near else f" (known: {', '.join(known)})"
        )
    message = detail["msg"].removeprefix("Value error, ")
    given = detail.get("input")
    shown = "" if isinstance(given, (dict, list)) else f", not {given!r}"
    return f"  {place}: {message[0].lower()}{message[1:]}{shown}"


def _keys_next_to(location: list[str]) -> list[str]:
    model: type[BaseModel] = SiteConfig
    for part in location[:-1]:
        annotation = model.model_fields[part].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)


def _line_of(location: list[str], text: str) -> int | None:
    """The line a key stands on, found by reading headers and keys as TOML writes them."""
    table: list[str] = []
    wanted = [part for part in location if not part.isdigit()]
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = [part.strip(" \"'") for part in header[1].split(".")]
            if table == wanted:
                return number
        elif key := re.match(r"\s*([A-Za-z0-9_\-\"'.]+)\s*=", line):
            path = [*table, *(part.strip("\"'") for part in key[1].split("."))]
            if path == wanted:
                return number
    return None
