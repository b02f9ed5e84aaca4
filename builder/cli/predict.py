"""`onthefly predict`: what an exported head says of pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from builder.project.embed import Embed
    from builder.project.model import Project

SHOWN_OTHERS = 4

site_option = click.option(
    "--site",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The built site that the project comes from, to take the backbone from.  [default: the cache]",
)


@click.command("predict")
@click.argument("project", metavar="PROJECT.ZIP", type=click.Path(path_type=Path))
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@site_option
@click.option("--json", "as_json", is_flag=True, help="Print all probabilities as JSON.")
def command(project: Path, images: tuple[Path, ...], site: Path | None, as_json: bool) -> None:
    """Say what each IMAGE shows, by the head in PROJECT.ZIP, with probabilities."""
    # Only here: --help needs no NumPy.
    from builder.project.predict import predict
    from builder.project.read import read
    from builder.project.schema import printable

    opened = read(project)
    opened.trained_head()
    predictions = predict(opened, images, embedder_for(opened, site))
    labels = opened.labels()
    if as_json:
        rows = [
            {"image": str(image), "label": made.label, "probabilities": made.probabilities}
            for image, made in zip(images, predictions, strict=True)
        ]
        click.echo(json.dumps({"labels": labels, "predictions": rows}, indent=1))
        return
    width = max(len(str(image)) for image in images)
    for image, made in zip(images, predictions, strict=True):
        ranked = sorted(zip(labels, made.probabilities, strict=True), key=lambda pair: -pair[1])
        (label, chance), others = ranked[0], ranked[1:]
        rest = ", ".join(f"{printable(name)} {p:.3f}" for name, p in others[:SHOWN_OTHERS])
        more = " …" if len(others) > SHOWN_OTHERS else ""
        click.echo(f"{image!s:<{width}}  {printable(label)} {chance:.3f}  ({rest}{more})")


def embedder_for(project: Project, site: Path | None) -> Embed:
    """The project's backbone, ready to run."""
    from builder.cache import Cache
    from builder.cli.report import ConsoleReporter
    from builder.project.embed import embedder, find_model

    model = find_model(project.backbone, cache=Cache(), reporter=ConsoleReporter(), site=site)
    return embedder(model, project.backbone, project.preprocess)
