"""`onthefly new`."""

from __future__ import annotations

from pathlib import Path

import click

from onthefly_studio.new import create


@click.command("new", short_help="Start a site: settings, and a workflow that publishes it.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--title", help="The page's title.")
@click.option(
    "--wheel",
    metavar="ADDRESS|FILE",
    help="What the workflow installs: the address of onthefly-studio's wheel, ending in #sha256=…, or the "
    "file, which is then copied into DIR.  [default: the wheel that this command was installed from]",
)
def command(folder: Path, title: str | None, wheel: str | None) -> None:
    """Write a commented site.toml, a workflow that publishes the site on GitHub Pages, and a README."""
    for name in create(folder, title=title, wheel=wheel):
        click.echo(folder / name)
    click.echo(f"Build it: cd {folder} && onthefly build")
