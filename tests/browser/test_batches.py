"""Many pictures in one call: the same features as one at a time, and predictions between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.pipeline import Built
from builder.site.server import SiteServer
from tests.browser import pages

COUNT = 24
DRAW_JS = """
// Pictures of many sizes, the same each time.
window.drawn = (count) => Promise.all(Array.from({length: count}, (_, i) => {
  const canvas = new OffscreenCanvas(40 + 37 * i, 300 - 9 * i);
  const drawing = canvas.getContext('2d');
  for (let k = 0; k < 60; k++) {
    drawing.fillStyle = `hsl(${(i * 97 + k * 31) % 360} ${40 + k}% ${(k * 13) % 100}%)`;
    drawing.fillRect((k * 29) % canvas.width, (k * 17) % canvas.height, 10 + 3 * k, 40 - (k % 30));
  }
  return createImageBitmap(canvas);
}));
"""
SAME_JS = """
async (count) => {
  const {worker} = window;
  await worker.setClasses(['a', 'b']);
  const one = [];
  for (const frame of await window.drawn(count)) one.push(await worker.embed(frame));
  const classIds = one.map((_, i) => ['a', 'b', 'gone'][i % 3]);
  // Two batches at once, as an upload sends them.
  const frames = await window.drawn(count);
  const half = count / 2;
  const [first, second] = await Promise.all([
    worker.addExamples(frames.slice(0, half), classIds.slice(0, half)),
    worker.addExamples(frames.slice(half), classIds.slice(half)),
  ]);
  const added = [...first, ...second];
  const {examples} = await worker.snapshot();
  const all = await worker.embedAll(await window.drawn(count));
  const bytes = ({buffer, byteOffset, byteLength}) => new Uint8Array(buffer, byteOffset, byteLength).join();
  const known = one.map(bytes);
  return {
    kernels: window.ready.kernels.kind,
    apart: new Set(one.map(bytes)).size,
    same: added.map((answer, i) => answer === null ? null : bytes(answer.features) === bytes(one[i])),
    embedded: all.every((features, i) => bytes(features) === bytes(one[i])),
    ids: added.map((answer) => answer?.id ?? null),
    kept: examples.map(({id, classId, features}) => [id, classId, known.indexOf(bytes(features))]),
    counts: [added.at(-3)?.count, added.at(-2)?.count],
    pictures: added.every((answer) => answer === null || answer.thumbnail.type === 'image/jpeg'),
  };
}
"""
BROKEN_JS = """
async () => {
  const {worker} = window;
  await worker.setClasses(['fresh']);
  const frames = await window.drawn(4);
  frames[2] = {data: new Uint8ClampedArray(3), width: 5, height: 5};
  const adding = worker.addExamples(frames, frames.map(() => 'fresh'));
  const failed = await adding.then(() => null, (error) => error.message);
  const after = await worker.addExamples(await window.drawn(1), ['fresh']);
  return {failed, examples: (await worker.memory()).examples, after: after.length};
}
"""
MEANWHILE_JS = """
async ({settings, pictures}) => {
  // Predictions beside a batch, each asked when the one before was answered: how many the batch lets pass.
  const {worker} = window;
  const start = await window.drawn(4);
  await worker.setClasses(['a', 'b']);
  await worker.addExamples(start, ['a', 'b', 'a', 'b']);
  await worker.train(settings);
  const frames = (await Promise.all(Array.from({length: pictures / 24}, () => window.drawn(24)))).flat();
  const [one] = await window.drawn(1);
  let answered = 0;
  let going = true;
  const batch = worker.addExamples(frames, frames.map(() => 'a')).then((added) => {
    going = false;
    return added.length;
  });
  while (going) {
    await worker.predict(one);
    if (going) answered++;
  }
  return {answered, added: await batch};
}
"""
PICTURES, ANSWERS = 96, 24


@pytest.fixture(scope="module")
def module(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any
) -> Iterator[tuple[Any, Built]]:
    built = site("embedded")
    with chromium(camera=False) as visit:
        pages.open_module(visit.page, serving(built.out).url, "wasm")
        visit.page.evaluate(f"() => {{ {DRAW_JS} }}")
        yield visit.page, built
        assert visit.complaints == []


@pytest.fixture
def opened(module: tuple[Any, Built]) -> tuple[Any, Built]:
    """A worker that was taught nothing yet, whichever test came before."""
    module[0].evaluate("() => window.worker.reset()")
    return module


def test_a_batch_gives_bit_for_bit_what_single_calls_give(opened: tuple[Any, Built]) -> None:
    page, _ = opened
    found = page.evaluate(SAME_JS, COUNT)
    assert found["kernels"] in ("relaxed", "simd")
    assert found["apart"] == COUNT, "the pictures are told apart"
    gone = [i % 3 == 2 for i in range(COUNT)]
    assert found["same"] == [None if each else True for each in gone]
    assert found["embedded"]
    assert found["pictures"]
    ids = [each for each in found["ids"] if each is not None]
    assert [each is None for each in found["ids"]] == gone
    assert ids == sorted(ids)
    order = [i for i in range(COUNT) if not gone[i]]
    assert found["kept"] == [[n, "ab"[i % 3], i] for n, i in zip(ids, order, strict=True)]
    assert found["counts"] == [COUNT / 3, COUNT / 3]


def test_a_batch_is_added_whole_or_not_at_all(opened: tuple[Any, Built]) -> None:
    page, _ = opened
    found = page.evaluate(BROKEN_JS)
    assert "needs 100 bytes" in found["failed"]
    assert found["examples"] == 1
    assert found["after"] == 1


def test_predictions_have_their_turn_within_a_batch(opened: tuple[Any, Built]) -> None:
    """One picture of the batch may have been begun, and another follows before the answer is sent."""
    page, built = opened
    given = {"settings": built.site["head"], "pictures": PICTURES}
    most = 0
    # Whatever else the machine does can only keep this page from asking: one batch that goes well is enough.
    for _ in range(5):
        found = page.evaluate(MEANWHILE_JS, given)
        assert found["added"] == PICTURES
        most = max(most, found["answered"])
        if most >= ANSWERS:
            break
    print(f"\n{most} answers within {PICTURES} pictures")
    assert most >= ANSWERS
