"""Consoles, signals and ports of other systems, as far as they can be seen from here."""

from __future__ import annotations

import io
import signal
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from onthefly_studio import cli
from onthefly_studio.cli import serve as serve_command
from onthefly_studio.site import server
from tests.support.windows import refusal


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "ascii", "utf-8"])
def test_no_console_ends_the_command(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = {name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")}
    for name, stream in written.items():
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\x81\xfe\n"), encoding=encoding))
    cli._write_any_name()
    for stream in written.values():
        stream.write("ü … 猫")
        stream.flush()
        shown = stream.buffer.getvalue().decode(encoding)
        assert shown == "ü … 猫".encode(encoding, "backslashreplace").decode(encoding)
    assert sys.stdin.readline().endswith("\n")


def test_a_program_without_a_console(monkeypatch: pytest.MonkeyPatch) -> None:
    from onthefly_studio.cli import cache as cache_command
    from onthefly_studio.cli.report import ConsoleReporter

    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    cli._write_any_name()
    assert not cache_command._is_terminal()
    with ConsoleReporter().progress("Downloading", 10) as advance:
        advance(10)


@pytest.mark.parametrize("named", [("SIGINT", "SIGTERM"), ("SIGINT", "SIGTERM", "SIGBREAK")])
def test_only_signals_that_a_system_has(named: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[int, object] = {}
    numbers = {name: number for number, name in enumerate(named, 2)}
    fake = SimpleNamespace(
        **numbers,
        SIG_DFL=0,
        getsignal=lambda number: 0,
        signal=lambda number, act: taken.update({number: act}),
    )
    monkeypatch.setattr(cli, "signal", fake)
    cli._end_on_signals()
    assert set(taken) == {number for name, number in numbers.items() if name != "SIGINT"}
    taken.clear()
    monkeypatch.setattr(serve_command, "signal", fake)
    serve_command._stop_on_signals(SimpleNamespace(set=lambda: None))  # type: ignore[arg-type]
    assert set(taken) == set(numbers.values())
    assert signal.getsignal(signal.SIGINT) is not taken[numbers["SIGINT"]]


def test_a_port_is_had_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of that number, Linux knows another option, which can be seen.
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_KEEPALIVE, raising=False)
    with server.serve(tmp_path, headers=False) as serving:
        option = serving._server.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert option != 0


def test_a_port_that_windows_refuses_is_in_use() -> None:
    assert serve_command._refused(refusal(10013), on_windows=True) == "is in use"
    assert serve_command._refused(refusal(10013), on_windows=False) == "cannot be used without more rights"
