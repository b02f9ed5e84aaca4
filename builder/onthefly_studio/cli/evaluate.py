"""`onthefly evaluate`: how often an exported head is right."""

from __future__ import annotations

import json
from pathlib import Path

import click

from onthefly_studio.cli.predict import embedder_for, site_option
from onthefly_studio.errors import ConfigError


@click.command("evaluate")
@click.argument("project", metavar="PROJECT.ZIP", type=click.Path(path_type=Path))
@click.argument("folder", metavar="[FOLDER]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Instead of FOLDER: hold out this share of the project's own photos, train on the others.",
)
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), help="With --held-out: seed of the split and the training."
)
@click.option("--strict", is_flag=True, help="With FOLDER: stop rather than leave a picture out.")
@site_option
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    project: Path,
    folder: Path | None,
    held_out: float | None,
    seed: int | None,
    strict: bool,
    site: Path | None,
    as_json: bool,
) -> None:
    """Accuracy and confusion of the head in PROJECT.ZIP on FOLDER, which has a folder for each class.

    Files in FOLDER that are left out are listed.
    """
    # Only here: --help needs no NumPy.
    from onthefly_studio.cli.report import ConsoleReporter
    from onthefly_studio.project.evaluate import evaluate_folder, evaluate_held_out, table
    from onthefly_studio.project.format.read import read

    if (folder is None) == (held_out is None):
        raise ConfigError(
            "Either a folder with photographs or a share to hold out is needed.",
            where="evaluate",
            hint="onthefly evaluate project.zip FOLDER, or onthefly evaluate project.zip --held-out 0.2",
        )
    opened = read(project)
    if held_out is not None:
        evaluation = evaluate_held_out(opened, held_out, seed)
    else:
        assert folder is not None
        opened.trained_head()
        evaluation = evaluate_folder(opened, folder, embedder_for(opened, site), strict=strict)
        assert evaluation.left_out is not None
        for line in evaluation.left_out.lines():
            ConsoleReporter().note(line)
    click.echo(json.dumps(evaluation.as_json(), indent=1) if as_json else "\n".join(table(evaluation)))
