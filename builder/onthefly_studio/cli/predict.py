"""`onthefly predict`: what an exported head says of pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from onthefly_studio.project.embed import Embed
    from onthefly_studio.project.format.model import Project
    from onthefly_studio.project.predict import Prediction

    Shown = list[tuple[str, Prediction]]

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
    """Say what each IMAGE shows, with probabilities, using the head in PROJECT.ZIP.

    If some cannot be read, they are named, and the exit code is 3.
    """
    # Only here: --help needs no NumPy.
    from onthefly_studio.project.embed import all_unreadable
    from onthefly_studio.project.format.read import read
    from onthefly_studio.project.predict import predict_readable

    opened = read(project)
    opened.trained_head()
    predictions, errors = predict_readable(opened, images, embedder_for(opened, site))
    if predictions:
        shown = [(str(images[place]), made) for place, made in predictions.items()]
        unreadable = {str(images[place]): error.what for place, error in errors.items()}
        labels = opened.labels()
        if as_json:
            click.echo(json.dumps(_as_json(labels, shown, unreadable), indent=1))
        else:
            click.echo(_table(labels, shown))
    if errors:
        raise all_unreadable(errors, len(images))


def _as_json(labels: list[str], shown: Shown, unreadable: Mapping[str, str]) -> dict[str, Any]:
    rows = [
        {"image": image, "label": made.label, "probabilities": made.probabilities} for image, made in shown
    ]
    return {"labels": labels, "predictions": rows, **({"unreadable": unreadable} if unreadable else {})}


def _table(labels: list[str], shown: Shown) -> str:
    from onthefly_studio.text import columns, printable

    rows = []
    for image, made in shown:
        ranked = sorted(zip(labels, made.probabilities, strict=True), key=lambda pair: -pair[1])
        (label, chance), others = ranked[0], ranked[1:]
        rest = ", ".join(f"{printable(name)} {p:.3f}" for name, p in others[:SHOWN_OTHERS])
        more = " …" if len(others) > SHOWN_OTHERS else ""
        rows.append((printable(image, None), f"{printable(label)} {chance:.3f}  ({rest}{more})"))
    return columns(rows)


def embedder_for(project: Project, site: Path | None) -> Embed:
    """The project's backbone, ready to run."""
    from onthefly_studio.cache import Cache
    from onthefly_studio.cli.report import ConsoleReporter
    from onthefly_studio.project.embed import embedder, find_model

    model = find_model(project.backbone, cache=Cache(), reporter=ConsoleReporter(), site=site)
    return embedder(model, project.backbone, project.preprocess)
