"""`onthefly inspect`: what is inside a built site or a graph model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from onthefly_studio.errors import CheckFailed
from onthefly_studio.inspection import Graph, Inspection, inspect
from onthefly_studio.text import columns, printable

_MOST_NAMES = 10
"""Of files or nodes on the terminal; --json has them all."""


@click.command("inspect", short_help="Show what is inside a built site.")
@click.argument("folder", metavar="[DIR]", default=Path("dist"), type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(folder: Path, as_json: bool) -> None:
    """Show what is inside DIR: a built site (dist by default) or a folder with a TensorFlow.js graph model.

    The exit code is 1 if a site is not as it was built, or cannot be read.
    """
    found = inspect(folder)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=1, sort_keys=True, ensure_ascii=True))
    else:
        click.echo("\n".join(_lines(found)))
    if not found.ok:
        raise CheckFailed(_failure(found), where=str(folder.absolute()), hint=_hint(found))


def _failure(found: Inspection) -> str:
    if found.integrity is None or found.integrity.ok:
        return f"The {found.kind} cannot be read completely: {_whole(found.problems[0])}"
    if not found.integrity.listed:
        return "The site has lost its SHA256SUMS, so nothing says whether it is as it was built."
    counts = {name: len(getattr(found.integrity, name)) for name in ("changed", "missing", "extra")}
    counted = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"The site is not as it was built: {counted}."


def _hint(found: Inspection) -> str:
    if found.kind == "site":
        return "Build it again with `onthefly build`, or copy it again from where it was built."
    return "Convert or copy the model again."


def _whole(text: str) -> str:
    """A stranger's words in full: here people look for what is there."""
    return printable(text, longest=None)


def _lines(found: Inspection) -> Iterator[str]:
    record = found.as_json()
    yield f"{_whole(str(found.folder))}: {_what(found, record)}"
    yield from (f"  cannot be read: {_whole(problem)}" for problem in found.problems)
    if found.kind == "site":
        yield from _section("Site", _site(record))
        yield from _section("Backbone", _backbone(record))
        yield from _section("Head, as a visitor starts with it", _plain(record["head"]))
    if found.graph is not None:
        yield from _section("Graph", _graph(found.graph, record["features"]))
    yield from _section("Bytes", _bytes(found), right=(1, 2, 3))
    if found.check:
        yield from _section("Features against the original model", _check(found.check), right=(1, 2))
    if found.integrity is not None:
        yield from _section("Files against SHA256SUMS", _integrity(found))


def _what(found: Inspection, record: Mapping[str, Any]) -> str:
    if found.kind == "graph model":
        return "a TensorFlow.js graph model"
    by = f" built by {_whole(str(record['generator']))}" if record["generator"] else ""
    return f"a site{by}, {'as it was built' if found.ok else 'NOT as it was built'}"


def _section(title: str, rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()) -> Iterator[str]:
    if rows:
        yield f"\n{title}"
        yield from (f"  {line}" for line in columns(rows, right=right).splitlines())


def _site(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    classes = record["classes"]
    rows = {
        "title": record["title"],
        "classes": ", ".join(map(str, classes)) if isinstance(classes, list) else None,
        "language": record["lang"],
        "learns from": {"crop": "the centre square", "stretch": "the squashed frame"}.get(str(record["fit"])),
        "precision": record["precision"],
    }
    return _plain(rows)


_BACKBONE_WORDS = {"trainedOn": "trained on", "why": "why these", "inputRange": "reads pictures in"}


def _backbone(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    backbone = dict(record["backbone"] or {})
    order = ("name", "kind", "url", "trainedOn", "sha256", "trust", "why", "inputRange")
    rows = {_BACKBONE_WORDS.get(key, key): backbone.pop(key, None) for key in order}
    backbone.pop("features", None)  # stands with the graph
    return _plain({**rows, **backbone})


def _plain(values: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    rows = (values or {}).items()
    return [(_whole(str(key)), _whole(str(value))) for key, value in rows if value is not None]


def _graph(graph: Graph, features: int | None) -> list[tuple[str, str]]:
    operations = sum(graph.ops.values())
    rows = [
        ("parameters", f"{graph.parameters:,}"),
        ("values stored", _counts(graph.stored)),
        ("features", "not said" if features is None else f"{features:,}"),
        ("operations", f"{operations:,}, and {graph.constants:,} constants: {_counts(graph.ops)}"),
        ("fused", _counts(graph.fused) or "none"),
        ("fused biases", _ranks(graph.bias_ranks) or "none"),
    ]
    for backend, broken in graph.portability.items():
        rows.append((f"on {backend}", "runs" if not broken else f"does not run correctly: {_names(broken)}"))
    return [(name, _whole(value)) for name, value in rows]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _ranks(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} of rank {rank}" for rank, count in counts.items())


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(map(_whole, names[:_MOST_NAMES])) + more


def _bytes(found: Inspection) -> list[tuple[str, ...]]:
    shares = {kind: share for kind, share in found.sizes.items() if share.files}
    rows = [("", "files", "bytes", "gzip")]
    rows += [(kind, f"{s.files:,}", f"{s.bytes:,}", f"{s.gzip:,}") for kind, s in shares.items()]
    totals = (sum(getattr(s, name) for s in shares.values()) for name in ("files", "bytes", "gzip"))
    return [*rows, ("all", *(f"{total:,}" for total in totals))]


def _check(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    shown = [
        (_whole(str(row["image"])), _figure(row["error"]), _figure(row["limit"]), _verdict(row))
        for row in rows
    ]
    return [("image", "error", "limit", ""), *shown]


def _figure(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, (int, float)) else _whole(str(value))


def _verdict(row: Mapping[str, Any]) -> str:
    return "" if row["passed"] else "beyond its limit"


def _integrity(found: Inspection) -> list[tuple[str, str]]:
    held = found.integrity
    assert held is not None
    if not held.listed:
        return [("missing", "SHA256SUMS itself")]
    count = sum(share.files for share in found.sizes.values())
    groups = {"changed": held.changed, "missing": held.missing, "extra": held.extra}
    rows = [("intact", f"all {count:,} files")] if held.ok else []
    return rows + [(name, _names(names)) for name, names in groups.items() if names]
