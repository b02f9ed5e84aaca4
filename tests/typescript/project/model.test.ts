import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { unzipSync, zipSync } from '../../../site_template/node_modules/fflate/esm/index.mjs';
import { preprocess } from '../../../site_template/src/core/preprocess.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import { appendHead } from '../../../site_template/src/project/graph.ts';
import { modelFileName, packModel } from '../../../site_template/src/project/model.ts';
import { unpackModel } from '../../../site_template/src/project/model-import.ts';
import { CODE } from '../../../site_template/src/project/model-texts.ts';
import { readDirectory, writeZip } from '../../../site_template/src/project/zip.ts';
import { SITE, taught, WIDTH } from './projects.ts';

const NAMES = ['Cup', '<b>Hand</b>', '空'];
const TIME = { timeStamp: new Date('2024-05-06T07:08:09.010Z') };
const tensor = (name: string, last: number) => ({
  dtype: 'DT_FLOAT',
  name,
  tensorShape: { dim: [{ size: '-1' }, { size: String(last) }] },
});
/** The smallest graph with a name that the head would like to have. */
const GRAPH: any = {
  format: 'graph-model',
  modelTopology: {
    node: [
      { name: 'inputs', op: 'Placeholder', attr: {} },
      { name: 'head/kernel1', op: 'Identity', input: ['inputs'] },
    ],
    versions: { producer: 1 },
  },
  signature: {
    inputs: { inputs: tensor('inputs:0', 3) },
    outputs: { features: tensor('head/kernel1:0', WIDTH) },
  },
  weightsManifest: [
    {
      paths: ['a.bin', 'b.bin'],
      weights: [{ name: 'w', shape: [3], dtype: 'float32' }],
    },
  ],
};
const FILES = {
  'model.json': new TextEncoder().encode(JSON.stringify(GRAPH)),
  'a.bin': Uint8Array.of(1, 2, 3, 4, 5),
  'b.bin': Uint8Array.of(6, 7, 8, 9, 10, 11, 12),
};

const asset = (url: keyof typeof FILES) => ({
  url,
  sha256: createHash('sha256').update(FILES[url]).digest('hex'),
  bytes: FILES[url].length,
});
const site: any = {
  ...SITE,
  model: {
    hash: SITE.model.hash,
    graph: asset('model.json'),
    shards: [asset('a.bin'), asset('b.bin')],
  },
};

function servedBy(read: (name: string) => Uint8Array<ArrayBuffer>) {
  globalThis.fetch = async (url) => new Response(read(String(url).split('/').pop() ?? ''));
}

async function packed(changes: object = {}) {
  servedBy((name) => FILES[name as keyof typeof FILES]);
  const head = (await taught().snapshot()).head;
  const given = { site, base: 'https://a.example/', head, ...TIME, ...changes };
  const classNames = head.classes.map((_: string, i: number) => NAMES[i]);
  return { file: await packModel({ classNames, ...given }), head, classNames };
}

