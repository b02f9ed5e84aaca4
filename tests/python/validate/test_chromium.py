import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from onthefly_studio.errors import SourceError
from onthefly_studio.validate import chromium
from onthefly_studio.validate.chromium import ensure_browser, find_browser, launch_options

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake browsers are shell scripts")

REAL = find_browser()


def program(path: Path, answer: str = "Chromium 156.0.1.2 built on Debian", code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; returns the only folder on its PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CHROMIUM", "PLAYWRIGHT_BROWSERS_PATH", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(chromium, "_application_paths", lambda *given: iter(()))
    return folder


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The installers' commands, which do nothing here but be written down."""
    commands: list[list[str]] = []

    def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        commands.append([Path(command[0]).name, *command[1:]])
        return subprocess.CompletedProcess(
            command, 100, "Get:1\nE: Unable to locate package\n  at ChildProcess\n"
        )

    monkeypatch.setattr(chromium, "_run", run)
    return commands


def test_none(bare: Path) -> None:
    assert find_browser() is None


def test_names_on_the_path_in_order(bare: Path) -> None:
    program(bare / "google-chrome", "Google Chrome 150.0.1.2")
    assert find_browser() == bare / "google-chrome"
    program(bare / "chromium")
    assert find_browser() == bare / "chromium"


@pytest.mark.parametrize(
    ("answer", "code"),
    [("Command '/usr/bin/chromium-browser' requires the chromium snap to be installed.", 1), ("hello", 0)],
)
def test_a_stub_is_no_browser(bare: Path, answer: str, code: int) -> None:
    program(bare / "chromium", answer.replace("'", ""), code)
    assert find_browser() is None
    program(bare / "google-chrome-stable", "Google Chrome 150.0.1.2")
    assert find_browser() == bare / "google-chrome-stable"


def test_the_environment_names_one(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(bare / "chromium")
    mine = program(tmp_path / "mine", "Google Chrome for Testing 157.0.1.2")
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert find_browser() == mine
    monkeypatch.setenv("CHROMIUM", "chromium")
    assert find_browser() == bare / "chromium"


def test_the_environment_names_none_that_runs(
    bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(bare / "chromium")  # is not taken in its place
    plain = program(tmp_path / "plain")
    plain.chmod(0o644)
    for value in (tmp_path / "missing", plain, program(tmp_path / "stub", "no", 1), tmp_path):
        monkeypatch.setenv("CHROMIUM", str(value))
        with pytest.raises(SourceError, match="CHROMIUM") as caught:
            find_browser()
        assert str(value) in caught.value.where
        with pytest.raises(SourceError):
            ensure_browser()


def test_macos_and_windows_places(tmp_path: Path) -> None:
    places = [*chromium._application_paths("darwin", {}, tmp_path)]
    assert tmp_path / "Applications/Google Chrome.app/Contents/MacOS/Google Chrome" in places
    assert Path("/Applications/Chromium.app/Contents/MacOS/Chromium") in places
    places = [*chromium._application_paths("win32", {"PROGRAMFILES": "C:/P"}, tmp_path)]
    assert Path("C:/P/Google/Chrome/Application/chrome.exe") in places
    assert [*chromium._application_paths("linux", {}, tmp_path)] == []


def test_playwrights_newest_whole_download(
    bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "pw"))
    for number, whole in ((999, True), (1200, True), (1300, False)):
        program(tmp_path / f"pw/chromium-{number}/chrome-linux64/chrome")
        if whole:
            (tmp_path / f"pw/chromium-{number}/INSTALLATION_COMPLETE").touch()
    program(tmp_path / "pw/chromium_headless_shell-1400/chrome-linux/headless_shell")
    assert find_browser() == tmp_path / "pw/chromium-1200/chrome-linux64/chrome"


def test_playwrights_folder(bare: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert chromium._playwright_folder() == tmp_path / "home/.cache/ms-playwright"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert chromium._playwright_folder() == tmp_path / "home/Library/Caches/ms-playwright"
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "0")
    assert chromium._playwright_folder().parts[-3:] == ("driver", "package", ".local-browsers")


def test_ensure_takes_what_is_there(bare: Path, ran: list[list[str]]) -> None:
    program(bare / "chromium")
    said: list[str] = []
    assert ensure_browser(said.append) == bare / "chromium"
    assert (ran, said) == ([], [])


def test_ensure_installs_debians_package(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "_may_use_apt", lambda: True)
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "debian"})
    commands: list[list[str]] = []

    def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        assert environment["DEBIAN_FRONTEND"] == "noninteractive"
        if "install" in command:
            program(bare / "chromium")
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(chromium, "_run", run)
    said: list[str] = []
    assert ensure_browser(said.append) == bare / "chromium"
    assert [command[1] for command in commands] == ["update", "install"]
    assert len(said) == 1 and "MB" in said[0]


