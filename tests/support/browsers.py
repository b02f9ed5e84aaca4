"""Chromiums that stay for the next test: to start one takes longer than many a visit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from onthefly_studio.validate.chromium import launch_options
from tests.support.camera import CHROMIUM_ARGS
from tests.support.patience import PATIENCE_MS

KEPT = 2
"""Browsers that run though nobody uses them; each holds some hundred megabytes."""


_OFF = (
    # What Playwright turns off. It says so in the same option, and of two the browser heeds the last.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    # Pages of the browser's own, behind its address bar: two for every context, each as dear as the
    # page under test.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
)
NO_SOFTWARE_GRAPHICS = ("--disable-software-rasterizer",)
"""Graphics computed by software take many times as long as plain JavaScript."""


def camera_flags(film: Path | None = None) -> tuple[str, ...]:
    """For a camera that shows a film, or else a made-up picture."""
    return CHROMIUM_ARGS if film is None else (*CHROMIUM_ARGS, f"--use-file-for-fake-video-capture={film}")


class Browsers:
    """Browsers by the options they were started with."""

    def __init__(self, playwright: Any, path: Path) -> None:
        self._playwright, self._path = playwright, path
        self._idle: dict[tuple[str, ...], Any] = {}
        """The one that was used last stands last."""

    @contextmanager
    def running(self, *flags: str) -> Iterator[Any]:
        """A browser that nobody else uses. Contexts that are left open in it are closed with it."""
        browser = self._idle.pop(flags, None)
        if browser is None or not browser.is_connected():
            browser = self._start(flags)
        try:
            yield browser
        finally:
            self._keep(flags, browser)

    def close(self) -> None:
        """End them all."""
        while self._idle:
            self._idle.popitem()[1].close()

    def _start(self, flags: tuple[str, ...]) -> Any:
        # The made-up camera at a quarter of its pace: a page has work with every frame.
        options = [f"{flag}=fps=5" if flag == CHROMIUM_ARGS[0] else flag for flag in flags]
        options.append(f"--disable-features={','.join(_OFF)}")
        browser = self._playwright.chromium.launch(**launch_options(*options, browser=self._path))
        browser.new_context = partial(_patient_context, browser.new_context)
        return browser

    def _keep(self, flags: tuple[str, ...], browser: Any) -> None:
        for context in browser.contexts:
            context.close()
        if flags in self._idle or not browser.is_connected():
            browser.close()
            return
        self._idle[flags] = browser
        while len(self._idle) > KEPT:
            self._idle.pop(next(iter(self._idle))).close()


def _patient_context(new_context: Any, **options: Any) -> Any:
    context = new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context


class Visit:
    """A page under test, with everything it complained about."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))

    def _console(self, message: Any) -> None:
        if "blocked by Playwright" in message.text:  # as `service_workers="block"` asks
            return
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")
