"""`onthefly serve`: look at a built site on this machine."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
import webbrowser
from pathlib import Path
from types import FrameType

import click

import onthefly_studio
from onthefly_studio.errors import ConfigError
from onthefly_studio.site.server import LOOPBACK, SiteServer, serve, take_alone
from onthefly_studio.site.watch import watch

PORT = 8000
DIRECTORY = Path("dist")


@click.command("serve")
@click.argument(
    "directory", metavar="[DIR]", default=DIRECTORY, type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes one that is free.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--watch", "watching", is_flag=True, help="Build again when site.toml or the page's sources change."
)
def command(directory: Path, port: int, open_page: bool, watching: bool) -> None:
    """Serve the built site in DIR (dist by default) on this machine only."""
    _check_site(directory)
    stop = threading.Event()
    with _start(directory, port) as server:
        _stop_on_signals(stop)
        click.echo(f"Serving {directory} at {server.url}")
        click.echo("Press Ctrl+C to stop.")
        if open_page and not webbrowser.open(server.url):
            click.echo("No browser could be opened from here; open the address yourself.", err=True)
        if watching:
            # Only here: it loads what a build needs.
            from onthefly_studio.cli.build import build_from_config

            watch(_sources(), lambda: build_from_config(None), stop, say=click.echo)
        while not stop.wait(0.5):  # an endless wait would not see signals on Windows
            pass
    click.echo("Stopped.")


def _check_site(directory: Path) -> None:
    missing = [name for name in ("index.html", "site.json") if not (directory / name).is_file()]
    if missing:
        what = (
            "There is no such folder" if not directory.is_dir() else f"It has no {' and no '.join(missing)}"
        )
        raise ConfigError(
            f"{directory} is not a built site. {what}.",
            where=str(directory.absolute()),
            hint="onthefly build",
        )


def _start(directory: Path, port: int) -> SiteServer:
    try:
        return serve(directory, port=port, log=lambda line: click.echo(line, err=True))
    except OSError as error:
        free = _free_port(max(port, PORT) + 1)
        named = "" if directory == DIRECTORY else f" {directory}"
        raise ConfigError(
            f"Port {port} {_refused(error)}.",
            where=f"--port {port}",
            hint=f"onthefly serve{named} --port {free}",
        ) from error


def _refused(error: OSError, *, on_windows: bool = os.name == "nt") -> str:
    """What is the matter with a port that cannot be had."""
    # Windows keeps no port for those with more rights: so it speaks of what somebody has for himself alone.
    if error.errno == errno.EADDRINUSE or (on_windows and error.errno == errno.EACCES):
        return "is in use"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "cannot be used without more rights"
    return f"cannot be listened on ({error.strerror})"


def _free_port(first: int) -> int:
    """The next port from `first` on that nobody listens on; 0, which means any, where none is near."""
    for port in range(first, min(first + 200, 65536)):
        with socket.socket() as probe:
            try:
                take_alone(probe)
                probe.bind((LOOPBACK, port))
                return port
            except OSError:
                continue
    return 0


def _sources() -> list[Path]:
    """What a site is made of, besides the weights."""
    template = Path(onthefly_studio.__file__).parents[2] / "site_template"
    names = ("templates", "static", "src", "assembly", "build.mjs")
    return [Path("site.toml"), *(template / name for name in names)]


def _stop_on_signals(stop: threading.Event) -> None:
    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)  # Windows alone has SIGBREAK
        if number is not None:
            signal.signal(number, on_signal)
