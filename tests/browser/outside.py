"""Pages of other people: their own folder, with a copy of a built site in it, and stock TensorFlow.js."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import json
import re
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onthefly_studio.pipeline import Built
from onthefly_studio.places import PROJECT_ROOT, TEMPLATE_ROOT

STOCK = """
export * from '@tensorflow/tfjs-core';
export { loadGraphModel } from '@tensorflow/tfjs-converter';
export { sequential, layers, loadLayersModel } from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
"""
"""TensorFlow.js as published: the packages that `tf.min.js` is made of."""
WITH_WASM = "export { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';"


DOC = (PROJECT_ROOT / "docs" / "integrate.md").read_text("utf-8")


def documented(language: str) -> list[str]:
    """The blocks of code in the documentation, word for word."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", DOC, re.DOTALL | re.MULTILINE)
    return [text for name, text in blocks if name == language]


def page(folder: Path, name: str, body: str, *, policy: str | None = None) -> None:
    """Write a page that somebody else might have."""
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    text = (
        f'<!doctype html><meta charset="utf-8"><title>Elsewhere</title><link rel="icon" href="data:,">{head}'
    )
    (folder / name).write_text(f"{text}\n{body}", "utf-8")


def with_site(folder: Path, built: Built) -> Path:
    """A folder with the site in `dist/`."""
    shutil.copytree(built.out, folder / "dist")
    return folder


@contextmanager
def elsewhere(folder: Path) -> Iterator[str]:
    """Serves a folder as another origin, which lets every page read its files but `closed.png`."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            if "closed" not in self.path:
                self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    shutil.copyfile(folder / "probe.png", folder / "closed.png")
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@functools.cache
def stock_tensorflow(wasm: bool = False) -> bytes:
    """One script that puts TensorFlow.js, unchanged, at `tf`, as `tf.min.js` does."""
    command = ["node_modules/.bin/esbuild", "--bundle", "--format=iife", "--global-name=tf"]
    done = subprocess.run(
        [*command, "--define:process.env.NODE_ENV='production'", "--log-level=error"],
        cwd=TEMPLATE_ROOT,
        input=(STOCK + (WITH_WASM if wasm else "")).encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout


def colours(label: int, number: int) -> NDArray[Any]:
    """Clouds in a class's colours, RGB bytes of a camera's shape."""
    rng = np.random.default_rng(1000 * label + number)
    coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
    clouds = np.asarray(Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)).astype(np.int64)
    tint = np.array([[220, 60, 40], [60, 200, 80], [50, 70, 230]])[label]
    return np.clip((clouds + 2 * tint) // 3, 0, 255).astype(np.uint8)


def between(share: float, number: int = 99) -> NDArray[Any]:
    """A share of the first class's colours, and the rest of the second's, so that no answer is a plain 1."""
    mixed = share * colours(0, number).astype(float) + (1 - share) * colours(1, number)
    return mixed.astype(np.uint8)


def save(path: Path, pixels: NDArray[Any], **options: Any) -> str:
    """Write a picture; returns its name."""
    Image.fromarray(pixels).save(path, **options)
    return path.name


BYTES_JS = """
window.base64 = async (blob) => {
  let text = '';
  for (const byte of new Uint8Array(await blob.arrayBuffer())) text += String.fromCharCode(byte);
  return btoa(text);
};
null; // or Playwright calls the function
"""


def unpacked(text: str, folder: Path) -> Path:
    """Unpack a zip that came out of a page by `base64`."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text))) as archive:
        archive.extractall(folder)
    return folder


def told(folder: Path) -> Any:
    """What an exported model says of itself."""
    return json.loads((folder / "onthefly.json").read_text("utf-8"))
