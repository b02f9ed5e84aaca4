"""How long `onthefly build` takes: from nothing but weights, with nothing to do, after a change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.figures import Goal, Result, Spent, Table, middle, seconds, spending, times
from bench.models import ROOT
from bench.stage import Stage

NOTHING_S, CHANGE_S, COLD_RATIO = 0.5, 1.5, 1.3
COLD_ROUNDS, ROUNDS = 2, 5
CHANGES = {
    "index.html.j2 changed": ("templates/index.html.j2", "\n<!-- {} -->"),
    "the style changed": ("src/ui/style.css", "\n/* {} */"),
    "a script of the page changed": ("src/ui/main.tsx", "\n// {}"),
}


def measure(stage: Stage) -> Result:
    """In a copy of the project, so that no file here is touched; interleaved with the bare converter."""
    project = _copy(stage.scratch / "project")
    found: dict[str, list[Spent]] = {"bare": [], "cold": [], "nothing": [], **{name: [] for name in CHANGES}}
    for round_ in range(COLD_ROUNDS):
        stage.say(f"building, round {round_ + 1} of {COLD_ROUNDS}")
        found["bare"].append(stage.models.tfjs())
        cache = stage.scratch / f"cache-{round_}"
        shutil.rmtree(project / "out", ignore_errors=True)
        found["cold"].append(_build(project, stage.models.saved, cache))
    for round_ in range(ROUNDS):
        found["nothing"].append(_build(project, stage.models.saved, cache))
        for name, (file, text) in CHANGES.items():
            path = project / "site_template" / file
            path.write_text(path.read_text("utf-8") + text.format(round_), "utf-8")
            found[name].append(_build(project, stage.models.saved, cache))
    figures = {name: middle([each.clock for each in values]) for name, values in found.items()}
    busy = {name: middle([each.processor for each in values]) for name, values in found.items()}
    ratio = figures["cold"] / figures["bare"]
    named = {
        "bare": "bare tensorflowjs_converter",
        "cold": "`onthefly build`, nothing cached but weights",
        "nothing": "`onthefly build`, nothing changed",
        **{name: f"`onthefly build`, {name}" for name in CHANGES},
    }
    rows = [
        [text, seconds(figures[name]), times(figures[name] / figures["bare"]), seconds(busy[name])]
        for name, text in named.items()
    ]
    notes = [
        "Of the same SavedModel, in processes of their own. The build also compiles the kernel, bundles the "
        "page, and runs both the original and what was written to compare them."
    ]
    goals = [
        Goal("a build from weights, of the bare converter", ratio, COLD_RATIO),
        Goal("a build with nothing to do", figures["nothing"], NOTHING_S, "s"),
        Goal("a build after a change of the page", max(figures[name] for name in CHANGES), CHANGE_S, "s"),
    ]
    return Result(
        [Table("Building", ["", "median", "of the converter", "processor time"], rows, notes)],
        goals,
        {"clock": figures, "processor": busy},
    )


def _copy(project: Path) -> Path:
    ignored = shutil.ignore_patterns("node_modules", "__pycache__")
    for folder in ("builder", "site_template"):
        shutil.copytree(ROOT / folder, project / folder, ignore=ignored)
    (project / "site_template" / "node_modules").symlink_to(ROOT / "site_template" / "node_modules")
    for name in ("LICENSE", "NOTICE"):
        shutil.copyfile(ROOT / name, project / name)
    package = project / "builder" / "onthefly_studio"
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(package)], check=True)
    return project


def _build(project: Path, saved: Path, cache: Path) -> Spent:
    command = [sys.executable, "-m", "onthefly_studio", "build", "--backbone", str(saved), "--out", "out"]
    env = {**os.environ, "ONTHEFLY_CACHE": str(cache), "PYTHONPATH": str(project / "builder")}
    with spending() as spent:
        done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"onthefly build failed:\n{done.stderr[-2000:]}")
    return spent()
