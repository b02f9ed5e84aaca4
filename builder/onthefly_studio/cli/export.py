"""`onthefly export`: an exported project as one model for other programs."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from onthefly_studio import extras
from onthefly_studio.cli.predict import site_option
from onthefly_studio.contract import EXPORT_FORMATS
from onthefly_studio.graph.input_range import CHOICES, DEFAULT

backbone_option = click.option(
    "--backbone",
    help="Where to take the backbone from, as `onthefly build` does: auto, hub, embedded, a path, ...",
)


@click.command("export")
@click.argument("project", metavar="PROJECT.ZIP", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(EXPORT_FORMATS), required=True, help="The file format.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The folder to write; absent or empty."
)
@site_option
@backbone_option
@click.option(
    "--input-range", type=click.Choice(CHOICES), default=DEFAULT, help="With --backbone, as in build."
)
@click.option("--offline", is_flag=True, help="With --backbone: open no connection.")
def command(
    project: Path,
    form: Any,
    out: Path,
    site: Path | None,
    backbone: str | None,
    input_range: Any,
    offline: bool,
) -> None:
    """Write the head in PROJECT.ZIP and its backbone as one model, from pictures to probabilities.

    The model is loaded again and compared with the reference before it is put in place.
    """
    # Only here: --help needs no NumPy.
    from onthefly_studio.cache import Cache
    from onthefly_studio.cli.report import ConsoleReporter, megabytes
    from onthefly_studio.project.embed import find_model
    from onthefly_studio.project.export.export import export
    from onthefly_studio.project.format.read import read

    opened = read(project)
    opened.trained_head()
    extras.require("convert", f"Exporting as {form}")
    reporter = ConsoleReporter()
    model = find_model(
        opened.backbone,
        cache=Cache(),
        reporter=reporter,
        site=site,
        source=backbone,
        input_range=input_range,
        offline=offline,
    )
    reporter.step("export", f"as {form}, then load it again and compare")
    now = datetime.now(timezone.utc)
    done = export(opened, form, out, model=model, name=project.stem, time_stamp=now)
    worst = max(row.error for row in done.rows)
    click.echo(
        f"{out} is written: {megabytes(done.bytes)}, {len(opened.labels())} classes; "
        f"on {len(done.rows)} pictures its probabilities are at most {worst:.1e} off."
    )
    for name in done.files:
        click.echo(f"  {name}")
