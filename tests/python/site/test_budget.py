"""How many bytes a visitor downloads: a limit for each part, held on the site that the build writes.

Limits are of gzip, as static hosts send scripts; weights count as they are, as hosts send those.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from onthefly_studio.contract import Precision
from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import serve
from tests.support.patience import wait_until

PAGE = 95_000
"""`index.html`, the page's script and its style."""
WORKER = 150_000
"""The worker for wasm: TensorFlow.js' core and converter, its wasm backend, our code and kernels."""
WASM = 150_000
"""TensorFlow.js' own wasm."""
GRAPH = 12_000
WEIGHTS: dict[Precision, int] = {"float32": 6_200_000, "float16": 3_150_000, "int8": 1_800_000}
"""MobileNetV3-Small 1.0: 1.52 million weights in four, two and (the large ones) one byte."""
OTHERS = 40_000
"""`site.json` in the page aside: golden features, icon, manifest, and what else a first visit asks for."""

IN_LAYERS = ("batchInputShape", "kernelInitializer", "GlobalAveragePooling2D")
"""Names that code with TensorFlow.js' layers in it has, minified or not."""

Site = Callable[..., Built]


def packed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


def described(out: Path) -> dict[str, Any]:
    site: dict[str, Any] = json.loads((out / "site.json").read_text("utf-8"))
    return site


def referred(out: Path) -> list[Path]:
    """What `index.html` loads before any script has run."""
    found = re.findall(r'(?:src|href)="([^"#]+)"', (out / "index.html").read_text("utf-8"))
    return [out / name for name in dict.fromkeys(found) if (out / name).is_file()]


def page_bytes(out: Path) -> int:
    shown = [path for path in referred(out) if path.suffix in (".js", ".css")]
    assert {path.suffix for path in shown} == {".js", ".css"}
    return sum(map(packed, [out / "index.html", *shown]))


def test_the_page_its_script_and_its_style_are_within_their_budget(site: Site) -> None:
    assert page_bytes(site("embedded").out) <= PAGE


def test_the_worker_and_its_wasm_are_within_their_budgets(site: Site) -> None:
    out = site("embedded").out
    record = described(out)
    assert packed(out / record["workers"]["wasm"]["url"]) <= WORKER
    assert packed(out / record["wasm"]["simd"]["url"]) <= WASM


@pytest.mark.parametrize("precision", WEIGHTS)
def test_the_weights_are_within_their_budget(site: Site, precision: Precision) -> None:
    out = site("embedded", precision).out
    model = described(out)["model"]
    assert sum((out / shard["url"]).stat().st_size for shard in model["shards"]) <= WEIGHTS[precision]
    assert packed(out / model["graph"]["url"]) <= GRAPH


def test_no_part_of_tensorflow_js_is_there_that_the_page_does_not_need(site: Site) -> None:
    """Neither the whole library nor its layers."""
    out = site("embedded").out
    scripts = [path for path in out.rglob("*.js") if path.is_file()]
    assert scripts
    assert not [path.name for path in scripts if path.name.startswith("tf.")]
    for path in scripts:
        text = path.read_text("utf-8")
        assert not [name for name in IN_LAYERS if name in text], path.name


def test_the_names_looked_for_are_in_tensorflow_js_layers() -> None:
    """Else the test above could not fail."""
    layers = Path(__file__).parents[3] / "site_template/node_modules/@tensorflow/tfjs-layers/dist"
    text = (layers / "tf-layers.fesm.min.js").read_text("utf-8")
    for name in IN_LAYERS:
        assert name in text, name


# In a browser


def visited(page: Page, url: str, until: Callable[[set[str]], bool]) -> list[str]:
    """Paths, relative to the site, that a first visit asks for until enough have been answered."""
    answered: list[str] = []
    page.on("response", lambda response: answered.append(response.url.removeprefix(url)))
    page.goto(url)
    # Playwright hears of an answer while it is asked something itself.
    wait_until(lambda: page.evaluate("true") and until(set(answered)), "enough answers")
    return answered


def test_a_first_visit_is_within_the_sum_of_the_budgets(site: Site, chromium: Any) -> None:
    """Whatever the page asks for of itself until its model runs, be it named above or not."""
    out = site("embedded").out
    record = described(out)
    shards = {shard["url"] for shard in record["model"]["shards"]}
    golden = {record["golden"][part]["url"] for part in ("index", "features")}
    with serve(out, port=0, headers=False) as server, chromium(camera=False) as visit:
        asked = visited(visit.page, server.url, lambda seen: shards | golden <= seen)
    assert shards | golden <= set(asked)
    own = {name or "index.html" for name in asked if (out / (name or "index.html")).is_file()}
    sizes = {name: (out / name).stat().st_size if name in shards else packed(out / name) for name in own}
    total = sum(sizes.values())
    assert total <= PAGE + WORKER + WASM + GRAPH + WEIGHTS["float16"] + OTHERS, sizes
    assert not [name for name in own if re.search(r"worker-(webgl|webgpu|cpu)", name)]


def test_the_page_is_painted_while_the_model_is_held_back(site: Site, chromium: Any) -> None:
    out = site("embedded").out
    model = described(out)["model"]
    shards = [shard["url"] for shard in model["shards"]]
    with serve(out, port=0, headers=False) as server, chromium(camera=False) as visit:
        page: Page = visit.page
        held: list[Any] = []
        for url in [model["graph"]["url"], *shards]:
            page.route(f"{server.url}{url}", lambda route: held.append(route))
        page.goto(server.url, wait_until="domcontentloaded")
        painted = page.wait_for_function(
            "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        ).json_value()
        assert painted > 0
        page.get_by_role("button", name="Start camera").wait_for()  # not only a skeleton
        # The model is under way by itself, and would be there if it were not held.
        wait_until(lambda: page.evaluate("true") and len(held) > len(shards), "requests for the model")
        assert {route.request.url.removeprefix(server.url) for route in held} == {
            model["graph"]["url"],
            *shards,
        }
        for route in held:
            route.abort()
