import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { KernelsInUse } from '../../../site_template/src/protocol.ts';

const SITE = new URL('../../../site_template/', import.meta.url);
const esbuild = createRequire(new URL('package.json', SITE))('esbuild');

// The module as the worker has it, on the backend that runs anywhere.
const scratch = mkdtempSync(path.join(tmpdir(), 'implementations-'));
const outfile = path.join(scratch, 'implementations.mjs');
await esbuild.build({
  stdin: {
    contents: `
      import "@tensorflow/tfjs-backend-cpu";
      export * as tf from "@tensorflow/tfjs-core";
      export { startBackbone } from "./src/worker/backbone.ts";`,
    resolveDir: fileURLToPath(SITE),
  },
  bundle: true,
  outfile,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
  target: 'es2022',
});
const { startBackbone, tf } = await import(pathToFileURL(outfile).href);
rmSync(scratch, { recursive: true });
await tf.setBackend('cpu');

const PICTURE = {
  data: Uint8ClampedArray.from({ length: 16 }, (_, i) => 10 * i),
  width: 2,
  height: 2,
};
/** The mean of each of the three channels. */
const EXPECTED = Float32Array.from([60, 70, 80], (mean) => mean / 255);
const GOLDEN = [{ picture: PICTURE, expected: EXPECTED }];

/** A graph that computes that. */
const PARTS = {
  plan: null,
  signature: {
    inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT' } },
    outputs: { y: { name: 'y:0', dtype: 'DT_FLOAT' } },
  },
  artifacts: {
    modelTopology: {
      versions: {},
      node: [
        { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } },
        { name: 'axes', op: 'Const', attr: { dtype: { type: 'DT_INT32' } } },
        {
          name: 'y',
          op: 'Mean',
          input: ['x', 'axes'],
          attr: { T: { type: 'DT_FLOAT' }, keep_dims: { b: false } },
        },
      ],
    },
    weightSpecs: [{ name: 'axes', shape: [2], dtype: 'int32' }],
    weightData: Int32Array.of(1, 2).buffer,
  },
};

const site = (model: object) => ({
  preprocess: { size: 2, fit: 'crop' },
  backbone: { features: 3 },
  golden: { limit: 1e-3 },
  model,
});
const WITH_PLAN = site({ plan: {} });

let disposed: string[] = [];

/** The means of what the backbone is given, off by a factor. */
const implementation = (kind: string, factor: number) => ({
  kind,
  make: async () => ({
    bytes: 100,
    compute: (given: object) => tf.tidy(() => tf.mul(tf.mean(given, [1, 2]), factor)),
    dispose: () => disposed.push(kind),
  }),
});
const broken = (kind: string, message: string) => ({
  kind,
  make: async () => {
    throw new Error(message);
  },
});
const choice = (...implementations: object[]) => ({ name: 'wasm', implementations: () => implementations });

/** Why faster kernels are not in use, as programs and logs have it. */
const said = ({ faults }: KernelsInUse) =>
  faults.map(({ kernels, error }) => [kernels, error.message].filter(Boolean).join(': ')).join(' ');

test('the fastest implementation that computes right is taken', async () => {
  const implementations = choice(implementation('relaxed', 1), implementation('simd', 1));
  const { backbone, kernels, check } = await startBackbone(implementations, WITH_PLAN, PARTS, GOLDEN);
  assert.deepEqual(kernels, { kind: 'relaxed', faults: [] });
  assert.ok(check.error < 1e-6);
  assert.deepEqual([...(await backbone.embed(PICTURE))], [...EXPECTED]);
  assert.equal(backbone.memory().bytes, tf.memory().numBytes + 100);
});

