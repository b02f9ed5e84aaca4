"""Backends in the page: chosen by hand, and passed over where they cannot compute."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import pages


def test_only_the_backend_in_use_is_downloaded(url: str, chromium: Any) -> None:
    with chromium() as visit:
        asked: list[str] = []
        visit.page.on("request", lambda request: asked.append(request.url))
        pages.open_ready(visit.page, url)
        workers = [name for name in asked if "/worker-" in name]
        assert len(workers) == 1
        assert "worker-wasm" in workers[0]
        expect(pages.fact(visit.page, "Backend")).to_have_text("wasm")


def test_the_address_chooses_a_backend(url: str, chromium: Any) -> None:
    with chromium() as visit:
        pages.open_ready(visit.page, f"{url}?backend=cpu")
        expect(pages.fact(visit.page, "Backend")).to_have_text("cpu")
        expect(pages.fact(visit.page, "Self-check")).to_contain_text("error")


def with_wasm_worker(built: Built, mutate: Callable[[str], str], copy: Path) -> Path:
    """A copy of a site whose wasm worker was rewritten, and whose page expects it so."""
    shutil.copytree(built.out, copy)
    workers = built.site.for_page()["workers"]
    code = (built.out / workers["wasm"]["url"]).read_text("utf-8")
    changed = mutate(code).encode()
    assert changed != code.encode()
    (copy / workers["wasm"]["url"]).write_bytes(changed)
    told = json.dumps({**workers, "wasm": {**workers["wasm"], "bytes": len(changed)}})
    told = told.replace(workers["wasm"]["sha256"], hashlib.sha256(changed).hexdigest())
    page = (built.out / "index.html").read_text("utf-8")
    before = re.search(r'"workers":\{.*?\}\}', page)
    assert before is not None
    (copy / "index.html").write_text(page.replace(before[0], f'"workers":{told}'), "utf-8")
    return copy


@pytest.mark.parametrize(
    ("mutate", "reason"),
    [
        # The self-check's pictures drawn darker: every number is plausible, and wrong.
        (
            lambda code: code.replace(".next()>>>24", ".next()>>>25"),
            "computes different numbers from those of the build",
        ),
        (lambda code: 'throw new Error("broken");' + code, "could not be started"),
    ],
    ids=["wrong numbers", "no start"],
)
def test_a_backend_that_fails_is_passed_over_with_its_reason(
    mutate: Callable[[str], str],
    reason: str,
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    tmp_path: Path,
) -> None:
    mutated = with_wasm_worker(site("embedded"), mutate, tmp_path / "dist")
    # Without graphics computed by a program, which is slow to start.
    with chromium("--disable-software-rasterizer") as visit:
        pages.open_ready(visit.page, serving(mutated).url)
        expect(pages.fact(visit.page, "Backend")).to_have_text("cpu")
        expect(pages.fact(visit.page, "Why not wasm")).to_contain_text(reason)


def test_changing_the_backend_keeps_what_was_taught(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        pages.open_ready(page, url)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()  # it starts by itself
        for name in ("Class 1", "Class 2"):
            pages.take(page, name)
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Trained on 2 photos")
        expect(pages.fact(page, "Backend")).to_have_text("wasm")
        page.get_by_label("Compute with").select_option("cpu")
        expect(page.get_by_role("status")).to_contain_text("The model is ready")
        expect(pages.fact(page, "Backend")).to_have_text("cpu")
        pages.until_answered(page)
        pages.until_workers(page, 1)  # the worker that was left is ended
        pages.take(page, "Class 2")
        expect(pages.photos(page, "Class 2")).to_have_count(2)
        # The choice is remembered: the next visit asks for this worker, and for no other.
        with page.expect_request("**/worker-*") as asked:
            page.reload()
        assert "worker-cpu" in asked.value.url
        page.get_by_text("Under the hood").click()
        expect(page.get_by_label("Compute with")).to_have_value("cpu")
        assert visit.complaints == []


NOISE = """
{
  // What browsers do that guard against fingerprinting: the lowest bit of some pixels turned.
  const context = OffscreenCanvasRenderingContext2D.prototype;
  const read = context.getImageData;
  context.getImageData = function (...area) {
    const image = read.apply(this, area);
    for (let i = 0; i < image.data.length; i += 101) image.data[i] ^= 1;
    return image;
  };
}
"""


def test_noise_on_what_is_read_is_told(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], url: str, chromium: Any, tmp_path: Path
) -> None:
    notice = "This browser changes the pictures that pages read"
    noisy = with_wasm_worker(site("embedded"), lambda code: NOISE + code, tmp_path / "dist")
    with chromium() as visit:
        pages.open_ready(visit.page, serving(noisy).url)
        expect(visit.page.get_by_role("note")).to_contain_text(notice)
        pages.open_ready(visit.page, url)
        expect(visit.page.get_by_text(notice)).to_have_count(0)
