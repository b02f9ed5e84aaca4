"""Finds a Chromium to drive, or installs one, and knows the options it is driven with.

As a program, `python -m onthefly_studio.validate.chromium [--install]`, it prints the browser's path.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from onthefly_studio.errors import SourceError

Say = Callable[[str], None]
"""Told one line before anything is downloaded."""

PATH_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")

_MEND = "Install Chromium or Google Chrome, or set CHROMIUM to its executable."


def _sandbox_is_impossible(
    *, uid: int | None = None, system: str = sys.platform, root: Path = Path("/")
) -> bool:
    """Whether Chromium's own sandbox cannot start here, as far as files tell without trying.

    On Linux it refuses to run as root, and needs user namespaces, which containers seldom grant and
    some distributions withhold.
    """
    if not system.startswith("linux"):
        return False
    if uid == 0 or (uid is None and sys.platform != "win32" and os.geteuid() == 0):
        return True
    if any((root / marker).exists() for marker in (".dockerenv", "run/.containerenv")):
        return True
    refusals = {
        "kernel/unprivileged_userns_clone": "0",
        "user/max_user_namespaces": "0",
        "kernel/apparmor_restrict_unprivileged_userns": "1",
    }
    for name, refusal in refusals.items():
        try:
            if (root / "proc/sys" / name).read_text(encoding="ascii").strip() == refusal:
                return True
        except OSError:
            continue
    return False


SANDBOX = not _sandbox_is_impossible()
"""Whether Chromium's sandbox is left on. Playwright turns it off unless told: `launch_options` tells it."""

LAUNCH_ARGS: tuple[str, ...] = (
    # No traffic but the page's own: a test that watches the network must see only that.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    *(() if SANDBOX else ("--no-sandbox",)),
)
"""Options for every start."""

SOFTWARE_WEBGL: tuple[str, ...] = ("--enable-unsafe-swiftshader", "--use-angle=swiftshader")
"""Options for WebGL computed on the processor, for machines without a GPU and for equal results."""

SOFTWARE_WEBGPU: tuple[str, ...] = (
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-unsafe-swiftshader",
)
"""Options for WebGPU computed on the processor."""


def launch_options(*args: str, browser: Path | None = None) -> dict[str, Any]:
    """The keyword arguments for Playwright's `chromium.launch` and `launch_persistent_context`.

    Args:
        args: further options of Chromium.
        browser: the program; the one that `ensure_browser` gives by default.
    """
    return {
        "executable_path": str(browser or ensure_browser()),
        "args": [*LAUNCH_ARGS, *args],
        "chromium_sandbox": SANDBOX,
    }


def find_browser() -> Path | None:
    """A Chromium or Chrome on this machine that runs, or None. Downloads nothing.

    In order: `$CHROMIUM`; names on the PATH; where macOS and Windows install them; what Playwright
    downloaded before.

    Raises:
        SourceError: `$CHROMIUM` is set and is not a program that runs.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        program = shutil.which(named)
        if program is None or not _runs(Path(program)):
            raise SourceError(
                "CHROMIUM does not name a browser that can be run"
                + (" (it did not answer `--version`)." if program else "."),
                where=f"CHROMIUM={named}",
                hint="Set it to the executable of Chromium or Chrome, or unset it to search for one.",
            )
        return Path(program)
    return next((path for path in _candidates() if _runs(path)), None)


def ensure_browser(say: Say | None = None) -> Path:
    """A browser that runs: one that is here, or else one that is installed now.

    What is tried to install it: Debian's package, where we are root; then Playwright's download.

    Args:
        say: told before a download begins; a line on stderr by default.

    Raises:
        SourceError: there is none and none could be installed, with what was tried.
    """
    say = say or (lambda line: click.echo(line, err=True))
    found = find_browser()
    if found:
        return found
    failures: list[str] = []
    for install in (_install_with_apt, _install_with_playwright):
        failure = install(say)
        if failure:
            failures.append(failure)
            continue
        found = find_browser()
        if found:
            return found
        failures.append(f"{install.__name__.rpartition('_')[2]}: installed a browser that does not run")
    raise SourceError(
        "No browser was found and none could be installed.", where="; ".join(failures), hint=_MEND
    )


def _runs(path: Path) -> bool:
    """Whether it is a browser that starts, not an installer's stub (as Ubuntu's package is)."""
    if not (path.is_file() and os.access(path, os.X_OK)):
        return False
    if sys.platform == "win32":  # there `--version` opens a window
        return True
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and re.search(r"Chrom\w* .*\d+\.\d+", answer.stdout) is not None


def _candidates() -> Iterator[Path]:
    for name in PATH_NAMES:
        program = shutil.which(name)
        if program:
            yield Path(program)
    yield from _application_paths(sys.platform, os.environ, Path.home())
    yield from _playwright_browsers()


def _application_paths(system: str, environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Where installers put a browser that is not on the PATH."""
    if system == "darwin":
        for applications in (Path("/Applications"), home / "Applications"):
            for name in ("Chromium", "Google Chrome", "Google Chrome for Testing"):
                yield applications / f"{name}.app" / "Contents" / "MacOS" / name
    elif system == "win32":
        for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            if folder := environment.get(variable):
                yield Path(folder) / "Chromium" / "Application" / "chrome.exe"
                yield Path(folder) / "Google" / "Chrome" / "Application" / "chrome.exe"


