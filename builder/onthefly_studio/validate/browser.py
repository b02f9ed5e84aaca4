"""A built site in a real browser, and its worker driven from Python.

The site is copied beside a page of ours and served as a plain host does, without headers. That page
carries the site's own policy and not its app, so that nothing else computes while we measure.
"""

from __future__ import annotations

import base64
import html
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from onthefly_studio.cache import Cache, sha256_text, sha256_tree
from onthefly_studio.closing import Closing
from onthefly_studio.errors import ConfigError, ConversionError
from onthefly_studio.places import TEMPLATE_ROOT
from onthefly_studio.site.server import serve
from onthefly_studio.validate.chromium import SOFTWARE_WEBGL, SOFTWARE_WEBGPU, ensure_browser, launch_options

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

DRIVER = Path(__file__).with_name("driver.js")
"""Served as it is: `validate` may run where no Node.js is. So it is JavaScript, its types in comments."""
TF_LAYERS = TEMPLATE_ROOT / "src" / "validate" / "tf-layers.ts"
FOLDER = "__parity__"
"""Where our page stands in the copy; no site has a folder of this name."""

_DTYPES: dict[str, np.dtype[Any]] = {
    "Float32Array": np.dtype("<f4"),
    "Float64Array": np.dtype("<f8"),
    "Uint8Array": np.dtype("u1"),
    "Uint8ClampedArray": np.dtype("u1"),
    "Uint16Array": np.dtype("<u2"),
    "Uint32Array": np.dtype("<u4"),
}
_FILE_DTYPES = {"uint8": "u1", "uint16": "<u2", "float32": "<f4"}

_PAGE = """<!doctype html>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>onthefly validate</title>
"""


@dataclass(frozen=True)
class PageFault:
    """An error as the page reports it."""

    name: str
    """Of its class."""
    message: str
    """English, for people to read."""
    code: str | None = None
    """What went wrong, among the errors of this name; None where the error is not the site's own."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The numbers and names in the message."""

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> PageFault:
        """From what the driver sent."""
        return cls(report["name"], report["message"], report.get("code"), report.get("data") or {})

    def is_(self, name: str, code: str | None = None) -> bool:
        """Whether it is an error of this class, and of this code where one is given."""
        return self.name == name and code in (None, self.code)


class PageError(Exception):
    """A function of the page or of its worker threw, or did not answer.

    Args:
        fault: as the page reports it.
    """

    def __init__(self, fault: PageFault) -> None:
        super().__init__(f"{fault.name}: {fault.message}".splitlines()[0])
        self.fault = fault


class ServedSite(Closing):
    """A copy of a site, served on loopback until the `with` block ends; nothing of it is changed.

    Args:
        folder: the site.
    """

    def __init__(self, folder: Path) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="onthefly-validate-")
        root = Path(self._scratch.name) / "site"
        shutil.copytree(folder, root)
        self._folder = root / FOLDER
        self._folder.mkdir()
        policy = html.escape(_policy(root / "index.html"))
        (self._folder / "index.html").write_text(_PAGE.format(policy=policy), "utf-8", newline="\n")
        shutil.copyfile(DRIVER, self._folder / DRIVER.name)
        self._server = serve(root, headers=False)
        self._files: dict[int, tuple[Any, dict[str, str]]] = {}

    @property
    def url(self) -> str:
        """The address of our page."""
        return f"{self._server.url}{FOLDER}/"

    def put(self, array: npt.NDArray[Any]) -> dict[str, str]:
        """Serve an array beside the page.

        Args:
            array: uint8 or float32, or whole numbers, which become uint16.

        Returns:
            What the driver replaces by the array.
        """
        known = self._files.get(id(array))
        if known is None:
            dtype = array.dtype.name if array.dtype.name in _FILE_DTYPES else "uint16"
            name = f"{len(self._files)}.bin"
            (self._folder / name).write_bytes(np.ascontiguousarray(array, _FILE_DTYPES[dtype]).tobytes())
            # The array is kept with its place: another one could else come to have its id.
            known = self._files[id(array)] = (array, {"file": name, "dtype": dtype})
        return known[1]

    def put_picture(self, contents: bytes) -> dict[str, str]:
        """Serve a picture's file beside the page; see `put`."""
        known = self._files.get(id(contents))
        if known is None:
            name = f"{len(self._files)}.bin"
            (self._folder / name).write_bytes(contents)
            known = self._files[id(contents)] = (contents, {"file": name, "dtype": "picture"})
        return known[1]

    def add(self, file: Path) -> None:
        """Serve a script beside the page."""
        shutil.copyfile(file, self._folder / file.name)

    def close(self) -> None:
        """Stop serving, remove the copy."""
        self._server.close()
        self._scratch.cleanup()


def _policy(index: Path) -> str:
    """The content security policy that the site's page carries."""
    found = re.search(
        r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"',
        index.read_text("utf-8"),
        re.IGNORECASE,
    )
    if not found:
        raise ConfigError(
            "The page carries no content security policy.", where=str(index), hint="Run `onthefly build`."
        )
    return html.unescape(found[1])


