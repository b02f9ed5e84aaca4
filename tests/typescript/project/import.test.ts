// Every way in which a file can be refused, and that a refused file changes nothing.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { unzipSync, zipSync } from '../../../site_template/node_modules/fflate/esm/index.mjs';
import { unpackProject } from '../../../site_template/src/project/import.ts';
import { exportProject, importProject } from '../../../site_template/src/transfer.ts';
import { CLASSES, jpeg, remote, SITE, taught } from './projects.ts';

const exported = await exportProject(remote(taught()), SITE, CLASSES, {
  timeStamp: new Date(0),
});
const ZIP = new Uint8Array(await exported.file.arrayBuffer());
const FILES = unzipSync(ZIP);

const json = (name: string) => JSON.parse(new TextDecoder().decode(FILES[name]));
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const hash = (contents: Uint8Array) => createHash('sha256').update(contents).digest('hex');

/**
 * The project with files exchanged and, unless told otherwise, the hashes made right again.
 * @param changed null: removed
 */
function altered(
  changed: Record<string, Uint8Array | null>,
  { rehash = true, project, level = 0 }: { rehash?: boolean; project?: (described: any) => void; level?: 0 | 6 } = {},
) {
  const files: Record<string, Uint8Array> = { ...FILES };
  const described = json('project.json');
  for (const [name, contents] of Object.entries(changed)) {
    if (contents) files[name] = contents;
    else delete files[name];
    if (rehash && contents) described.files[name] = hash(contents);
    if (rehash && !contents) delete described.files[name];
  }
  project?.(described);
  files['project.json'] ??= bytes(described);
  if (!('project.json' in changed)) files['project.json'] = bytes(described);
  return zipSync(files, { level });
}

const described = (project: (described: any) => void) => altered({}, { project });

function headWith(change: (head: any) => void) {
  const head = json('head.json');
  change(head);
  return altered({ 'head.json': bytes(head) });
}

/** A zip's bytes with one record of its directory patched. */
function patched(name: string, patch: (view: DataView, at: number) => void) {
  const copy = ZIP.slice();
  const view = new DataView(copy.buffer);
  for (let at = 0; at < copy.length - 46; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    const length = view.getUint16(at + 28, true);
    const found = new TextDecoder().decode(copy.subarray(at + 46, at + 46 + length));
    if (found === name) patch(view, at);
  }
  return copy;
}

const nan = FILES['features.f32'].slice();
new DataView(nan.buffer).setFloat32(40, NaN, true);
const flipped = FILES['head.f32'].slice();
flipped[100] ^= 1;
const zeros = new Uint8Array(3_000_000);

