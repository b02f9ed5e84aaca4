"""`onthefly verify`: was this head trained on these photos?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onthefly_studio.cli.predict import embedder_for, site_option
from onthefly_studio.errors import CheckFailed

if TYPE_CHECKING:
    from onthefly_studio.project.verify import Verdict


@click.command("verify")
@click.argument("project", metavar="PROJECT.ZIP", type=click.Path(path_type=Path))
@click.option("--embed", is_flag=True, help="Also compare the photos with their features, by the backbone.")
@site_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")
def command(project: Path, embed: bool, site: Path | None, as_json: bool) -> None:
    """Train the head of PROJECT.ZIP again from its photos and its seed, and compare with the exported one."""
    # Only here: --help needs no NumPy.
    from onthefly_studio.project.format.read import read
    from onthefly_studio.project.verify import compare_pictures, verify

    opened = read(project, tolerate_altered=True)
    verdict = verify(opened)
    if embed or site:
        compare_pictures(verdict, opened, embedder_for(opened, site))
    if as_json:
        click.echo(json.dumps(verdict.as_json(), indent=1))
    else:
        click.echo("\n".join(_lines(verdict)))
    if not verdict.reproduced:
        raise CheckFailed(
            "\n".join(finding.text[:1].upper() + finding.text[1:] + "." for finding in verdict.findings),
            where=str(project),
            hint="Trust it only as far as you trust its origin, or export it again from its site.",
        )


def _lines(verdict: Verdict) -> list[str]:
    s = verdict.settings
    lines = [
        f"{verdict.photos} photos, {verdict.classes} classes; {s['hidden']} units, {s['epochs']} epochs, "
        f"batches of {s['batch']}, rate {s['rate']:g}, seed {s['seed']}",
        f"{verdict.steps_followed} of {verdict.steps_planned} steps followed",
    ]
    for what, error in (
        ("losses of the steps", verdict.loss_error),
        ("probabilities", verdict.probability_error),
        ("weights", verdict.weight_error),
    ):
        if error is not None:
            lines.append(f"  {what}: at most {error:.1e} apart")
    if verdict.least_similarity is not None:
        lines.append(f"  photos and their features: similarity {verdict.least_similarity:.3f} or more")
    lines.append("reproduced" if verdict.reproduced else "NOT reproduced")
    return lines
