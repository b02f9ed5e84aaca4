"""`python -m bench`: measure, print, and write `bench/results.json` and `docs/performance.md`."""

from __future__ import annotations

import importlib
import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

from bench import report
from bench.figures import Table
from bench.models import ROOT
from bench.stage import HERE, Stage
from onthefly_studio.errors import OnTheFlyError

MEASURES = [
    "embed",
    "kernels",
    "graphs",
    "training",
    "thumbnail",
    "first",
    "wire",
    "main_thread",
    "memory",
    "building",
]
RESULTS = HERE / "results.json"
PAGE = ROOT / "docs" / "performance.md"


@click.command()
@click.option("--only", default=",".join(MEASURES), help=f"Some of {', '.join(MEASURES)}, with commas.")
@click.option("--backbone", default="embedded", help="As for `onthefly build`.")
@click.option("--dry", is_flag=True, help="Print only; write neither results.json nor the page.")
def command(only: str, backbone: str, dry: bool) -> None:
    """Measure On-the-Fly against other ways to do the same, side by side."""
    chosen = [name.strip().replace("-", "_") for name in only.split(",")]
    unknown = sorted(set(chosen) - set(MEASURES))
    if unknown:
        raise click.UsageError(f"There is no measure {', '.join(unknown)}; there are {', '.join(MEASURES)}.")
    if not (HERE / "node_modules").is_dir():
        raise click.UsageError("What is compared with is not installed; `make bench` installs it.")
    results = report.load(RESULTS)
    failed = []
    with (
        tempfile.TemporaryDirectory(prefix="onthefly-bench-") as scratch,
        Stage(backbone, Path(scratch), _say) as stage,
    ):
        shown = backbone if "/" not in backbone else Path(backbone).name
        results["machine"] = {
            "browser": f"Chromium {stage.browser.version}",
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "system": platform.system(),
            "webgl": stage.renderer(),
            "backbone": shown,
        }
        for name in [known for known in MEASURES if known in chosen]:
            _say(name)
            begin = time.perf_counter()
            try:
                result = importlib.import_module(f"bench.measures.{name}").measure(stage)
            except Exception as error:  # one measure's failure spares the others
                traceback.print_exc()
                failed.append(f"{name}: {str(error) or type(error).__name__}".splitlines()[0])
                continue
            took = time.perf_counter() - begin
            results["measures"][name] = report.as_json(result, took)
            for table in result.tables:
                click.echo(f"\n{report.text(table)}")
            click.echo(f"\n({took:.0f} s)\n")
    _finish(results, chosen, failed, dry=dry)


def _finish(results: dict[str, object], chosen: list[str], failed: list[str], *, dry: bool) -> None:
    measures = results["measures"]
    assert isinstance(measures, dict)
    goals = [
        report.goal_cells(report.goal_of(stored))
        for name in MEASURES
        if name in measures and name in chosen
        for stored in measures[name]["goals"]
    ]
    if goals:
        click.echo(f"\n{report.text(Table('Goals', ['', 'measured', 'at most', ''], goals))}")
    if not dry:
        report.save(results, RESULTS)
        report.write_block(PAGE, report.markdown(results, MEASURES))
        click.echo(f"\nWritten: {RESULTS.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")
    if failed:
        click.echo("\nNot measured:\n  " + "\n  ".join(failed), err=True)
        sys.exit(1)


def _say(line: str) -> None:
    click.echo(f"-- {line}", err=True)


if __name__ == "__main__":
    try:
        command()
    except OnTheFlyError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
