// Reading and writing zips.

import assert from "node:assert/strict";
import test from "node:test";
import { readDirectory, readEntry, writeZip } from "../../../site_template/src/project/zip.js";

test("while a large file is checked, other things get their turn", async () => {
  const contents = Uint8Array.from({ length: 20 << 20 }, (_, i) => (i * 31) >> 3);
  const file = writeZip([["features.f32", contents]]);
  const entry = (await readDirectory(file)).get("features.f32");
  let longest = 0;
  let turns = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    turns += 1;
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  });
  const read = await readEntry(file, entry);
  clearInterval(timer);
  assert.deepEqual(read, contents);
  assert.ok(turns >= 10, `${turns} turns, ${longest} ms without one`);
});

test("a changed byte is told wherever it stands", async () => {
  const contents = new Uint8Array(3 << 20);
  const file = writeZip([["features.f32", contents]]);
  const entry = (await readDirectory(file)).get("features.f32");
  for (const place of [0, (1 << 20) - 1, 1 << 20, contents.length - 1]) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    bytes[entry.end - contents.length + place] ^= 1;
    await assert.rejects(readEntry(new Blob([bytes]), entry), /checksum is wrong/);
  }
});
