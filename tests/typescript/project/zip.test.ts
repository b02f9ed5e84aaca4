// Reading and writing zips.

import assert from 'node:assert/strict';
import test from 'node:test';
import { readDirectory, readEntry, writeZip } from '../../../site_template/src/project/zip.ts';

test('while a large file is checked, other things get their turn', async () => {
  const contents = new Uint8Array(20 << 20);
  for (let i = 0; i < contents.length; i++) contents[i] = (i * 31) >> 3;
  const file = writeZip([['features.f32', contents]]);
  const entry = (await readDirectory(file)).get('features.f32')!;
  let turns = 0;
  const timer = setInterval(() => (turns += 1));
  const read = await readEntry(file, entry);
  clearInterval(timer);
  assert.ok(Buffer.from(read).equals(contents)); // `deepEqual` takes seconds for so much
  assert.ok(turns >= 10, `${turns} turns`);
});

test('a changed byte is told wherever it stands', async () => {
  const contents = new Uint8Array(3 << 20);
  const file = writeZip([['features.f32', contents]]);
  const entry = (await readDirectory(file)).get('features.f32')!;
  for (const place of [0, (1 << 20) - 1, 1 << 20, contents.length - 1]) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    bytes[entry.end - contents.length + place] ^= 1;
    await assert.rejects(readEntry(new Blob([bytes]), entry), /checksum is wrong/);
  }
});