test('an implementation that computes wrong or cannot be had gives way, and it is said why', async () => {
  disposed = [];
  const tensors = tf.memory().numTensors;
  for (const wrong of [1.01, NaN]) {
    const implementations = choice(implementation('relaxed', wrong), implementation('simd', 1));
    const { kernels } = await startBackbone(implementations, WITH_PLAN, PARTS, GOLDEN);
    assert.equal(kernels.kind, 'simd');
    assert.match(said(kernels), /^relaxed: .*computes different numbers/);
  }
  assert.deepEqual(disposed, ['relaxed', 'relaxed']);
  assert.equal(tf.memory().numTensors, tensors);

  const none = choice(broken('relaxed', 'no memory'), implementation('simd', 2));
  const stock = await startBackbone(none, WITH_PLAN, PARTS, GOLDEN);
  assert.equal(stock.kernels.kind, 'stock');
  assert.match(said(stock.kernels), /relaxed: no memory simd: .*different numbers/);
  const found = await stock.backbone.embed(PICTURE);
  found.forEach((x: number, i: number) => assert.ok(Math.abs(x - EXPECTED[i]) < 1e-6));
  stock.backbone.dispose();
});

test("an implementation's own way from bytes is taken, checked, and done without where it has no memory", async () => {
  const reading = (read: (picture: typeof PICTURE) => any) => ({
    kind: 'relaxed',
    make: async () => ({ ...(await implementation('relaxed', 1).make()), read }),
  });
  const tensors = tf.memory().numTensors;
  let reads = 0;
  const right = ({ data }: typeof PICTURE) => {
    reads++;
    const rgb = data.filter((_, i) => i % 4 < 3);
    return tf.tensor4d(
      [...rgb].map((byte) => byte / 255),
      [1, 2, 2, 3],
    );
  };
  const taken = await startBackbone(choice(reading(right)), WITH_PLAN, PARTS, GOLDEN);
  assert.deepEqual(taken.kernels, { kind: 'relaxed', faults: [] });
  assert.equal(reads, 1);

  const wrong = choice(
    reading(() => tf.ones([1, 2, 2, 3])),
    implementation('simd', 1),
  );
  const { kernels } = await startBackbone(wrong, WITH_PLAN, PARTS, GOLDEN);
  assert.equal(kernels.kind, 'simd');

  const none = choice(reading(() => null));
  const plain = await startBackbone(none, WITH_PLAN, PARTS, GOLDEN);
  assert.deepEqual(plain.kernels, { kind: 'relaxed', faults: [] });
  const short = { ...PICTURE, width: 3 };
  await assert.rejects(plain.backbone.embed(short), /needs 24 bytes, not 16/);
  assert.equal(tf.memory().numTensors, tensors);
});

test("without a plan or SIMD TensorFlow.js' graph runs, and it is said why", async () => {
  const unknown = site({ noPlan: 'no step does Sigmoid' });
  const cases: [object, object, RegExp][] = [
    [choice(implementation('simd', 1)), unknown, /do not know this model: no step does/],
    [choice(), WITH_PLAN, /does not run WebAssembly SIMD/],
  ];
  for (const [given, described, why] of cases) {
    const { kernels } = await startBackbone(given, described, PARTS, GOLDEN);
    assert.equal(kernels.kind, 'stock');
    assert.match(said(kernels), why);
  }
  const webgl = { name: 'webgl' };
  const { kernels } = await startBackbone(webgl, WITH_PLAN, PARTS, GOLDEN);
  assert.deepEqual(kernels, { kind: 'stock', faults: [] });
});

test('the kernels that are asked for run, or none', async () => {
  const implementations = choice(implementation('relaxed', 1), implementation('simd', 1.01));
  const start = (wanted: string) => startBackbone(implementations, WITH_PLAN, PARTS, GOLDEN, wanted);
  assert.deepEqual((await start('stock')).kernels, {
    kind: 'stock',
    faults: [],
  });
  await assert.rejects(start('simd'), /computes different numbers .*\(off by 0\.01/);
  await assert.rejects(startBackbone(choice(), WITH_PLAN, PARTS, GOLDEN, 'relaxed'), /does not run WebAssembly SIMD/);
});
