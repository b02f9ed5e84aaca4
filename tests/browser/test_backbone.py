"""The backbone's own kernels over a long time and from worker to worker: memory and features stay."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from bench.measures.memory import heap
from tests.browser import pages

HEAP_GROWTH = 400_000
"""Bytes in hundreds of frames or thousands. A feature vector for each of 300 would be 1.2 MB, a picture for
each 180 MB; what a page and its worker hold after a collection moves by up to 100 KB by itself."""
SEEN_JS = """
// Code of workers gets this before it: the memories of its wasm modules, for their size.
const SEEN = `
  self.memories = new Set();
  const note = (made) => {
    for (const each of Object.values((made.instance ?? made).exports)) {
      if (each instanceof WebAssembly.Memory) self.memories.add(each);
    }
    return made;
  };
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const original = WebAssembly[name];
    WebAssembly[name] = (...given) => original.apply(WebAssembly, given).then(note);
  }
`;
window.Blob = class extends Blob {
  constructor(parts, options) {
    super(options?.type === 'text/javascript' ? [SEEN, ...parts] : parts, options);
  }
};
"""
START_JS = """
window.begin = async (backend, kernels) => {
  const {connect, loadSite} = await import(new URL('onthefly.js', document.baseURI).href);
  const {site, base} = await loadSite();
  const {worker, terminate} = await connect(site, base, backend);
  const ready = await worker.start(site, base, undefined, undefined, kernels ?? undefined);
  return {worker, terminate, ready, settings: site.head};
};
window.picture = (i) => {
  const side = 224;
  const data = new Uint8ClampedArray(4 * side * side).fill(i % 251);
  data.fill(255 - (i % 97), 4 * side * (i % side), 4 * side * ((i % side) + 1));
  return {data, width: side, height: side};
};
"""
RUN_JS = """
async (count) => {
  for (let i = 0; i < count; i++) await window.running.worker.embed(window.picture(i));
  return window.running.worker.memory();
}
"""


def settled(page: Page) -> float:
    """Bytes of JavaScript once collections free no more: what a start leaves goes by and by."""
    least = heap(page)
    for _ in range(20):
        page.evaluate(RUN_JS, 50)
        now = heap(page)
        if now > least - 50_000:
            return now
        least = now
    return least


@pytest.mark.parametrize(
    ("kernels", "frames"),
    [
        ("relaxed", 300),
        ("simd", 300),
        pytest.param("relaxed", 10_000, marks=pytest.mark.long),
        pytest.param("stock", 10_000, marks=pytest.mark.long),
    ],
)
def test_memory_does_not_grow_with_frames(kernels: str, frames: int, url: str, chromium: Any) -> None:
    with chromium(camera=False) as visit:
        page = visit.page
        page.add_init_script(SEEN_JS)
        pages.open_file(page, url)
        page.evaluate(f"() => {{ {START_JS} }}")
        used = page.evaluate(
            "async (kernels) => { window.running = await window.begin('wasm', kernels);"
            " return window.running.ready.kernels.kind; }",
            kernels,
        )
        assert used == kernels
        (worker,) = page.workers

        def sizes() -> list[int]:
            found: list[int] = worker.evaluate(
                "() => [...self.memories].map(({buffer}) => buffer.byteLength)"
            )
            return found

        first = page.evaluate(RUN_JS, 100)
        memories, before = sizes(), settled(page)
        assert sum(memories) > first["bytes"] > 5e6, "the weights lie in the memory that is looked at"
        last = page.evaluate(RUN_JS, frames)
        after = settled(page)
        print(f"\n{kernels}: {frames} frames, wasm {sizes()}, heap {before:.0f} to {after:.0f}, {last}")
        assert last == first
        assert sizes() == memories
        assert after - before <= HEAP_GROWTH
        assert visit.complaints == []


MOVE_JS = """
async () => {
  const bits = ({buffer, byteOffset, byteLength}) => new Uint8Array(buffer, byteOffset, byteLength).join();
  const asked = [3, 40, 77].map(window.picture);
  const look = async ({worker, ready}) => ({
    kernels: `${ready.backend} ${ready.kernels.kind}`,
    features: await Promise.all(asked.map(async (frame) => bits(await worker.embed(frame)))),
    values: Array.from(await worker.embed(asked[0])),
    said: (await worker.predict(asked[1])).probabilities,
    memory: await worker.memory(),
  });
  let from = await window.begin('wasm');
  await from.worker.setClasses(['a', 'b']);
  for (let i = 0; i < 6; i++) await from.worker.addExample(window.picture(30 * i), i % 2 ? 'a' : 'b');
  await from.worker.train(from.settings);
  const seen = [await look(from)];
  // Another worker of its kind takes its place, then one on another backend, then the first kind again.
  for (const backend of ['wasm', 'cpu', 'wasm']) {
    const to = await window.begin(backend);
    await to.worker.restore(await from.worker.snapshot());
    from.terminate();
    from = to;
    seen.push(await look(to));
  }
  from.terminate();
  return seen;
}
"""


def test_another_worker_packs_the_weights_again_and_computes_the_same(url: str, chromium: Any) -> None:
    with chromium(camera=False) as visit:
        pages.open_file(visit.page, url)
        visit.page.evaluate(f"() => {{ {START_JS} }}")
        first, again, cpu, back = visit.page.evaluate(MOVE_JS)
        assert visit.complaints == []
    assert first["kernels"] in ("wasm relaxed", "wasm simd")
    assert len(set(first["features"])) == 3, "the pictures are told apart"
    assert first["memory"]["examples"] == 6
    for other in (again, back):
        assert other == first, "a respawned worker computes the same bits, in as much memory"
    assert cpu["kernels"] == "cpu stock"
    assert cpu["features"] != first["features"], "another backend sums in another order"
    most = max(map(abs, first["values"]))
    apart = max(abs(a - b) for a, b in zip(cpu["values"], first["values"], strict=True))
    assert 0 < apart <= 1e-4 * most
    for name, probability in first["said"].items():
        assert cpu["said"][name] == pytest.approx(probability, abs=1e-3)
