"""One Chromium in which everything is measured, each way of doing it in a tab of its own."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bench.host import Host
from bench.models import Models, Unavailable
from onthefly_studio.cache import Cache
from onthefly_studio.config import load
from onthefly_studio.pipeline import build
from onthefly_studio.report import Silent
from onthefly_studio.site import description
from onthefly_studio.sources import obtain
from onthefly_studio.validate.chromium import ensure_browser, launch_options

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

HERE = Path(__file__).parent
SLOW_LINE = 10e6 / 8
"""Bytes per second of a 10 Mbit/s line."""
PATIENCE_MS = 240_000
LIBRARIES = HERE.parent / "site_template" / "node_modules" / "@tensorflow"
"""TensorFlow.js in the version and the parts that the page has."""


class Stage:
    """The browser, the hosts, the sites and the models of one run.

    Args:
        backbone: the value of `--backbone`.
        scratch: an empty folder.
        say: told what is being done.
    """

    def __init__(self, backbone: str, scratch: Path, say: Callable[[str], None]) -> None:
        self.backbone, self.scratch, self.say = backbone, scratch, say
        self.cache = Cache()
        self.source = obtain(backbone, cache=self.cache, reporter=Silent())
        self._stack = ExitStack()
        self._sites: dict[str, Path] = {}
        self._hosts: dict[str, Host] = {}
        self._models: Models | None = None
        self._browser: Browser | None = None
        self._playwright: Playwright | None = None
        self._tabs: dict[str, Page | Unavailable] = {}

    # --- what is compared -----------------------------------------------------------------------

    def site(self, precision: str = "float16") -> Path:
        """A built site."""
        if precision not in self._sites:
            options = {"backbone": self.backbone, "precision": precision, "out": f"site-{precision}"}
            built = build(load(None, options), cache=self.cache, reporter=Silent(), root=self.scratch)
            self._sites[precision] = built.out
        return self._sites[precision]

    @property
    def features(self) -> int:
        """Width of the feature vector."""
        return description.read(self.site()).backbone.features

    @property
    def models(self) -> Models:
        """The backbone as the others read it."""
        if self._models is None:
            self.say("converting the backbone for the others")
            folder = self.scratch / "models"
            folder.mkdir()
            self._models = Models(self.source.origin, folder)
        return self._models

    # --- where ----------------------------------------------------------------------------------

    def host(self, precision: str = "float16", *, slow: bool = False) -> Host:
        """A host of the site and of everything else."""
        key = f"{precision} {slow}"
        if key not in self._hosts:
            mounts = {
                "/site/": self.site(precision),
                "/bench/": self._pages(),
                "/npm/": HERE / "node_modules",
                "/models/": self.models.folder,
                "/tensorflow/": LIBRARIES,
            }
            host = Host(mounts, rate=SLOW_LINE if slow else None)
            self._hosts[key] = self._stack.enter_context(host)
        return self._hosts[key]

    def _pages(self) -> Path:
        """Our pages; the one for the site's worker carries the site's policy."""
        folder = self.scratch / "pages"
        if not folder.exists():
            shutil.copytree(HERE / "page", folder)
            index = (self.site() / "index.html").read_text("utf-8")
            policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', index)
            head = f'<meta http-equiv="Content-Security-Policy" content="{policy[1]}">' if policy else ""
            page = f'<!doctype html><meta charset="utf-8">{head}<title>bench</title>'
            (folder / "ours.html").write_text(f'{page}<script type="module" src="main.js"></script>', "utf-8")
        return folder

    @property
    def browser(self) -> Browser:
        """Chromium, started."""
        if self._browser is None:
            flags = (
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                "--enable-unsafe-swiftshader",
                "--enable-precise-memory-info",
            )
            self._browser = self.launch(*flags)
        return self._browser

    def launch(self, *flags: str) -> Browser:
        """A Chromium with options of its own; it ends with the run."""
        if self._playwright is None:
            from playwright.sync_api import sync_playwright

            self._playwright = self._stack.enter_context(sync_playwright())
        browser = self._playwright.chromium.launch(**launch_options(*flags, browser=ensure_browser()))
        self._stack.callback(browser.close)
        return browser

    def context(self, *, service_workers: bool = False) -> BrowserContext:
        """A visitor who has never been here."""
        context = self.browser.new_context(service_workers="allow" if service_workers else "block")
        context.set_default_timeout(PATIENCE_MS)
        return context

    # --- tabs -----------------------------------------------------------------------------------

    def address(self, peer: str, *, slow: bool = False) -> str:
        """The page of one way of doing it: `ours`, `article:wasm`, `litert`, ..."""
        name, _, backend = peer.partition(":")
        page = "ours.html" if name == "ours" else "peer.html"
        query = f"peer={name}&features={self.features}" + (f"&backend={backend}" if backend else "")
        return f"{self.host(slow=slow).url}/bench/{page}?{query}"

    def tab(self, peer: str) -> Page:
        """Its tab, opened and warmed up once.

        Raises:
            Unavailable: it cannot be run here.
        """
        if peer not in self._tabs:
            try:
                self._tabs[peer] = self.open(self.context(), peer)
            except Unavailable as error:
                self._tabs[peer] = error
        tab = self._tabs[peer]
        if isinstance(tab, Unavailable):
            raise tab
        return tab

    def open(self, context: BrowserContext, peer: str, *, slow: bool = False) -> Page:
        """Open its page and wait for its first features.

        Raises:
            Unavailable: it cannot be run here.
        """
        if peer == "onnx" and self.models.onnx:
            raise Unavailable(self.models.onnx)
        return self.open_at(context, self.address(peer, slow=slow))

    def open_at(self, context: BrowserContext, address: str) -> Page:
        """Open one of our pages and wait for its first features.

        Raises:
            Unavailable: it cannot be run here.
        """
        from playwright.sync_api import Error

        page = context.new_page()
        try:
            page.goto(address)
            page.wait_for_function("() => globalThis.opened")
            page.evaluate("async () => { await opened; }")
        except Error as error:
            page.close()
            raise Unavailable(error.message.removeprefix("Page.evaluate: ").splitlines()[0]) from error
        return page

    def close_tab(self, peer: str) -> None:
        """Close a tab, so that its memory is free."""
        tab = self._tabs.pop(peer, None)
        if tab is not None and not isinstance(tab, Unavailable):
            tab.context.close()

    def call(self, page: Page, function: str, *arguments: Any) -> Any:
        """Call a function of what main.js opened.

        Raises:
            Unavailable: it threw.
        """
        from playwright.sync_api import Error

        script = "async ([name, given]) => (await opened)[name](...given)"
        try:
            return page.evaluate(script, [function, list(arguments)])
        except Error as error:
            raise Unavailable(error.message.removeprefix("Page.evaluate: ").splitlines()[0]) from error

    def renderer(self) -> str:
        """What draws for WebGL."""
        script = """() => {
          const gl = document.createElement('canvas').getContext('webgl2');
          const named = gl?.getExtension('WEBGL_debug_renderer_info');
          return gl ? gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : '';
        }"""
        page = self.context().new_page()
        try:
            page.goto(f"{self.host().url}/bench/data.js")
            return html.unescape(str(page.evaluate(script)))
        finally:
            page.context.close()

    def __enter__(self) -> Stage:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the browser and the hosts."""
        self._stack.close()
