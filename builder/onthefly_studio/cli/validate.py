"""`onthefly validate`: parity in numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onthefly_studio import extras
from onthefly_studio.cli.report import ConsoleReporter
from onthefly_studio.contract import BACKENDS
from onthefly_studio.errors import CheckFailed, OutputError
from onthefly_studio.text import columns

if TYPE_CHECKING:
    from onthefly_studio.validate.rows import Report, Row

SHOWN_MISSES = 8
_COLOURS = {"ok": "green", "FAILED": "red", "not checked": "yellow", "not started": "yellow"}


@click.command("validate")
@click.argument("directory", metavar="[DIR]", default="dist", type=click.Path(path_type=Path))
@click.option(
    "--backend",
    "backends",
    multiple=True,
    type=click.Choice([*BACKENDS, "all"]),
    help="Check this one, which then must start; can be repeated.  [default: wasm, and others that start]",
)
@click.option("--only", multiple=True, help='Rows by id or its beginning: "preprocess,steps/two".')
@click.option(
    "--photos",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Also compare the photographs in this folder, starting from their files.",
)
@click.option(
    "--original", help="The archive or folder that the site was built from, if the cache does not hold it."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report as JSON.")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the report as a page.")
def command(
    directory: Path,
    backends: tuple[str, ...],
    only: tuple[str, ...],
    photos: Path | None,
    original: str | None,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Compare what the site in DIR (dist by default) computes in Chromium with Python's reference."""
    extras.require("validate", "Checking a site in a browser")
    # Only here: --help needs neither NumPy nor a browser.
    from playwright.sync_api import sync_playwright

    from onthefly_studio.cache import Cache
    from onthefly_studio.validate.browser import Browsers
    from onthefly_studio.validate.page import render
    from onthefly_studio.validate.run import Options, known_backends, read_site, validate

    read_site(directory)  # a wrong folder is reported before a browser is started
    wanted = tuple(name for part in only for name in part.split(","))
    options = Options(known_backends(backends), wanted, photos, original)
    with sync_playwright() as playwright:
        browsers = Browsers(playwright)
        try:
            report = validate(
                directory, options, browsers=browsers, cache=Cache(), reporter=ConsoleReporter()
            )
        finally:
            browsers.close()
    click.echo(table(report.rows))
    click.echo(summary(report))
    if json_file:
        _write(json_file, json.dumps(report.as_json(), indent=1, allow_nan=False) + "\n")
    if html_file:
        _write(html_file, render(report.as_json()))
    _require_passed(report)


def table(rows: list[Row]) -> str:
    """The rows as aligned lines under a head."""
    cells = [("row", "backend", "measured", "limit", "verdict", "")]
    cells += [
        (
            row.id,
            row.backend,
            _number(row.error),
            _number(row.limit),
            click.style(row.verdict, fg=_COLOURS.get(row.verdict)),
            row.detail,
        )
        for row in rows
    ]
    return columns(cells, right=(2, 3))


def summary(report: Report) -> str:
    """The totals and the time, in a line."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.totals.items() if count)
    return f"{len(report.rows)} rows: {counts}. {report.browser}, {report.seconds:.0f} s."


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value == int(value) else f"{value:.1e}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            f"The report cannot be written ({error.strerror or error}).",
            where=str(path),
            hint="Name a file in a folder that you can write to.",
        ) from error


def _require_passed(report: Report) -> None:
    misses = report.misses
    if not misses:
        return
    listed = [f"{row.id} on {row.backend}" for row in misses[:SHOWN_MISSES]]
    more = [f"and {len(misses) - SHOWN_MISSES} more"] if len(misses) > SHOWN_MISSES else []
    worst = misses[0]
    measured = "" if worst.error is None else f": {worst.error:.3g}, limit {worst.limit:g}"
    raise CheckFailed(
        f"{len(misses)} of {len(report.rows)} rows failed; the first is {worst.id}{measured}.",
        where=", ".join(listed + more),
        hint="Do not publish this site: build it again, and report it if the rows fail again.",
    )
