"""What browser tests do on a page: by accessible names, as a visitor would."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect

from tests.camera import MARKER_JS

READY_MS = 60_000
PERCENT = re.compile(r"\d+ percent")
CLIENT_JS = """
async (backend) => {
  // A worker of the test's own, through the module for other pages; null takes the site's own choice.
  const {open, loadSite} = await import(new URL('onthefly.js', document.baseURI).href);
  const {site, base} = await loadSite();
  const {worker, ready, skipped} = await open(site, base, {backend: backend ?? null});
  Object.assign(window, {worker, ready, skipped});
  window.toFrame = ({bytes, width, height}) => {
    const data = Uint8ClampedArray.from(atob(bytes), (c) => c.charCodeAt(0));
    return {data, width, height};
  };
}
"""


def open_ready(page: Page, url: str, *, live: bool = False) -> None:
    """Open the page and wait until its model is ready.

    Args:
        live: whether the model trains by itself after every change, as it does for a visitor. Without it
            a test says when it trains, and knows on what.
    """
    page.goto(url)
    expect(page.get_by_role("status")).to_contain_text("The model is ready", timeout=READY_MS)
    if not live:
        # Without a pointer, which would scroll to it.
        page.get_by_role("switch", name="Live").evaluate("(box) => box.click()")


def frame(rgb: np.ndarray) -> dict[str, Any]:
    """RGB bytes `[h, w, 3]` as `toFrame` in the page takes them."""
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    rgba = np.concatenate([rgb, alpha], axis=2)
    return {
        "bytes": base64.b64encode(rgba.tobytes()).decode(),
        "width": rgb.shape[1],
        "height": rgb.shape[0],
    }


def features(page: Page, images: Sequence[np.ndarray]) -> np.ndarray:
    """Features of RGB images as the site's worker computes them, `[n, F]`; `CLIENT_JS` has run."""
    rows = [
        page.evaluate("async (f) => Array.from(await window.worker.embed(window.toFrame(f)))", frame(image))
        for image in images
    ]
    return np.array(rows, np.float32)


def wait_for_marker(page: Page, marker: int) -> None:
    """Wait until the camera shows this frame of the film."""
    page.wait_for_function(
        f"(marker) => ({MARKER_JS})(document.querySelector('video')) === marker", arg=marker, timeout=READY_MS
    )


def pictures(page: Page, name: str) -> list[str]:
    """The pixels of a class's photos, as hashes."""
    read: list[str] = page.get_by_role("list", name=f"Photos of {name}", exact=True).evaluate(
        """async (list) => Promise.all([...list.querySelectorAll('img')].map(async (image) => {
          await image.decode();
          const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
          const drawing = canvas.getContext('2d');
          drawing.drawImage(image, 0, 0);
          const {data} = drawing.getImageData(0, 0, canvas.width, canvas.height);
          const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data));
          return Array.from(hash, (byte) => byte.toString(16)).join('');
        }))"""
    )
    return read


RECORD_JS = f"""
async ({{wanted, button}}) => {{
  // One click for each wanted frame of the film, while the camera shows it.
  const video = document.querySelector('video');
  const left = new Set(wanted);
  while (left.size) {{
    await new Promise(requestAnimationFrame);
    const marker = ({MARKER_JS})(video);
    if (left.delete(marker)) button.click();
  }}
}}
"""


def record(page: Page, class_name: str, markers: Sequence[int]) -> None:
    """Record exactly these frames of the film for a class."""
    button = page.get_by_role("button", name=f"Hold to record {class_name}", exact=True)
    handle = button.element_handle()
    page.evaluate(RECORD_JS, {"wanted": list(markers), "button": handle})
    photos = page.get_by_role("list", name=f"Photos of {class_name}", exact=True).get_by_role("listitem")
    expect(photos).to_have_count(len(markers))


WINNERS_JS = f"""
async (wanted) => {{
  // The winning class on show when each wanted frame of the film gives way to the next.
  const video = document.querySelector('video');
  const bars = [...document.querySelectorAll('li [role=progressbar]')];
  const winners = {{}};
  const open = new Set(wanted);
  let last = -1;
  while (open.size) {{
    await new Promise(requestAnimationFrame);
    const marker = ({MARKER_JS})(video);
    if (marker !== last) open.delete(last);
    last = marker;
    if (!open.has(marker)) continue;
    const values = bars.map((bar) => Number(bar.getAttribute('aria-valuenow')));
    winners[marker] = bars[values.indexOf(Math.max(...values))].getAttribute('aria-label');
  }}
  return winners;
}}
"""


def winners(page: Page, markers: Sequence[int]) -> dict[int, str]:
    """The class that the page named for each of these frames of the film."""
    shown: dict[str, str] = page.evaluate(WINNERS_JS, list(markers))
    return {int(marker): name for marker, name in shown.items()}


def saved(path: Path, array: np.ndarray) -> Path:
    """Write an array for another process."""
    np.save(path, array)
    return path
