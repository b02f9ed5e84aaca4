"""The store alone, on a page of its own: `src/store` without the page that uses it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from onthefly_studio.places import TEMPLATE_ROOT
from tests.support.browsers import Visit

ENTRY = """
export { openStore } from './src/store/store.ts';
export { MIGRATIONS, openDatabase } from './src/store/database.ts';
"""

HELPERS = """
'use strict';
const BACKBONE = {modelHash: '0123456789abcdef', name: 'A backbone', features: 1024};
const doc = (name, classes = ['Cup', 'Hand']) =>
  ({
    name, classes: classes.map((each, i) => ({id: `c${i}`, name: each})), backbone: BACKBONE,
    settings: {seed: 7},
  });

// An example whose every bit follows from its id; NaNs and subnormal numbers are among the features.
function example(id, classId = 'c0', {width = 1024, size = 300} = {}) {
  const bits = Uint32Array.from({length: width}, (_, i) => Math.imul(id * 7919 + i, 2654435761));
  const bytes = Uint8Array.from({length: size}, (_, i) => (id * 31 + i * 17) & 255);
  const picture = new Blob([bytes], {type: 'image/jpeg'});
  return {id, classId, features: new Float32Array(bits.buffer), picture};
}
const series = (from, to, ...rest) => Array.from({length: to - from}, (_, i) => example(from + i, ...rest));
const head = () => ({
  classes: ['c0', 'c1'], settings: {hidden: 2, epochs: 1, batch: 5, rate: 0.001, seed: 7}, examples: [1, 2],
  history: [{epoch: 1, epochs: 1, loss: 0.5, accuracy: 1}],
  trace: {losses: [0.5], norms: [[1, 0, 1, 0], [1, 0, 1, 0]]},
  shape: {features: 2, hidden: 2, classes: 2},
  kernel1: new Float32Array([1, -0, 1e-45, 4]), bias1: new Float32Array(2),
  kernel2: new Float32Array([5, 6, 7, 8]), bias2: new Float32Array([9, 9, 1, 2, 9]).subarray(2, 4),
});
const equalBytes = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

// Whether an example that was read is the one of its id, bit for bit; else what is wrong with it.
async function fault(read, expected = example(read.id, read.classId)) {
  if (!(read.features instanceof Float32Array)) return 'features are no floats';
  if (!equalBytes(bytesOf(read.features), bytesOf(expected.features))) return 'features';
  if (read.features.buffer.byteLength !== read.features.byteLength) return 'features drag a buffer along';
  if (read.picture.type !== 'image/jpeg') return 'type of the picture';
  const [a, b] = await Promise.all([read.picture, expected.picture].map((blob) => blob.arrayBuffer()));
  return equalBytes(new Uint8Array(a), new Uint8Array(b)) ? null : 'bytes of the picture';
}
const faults = async (examples) => (await Promise.all(examples.map((each) => fault(each)))).filter(Boolean);

// What a call's failure says; 'kept' where it did not fail.
const code = (promise) => promise.then(() => 'kept', (error) => `${error.name} ${error.code}`);
const idsOf = ({examples}) => examples.map(({id}) => id);
const withoutHelp = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
// How many records each object store of the database holds, by the browser's own interface.
async function records(name = 'onthefly') {
  const database = await withoutHelp(indexedDB.open(name));
  const counts = {};
  for (const store of database.objectStoreNames) {
    counts[store] = await withoutHelp(database.transaction(store).objectStore(store).count());
  }
  database.close();
  return counts;
}
"""

NOTHING = {"projects": 0, "docs": 0, "heads": 0, "examples": 0, "contents": 0}
"""How many records there are in an empty store."""

STORED_PICTURES = """
async () => {
  const database = await withoutHelp(indexedDB.open('onthefly'));
  const contents = await withoutHelp(database.transaction('contents').objectStore('contents').getAll());
  database.close();
  return contents.map(({picture}) => picture instanceof Blob ? 'Blob' : picture.bytes.constructor.name);
}
"""
"""How each picture is kept."""


def write_page(folder: Path) -> Path:
    """Write a page that has the store as `kept`, and the helpers; returns its folder."""
    esbuild = TEMPLATE_ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ["--bundle", "--format=iife", "--global-name=kept", "--target=es2022", "--log-level=warning"]
    subprocess.run(
        [esbuild, *options, f"--outfile={folder / 'store.js'}"],
        input=ENTRY,
        text=True,
        cwd=TEMPLATE_ROOT,
        check=True,
    )
    (folder / "helpers.js").write_text(HELPERS)
    scripts = '<script src="store.js"></script><script src="helpers.js"></script>'
    (folder / "index.html").write_text(
        f'<!doctype html><link rel="icon" href="data:,"><title>Store</title>{scripts}'
    )
    return folder


@contextmanager
def open_page(browser: Browser, url: str, script: str = "") -> Iterator[Page]:
    """Open the page in a context of its own, and afterwards demand that nothing was complained of."""
    context = browser.new_context()
    try:
        with tab(context, url, script) as page:
            yield page
    finally:
        context.close()


@contextmanager
def tab(context: BrowserContext, url: str, script: str = "") -> Iterator[Page]:
    """The same in a context that may have further tabs."""
    visit = Visit(context.new_page())
    if script:
        visit.page.add_init_script(script)
    visit.page.goto(url)
    yield visit.page
    assert visit.complaints == []
    visit.page.close()
