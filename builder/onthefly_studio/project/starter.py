"""The starter project: the one that a site's visitors start with (`onthefly build --starter`)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from onthefly_studio.errors import ConfigError
from onthefly_studio.project.format.model import Project
from onthefly_studio.project.format.read import read
from onthefly_studio.text import printable


@dataclass(frozen=True)
class Starter:
    """A project with a head, and the bytes that are published."""

    path: Path
    project: Project
    contents: bytes

    @property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.contents).hexdigest()

    @property
    def classes(self) -> list[str]:
        """The names of its classes, in display order."""
        return [each.name for each in self.project.classes]

    def require_fits(self, model_hash: str, fit: str) -> None:
        """Check that a site with this backbone can go on from the project.

        Raises:
            ConfigError: the site has another backbone, or takes another part of a picture.
        """
        backbone, own = self.project.backbone, self.project.preprocess
        if backbone.model_hash != model_hash:
            raise ConfigError(
                f"The project was made with another backbone: {printable(backbone.name)}, "
                f"{backbone.precision}, model {backbone.model_hash}; this site's is {model_hash}.",
                where=f"--starter {self.path}",
                hint="Build with the --backbone and --precision of the site that the project comes from, or "
                "train one for this site: onthefly train FOLDER --backbone ...",
            )
        if own.fit != fit:
            raise ConfigError(
                f"The project learned from pictures with fit = {own.fit!r}, and this site has {fit!r}.",
                where=f"--starter {self.path}",
                hint=f'Set fit = "{own.fit}" in site.toml.',
            )


def read_starter(path: Path) -> Starter:
    """Read the starter project.

    Raises:
        ConfigError: there is no such file, or no head in it.
        SourceError: it is not a project, or damaged.
    """
    project = read(path)
    if project.head is None:
        raise ConfigError(
            "The project holds no trained head, so visitors could not start with it.",
            where=f"--starter {path}",
            hint="Open it on its site, train there, and export it again.",
        )
    return Starter(path, project, path.read_bytes())
