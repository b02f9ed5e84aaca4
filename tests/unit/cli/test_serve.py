import os
import re
import signal
import socket
import subprocess
import sys
import types
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from onthefly_studio.cli.serve import command
from onthefly_studio.errors import ConfigError
from tests.patience import PATIENCE_S
from tests.processes import heedful

PROGRAM = "from onthefly_studio.cli.serve import command; command()"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    root.mkdir()
    (root / "index.html").write_text("front")
    (root / "site.json").write_text("{}")
    return root


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_stopped(site: Path, number: int):
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
def test_a_folder_that_is_no_site(site: Path, lacking: list[str], said: str):
    for name in lacking:
        (site / name).unlink()
    result = CliRunner().invoke(command, [str(site)])
    assert result.exit_code == 2
    assert said in result.output
    assert "onthefly build" in result.output


def test_no_folder(tmp_path: Path):
    result = CliRunner().invoke(command, [str(tmp_path / "dist")])
    assert result.exit_code == 2
    assert "no such folder" in result.output
    assert "onthefly build" in result.output


def test_a_port_in_use_names_one_that_is_free(site: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, [str(site), "--port", str(port)])
    assert result.exit_code == 2
    assert f"Port {port} is in use" in result.output
    free = int(re.search(r"onthefly serve .*--port (\d+)", result.output)[1])
    assert free != port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may use every port; run as another user"
)
def test_a_port_that_needs_rights(site: Path):
    result = CliRunner().invoke(command, [str(site), "--port", "1"])
    assert result.exit_code == 2


def test_opens_the_page(site: Path, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    monkeypatch.setattr("onthefly_studio.cli.serve._stop_on_signals", lambda stop: stop.set())
    result = CliRunner().invoke(command, [str(site), "--port", "0", "--open"])
    assert result.exit_code == 0, result.output
    assert opened[0].startswith("http://127.0.0.1:")


def test_watch_builds_with_the_configured_build(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`--watch` hands the page's sources and the build command's own function to the watcher."""
    built: list[object] = []
    fake = types.ModuleType("onthefly_studio.cli.build")
    fake.build_from_config = built.append
    monkeypatch.setitem(sys.modules, "onthefly_studio.cli.build", fake)
    watched: list[Path] = []

    def watch_once(paths, rebuild, stop, **options) -> None:
        watched.extend(paths)
        rebuild()
        stop.set()

    monkeypatch.setattr("onthefly_studio.cli.serve.watch", watch_once)
    result = CliRunner().invoke(command, [str(site), "--port", "0", "--watch"])
    assert result.exit_code == 0, result.output
    assert built == [None]
    assert Path("site.toml") in watched
    assert {path.name for path in watched} >= {"templates", "static", "src"}


def test_watch_says_once_that_a_name_is_old(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONTHEFLY_CACHE", str(tmp_path / "cache"))
    Path("site.toml").write_text('project = "none.zip"\nout = "site"\n', "utf-8")

    def watch_twice(paths, rebuild, stop, **options) -> None:
        for _ in range(2):
            with pytest.raises(ConfigError, match="cannot be read"):
                rebuild()
        stop.set()

    monkeypatch.setattr("onthefly_studio.cli.serve.watch", watch_twice)
    result = CliRunner().invoke(command, [str(site), "--port", "0", "--watch"])
    assert result.exit_code == 0, result.output
    assert result.output.count("project in site.toml is now called starter") == 1
