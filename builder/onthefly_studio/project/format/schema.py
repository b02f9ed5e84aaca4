"""The JSON of `project.zip` and of an exported model: what the page checks by too, through the contract."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from onthefly_studio.contract import HEAD as SETTINGS
from onthefly_studio.contract import (
    MODEL_FORMAT,
    PROJECT_FILES,
    PROJECT_FORMAT,
    PROJECT_LIMITS,
    Fit,
    ModelKind,
    Precision,
    ProjectKind,
)
from onthefly_studio.errors import SourceError
from onthefly_studio.text import printable

PROJECT, FEATURES, METADATA = (PROJECT_FILES[name] for name in ("project", "features", "metadata"))
HEAD, WEIGHTS, TRACE = (PROJECT_FILES[name] for name in ("head", "weights", "trace"))

SAFE_INTEGER = (1 << 53) - 1
"""The largest whole number that JavaScript tells from its neighbours."""

Sha256 = Annotated[str, StringConstraints(min_length=64, max_length=64, pattern=r"^[0-9a-f]+$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ExampleId = Annotated[int, Field(ge=1, le=SAFE_INTEGER)]
Size = Annotated[int, Field(ge=1, le=PROJECT_LIMITS.features * 4096)]
Format = Annotated[int, Field(ge=PROJECT_FORMAT, le=PROJECT_FORMAT)]
"""`Literal[1]` would take `true` as well."""


class _Object(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Settings(_Object):
    """What a run of training depends on besides its examples; the bounds of `[head]` in `site.toml`."""

    hidden: int = Field(**SETTINGS["hidden"].bounds)
    epochs: int = Field(**SETTINGS["epochs"].bounds)
    batch: int = Field(**SETTINGS["batch"].bounds)
    rate: float = Field(**SETTINGS["rate"].bounds)
    seed: int = Field(**SETTINGS["seed"].bounds)


class Backbone(_Object):
    """Which model the features come from."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    kind: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    sha256: Sha256
    """Of the weights' source."""
    model_hash: str = Field(alias="modelHash", min_length=16, max_length=64, pattern=r"^[0-9a-f]+$")
    """Of the converted model's files: equal means equal features."""
    features: int = Field(ge=1, le=PROJECT_LIMITS.features)
    precision: Precision


class Preprocess(_Object):
    """How the backbone's input is made from a picture."""

    size: int = Field(ge=1, le=1024)
    fit: Fit


class ProjectClass(_Object):
    """One class; its name stands here only, files are named by `folder`."""

    id: Id
    name: Text
    tone: int = Field(ge=0, le=255)
    folder: str = Field(max_length=60, pattern=r"^[1-9][0-9]{0,3}(-[a-z0-9]+)*$")
    enabled: bool = True
    """False where its owner leaves the class out of training."""


class ExampleEntry(_Object):
    """One photo; their order is the order of adding."""

    id: ExampleId
    class_id: Id = Field(alias="class")


class Described(_Object):
    """The object in `project.json`."""

    format: Format
    kind: ProjectKind
    generator: Text
    backbone: Backbone
    preprocess: Preprocess
    settings: Settings
    classes: list[ProjectClass] = Field(min_length=1, max_length=PROJECT_LIMITS.classes)
    examples: list[ExampleEntry] = Field(max_length=PROJECT_LIMITS.examples)
    files: dict[Text, Sha256] = Field(max_length=PROJECT_LIMITS.entries)


class AboutModel(_Object):
    """The object in the `onthefly.json` of an exported model."""

    format: Annotated[int, Field(ge=MODEL_FORMAT, le=MODEL_FORMAT)]
    kind: ModelKind
    generator: Text
    backbone: Backbone
    preprocess: Preprocess
    settings: Settings
    """The head was trained with."""
    classes: list[Text] = Field(min_length=2, max_length=PROJECT_LIMITS.classes)
    """Names, in the order of the outputs."""
    files: dict[Text, Sha256] = Field(max_length=100)
    """sha256 of the files that the model is in."""


class EpochEntry(_Object):
    """One epoch of the history."""

    loss: float
    accuracy: float = Field(ge=0, le=1)


class Shapes(_Object):
    """The tensors of `head.f32`, in their order there."""

    kernel1: list[Size] = Field(min_length=2, max_length=2)
    bias1: list[Size] = Field(min_length=1, max_length=1)
    kernel2: list[Size] = Field(min_length=2, max_length=2)
    bias2: list[Size] = Field(min_length=1, max_length=1)


Norm = Annotated[float, Field(ge=0)]


class HeadEntry(_Object):
    """The object in `head.json`."""

    format: Format
    classes: list[Id] = Field(min_length=2, max_length=PROJECT_LIMITS.classes)
    settings: Settings
    shapes: Shapes
    examples: list[ExampleId] = Field(min_length=2, max_length=PROJECT_LIMITS.examples)
    history: list[EpochEntry] = Field(max_length=int(SETTINGS["epochs"].maximum))
    norms: list[Annotated[list[Norm], Field(min_length=4, max_length=4)]] = Field(
        max_length=int(SETTINGS["epochs"].maximum) + 1
    )
    steps: int = Field(ge=0, le=PROJECT_LIMITS.steps)


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], name: str, contents: bytes) -> Model:
    """JSON that a stranger wrote, as the model has it.

    Raises:
        SourceError: it is not JSON, or holds something else; names the first place.
    """
    try:
        return model.model_validate_json(contents)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise damaged(name + printable(place), first["msg"][:1].lower() + first["msg"][1:]) from error


def parse_any(name: str, contents: bytes) -> Any:
    """JSON whose structure is not known yet, or does not matter.

    Raises:
        SourceError: it is not JSON, as the page reads it: UTF-8, and no number that is none.
    """
    try:
        return json.loads(contents.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise damaged(name, "is not JSON") from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def damaged(where: str, what: str) -> SourceError:
    """The error for a file that does not hold what it has to."""
    return SourceError(
        f"The project is damaged: {printable(where)}: {printable(what)}.",
        where=printable(where),
        hint="Export it again, or copy or download the file again.",
    )


def folder_of(name: str, index: int) -> str:
    """The folder of a class inside the zip: its place and what of its name every file system takes."""
    words = re.findall("[a-z0-9]+", unicodedata.normalize("NFKD", name).lower())
    return "-".join([str(index + 1), *words])[:40].removesuffix("-")


def picture_path(folder: str, example_id: int) -> str:
    """The file of a photo inside the zip."""
    return f"images/{folder}/{example_id}.jpg"