class Browsers:
    """Chromium as it is, and one whose graphics are computed on the processor; started when needed.

    Args:
        playwright: running.
    """

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._running: dict[bool, Browser] = {}

    def get(self, *, software: bool) -> Browser:
        """The browser, started if it is not running.

        Args:
            software: with WebGL and WebGPU computed on the processor, for machines without a GPU.

        Raises:
            SourceError: there is no browser, and none could be installed.
        """
        if software not in self._running:
            flags = (*SOFTWARE_WEBGL, *SOFTWARE_WEBGPU) if software else ()
            options = launch_options(*flags, browser=ensure_browser())
            self._running[software] = self._playwright.chromium.launch(**options)
        return self._running[software]

    @property
    def version(self) -> str:
        """Such as `Chromium 140.0.7339.16`, of a browser that is running."""
        running = next(iter(self._running.values()), None)
        return f"Chromium {running.version}" if running else ""

    def close(self) -> None:
        """End both."""
        for browser in self._running.values():
            browser.close()
        self._running.clear()


class Tab:
    """Our page, open in a browser, with at most one worker of the site."""

    def __init__(self, browser: Browser, site: ServedSite) -> None:
        self.site = site
        self._context = browser.new_context(service_workers="block")
        self._page: Page = self._context.new_page()
        self._page.goto(site.url)

    def close(self) -> None:
        """Close the page and with it the worker."""
        self._context.close()

    def start(
        self, backend: str, kernels: str | None = None
    ) -> tuple[dict[str, Any] | None, PageFault | None]:
        """Start the worker of a backend: what it reports when ready, or why it did not start.

        Args:
            backend: to compute on.
            kernels: that are to compute the backbone; the site's own choice otherwise.
        """
        answer = self._run("start", backend, kernels)
        return answer["value"], answer["error"] and PageFault.of(answer["error"])

    def call(self, path: str, *parameters: Any) -> Any:
        """Call a function of the worker.

        Args:
            path: such as `embed` or `probe.train`.
            parameters: JSON values; NumPy arrays anywhere in them become typed arrays, and bytes the frame
                that the page makes of a picture's file.

        Returns:
            Its result, with NumPy arrays in the place of typed arrays and None in that of pictures.

        Raises:
            PageError: it threw.
        """
        return self._value("call", path, self._encode(list(parameters)))

    def layers(self, task: dict[str, Any]) -> Any:
        """Train with tf.layers, whose bundle has been added to the site."""
        return self._value("layers", self._encode(task))

    def renderer(self) -> str | None:
        """Which device draws for WebGL."""
        name: str | None = self._run("renderer")
        return name

    def _value(self, function: str, *parameters: Any) -> Any:
        """What a function that reports its own errors gave."""
        outcome = self._run(function, *parameters)
        if outcome["error"]:
            raise PageError(PageFault.of(outcome["error"]))
        return decode(outcome["value"])

    def _run(self, function: str, *parameters: Any) -> Any:
        script = "async ([f, p]) => (await import(new URL('driver.js', document.baseURI).href))[f](...p)"
        from playwright.sync_api import Error

        try:
            return self._page.evaluate(script, [function, list(parameters)])
        except Error as error:
            message = error.message.removeprefix("Page.evaluate: ")
            raise PageError(PageFault(error.name or "Error", message)) from error

    def _encode(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self.site.put(value)
        if isinstance(value, bytes):
            return self.site.put_picture(value)
        if isinstance(value, Mapping):
            return {key: self._encode(part) for key, part in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self._encode(part) for part in value]
        return value


def decode(value: Any) -> Any:
    """What the driver sent, with each `{array, base64}` as a NumPy array, flat."""
    if isinstance(value, list):
        return [decode(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "base64" in value and "array" in value:
        return np.frombuffer(base64.b64decode(value["base64"]), _DTYPES[value["array"]])
    return {key: decode(part) for key, part in value.items()}


def frame(rgba: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """RGBA bytes `[h, w, 4]` as the worker's functions take a frame."""
    return {"data": rgba, "width": rgba.shape[1], "height": rgba.shape[0]}


def tf_layers_bundle(cache: Cache) -> Path:
    """The script that trains with tf.layers, bundled now or before.

    Raises:
        ConfigError: node or the page's packages are not installed.
        ConversionError: it does not bundle.
    """
    import subprocess

    node = shutil.which("node")
    packages = TEMPLATE_ROOT / "node_modules" / "@tensorflow" / "tfjs-layers"
    if node is None or not packages.is_dir():
        raise ConfigError(
            "Node.js, or the package @tensorflow/tfjs-layers, is not installed.",
            where=str(TEMPLATE_ROOT),
            hint="Run `make site`, or `npm ci --prefix site_template`.",
        )
    made_from = [TEMPLATE_ROOT / "package-lock.json", TEMPLATE_ROOT / "tf-layers.mjs", TF_LAYERS]
    key = sha256_text("witness", sha256_tree(TEMPLATE_ROOT, made_from))

    def fill(into: Path) -> None:
        command = [node, str(TEMPLATE_ROOT / "tf-layers.mjs"), str(into / "tf-layers.js")]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode != 0:
            why = done.stderr.strip()
            raise ConversionError(f"The training with tf.layers does not bundle:\n{why}", where="validate")

    return cache.folder("witness", key, fill) / "tf-layers.js"
