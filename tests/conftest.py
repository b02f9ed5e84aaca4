"""What tests share: one cache, so that each model is converted once, and one real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from builder.backbone.convert import Converted, convert
from builder.backbone.obtain import Source, obtain
from builder.backbone.precision import Precision
from builder.cache import Cache
from builder.config import load
from builder.parity.chromium import find_browser, launch_options
from builder.pipeline import Built, build
from builder.report import Silent
from builder.site.server import SiteServer, serve
from tests import data, tensorflow_scripts
from tests.hubserver import HubServer

HANDLE = "/google/imagenet/mobilenet_v3_small_{width}_224/feature_vector/5"


@pytest.fixture(scope="session", autouse=True)
def _away_from_the_users_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's own caches."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ONTHEFLY_CACHE", "TFHUB_CACHE_DIR", "KAGGLEHUB_CACHE"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """The cache that all tests share."""
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def hub() -> Iterator[HubServer]:
    """A loopback TF Hub with Google's archives, as far as they are here."""
    modules = {HANDLE.format(width=width): path for width, path in data.WEIGHTS.items() if path.exists()}
    with HubServer(modules) as server:
        yield server


@pytest.fixture(scope="session")
def backbone(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The value of `--backbone` for `100`, `075`, `embedded`, `keras-small` or `keras-large`.

    Skips where Google's weights are absent. Keras' networks have random weights and zero biases.
    """
    saved: dict[str, Path] = {}

    def value(name: str) -> str:
        if name == "embedded":
            return name
        if name.startswith("keras-"):
            if name not in saved:
                saved[name] = tmp_path_factory.mktemp(name) / "model"
                tensorflow_scripts.run("keras_model", saved[name], name.removeprefix("keras-"))
            return str(saved[name])
        data.weights(name)
        return hub.url(HANDLE.format(width=name))

    return value


@pytest.fixture(scope="session")
def source(cache: Cache, backbone: Callable[[str], str]) -> Callable[[str], Source]:
    """Obtained weights by name."""
    return lambda name: obtain(backbone(name), cache=cache, reporter=Silent())


@pytest.fixture(scope="session")
def converted(cache: Cache, source: Callable[[str], Source]) -> Callable[[str, Precision], Converted]:
    """A converted backbone by name and precision."""
    return lambda name, precision: convert(source(name), precision, cache=cache, reporter=Silent())


@pytest.fixture(scope="session")
def site(
    cache: Cache, backbone: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Built]:
    """A built site by backbone, precision and further settings; each is built once."""
    built: dict[str, Built] = {}

    def make(name: str, precision: Precision = "float16", **settings: Any) -> Built:
        key = repr((name, precision, sorted(settings.items())))
        if key not in built:
            options = {"backbone": backbone(name), "precision": precision, "out": "dist", **settings}
            root = tmp_path_factory.mktemp("site")
            built[key] = build(load(None, options), cache=cache, reporter=Silent(), root=root)
        return built[key]

    return make


@pytest.fixture(scope="session")
def serving() -> Iterator[Callable[[Path], SiteServer]]:
    """Serves folders as a plain host does: no headers of its own. Stops when the tests end."""
    servers: dict[Path, SiteServer] = {}

    def start(folder: Path) -> SiteServer:
        if folder not in servers:
            servers[folder] = serve(folder, port=0, headers=False)
            servers[folder].__enter__()
        return servers[folder]

    yield start
    for server in servers.values():
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """Playwright, once."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


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


Opener = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium(playwright: Any) -> Opener:
    """Starts Chromium with a fake camera: `with chromium(film=..., width=..., dark=...) as visit`."""
    browser_path = find_browser()
    if browser_path is None:
        pytest.fail("no Chromium found; `make test` installs one, or set CHROMIUM to its path")

    @contextmanager
    def open_browser(
        *arguments: str,
        film: Path | None = None,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        camera: bool = True,
        service_workers: Literal["allow", "block"] = "block",
    ) -> Iterator[Visit]:
        flags = list(arguments)
        if camera:
            flags.append("--use-fake-device-for-media-stream")
            flags.append("--use-fake-ui-for-media-stream")
        if film is not None:
            flags.append(f"--use-file-for-fake-video-capture={film}")
        browser = playwright.chromium.launch(**launch_options(*flags, browser=browser_path))
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                # Tests that intercept requests must see them all.
                service_workers=service_workers,
            )
            yield Visit(context.new_page())
        finally:
            browser.close()

    return open_browser
