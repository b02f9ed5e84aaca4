"""What tests share: one cache, so that each model is converted once, its sites, and real browsers.

Where tests run in several processes, all of them share the cache and the sites.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import filelock
import pytest

from onthefly_studio.cache import Cache, sha256_text
from onthefly_studio.config import load
from onthefly_studio.contract import Precision
from onthefly_studio.graph.convert import Converted, convert
from onthefly_studio.pipeline import Built, build
from onthefly_studio.report import Silent
from onthefly_studio.site.server import SiteServer, serve
from onthefly_studio.sources import Source, obtain
from onthefly_studio.validate.chromium import find_browser
from tests.support import data, tensorflow_scripts
from tests.support.browsers import Browsers, Visit, camera_flags
from tests.support.hubserver import HubServer
from tests.support.patience import PATIENCE_MS

HANDLE = "/google/imagenet/mobilenet_v3_small_{width}_224/feature_vector/5"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run the files, and the tests in each, in an order drawn from this seed",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--shuffle") is not None:
        config.option.loadscopereorder = False  # else several processes begin with the files of many tests


def pytest_report_header(config: pytest.Config) -> str | None:
    seed = config.getoption("--shuffle")
    return None if seed is None else f"order: --shuffle {seed}"


@pytest.hookimpl(trylast=True)  # after pytest's own, which puts together what shares a fixture
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("--shuffle")
    if seed is None:
        return
    drawn = random.Random(seed)
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    for tests in files.values():
        drawn.shuffle(tests)
    order = list(files.values())
    drawn.shuffle(order)
    items[:] = [item for tests in order for item in tests]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no name: packed ones hold the time of day, and processes must find the same tests."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def _away_from_the_users_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's own caches."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ONTHEFLY_CACHE", "TFHUB_CACHE_DIR", "KAGGLEHUB_CACHE"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture(scope="session")
def cache(shared: Path) -> Cache:
    """The cache that all tests share. Others may be writing to it: see `own_cache`."""
    (shared / "cache").mkdir(exist_ok=True)
    return Cache(shared / "cache")


@pytest.fixture(scope="session")
def hub() -> Iterator[HubServer]:
    """A loopback TF Hub with Google's archives, as far as they are here."""
    modules = {HANDLE.format(width=width): path for width, path in data.WEIGHTS.items() if path.exists()}
    with HubServer(modules) as server:
        yield server


@pytest.fixture(scope="session")
def backbone(hub: HubServer, shared: Path) -> Callable[[str], str]:
    """The value of `--backbone` for `100`, `075`, `embedded`, `keras-small` or `keras-large`.

    Skips where Google's weights are absent. Keras' networks have random weights and zero biases.
    """

    def value(name: str) -> str:
        if name == "embedded":
            return name
        if name.startswith("keras-"):
            saved = shared / name / "model"
            with filelock.FileLock(shared / f"{name}.lock"):
                if not saved.exists():
                    tensorflow_scripts.worker().call("keras_model", saved, name.removeprefix("keras-"))
            return str(saved)
        data.weights(name)
        return hub.url(HANDLE.format(width=name))

    return value


@pytest.fixture(scope="session")
def source(cache: Cache, backbone: Callable[[str], str]) -> Callable[[str], Source]:
    """Obtained weights by name."""
    return lambda name: obtain(backbone(name), cache=cache, reporter=Silent())


@pytest.fixture(scope="session")
def of_bytes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded network as Keras saves one with its preprocessing inside, for pictures in [0, 255]."""
    folder = tmp_path_factory.mktemp("of bytes") / "model"
    tensorflow_scripts.worker().call("embedded_model", folder, "0-255")
    return folder


@pytest.fixture(scope="session")
def converted(cache: Cache, source: Callable[[str], Source]) -> Callable[[str, Precision], Converted]:
    """A converted backbone by name and precision."""

    def make(name: str, precision: Precision) -> Converted:
        with tensorflow_scripts.in_one_worker():
            return convert(source(name), precision, cache=cache, reporter=Silent())

    return make


@pytest.fixture(scope="session")
def site(cache: Cache, backbone: Callable[[str], str], shared: Path) -> Callable[..., Built]:
    """A built site by backbone, precision and further settings; each is built once, and nobody changes it."""
    built: dict[str, Built] = {}

    def make(name: str, precision: Precision = "float16", **settings: Any) -> Built:
        key = repr((name, precision, sorted(settings.items())))
        if key not in built:
            options = {"backbone": backbone(name), "precision": precision, "out": "dist", **settings}
            root = shared / "sites" / sha256_text(repr(sorted(options.items())))[:16]
            root.mkdir(parents=True, exist_ok=True)
            # Where another process has built it, it is found up to date.
            with tensorflow_scripts.in_one_worker():
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
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browsers(playwright: Any) -> Iterator[Browsers]:
    """Running browsers."""
    path = find_browser()
    if path is None:
        pytest.fail("no Chromium found; `make test` installs one, or set CHROMIUM to its path")
    running = Browsers(playwright, path)
    yield running
    running.close()


@pytest.fixture(scope="session")
def chromium(browsers: Browsers) -> Callable[..., Any]:
    """A page in Chromium with a fake camera: `with chromium(film=..., width=..., dark=...) as visit`.

    Its context is its own: storage, caches, permissions. The browser goes on, for the next who wants
    one with the same options.
    """

    @contextmanager
    def visit(
        *arguments: str,
        film: Path | None = None,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        camera: bool = True,
        service_workers: Literal["allow", "block"] = "block",
    ) -> Iterator[Visit]:
        flags = camera_flags(film) if camera else ()
        with browsers.running(*arguments, *flags) as browser:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                # Tests that intercept requests must see them all.
                service_workers=service_workers,
            )
            try:
                yield Visit(context.new_page())
            finally:
                context.close()

    return visit
