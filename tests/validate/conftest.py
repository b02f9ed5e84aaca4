"""What tests of `onthefly validate` share: the browsers that it drives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onthefly_studio.cache import Cache
from onthefly_studio.report import Silent
from onthefly_studio.validate.browser import Browsers
from onthefly_studio.validate.rows import Report
from onthefly_studio.validate.run import Options, validate


@pytest.fixture(scope="module")
def validated(playwright: Any, cache: Cache) -> Iterator[Callable[..., Report]]:
    """Validates a folder, by options and in the one browser of a file's tests; on wasm, if none is named."""
    browsers = Browsers(playwright)

    def run(folder: Path, **options: Any) -> Report:
        options = {"backends": ("wasm",), **options}
        return validate(folder, Options(**options), browsers=browsers, cache=cache, reporter=Silent())

    yield run
    browsers.close()
