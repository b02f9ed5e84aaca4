"""What tests in a browser share: addresses, and browsers that stay for a file's tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import languages, outside, pages, stores
from tests.browser.pages import Opened
from tests.support import camera
from tests.support.browsers import Browsers, camera_flags
from tests.support.hosts import SUB


@pytest.fixture(scope="session")
def built(site: Callable[..., Built]) -> Built:
    """A site with default settings."""
    return site("embedded")


@pytest.fixture(scope="session")
def url(built: Built, serving: Callable[[Path], SiteServer]) -> str:
    """Its address."""
    return serving(built.out).url


@pytest.fixture(scope="module")
def browser(browsers: Browsers, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """One browser for all tests of a file; each has a context of its own.

    It has no camera, but what the file's `BROWSER_FLAGS` give it.
    """
    with browsers.running(*getattr(request.module, "BROWSER_FLAGS", ())) as running:
        yield running


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lying red stripes, then standing blue ones, for `pages.FRAMES` frames each."""
    wave = np.arange(480) // 40 % 2
    lying = np.zeros((480, 480, 3), np.uint8)
    lying[..., 0] = 60 + 160 * wave[:, None]
    standing = np.zeros((480, 480, 3), np.uint8)
    standing[..., 2] = 60 + 160 * wave[None, :]
    path = tmp_path_factory.mktemp("film") / "stripes.y4m"
    frames = [camera.compose([lying, standing][i // pages.FRAMES], i) for i in range(2 * pages.FRAMES)]
    camera.write_film(path, frames, Fraction(10))
    return path


@pytest.fixture(scope="module")
def film_browser(browsers: Browsers, film: Path) -> Iterator[Browser]:
    """One browser for all tests of a file, whose camera shows the film."""
    with browsers.running(*camera_flags(film)) as running:
        yield running


@pytest.fixture
def opened(browser: Browser, url: str) -> Opened:
    """Opens a page in the file's browser; see `pages.open_page`."""
    return partial(pages.open_page, browser, url)


@pytest.fixture
def opened_at(film_browser: Browser) -> Opened:
    """Opens a page of any address before the film; see `pages.open_page`."""
    return partial(pages.open_page, film_browser, watched=True)


@pytest.fixture(scope="session")
def english() -> list[str]:
    """What only a page in English says, not one in Dutch."""
    return languages.only_english("nl")


@pytest.fixture(scope="module")
def root(site: Callable[..., Built], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a host serves: the site in a folder of a folder."""
    root = tmp_path_factory.mktemp("host")
    shutil.copytree(site("embedded").out, root / SUB)
    return root


@pytest.fixture(scope="session")
def folder(site: Callable[..., Built], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's folder with a page, the site in `dist/` and pictures beside it."""
    folder = outside.with_site(tmp_path_factory.mktemp("page"), site("embedded"))
    for label in (0, 1):
        for number in range(3):
            outside.save(folder / f"{label}-{number}.png", outside.colours(label, number))
    outside.save(folder / "probe.png", outside.between(0.3))
    outside.page(folder, "plain.html", '<canvas></canvas><img id="probe" src="probe.png" alt="">')
    return folder


@pytest.fixture(scope="session")
def folder_url(folder: Path, serving: Callable[[Path], SiteServer]) -> str:
    """The address of that folder."""
    return serving(folder).url


@pytest.fixture(scope="session")
def elsewhere(folder: Path) -> Iterator[str]:
    """The same files from another origin, which lets every page read them."""

    with outside.elsewhere(folder) as address:
        yield address


@pytest.fixture(scope="session")
def store_url(tmp_path_factory: pytest.TempPathFactory, serving: Callable[[Path], SiteServer]) -> str:
    """The address of a page that has the store and what the tests do with it, and nothing else."""
    return serving(stores.write_page(tmp_path_factory.mktemp("store"))).url


@pytest.fixture
def opened_store(browser: Browser, store_url: str) -> Opened:
    """Opens that page in a context of its own; see `stores.open_page`."""
    return partial(stores.open_page, browser, store_url)