def _playwright_browsers() -> Iterator[Path]:
    """Playwright's whole downloads of Chromium, the newest first."""
    programs = (
        "chrome-linux*/chrome",
        "chrome-mac*/*.app/Contents/MacOS/*",
        "chrome-win*/chrome.exe",
    )
    builds: list[tuple[int, Path]] = []
    folder = _playwright_folder()
    for build in folder.glob("chromium-*") if folder else ():
        number = build.name.rpartition("-")[2]
        if number.isdigit() and (build / "INSTALLATION_COMPLETE").exists():
            builds.append((int(number), build))
    for _, build in sorted(builds, reverse=True):
        for program in programs:
            yield from sorted(build.glob(program))


def _playwright_folder() -> Path | None:
    """Where Playwright keeps its browsers, by its own rules."""
    given = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if given == "0":  # beside its driver
        package = importlib.util.find_spec("playwright")
        if package is None or package.origin is None:
            return None
        return Path(package.origin).parent / "driver" / "package" / ".local-browsers"
    if given:
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) / "ms-playwright" if local else None
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "ms-playwright"


def _install_with_apt(say: Say) -> str | None:
    """Debian's package; returns why it could not be installed."""
    if not _may_use_apt():
        return "apt: needs root on a Debian"
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    if system.get("ID") == "ubuntu":
        # Its `chromium` only hands over to snap, which containers and CI machines do not run.
        return "apt: Ubuntu has no package of Chromium, only a snap"
    say("No browser found: downloading Debian's package `chromium` (about 100 MB with what it needs).")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A stale list names packages that are gone, but a list that cannot be renewed may still do.
    _run(["apt-get", "update", "-qq"], environment)
    return _failure("apt", _run(["apt-get", "install", "-y", "-qq", "chromium"], environment))


def _install_with_playwright(say: Say) -> str | None:
    """Playwright's own build; returns why it could not be installed."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright: the Python package is not installed"
    say("No browser found: downloading Playwright's build of Chromium (about 180 MB).")
    command = [sys.executable, "-m", "playwright", "install", "chromium", "--no-shell"]
    if _may_use_apt():
        command.append("--with-deps")
    return _failure("playwright", _run(command, dict(os.environ)))


def _may_use_apt() -> bool:
    return sys.platform.startswith("linux") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str] | None:
    """Run an installer, keeping its talk for the error message; None if it could not run to its end."""
    try:
        return subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=1800,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _failure(name: str, ended: subprocess.CompletedProcess[str] | None) -> str | None:
    if ended is None:
        return f"{name}: did not finish"
    if ended.returncode == 0:
        return None
    lines = [line.strip() for line in ended.stdout.splitlines() if line.strip()]
    # The line that says why: the last that calls itself an error, not the stack under it.
    reasons = [line for line in lines if re.match(r"E:|\w*Error\b|Failed\b", line)] or lines
    return f"{name}: exit code {ended.returncode}" + (f", {reasons[-1]}" if reasons else "")


@click.command()
@click.option("--install", is_flag=True, help="Install a browser if none is found.")
def command(install: bool) -> None:
    """Print the path of the browser that checks and tests drive."""
    path = ensure_browser() if install else find_browser()
    if path is None:
        raise SourceError(
            "No browser was found on this machine.",
            where="PATH",
            hint=f"{_MEND} Or run `python -m onthefly_studio.validate.chromium --install`.",
        )
    click.echo(path)


if __name__ == "__main__":
    command()
