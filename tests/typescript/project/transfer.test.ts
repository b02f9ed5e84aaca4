import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { unzipSync } from '../../../site_template/node_modules/fflate/esm/index.mjs';
import { TENSORFLOW_JS } from '../../../site_template/src/contract.ts';
import { folderOf } from '../../../site_template/src/project/format.ts';
import { exportProject, importProject } from '../../../site_template/src/transfer.ts';
import { CLASSES, FakeWorker, remote, SETTINGS, SITE, taught } from './projects.ts';

const TIME = { timeStamp: new Date('2024-05-06T07:08:09.010Z') };

const bytesOf = async (file: Blob) => new Uint8Array(await file.arrayBuffer());

async function plain(worker: any) {
  const { examples, ...rest } = await worker.snapshot();
  const pictures = await Promise.all(examples.map((e: any) => bytesOf(e.picture)));
  return {
    ...rest,
    examples: examples.map(({ id, classId, features }: any, i: number) => ({
      id,
      classId,
      features,
      picture: pictures[i],
    })),
  };
}

test('what was taught is the same after the journey, to the bit', async () => {
  const worker = taught();
  const { file, fileName, examples, withoutHead } = await exportProject(remote(worker), SITE, CLASSES, TIME);
  assert.equal(fileName, 'Cups-Hands.zip');
  assert.equal(examples, 13);
  assert.equal(withoutHead, null);
  const other = new FakeWorker();
  const imported = await importProject(remote(other), SITE, await bytesOf(file));
  assert.deepEqual(imported.classes, CLASSES);
  assert.deepEqual(imported.settings, SETTINGS);
  assert.equal(imported.examples.length, 13);
  assert.equal(imported.examples[0].picture.type, 'image/jpeg');
  assert.equal(imported.reembedded, false);
  const [before, after] = [await plain(worker), await plain(other)];
  // Losses travel as float32, which is all that a comparison needs of them.
  before.head.trace.losses = before.head.trace.losses.map(Math.fround);
  assert.deepEqual(after, before);
  assert.deepEqual(imported.head?.history, after.head.history);
  assert.equal(other.examples.add('c1', new Float32Array(12), new Blob()), 15);
});

test('the same project and time give the same bytes; photos are stored as they are', async () => {
  const one = await exportProject(remote(taught()), SITE, CLASSES, TIME);
  const two = await exportProject(remote(taught()), SITE, CLASSES, TIME);
  const bytes = await bytesOf(one.file);
  assert.deepEqual(await bytesOf(two.file), bytes);
  const files = unzipSync(bytes, { filter: ({ compression }) => !compression });
  assert.deepEqual(Object.keys(files).slice(0, 6), [
    'project.json',
    'features.f32',
    'head.f32',
    'head.json',
    'images/1-cup/1.jpg',
    'images/1-cup/11.jpg',
  ]);
  assert.ok('images/3/2.jpg' in files);
  assert.equal(Object.keys(files).length, 6 + 13);
});

test("metadata.json has what Teachable Machine's has", async () => {
  const { file } = await exportProject(remote(taught()), SITE, CLASSES, TIME);
  const metadata = JSON.parse(new TextDecoder().decode(unzipSync(await bytesOf(file))['metadata.json']));
  assert.deepEqual(metadata, {
    tfjsVersion: TENSORFLOW_JS,
    tmVersion: '2.4.10',
    packageVersion: '0.1.0',
    packageName: 'onthefly',
    timeStamp: '2024-05-06T07:08:09.010Z',
    userMetadata: {},
    modelName: 'Cups & Hands',
    labels: ['Cup', '空'],
    imageSize: 224,
  });
  const root = new URL('../../../site_template/', import.meta.url);
  const lock = JSON.parse(await readFile(new URL('package-lock.json', root), 'utf8'));
  assert.equal(lock.packages['node_modules/@tensorflow/tfjs-core'].version, TENSORFLOW_JS);
});

test('folders are named so that every file system takes them', () => {
  assert.equal(folderOf('Müßig & more/../x', 1), '2-mu-ig-more-x');
  assert.equal(folderOf('空', 2), '3');
  assert.match(folderOf('a'.repeat(200), 999), /^1000-a{35}$/);
  assert.equal(folderOf(`${'a'.repeat(37)} b`, 0), `1-${'a'.repeat(37)}`);
});