test('the zip holds one graph, its weights in one file, and the names', async () => {
  const { file, head, classNames } = await packed();
  const files = unzipSync(new Uint8Array(await file.arrayBuffer()));
  assert.deepEqual(Object.keys(files).sort(), [
    'README.md',
    'index.html',
    'metadata.json',
    'model.json',
    'onthefly.json',
    'predict.js',
    'weights.bin',
  ]);
  const json = (name: string) => JSON.parse(new TextDecoder().decode(files[name]));
  const graph = json('model.json');
  const classes = classNames.length;
  assert.deepEqual(graph.weightsManifest[0].paths, ['weights.bin']);
  assert.deepEqual(
    graph.weightsManifest[0].weights.map((w: any) => w.name),
    ['w', ...['kernel1', 'bias1', 'kernel2', 'bias2'].map((n) => `head_/${n}`)],
  );
  const { hidden } = head.settings;
  const sizes = [WIDTH * hidden, hidden, hidden * classes, classes];
  const floats = sizes.reduce((sum, size) => sum + size, 0);
  assert.equal(files['weights.bin'].length, 12 + 4 * floats);
  assert.deepEqual([...files['weights.bin'].slice(0, 12)], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert.deepEqual(graph.signature.outputs.probabilities, tensor('head_/probabilities:0', classes));
  assert.deepEqual(graph.signature.inputs, GRAPH.signature.inputs);
  assert.deepEqual(json('metadata.json').labels, classNames);
  assert.equal(json('metadata.json').timeStamp, '2024-05-06T07:08:09.010Z');
  assert.deepEqual(json('onthefly.json').classes, classNames);
  for (const [name, sum] of Object.entries(json('onthefly.json').files)) {
    assert.equal(createHash('sha256').update(files[name]).digest('hex'), sum, name);
  }
  // What a visitor wrote stands in data only.
  for (const name of ['index.html', 'README.md', 'predict.js']) {
    assert.ok(!new TextDecoder().decode(files[name]).includes(NAMES[1]), name);
  }
});

test('the same head and time give the same bytes', async () => {
  const [one, other] = [await packed(), await packed()];
  assert.deepEqual(new Uint8Array(await one.file.arrayBuffer()), new Uint8Array(await other.file.arrayBuffer()));
});

test("a model file that is not the site's is not exported", async () => {
  const { head } = await packed();
  servedBy((name) => (name === 'b.bin' ? Uint8Array.of(6, 7, 8, 9, 10, 11, 13) : FILES[name as keyof typeof FILES]));
  await assert.rejects(
    packModel({
      ...{ site, base: 'https://a.example/', head },
      classNames: head.classes,
    }),
    { name: 'DownloadError' },
  );
});

test('a head that ran away, and names that do not fit it, are refused', async () => {
  await assert.rejects(packed({ classNames: ['one'] }), RangeError);
  const { head } = await packed();
  const bias1 = head.bias1.slice();
  bias1[0] = NaN;
  await assert.rejects(packed({ head: { ...head, bias1 } }), {
    code: 'diverged',
  });
});

test('what was packed is unpacked, and what was changed is refused', async () => {
  const { file, head, classNames } = await packed();
  const { about, weights } = await unpackModel(file, await readDirectory(file), site);
  assert.deepEqual(about.classes, classNames);
  for (const name of ['kernel1', 'bias1', 'kernel2', 'bias2'] as const) {
    assert.deepEqual(weights[name], head[name]);
  }
  const files = unzipSync(new Uint8Array(await file.arrayBuffer()));
  const cases: [string, (about: any) => void, string][] = [
    ['other-backbone', (a) => (a.backbone.modelHash = 'f'.repeat(16)), ''],
    ['other-backbone', (a) => (a.preprocess.fit = 'stretch'), ''],
    ['newer', (a) => (a.format = 2), ''],
    ['not-a-project', (a) => (a.kind = 'onthefly-project'), ''],
    ['damaged', (a) => (a.extra = 1), ''],
    ['damaged', (a) => (a.settings.hidden = 4096), ''],
    ['damaged', (a) => (a.classes = ['one']), ''],
    ['changed', () => {}, 'weights.bin'],
  ];
  for (const [code, change, spoilt] of cases) {
    const told = JSON.parse(new TextDecoder().decode(files['onthefly.json']));
    change(told);
    const contents: Record<string, Uint8Array<ArrayBuffer>> = {
      ...files,
      'onthefly.json': new TextEncoder().encode(JSON.stringify(told)),
    };
    if (spoilt) contents[spoilt] = contents[spoilt].slice(1);
    const altered = writeZip(Object.entries(contents));
    await assert.rejects(unpackModel(altered, await readDirectory(altered), site), { code }, String(change));
  }
});

test('a model that a system unpacked and packed again is unpacked', async () => {
  const { file, head } = await packed();
  const files = unzipSync(new Uint8Array(await file.arrayBuffer()));
  const again = zipSync({
    'Été 1/': new Uint8Array(0),
    'Été 1/.DS_Store': Uint8Array.of(1),
    ...Object.fromEntries(Object.entries(files).map(([name, contents]) => [`Été 1/${name}`, contents])),
    '__MACOSX/Été 1/._model.json': Uint8Array.of(1),
  });
  const blob = new Blob([again]);
  const { weights } = await unpackModel(blob, await readDirectory(blob), site);
  assert.deepEqual(weights.kernel2, head.kernel2);
});

test('the code beside a model prepares a picture as the page does, to the bit', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'model-'));
  const file = path.join(folder, 'predict.mjs');
  await writeFile(file, CODE);
  const { toInput } = await import(pathToFileURL(file).href);
  const random = new Xoshiro128(5);
  for (const [width, height, size] of [
    [7, 5, 4],
    [3, 9, 8],
    [1, 1, 3],
    [16, 16, 16],
    [320, 180, 224],
    [5, 4, 1],
  ]) {
    const data = Uint8Array.from({ length: width * height * 4 }, () => random.below(256));
    for (const fit of ['crop', 'stretch'] as const) {
      assert.deepEqual(
        toInput({ data, width, height }, size, fit),
        preprocess(data, width, height, { size, fit }),
        `${width} x ${height} ${fit}`,
      );
    }
  }
});

test('a graph that is made for single pictures stays so', () => {
  const single = structuredClone(GRAPH);
  single.signature.outputs.features.tensorShape.dim[0].size = '1';
  const { signature } = appendHead(single, { features: WIDTH, hidden: 2, classes: 3 }, 'w');
  assert.equal(signature.outputs.probabilities.tensorShape.dim[0].size, '1');
});

test("a download is named by the site's title", () => {
  assert.equal(modelFileName('Cups & Hands'), 'Cups-Hands-model.zip');
  assert.equal(modelFileName('空'), 'model.zip');
});
