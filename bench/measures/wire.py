"""How many bytes a first visit sends over the wire, and what is on the screen before the model's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from bench.figures import Goal, Result, Table, kilobytes, ms
from bench.host import Host
from bench.models import ROOT
from bench.stage import HERE, PATIENCE_MS, Stage
from onthefly_studio.site import description

LIMITS = {"float16": 0.55, "int8": 0.33}
PRECISIONS = ("float32", "float16", "int8")
PACK = HERE / "pack.mjs"


def measure(stage: Stage) -> Result:
    """Real visits to the built page, against what the article's page loads."""
    article = _visit_article(stage)
    article_bytes = sum(article.values())
    rows = [["the article's way", *_parts(article), kilobytes(article_bytes), "1"]]
    figures: dict[str, object] = {"article": article}
    goals = []
    for precision in PRECISIONS:
        ours = _visit(stage, precision)
        total = sum(ours.values())
        figures[precision] = ours
        ratio = total / article_bytes
        rows.append([f"On-the-Fly, {precision}", *_parts(ours), kilobytes(total), f"{ratio:.2f}"])
        if precision in LIMITS:
            what = f"first visit with {precision} weights, of the article's bytes"
            goals.append(Goal(what, ratio, LIMITS[precision]))
    shares = Table(
        "Bytes over the wire, first visit",
        ["", "page, scripts, wasm", "weights and graph", "in all", "of the article's"],
        rows,
        [
            "As counted by the server: gzip for text, JSON and wasm, weights as they are, which is what "
            "static hosts do. The article's page is tf.min.js (webgl) and the graph model in float32."
        ],
    )
    packed, packed_figures = _packed(stage)
    paint, paint_figures = _paint(stage)
    goals.append(Goal("model bytes sent before the first paint", paint_figures["bytes before"], 0, "bytes"))
    figures.update(packed=packed_figures, paint=paint_figures)
    return Result([shares, packed, paint], goals, figures)


def _parts(sent: dict[str, int]) -> list[str]:
    return [kilobytes(sent["scripts"]), kilobytes(sent["model"])]


def _sort(host: Host, model: str) -> dict[str, int]:
    parts = {"scripts": 0, "model": 0}
    for each in host.take():
        parts["model" if model in each.path else "scripts"] += each.bytes
    return parts


def _visit(stage: Stage, precision: str) -> dict[str, int]:
    """The page, until its worker has started."""
    host = stage.host(precision)
    context = stage.context()
    try:
        host.take()
        page = context.new_page()
        page.goto(f"{host.url}/site/")
        shards = description.read(stage.site(precision)).model.shards
        wanted = {f"/site/{shard.url}" for shard in shards} | {"/site/golden.bin"}
        for _ in range(PATIENCE_MS // 200):
            page.wait_for_timeout(200)
            if wanted <= {each.path for each in list(host.sent)}:
                break
        page.wait_for_timeout(1000)
        return _sort(host, "/site/model/")
    finally:
        context.close()


def _visit_article(stage: Stage) -> dict[str, int]:
    """The article's page: its two parts, whichever backend starts here."""
    host = stage.host()
    model = [path for path in (stage.models.folder / "tfjs").iterdir() if path.is_file()]
    library = HERE / "node_modules" / "@tensorflow" / "tfjs" / "dist" / "tf.min.js"
    sizes = [len(host.packed(path)) if path.suffix == ".json" else path.stat().st_size for path in model]
    return {"scripts": len(host.packed(library)), "model": sum(sizes)}


def _packed(stage: Stage) -> tuple[Table, dict[str, dict[str, int]]]:
    """Single files, as small as each way of compressing makes them."""
    site = stage.site()
    described = description.read(site)
    graph = described.model.graph.url
    weights = [site / shard.url for shard in described.model.shards]
    assets = site / "assets"
    npm = HERE / "node_modules"
    files = {
        "ours: index.html, app and style": [
            site / "index.html",
            *sorted(assets.glob("app.*.js")),
            *sorted(assets.glob("*.css")),
        ],
        "ours: worker (wasm)": [site / described.workers["wasm"].url],
        "ours: TensorFlow.js' wasm": [site / described.wasm.simd.url],
        "ours: graph": [site / graph],
        "ours: weights, float16": weights,
        "tf.min.js": [npm / "@tensorflow/tfjs/dist/tf.min.js"],
        "article: graph": [stage.models.folder / "tfjs/model.json"],
        "article: weights, float32": sorted((stage.models.folder / "tfjs").glob("*.bin")),
        "LiteRT.js: script and wasm": [
            npm / "@litertjs/core/dist/index.js",
            npm / "@litertjs/core/wasm/litert_wasm_internal.js",
            npm / "@litertjs/core/wasm/litert_wasm_internal.wasm",
        ],
        "ONNX Runtime Web: script and wasm": [
            npm / "onnxruntime-web/dist/ort.wasm.min.mjs",
            npm / "onnxruntime-web/dist/ort-wasm-simd-threaded.mjs",
            npm / "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
        ],
    }
    for precision in ("float32", "int8"):
        shards = description.read(stage.site(precision)).model.shards
        files[f"ours: weights, {precision}"] = [stage.site(precision) / shard.url for shard in shards]
    figures = {name: pack(paths) for name, paths in files.items()}
    rows = [
        [name, *(kilobytes(got[way]) for way in ("raw", "gzip", "brotli"))] for name, got in figures.items()
    ]
    return Table("Files", ["", "as it is", "gzip", "brotli"], rows), figures


def pack(paths: list[Path]) -> dict[str, int]:
    """Bytes of files: as they are, with gzip -6 and brotli -9, each file by itself."""
    node = shutil.which("node") or "node"
    command = [node, str(PACK), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    sizes: dict[str, int] = json.loads(done.stdout)
    return sizes


def _paint(stage: Stage) -> tuple[Table, dict[str, float]]:
    """When the page is first painted while the model's files are held back."""
    figures: dict[str, float] = {}
    rows = []
    for slow in (False, True):
        host = stage.host(slow=slow)
        host.take()
        host.hold(".bin", "/model.json", "/plan.json")
        context = stage.context()
        try:
            page = context.new_page()
            page.goto(f"{host.url}/site/", wait_until="domcontentloaded")
            script = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            painted = float(page.wait_for_function(script).json_value())
            before = sum(each.bytes for each in host.sent if "/site/model/" in each.path)
        finally:
            host.release()
            context.close()
        line = "10 Mbit/s" if slow else "loopback"
        figures[line], figures["bytes before"] = painted, figures.get("bytes before", 0) + before
        rows.append([line, ms(painted)])
    note = "While the server holds the model back: no byte of it is needed for this."
    return Table("First contentful paint of the page", ["line", ""], rows, [note]), figures
