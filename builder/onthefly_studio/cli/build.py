"""`onthefly build`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import click

from onthefly_studio import config as settings
from onthefly_studio.cache import Cache
from onthefly_studio.cli.report import ConsoleReporter, megabytes
from onthefly_studio.contract import Precision
from onthefly_studio.graph.input_range import CHOICES
from onthefly_studio.pipeline import Built, build


@click.command("build", short_help="Build the site.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="A settings file.  [default: site.toml, if there is one]",
)
@click.option(
    "--backbone",
    help="auto, hub, keras[:NETWORK], embedded, an https URL, a .tar.gz or a folder with a SavedModel or a "
    "TensorFlow.js graph.",
)
@click.option(
    "--input-range",
    type=click.Choice(CHOICES),
    help="The pixel range that a model of your own expects.  [default: 0-1]",
)
@click.option("--out", help="The folder to write.  [default: dist]")
@click.option("--classes", help='Names of the classes a visitor starts with: "A,B,C".')
@click.option("--title", help="The page's title.")
@click.option(
    "--precision", type=click.Choice(get_args(Precision)), help="How weights are stored.  [default: float16]"
)
@click.option(
    "--starter",
    metavar="PROJECT.zip",
    help="The starter project: a project.zip whose classes and trained head visitors start with.",
)
@click.option("--head", settings.FORMERLY, hidden=True)
@click.option("--offline", is_flag=True, help="Open no connection.")
@click.option("--force", is_flag=True, help="Build again even if nothing changed, and ask the network again.")
def command(
    config_file: Path | None, classes: str | None, offline: bool, force: bool, **options: Any
) -> None:
    """Build the site: obtain the weights, convert and check them, bundle the page, write the folder."""
    given = {name: value for name, value in options.items() if value is not None}
    if classes is not None:
        given["classes"] = [name.strip() for name in classes.split(",")]
    built = _build(config_file, given, offline=offline, force=force)
    _tell(built)


def build_from_config(config_file: Path | None) -> None:
    """Build with the settings of a file alone, as `serve --watch` does after each change."""
    _tell(_build(config_file, {}, offline=False, force=False))


def _build(config_file: Path | None, options: dict[str, Any], *, offline: bool, force: bool) -> Built:
    standard = Path(settings.FILE_NAME)
    path = config_file or (standard if standard.exists() else None)
    config = settings.load(path, options, note=_note_once)
    # --out is the caller's, relative to where the command runs; paths in a file are relative to the file.
    root = Path.cwd() if path is None or "out" in options else path.absolute().parent
    return build(config, cache=Cache(), reporter=ConsoleReporter(), root=root, offline=offline, force=force)


def _note_once(line: str) -> None:
    """Write a line, but once only: `serve --watch` reads the same settings for every build."""
    noted = click.get_current_context().meta.setdefault(f"{__name__}.noted", set())
    if line not in noted:
        noted.add(line)
        ConsoleReporter().note(line)


def _from_here(folder: Path) -> Path:
    try:
        return Path(os.path.relpath(folder))
    except ValueError:  # on another drive of Windows, where no path leads from here
        return folder


def _tell(built: Built) -> None:
    backbone, out = built.site.backbone, _from_here(built.out)
    state = "is up to date" if built.up_to_date else "is built"
    weights = {"embedded": "the embedded weights"}.get(
        backbone.kind, f"weights from {backbone.url or backbone.name}"
    )
    size, precision = megabytes(built.bytes), built.site.precision
    click.echo(f"{out}/ {state}: {size}, {precision}, {weights}, trained on {backbone.trained_on}.")
    if backbone.why:
        click.echo(f"Why these weights: {backbone.why}")
    target = "" if str(out) == "dist" else f" {out}"
    click.echo(f"Serve it: onthefly serve{target}")
