"""`site.json`: what a built site says about itself, written and read.

The same, but for what only builds need, stands in `index.html`. `make contract` writes the page's types of it
(`site_template/src/site.ts`) from the models and from the texts below their fields.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onthefly_studio.config import Published
from onthefly_studio.contract import SITE_FORMAT, Backend, CheckedWith, Fit
from onthefly_studio.errors import ConfigError

FILE = "site.json"
GENERATOR = "onthefly "
"""What begins the name of the program that wrote a site; its version follows."""
FOR_BUILDS = {"build", "check", "checked_with"}
"""What the page has no use for."""


class _Part(BaseModel):
    # A later version may say more; what this one reads of it is checked.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", populate_by_name=True)


class Asset(_Part):
    """A file of the site, with what is needed to trust it."""

    url: str
    """Relative to the site's folder."""
    sha256: str
    bytes: int


class Preprocess(_Part):
    """How the backbone's input is made from a picture."""

    size: int
    """Edge of the square that the backbone reads, in pixels."""
    fit: Fit


class Backbone(_Part):
    """Which backbone the site carries, in words for a visitor and hashes for everybody."""

    kind: str
    name: str
    trained_on: str = Field(alias="trainedOn")
    features: int
    """Width of a feature vector."""
    sha256: str
    """Of the weights' source."""
    trust: str
    """Where that hash comes from."""
    url: str | None = None
    why: str | None = None
    """Why this backbone was taken, where it was not the one asked for."""
    input_range: str | None = Field(None, alias="inputRange")
    """What its original reads pictures in, where that is not [0, 1] as of the graph."""


class Model(_Part):
    """The backbone's files."""

    hash: str
    graph: Asset
    shards: list[Asset]
    plan: Asset | None = None
    """What our kernels run."""
    no_plan: str | None = Field(None, alias="noPlan")
    """Why there is none."""


class Golden(_Part):
    """What the page checks itself against."""

    index: Asset
    features: Asset
    limit: float
    """Relative to each image's max|y|."""


class Wasm(_Part):
    """TensorFlow.js' builds of its wasm backend."""

    simd: Asset
    plain: Asset


class Checked(_Part):
    """One golden image, of the converted model against the original."""

    image: str
    error: float
    limit: float


class Site(_Part, Published):
    """What a site says of itself: `site.json`, and in `index.html` for the page."""

    format: Annotated[int, Field(ge=SITE_FORMAT, le=SITE_FORMAT)] = SITE_FORMAT
    generator: str
    classes: list[str]
    """Names of those a new visitor starts with."""
    preprocess: Preprocess
    backbone: Backbone
    model: Model
    golden: Golden
    workers: dict[Backend, Asset]
    """The worker's code for each backend."""
    wasm: Wasm
    starter: Asset | None = Field(None, alias="project")
    """The starter project: a `project.zip` that a new visitor starts with."""
    build: str
    """Hash of everything the site's bytes depend on."""
    check: list[Checked]
    checked_with: CheckedWith = Field("tensorflow", alias="checkedWith")
    """What computed the features that were compared."""

    def for_page(self) -> dict[str, Any]:
        """As JSON values, what the page is told."""
        return self._values(exclude=FOR_BUILDS)

    def write(self, folder: Path) -> None:
        """Write `site.json`; the same description gives the same bytes."""
        text = json.dumps(self._values(), sort_keys=True, indent=1)
        (folder / FILE).write_text(text + "\n", "utf-8", newline="\n")

    def _values(self, exclude: set[str] | None = None) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=exclude)


def read(folder: Path) -> Site:
    """A built site's description of itself.

    Raises:
        ConfigError: the folder is not a site that this version can read.
    """
    where = str(folder.absolute())
    if not folder.is_dir():
        raise ConfigError("There is no such folder.", where=where, hint="onthefly build")
    try:
        text = (folder / FILE).read_text("utf-8")
        json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            "This is not a site built by onthefly.", where=where, hint="onthefly build"
        ) from error
    try:
        return Site.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(
            "The site was built by another version of onthefly.", where=where, hint="Build it again."
        ) from error


def is_ours(folder: Path) -> bool:
    """Whether a folder's `site.json` says that this command wrote it, in whatever version."""
    try:
        values = json.loads((folder / FILE).read_text("utf-8"))
        return str(values.get("generator", "")).startswith(GENERATOR)
    except (OSError, ValueError, AttributeError, RecursionError):
        return False
