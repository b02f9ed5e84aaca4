"""A folder to start a site with: settings, a workflow that publishes, a README.

The workflow installs the same wheel that wrote it, by its address and sha256, or from a copy in the folder:
what is published is then built by what was tried.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from onthefly_studio import file_system
from onthefly_studio.config import FILE_NAME, SiteConfig, load
from onthefly_studio.errors import ConfigError, OutputError
from onthefly_studio.extras import DISTRIBUTION
from onthefly_studio.places import SITE_TOML

SCAFFOLD = Path(__file__).with_name("scaffold")
WORKFLOW = Path(".github") / "workflows" / "publish.yml"
_HASHED = re.compile(r"https?://[^\s\"#]+\.whl#sha256=[0-9a-f]{64}")
_NAME_IT = "Pass --wheel with its address, ending in #sha256=…, or with the path of the file."


@dataclass(frozen=True)
class Wheel:
    """What a workflow installs: an address with a hash, or a file that goes into the folder."""

    requirement: str
    """As pip takes it, in the new folder."""
    file: Path | None = None


def create(folder: Path, *, title: str | None = None, wheel: str | None = None) -> list[Path]:
    """Write the files of a new site into a folder that is empty or not there.

    Args:
        folder: where.
        title: the page's, for `site.toml`.
        wheel: its address or path; by default where this command itself was installed from.

    Returns:
        What was written, relative to the folder.

    Raises:
        ConfigError: the title or the wheel cannot be used.
        OutputError: the folder holds something, or cannot be written.
    """
    settings = SITE_TOML.read_text("utf-8")
    if title is not None:
        line = f"title = {json.dumps(title, ensure_ascii=False)}"
        settings = re.sub(r"^# title = .*$", lambda _: line, settings, count=1, flags=re.M)
        title = load(None, {"title": title}).title
    takes = _of(wheel) if wheel is not None else _installed_from()
    words = {
        "WHEEL": takes.requirement,
        "TITLE": title or SiteConfig().title,
        "OUT": SiteConfig().out,
    }
    texts = {
        Path(FILE_NAME): settings,
        WORKFLOW: _filled("publish.yml", words),
        Path("README.md"): _filled("README.md", words),
        Path(".gitignore"): f"/{SiteConfig().out}/\n",
    }
    try:
        if folder.is_dir() and not file_system.is_unused(folder):
            raise OutputError(
                "The folder is not empty.", where=str(folder), hint="Name a new one, or an empty one."
            )
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8", newline="\n")
        if takes.file:
            shutil.copyfile(takes.file, folder / takes.file.name)
    except OSError as error:
        raise OutputError(
            f"The folder cannot be written ({error.strerror or error}).",
            where=str(folder),
            hint="Name a folder that you can write to.",
        ) from error
    return [*texts, *([Path(takes.file.name)] if takes.file else [])]


def _filled(name: str, words: dict[str, str]) -> str:
    text = (SCAFFOLD / name).read_text("utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def _of(given: str) -> Wheel:
    """The wheel that the user names."""
    if "://" in given:
        if not _HASHED.fullmatch(given):
            raise ConfigError(
                "The address does not name a wheel and its sha256.",
                where=f"--wheel {given}",
                hint="It has to be https://…/NAME.whl#sha256=… with 64 hexadecimal digits.",
            )
        return Wheel(f"{DISTRIBUTION} @ {given}")
    path = Path(given).expanduser()
    if not path.is_file() or path.suffix != ".whl":
        raise ConfigError("There is no such wheel.", where=f"--wheel {given}", hint=_NAME_IT)
    return Wheel(f"./{path.name}", path)


def _file_at(url: str, to_path: Callable[[str], str] = url2pathname) -> Path:
    """The file at a `file:` address, which on Windows may be on another machine's share."""
    split = urlsplit(url)
    host = f"//{split.netloc}" if split.netloc not in ("", "localhost") else ""
    return Path(to_path(f"{host}{split.path}"))


def _installed_from() -> Wheel:
    """The wheel that this command was installed from, as pip noted it down."""
    try:
        noted = distribution(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        noted = None
    unknown = ConfigError(
        "It is not known which wheel should build the new site: this command was not installed from one.",
        where="new",
        hint=_NAME_IT,
    )
    if noted is None:
        raise unknown
    origin = json.loads(noted)
    url, archive = str(origin.get("url", "")), origin.get("archive_info", {})
    if not url.endswith(".whl"):
        raise unknown
    if url.startswith("file:"):
        file = _file_at(url)
        if not file.is_file():
            raise ConfigError(
                "The wheel that this command was installed from is no longer there.",
                where=str(file),
                hint=_NAME_IT,
            )
        return Wheel(f"./{file.name}", file)
    sha256 = archive.get("hashes", {}).get("sha256") or str(archive.get("hash", "")).partition("sha256=")[2]
    if not sha256:
        raise unknown
    return _of(f"{url}#sha256={sha256}")