test('a project without a head travels, and says so', async () => {
  const { file, withoutHead } = await exportProject(remote(taught({ train: false })), SITE, CLASSES, TIME);
  assert.equal(withoutHead, 'untrained');
  const other = new FakeWorker();
  assert.equal((await importProject(remote(other), SITE, file)).head, null);
  assert.equal(other.examples.size, 13);
});

test("a head that knows a removed class stays behind, and its class's photos too", async () => {
  const { file, examples, withoutHead } = await exportProject(remote(taught()), SITE, CLASSES.slice(1), TIME);
  assert.equal(withoutHead, 'class-removed');
  assert.equal(examples, 7);
  const other = new FakeWorker();
  const imported = await importProject(remote(other), SITE, file);
  assert.deepEqual(imported.classes, CLASSES.slice(1));
  assert.equal(imported.head, null);
});

test('a class that its owner leaves out stays left out, and keeps its photos', async () => {
  const classes = CLASSES.map((each, i) => (i === 1 ? { ...each, enabled: false } : each));
  const { file, examples } = await exportProject(remote(taught()), SITE, classes, TIME);
  assert.equal(examples, 13);
  const other = new FakeWorker();
  const imported = await importProject(remote(other), SITE, file);
  assert.deepEqual(imported.classes, classes);
  assert.equal(other.examples.size, 13);
});

test('a head of numbers that ran away stays behind, and says so', async () => {
  const worker = taught();
  worker.head.kernel2[0] = NaN;
  const { file, withoutHead } = await exportProject(remote(worker), SITE, CLASSES, TIME);
  assert.equal(withoutHead, 'diverged');
  assert.equal((await importProject(remote(new FakeWorker()), SITE, file)).head, null);
});

test('names that cannot be written are made so that they can', async () => {
  const names = ['half a smile \ud83d', '', '😀'.repeat(250)];
  const classes = CLASSES.map((each, i) => ({ ...each, name: names[i] }));
  const { file } = await exportProject(remote(taught()), SITE, classes, TIME);
  const imported = await importProject(remote(new FakeWorker()), SITE, file);
  assert.deepEqual(
    imported.classes.map(({ name }) => name),
    ['half a smile \ufffd', '2', '😀'.repeat(200)],
  );
});

test("classes get ids of the caller's, and head and photos follow", async () => {
  const { file } = await exportProject(remote(taught()), SITE, CLASSES, TIME);
  let last = 40;
  const other = new FakeWorker();
  const imported = await importProject(remote(other), SITE, file, {
    newId: () => `n${++last}`,
  });
  assert.deepEqual(
    imported.classes.map(({ id }) => id),
    ['n41', 'n42', 'n43'],
  );
  assert.deepEqual(other.head.classes, ['n41', 'n43']);
  assert.equal(other.examples.count('n43'), 7);
});

test("another site's project is refused, and taken by learning its photos anew where that is asked for", async () => {
  const { file } = await exportProject(remote(taught()), SITE, CLASSES, TIME);
  const elsewhere = { ...SITE, model: { hash: 'f'.repeat(16) } };
  const worker = taught();
  const before = await plain(worker);
  await assert.rejects(importProject(remote(worker), elsewhere, file), {
    code: 'other-backbone',
    message: /belongs to a site with the model “MobileNetV3-Small 1.0” \(float16, 0123456789abcdef\)/,
  });
  const stretched = { ...SITE, preprocess: { size: 224, fit: 'stretch' } };
  await assert.rejects(importProject(remote(worker), stretched, file), {
    code: 'other-backbone',
    message: /uses the centre of a picture; this one uses all of it/,
  });
  assert.deepEqual(await plain(worker), before);

  (globalThis as any).createImageBitmap = async () =>
    Object.assign(new MessageChannel().port1, { width: 224, height: 224 });
  const progress: number[][] = [];
  const imported = await importProject(remote(worker), elsewhere, file, {
    reembed: true,
    onProgress: (done, total) => progress.push([done, total]),
  });
  assert.equal(imported.reembedded, true);
  assert.equal(imported.head, null);
  assert.deepEqual(progress.at(-1), [13, 13]);
  assert.ok(worker.examples.all().every(({ features }) => features[0] === 0.5));
});
