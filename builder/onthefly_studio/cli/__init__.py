"""The command `onthefly`: arguments and messages only; the work is in the stages."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn

import click

from onthefly_studio import __version__

# Before NumPy is imported: on a busy machine it takes milliseconds to spread a product of small matrices
# over threads, and a hundredth of that in one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

COMMANDS = {
    "new": "Start a site: settings, and a workflow that publishes it.",
    "build": "Build the site.",
    "serve": "Serve a built site on this machine.",
    "validate": "Check what a built site computes, in a real browser.",
    "verify": "Train an exported project again and compare.",
    "predict": "Say what pictures show, using an exported project.",
    "evaluate": "Measure an exported project on photographs.",
    "train": "Train a project on a folder of photographs.",
    "export": "Write an exported project as one model for other programs.",
    "inspect": "Show what is inside a built site.",
    "cache": "Show or clear what is kept between builds.",
}
_STOPPED = "Stopped."


class _Lazy(click.Group):
    """Imports a command's module only when it is used: no command pays for another, and --help for none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"onthefly_studio.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="onthefly")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """One command turns MobileNetV3 weights into a static site that learns from a webcam."""


class _AskedToEnd(BaseException):
    """A signal asked the command to end: it unwinds as Ctrl-C does, so that what was begun is cleaned up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def _end_on_signals() -> None:
    """Let other signals end the command as Ctrl-C does, unless the caller has it ignore them (nohup)."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise _AskedToEnd(number)

    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        # Windows has no SIGHUP, and for a window that is closed SIGBREAK, which is nowhere else.
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _write_any_name() -> None:
    """Let a console that cannot encode a character get its code, and read what it cannot decode."""
    for stream, errors in (
        (sys.stdin, "replace"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def main() -> None:
    """Run the command; a failure that is not the user's ends with exit code 70."""
    _end_on_signals()
    _write_any_name()
    try:
        cli.main(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo(_STOPPED, err=True)
        sys.exit(130)
    except _AskedToEnd as asked:
        click.echo(_STOPPED, err=True)
        sys.exit(asked.exit_code)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        click.echo(
            f"Error: this is a bug in onthefly: {type(error).__name__}: {error}\n"
            "  hint:  run again with `onthefly --debug ...` and report what it prints.",
            err=True,
        )
        sys.exit(70)
