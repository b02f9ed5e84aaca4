"""`onthefly cache`: what is kept between builds, and freeing the space."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime

import click

from onthefly_studio.cache import KINDS, Cache, Entry, Record
from onthefly_studio.cli.report import megabytes
from onthefly_studio.errors import ConfigError
from onthefly_studio.text import columns, printable


@click.group("cache", invoke_without_command=True, short_help="Show or clear what is kept between builds.")
@click.pass_context
def command(context: click.Context) -> None:
    """Show what is kept between builds: how much of what, where, and the hashes that sources must match."""
    cache = Cache()
    if cache.root.exists() and not cache.root.is_dir():
        raise ConfigError(
            "There is a file where the cache's folder should be.",
            where=_place(cache),
            hint="Set ONTHEFLY_CACHE to a folder of its own.",
        )
    if context.invoked_subcommand is None:
        _show(cache)


@command.command("clear")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)), help="Only this kind; can be repeated."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(kinds: tuple[str, ...], yes: bool) -> None:
    """Delete what is kept between builds; the next build makes it again.

    What a running build needs is kept, and so is everything that onthefly did not put there.
    """
    cache = Cache()
    _require_cache(cache)
    entries = cache.entries(kinds or KINDS)
    free = [entry for entry in entries if not cache.in_use(entry)]
    held = [entry for entry in entries if entry not in free]
    if not free:
        click.echo("A running build needs all of it; nothing was deleted." if held else "Nothing to clear.")
        return
    _announce(cache, free)
    if not yes and not _agreed():
        click.echo("Nothing was deleted.")
        return
    gone = [entry for entry in free if cache.remove(entry)]
    click.echo(f"Freed {_amount(gone)}.")
    if left := [entry for entry in entries if entry not in gone]:
        click.echo(f"Left {_amount(left)}: a running build needs it.")


def _require_cache(cache: Cache) -> None:
    """Refuse a folder that is somebody's own, such as a home that ONTHEFLY_CACHE names by mistake."""
    if not (foreign := cache.foreign()):
        return
    shown = ", ".join(printable(name, None) for name in foreign[:3])
    more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
    raise ConfigError(
        f"The folder holds files that onthefly did not put there ({shown}{more}); nothing is deleted.",
        where=_place(cache),
        hint=f"Set ONTHEFLY_CACHE to a folder of its own, or delete these in it: {', '.join(KINDS)}.",
    )


def _agreed() -> bool:
    if not _is_terminal():
        raise ConfigError(
            "There is no terminal to ask on, and nothing is deleted without a yes.",
            where="onthefly cache clear",
            hint="Run it with --yes.",
        )
    return click.confirm("Delete it?")


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()  # a program without a console has none


def _announce(cache: Cache, entries: Sequence[Entry]) -> None:
    click.echo(f"To be deleted from {_place(cache)}: {_amount(entries)}.")
    rows = [row for kind in KINDS if (row := _row(kind, entries))[1] != "0"]
    click.echo(columns(rows, right=(1, 2)))
    if any(entry.kind == "sources" and not entry.leftover for entry in entries):
        click.echo("Without its sha256, the next download of a source is trusted like a first one.")


def _show(cache: Cache) -> None:
    origin = " (from ONTHEFLY_CACHE)" if os.environ.get("ONTHEFLY_CACHE") else ""
    absent = "" if cache.root.is_dir() else ", which does not exist yet"
    click.echo(f"Cache: {_place(cache)}{origin}{absent}\n")
    entries = cache.entries()
    rows = [("kind", "entries", "bytes", "holds"), *(_row(kind, entries) for kind in KINDS)]
    rows.append(("all", f"{len(entries)}", f"{_bytes(entries):,}", megabytes(_bytes(entries))))
    click.echo(columns(rows, right=(1, 2)))
    _show_half_written(cache, entries)
    _show_records(cache.records())
    if foreign := cache.foreign():
        shown = ", ".join(printable(name, None) for name in foreign[:10]) + (
            " ..." if len(foreign) > 10 else ""
        )
        click.echo(f"\nNot part of the cache, and never touched: {shown}")


def _show_half_written(cache: Cache, entries: Sequence[Entry]) -> None:
    half = [entry for entry in entries if entry.leftover]
    if made := [entry for entry in half if cache.in_use(entry)]:
        click.echo(f"\nBeing made by a running build: {_amount(made)}.")
    if left := [entry for entry in half if entry not in made]:
        click.echo(
            f"\nLeft by builds that were killed: {_amount(left)}; "
            "the next build of the same, or `onthefly cache clear`, removes it."
        )


def _show_records(records: Sequence[Record]) -> None:
    if not records:
        return
    click.echo("\nSources, and the sha256 that each has to match:")
    for record in records:
        if record.url is None:
            click.echo(f"  damaged record: {record.path}")
            continue
        click.echo(f"  {printable(record.url, None)}")
        since = datetime.fromtimestamp(record.since).astimezone().strftime("%Y-%m-%d %H:%M %z")
        for what, sha256 in sorted(record.hashes.items()):
            click.echo(f"    {printable(what, None)}: {printable(sha256, None)}, since {since}")


def _row(kind: str, entries: Sequence[Entry]) -> tuple[str, str, str, str]:
    mine = [entry for entry in entries if entry.kind == kind]
    return kind, f"{len(mine)}", f"{_bytes(mine):,}", KINDS[kind].holds


def _amount(entries: Sequence[Entry]) -> str:
    count = f"{len(entries)} entr{'y' if len(entries) == 1 else 'ies'}"
    return f"{count}, {_bytes(entries):,} bytes ({megabytes(_bytes(entries))})"


def _bytes(entries: Sequence[Entry]) -> int:
    return sum(entry.bytes for entry in entries)


def _place(cache: Cache) -> str:
    return str(cache.root.absolute())
