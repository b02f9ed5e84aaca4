import os
import re
import signal
import socket
import subprocess
import sys
import threading
import types
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from onthefly_studio.cli.serve import command
from tests.support.patience import PATIENCE_S
from tests.support.processes import heedful

PROGRAM = "from onthefly_studio.cli.serve import command; command()"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    root.mkdir()
    (root / "index.html").write_text("front")
    (root / "site.json").write_text("{}")
    return root


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_stopped(site: Path, number: int) -> None:
    with subprocess.Popen(
        heedful([sys.executable, "-u", "-c", PROGRAM, str(site), "--port", "0"]),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            line = process.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+/", line)
            assert url, line
            assert "Ctrl+C" in process.stdout.readline()
            with urllib.request.urlopen(url[0], timeout=PATIENCE_S) as answer:
                assert answer.read() == b"front"
            process.send_signal(number)
            rest, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert process.returncode == 0
    assert rest == "Stopped.\n"


@pytest.mark.parametrize(
    ("lacking", "said"),
    [(["index.html"], "has no index.html"), (["index.html", "site.json"], "no index.html and no site.json")],
)
def test_a_folder_that_is_no_site(site: Path, lacking: list[str], said: str) -> None:
    for name in lacking:
        (site / name).unlink()
    result = CliRunner().invoke(command, [str(site)])
    assert result.exit_code == 2
    assert said in result.output
    assert "onthefly build" in result.output


def test_no_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "dist")])
    assert result.exit_code == 2
    assert "no such folder" in result.output
    assert "onthefly build" in result.output


def test_a_port_in_use_names_one_that_is_free(site: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, [str(site), "--port", str(port)])
    assert result.exit_code == 2
    assert f"Port {port} is in use" in result.output
    offered = re.search(r"onthefly serve .*--port (\d+)", result.output)
    assert offered
    free = int(offered[1])
    assert free != port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may use every port; run as another user"
)
def test_a_port_that_needs_rights(site: Path) -> None:
    result = CliRunner().invoke(command, [str(site), "--port", "1"])
    assert result.exit_code == 2


def test_opens_the_page(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_page)
    monkeypatch.setattr("onthefly_studio.cli.serve._stop_on_signals", lambda stop: stop.set())
    result = CliRunner().invoke(command, [str(site), "--port", "0", "--open"])
    assert result.exit_code == 0, result.output
    assert opened[0].startswith("http://127.0.0.1:")


def test_watch_builds_with_the_configured_build(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--watch` hands the page's sources and the build command's own function to the watcher."""
    built: list[object] = []
    fake = types.ModuleType("onthefly_studio.cli.build")
    vars(fake)["build_from_config"] = built.append
    monkeypatch.setitem(sys.modules, "onthefly_studio.cli.build", fake)
    watched: list[Path] = []

    def watch_once(
        paths: Sequence[Path], rebuild: Callable[[], object], stop: threading.Event, **options: Any
    ) -> None:
        watched.extend(paths)
        rebuild()
        stop.set()

    monkeypatch.setattr("onthefly_studio.cli.serve.watch", watch_once)
    result = CliRunner().invoke(command, [str(site), "--port", "0", "--watch"])
    assert result.exit_code == 0, result.output
    assert built == [None]
    assert Path("site.toml") in watched
    assert {path.name for path in watched} >= {"templates", "static", "src"}