def test_ensure_goes_on_to_playwright(
    bare: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On Ubuntu apt is not tried, for its package is a stub; as no root, nothing is asked of apt."""
    monkeypatch.setattr(chromium, "_may_use_apt", lambda: True)
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "ubuntu"})
    with pytest.raises(SourceError) as caught:
        ensure_browser(lambda line: None)
    assert [command[1:] for command in ran] == [
        ["-m", "playwright", "install", "chromium", "--no-shell", "--with-deps"]
    ]
    assert "snap" in caught.value.where and "exit code 100, E: Unable" in caught.value.where
    assert "CHROMIUM" in caught.value.mend
    monkeypatch.setattr(chromium, "_may_use_apt", lambda: False)
    with pytest.raises(SourceError):
        ensure_browser(lambda line: None)
    assert "--with-deps" not in ran[-1]


def test_an_install_that_brings_a_stub_is_not_believed(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "_may_use_apt", lambda: True)
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "debian"})

    def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        program(bare / "chromium", "requires the chromium snap", 1)
        return subprocess.CompletedProcess(command, 0, "")

    monkeypatch.setattr(chromium, "_run", run)
    with pytest.raises(SourceError, match="apt: installed a browser that does not run"):
        ensure_browser(lambda line: None)


def test_the_sandbox_is_left_on_where_it_can_be(tmp_path: Path) -> None:
    def impossible(uid: int = 1000, system: str = "linux") -> bool:
        return chromium._sandbox_is_impossible(uid=uid, system=system, root=tmp_path)

    assert not impossible()
    assert impossible(uid=0)
    assert not impossible(uid=0, system="darwin")
    setting = tmp_path / "proc/sys/kernel/apparmor_restrict_unprivileged_userns"
    setting.parent.mkdir(parents=True)
    setting.write_text("0\n")
    assert not impossible()
    setting.write_text("1\n")
    assert impossible()
    setting.unlink()
    (tmp_path / ".dockerenv").touch()
    assert impossible()


def test_launch_options(tmp_path: Path) -> None:
    options = launch_options("--mute-audio", browser=tmp_path / "chromium")
    assert options["executable_path"] == str(tmp_path / "chromium")
    assert options["args"][-1] == "--mute-audio"
    assert ("--no-sandbox" in options["args"]) is not options["chromium_sandbox"]


def test_the_program_prints_the_path(bare: Path) -> None:
    result = CliRunner().invoke(chromium.command, [])
    assert result.exit_code == 3
    assert "mend:" in result.output
    program(bare / "chromium")
    for arguments in ([], ["--install"]):
        result = CliRunner().invoke(chromium.command, arguments)
        assert (result.exit_code, result.output) == (0, f"{bare / 'chromium'}\n")


@pytest.mark.skipif(
    REAL is None, reason="no Chromium; `python -m onthefly_studio.validate.chromium --install` installs one"
)
def test_the_browser_that_is_found_starts_headless() -> None:
    def compute() -> int:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(**launch_options(browser=REAL))
            try:
                return browser.new_page().evaluate("1 + 1")
            finally:
                browser.close()

    # In a thread of its own: another test may hold a Playwright in this one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(compute).result() == 2


@pytest.mark.skipif(REAL is None, reason="no Chromium; see above")
@pytest.mark.parametrize(
    ("args", "script"),
    [
        (
            chromium.SOFTWARE_WEBGL,
            """() => {
              const gl = document.createElement('canvas').getContext('webgl2');
              const info = gl?.getExtension('WEBGL_debug_renderer_info');
              return gl ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : 'none';
            }""",
        ),
        (
            chromium.SOFTWARE_WEBGPU,
            """async () => {
              const adapter = await navigator.gpu?.requestAdapter();
              return adapter ? `${adapter.info.vendor} ${adapter.info.architecture}` : 'none';
            }""",
        ),
    ],
    ids=["webgl", "webgpu"],
)
def test_the_gpu_in_software(args: tuple[str, ...], script: str, tmp_path: Path) -> None:
    def ask() -> str:
        from playwright.sync_api import sync_playwright

        from onthefly_studio.site.server import serve

        (tmp_path / "index.html").write_text("<!doctype html><title>gpu</title>")
        with serve(tmp_path) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(**launch_options(*args, browser=REAL))
            try:
                page = browser.new_page()
                page.goto(server.url)  # WebGPU wants a secure context, as loopback is
                return page.evaluate(script)
            finally:
                browser.close()

    with ThreadPoolExecutor(1) as pool:
        assert "swiftshader" in pool.submit(ask).result().lower()
