"""Results as a file, as text for a terminal, and as a block of `docs/performance.md`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.figures import Goal, Result, Table
from onthefly_studio.text import columns

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def as_json(result: Result, took: float) -> dict[str, Any]:
    """What the file holds of a measure; seconds that it took included."""
    goals = [
        {"what": goal.what, "value": round(goal.value, 4), "limit": round(goal.limit, 4), "unit": goal.unit}
        for goal in result.goals
    ]
    tables = [vars(table) for table in result.tables]
    return {"seconds": round(took, 1), "goals": goals, "tables": tables, "figures": _rounded(result.figures)}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _rounded(part) for key, part in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def load(file: Path) -> dict[str, Any]:
    """Earlier results, so that a part can be measured again."""
    try:
        known: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return known if "measures" in known else {"measures": {}}
    except (OSError, ValueError):
        return {"measures": {}}


def save(results: dict[str, Any], file: Path) -> None:
    """Write the file."""
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")


def goal_of(stored: dict[str, Any]) -> Goal:
    """A goal as it was saved."""
    return Goal(stored["what"], stored["value"], stored["limit"], stored["unit"])


def goal_cells(goal: Goal) -> list[str]:
    """What, figure, limit, and whether it is met."""
    unit = f" {goal.unit}" if goal.unit else ""
    value = "none over 50 ms" if goal.unit == "ms" and not goal.value else f"{goal.value:.3g}{unit}"
    return [goal.what, value, f"{goal.limit:.3g}{unit}", "met" if goal.met else "**missed**"]


def _markdown(table: Table, level: str) -> str:
    lines = [f"{level} {table.title}", "", "| " + " | ".join(table.columns) + " |"]
    lines.append("|" + "---|" * len(table.columns))
    lines += ["| " + " | ".join(row) + " |" for row in table.rows]
    lines += [f"\n{note}" for note in table.notes]
    return "\n".join(lines) + "\n"


def markdown(results: dict[str, Any], order: list[str]) -> str:
    """The whole block."""
    machine = results["machine"]
    parts = [
        f"Measured with {machine['browser']} on {machine['cores']} cores ({machine['architecture']}, "
        f"{machine['system']}); WebGL: {machine['webgl'] or 'none'}; backbone `{machine['backbone']}`.\n"
    ]
    measures = [results["measures"][name] for name in order if name in results["measures"]]
    goals = [goal_cells(goal_of(stored)) for each in measures for stored in each["goals"]]
    parts.append(_markdown(Table("Goals", ["", "measured", "at most", ""], goals), "##"))
    for each in measures:
        parts += [_markdown(Table(**stored), "##") for stored in each["tables"]]
    return "\n".join(parts)


def write_block(file: Path, block: str) -> None:
    """Put the block between its marks.

    Raises:
        ValueError: the file has no such marks.
    """
    text = file.read_text("utf-8")
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{file} lacks the marks {BEGIN} and {END}")
    file.write_text(f"{before}{BEGIN}\n{block}{END}{after}", "utf-8")


def text(table: Table) -> str:
    """For a terminal."""
    lines = columns([table.columns, *table.rows]).splitlines()
    return "\n".join([table.title, *(f"  {line}" for line in lines), *(f"  {n}" for n in table.notes)])
