import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { initialWeights } from '../../../site_template/src/core/head.ts';
import { kernelPlugin } from '../../support/compiled.ts';
import { difference, examples } from './support.ts';

const SITE = new URL('../../../site_template/', import.meta.url);
const esbuild = createRequire(new URL('package.json', SITE))('esbuild');

// As the worker has it: the kernel's bytes stand in the bundle.
const bundle = await esbuild.build({
  entryPoints: [fileURLToPath(new URL('src/kernel/engine.ts', SITE))],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  plugins: [kernelPlugin],
});
const code: string = bundle.outputFiles[0].text;
let copies = 0;

/** A fresh copy of the module: it looks for SIMD as it loads. */
function load() {
  const source = `${code}// ${copies++}`;
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
}

const SHAPE = { features: 12, hidden: 7, classes: 3 };
const data = examples(SHAPE, 9, 1);
const start = () => initialWeights(SHAPE, 1);

test('the kernel trains where there is SIMD, unless the plain head is wanted', async () => {
  const { makeHead } = await load();
  const fast = makeHead(SHAPE, start(), data);
  const plain = makeHead(SHAPE, start(), data, 'plain');
  assert.equal(fast.engine, 'wasm-simd');
  assert.equal(plain.engine, 'plain');
  assert.equal(makeHead(SHAPE, start(), data, 'wasm-simd').engine, 'wasm-simd');
  const batch = Uint32Array.of(0, 4, 8);
  for (const head of [fast, plain]) head.trainBatch(batch, 0.01);
  for (const name of ['kernel1', 'bias2'] as const) {
    assert.ok(difference(fast.weights[name], plain.weights[name]) < 1e-6);
  }
});

test('without SIMD the plain head trains, and the kernel cannot be had', async () => {
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  try {
    const { makeHead } = await load();
    assert.equal(makeHead(SHAPE, start(), data).engine, 'plain');
    assert.throws(() => makeHead(SHAPE, start(), data, 'wasm-simd'), /does not run WebAssembly SIMD/);
  } finally {
    WebAssembly.validate = validate;
  }
});

test('where WebAssembly gets no memory the plain head trains', async () => {
  const { makeHead } = await load();
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = () => {
    throw new RangeError('no memory');
  };
  const shape = { features: 2000, hidden: 16, classes: 3 };
  const many = examples(shape, 9, 1);
  try {
    const head = makeHead(shape, initialWeights(shape, 1), many);
    assert.equal(head.engine, 'plain');
    assert.ok(head.trainBatch(Uint32Array.of(0, 1), 0.01).loss > 0);
    assert.throws(() => makeHead(shape, initialWeights(shape, 1), many, 'wasm-simd'), RangeError);
  } finally {
    WebAssembly.Memory.prototype.grow = grow;
  }
});