const REFUSED: Record<string, [file: Uint8Array<ArrayBuffer>, code: string, message: RegExp]> = {
  'an empty file': [new Uint8Array(0), 'not-a-project', /not a zip/],
  'a text file': [bytes('hello'), 'not-a-project', /not a zip/],
  'a zip cut short': [ZIP.slice(0, -100), 'not-a-project', /only part/],
  'a zip with something before it': [Uint8Array.of(1, ...ZIP), 'not-a-project', /not a zip/],
  "another program's zip": [zipSync({ 'model.json': bytes({}) }), 'not-a-project', /no project\.json/],
  'another kind of project': [described((p) => (p.kind = 'x')), 'not-a-project', /not a project/],
  'a newer version': [described((p) => Object.assign(p, { format: 2, extra: 1 })), 'newer', /newer version/],
  'a name with ..': [zipSync({ ...FILES, 'images/../../x.jpg': jpeg() }), 'unsafe', /name that no project/],
  'an absolute name': [zipSync({ ...FILES, '/etc/x': jpeg() }), 'unsafe', /name that no project/],
  'a backslash': [zipSync({ ...FILES, 'images\\x.jpg': jpeg() }), 'unsafe', /name that no project/],
  'a bomb by ratio': [zipSync({ ...FILES, 'x.bin': zeros }, { level: 9 }), 'too-large', /x\.bin, unpacked/],
  'a size that only the directory tells': [
    patched('features.f32', (view, at) => view.setUint32(at + 24, 2 ** 31, true)),
    'too-large',
    /features\.f32/,
  ],
  'an encrypted file': [patched('head.json', (v, at) => v.setUint16(at + 8, 1, true)), 'damaged', /encrypted/],
  'a foreign packing': [patched('head.json', (v, at) => v.setUint16(at + 10, 14, true)), 'damaged', /packed/],
  'entries that overlap': [
    patched('head.json', (v, at) => v.setUint32(at + 42, v.getUint32(at + 42, true) - 8, true)),
    'damaged',
    /neighbour|is missing/,
  ],
  'a wrong checksum': [
    patched('head.json', (v, at) => v.setUint32(at + 16, 5, true)),
    'damaged',
    /head\.json: its checksum is wrong/,
  ],
  'a stray file': [zipSync({ ...FILES, 'notes.txt': bytes(1) }), 'damaged', /notes\.txt: is not part/],
  'a missing photo': [altered({ 'images/3/2.jpg': null }), 'damaged', /images\/3\/2\.jpg: is missing/],
  'a missing trace': [altered({ 'trace.f32': null }), 'damaged', /trace\.f32: is missing/],
  'a photo without a hash': [described((p) => delete p.files['images/3/2.jpg']), 'damaged', /no checksum/],
  'a changed photo': [altered({ 'images/3/2.jpg': jpeg(8, 8) }, { rehash: false }), 'changed', /images\/3\/2\.jpg/],
  'a flipped bit': [altered({ 'head.f32': flipped }, { rehash: false }), 'changed', /head\.f32/],
  'no JPEG': [altered({ 'images/3/2.jpg': bytes('<svg/>') }), 'damaged', /is not a JPEG/],
  'a picture that is a bomb': [altered({ 'images/3/2.jpg': jpeg(60_000, 60_000) }), 'damaged', /60000 by 60000/],
  'features that are not numbers': [altered({ 'features.f32': nan }), 'damaged', /number at 10 is not finite/],
  'too few features': [altered({ 'features.f32': nan.slice(8) }), 'damaged', /has 616 bytes and needs 624/],
  'JSON that is none': [altered({ 'head.json': bytes(1).fill(123) }), 'damaged', /head\.json: is not JSON/],
  'a list for an object': [altered({ 'head.json': bytes([]) }), 'damaged', /head\.json: should be an object/],
  'an unknown key': [described((p) => (p.code = 'x')), 'damaged', /unknown key "code"/],
  'a missing key': [described((p) => delete p.settings), 'damaged', /lacks settings/],
  'no classes': [described((p) => (p.classes = [])), 'damaged', /classes: should have 1 to 1000/],
  'a thousand and one classes': [
    described((p) => (p.classes = Array.from({ length: 1001 }, () => p.classes[0]))),
    'damaged',
    /1 to 1000 items/,
  ],
  'a class twice': [described((p) => (p.classes[1].id = 'c1')), 'damaged', /two classes are the same/],
  'a folder that leads away': [described((p) => (p.classes[0].folder = '..')), 'damaged', /folder: has characters/],
  'a name that is no text': [
    described((p) => (p.classes[0].name = 5)),
    'damaged',
    /classes\[0\]\.name: should be text/,
  ],
  'an endless name': [described((p) => (p.classes[0].name = 'x'.repeat(201))), 'damaged', /1 to 200 characters/],
  'an example of no class': [described((p) => (p.examples[0].class = 'c9')), 'damaged', /photo 1 belongs to a class/],
  'examples out of order': [described((p) => p.examples.reverse()), 'damaged', /order they were taken/],
  'an id that is none': [described((p) => (p.examples[0].id = 1.5)), 'damaged', /whole number/],
  'a seed out of bounds': [described((p) => (p.settings.seed = 2 ** 32)), 'damaged', /settings\.seed/],
  'a rate of nothing': [described((p) => (p.settings.rate = 0)), 'damaged', /settings\.rate/],
  'a head of another size': [headWith((h) => (h.settings.hidden = 7)), 'damaged', /shape of kernel1/],
  'a head of unknown classes': [headWith((h) => (h.classes[0] = 'c7')), 'damaged', /not those of the project/],
  'a head with a photo twice': [headWith((h) => (h.examples[1] = h.examples[0])), 'damaged', /photo twice/],
  'a trace of another length': [headWith((h) => (h.steps += 1)), 'damaged', /trace\.f32: has/],
  'an accuracy of two': [headWith((h) => (h.history[0].accuracy = 2)), 'damaged', /out of bounds/],
};

for (const [what, [file, code, message]] of Object.entries(REFUSED)) {
  test(`refused: ${what}`, async () => {
    const worker = taught();
    const before = await worker.snapshot();
    await assert.rejects(importProject(remote(worker), SITE, file), (error: any) => {
      assert.equal(error.name, 'ProjectError');
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(await worker.snapshot(), before);
  });
}

test('a file twice is refused', async () => {
  // Two names of one length, so that one can be patched into the other.
  const copy = zipSync({ ...FILES, 'images/3/x.jpg': jpeg() });
  const text = Buffer.from(copy).toString('latin1').replaceAll('images/3/x.jpg', 'images/3/2.jpg');
  await assert.rejects(unpackProject(new Blob([Buffer.from(text, 'latin1')])), {
    code: 'unsafe',
    message: /twice/,
  });
});

test('a file that was changed since it was chosen is refused as that', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'project-'));
  const path = join(folder, 'project.zip');
  writeFileSync(path, ZIP);
  const chosen = await openAsBlob(path);
  writeFileSync(path, ZIP.slice(0, 50));
  const refused = { name: 'ProjectError', code: 'unreadable', message: /since it was chosen/ };
  await assert.rejects(unpackProject(chosen), refused);
  rmSync(folder, { recursive: true });
});

test('a name with half a character is refused', async () => {
  const zip = described((p) => (p.classes[0].name = 'Cup\ud83d'));
  const refused = { code: 'damaged', message: /name: has characters/ };
  await assert.rejects(unpackProject(new Blob([zip])), refused);
});

test('a deflated file that holds more than it says is stopped', async () => {
  const zip = altered({}, { level: 6 });
  const view = new DataView(zip.buffer);
  for (let at = 0; at < zip.length - 46; at++) {
    if (view.getUint32(at, true) !== 0x02014b50 || view.getUint16(at + 10, true) !== 8) continue;
    view.setUint32(at + 24, 40, true);
  }
  await assert.rejects(unpackProject(new Blob([zip])), {
    code: 'damaged',
    message: /holds more than/,
  });
});

test('a project that another program has packed again is the same project', async () => {
  const again = await unpackProject(new Blob([altered({ 'images/': new Uint8Array(0) }, { rehash: false, level: 6 })]));
  const before = await unpackProject(new Blob([ZIP]));
  assert.deepEqual(again, before);
});
