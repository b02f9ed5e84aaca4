import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { compileKernel } from '../../../site_template/kernel.mjs';
import { type HeadShape, initialWeights } from '../../../site_template/src/core/head.ts';
import { Training } from '../../../site_template/src/core/training.ts';
import { KernelHead } from '../../../site_template/src/kernel/head.ts';
import { Kernel } from '../../../site_template/src/kernel/kernel.ts';
import { bytes, difference, examples, makeKernel, pair, stateOf } from './support.ts';

const MIB = 2 ** 20;

function train(kernel: Kernel, shape: HeadShape, { n = 23, epochs = 10, seed = 3 } = {}) {
  const { features, labels } = examples(shape, n, seed);
  const head = new KernelHead(kernel, shape, initialWeights(shape, seed));
  head.load(features, labels);
  const settings = { hidden: shape.hidden, epochs, batch: 5, rate: 0.01, seed };
  const training = new Training(head, n, settings);
  while (!training.done) training.step();
  const state = stateOf(head);
  return { state, history: training.history, finished: head.finish() };
}

test("a whole run ends as the plain head's, and learns", () => {
  const shape = { features: 256, hidden: 64, classes: 3 };
  const data = examples(shape, 60, 8);
  const { plain, fast } = pair(shape, data, 8);
  const settings = { hidden: 64, epochs: 10, batch: 5, rate: 0.001, seed: 8 };
  const runs = [plain, fast].map((head) => new Training(head, 60, settings));
  for (const run of runs) while (!run.done) run.step();
  const [expected, history] = runs.map((run) => run.history);
  assert.ok(history[9].loss < 0.5 * history[0].loss);
  history.forEach(({ loss, accuracy }, i) => {
    assert.ok(Math.abs(loss - expected[i].loss) <= 1e-3);
    assert.equal(accuracy, expected[i].accuracy);
  });
  for (let i = 0; i < 60; i++) {
    const x = data.features.subarray(i * 256, (i + 1) * 256);
    assert.ok(difference(fast.predict(x), plain.predict(x)) <= 1e-3);
  }
});

test('the same run gives the same bits, also in memory that other runs have used', () => {
  const shape = { features: 40, hidden: 13, classes: 5 };
  const kernel = makeKernel();
  const first = train(kernel, shape);
  const weights = structuredClone(first.finished.weights);
  assert.deepEqual(train(makeKernel(), shape).state, first.state);
  train(kernel, { features: 301, hidden: 30, classes: 2 }, { n: 90 });
  const again = train(kernel, shape);
  assert.deepEqual(again.state, first.state);
  assert.deepEqual(again.history, first.history);
  assert.deepEqual(first.finished.weights, weights);
});

test('units added to fill the lanes stay zero', () => {
  const shape = { features: 10, hidden: 6, classes: 3 };
  const data = examples(shape, 9, 1);
  const { fast } = pair(shape, data, 1);
  for (let i = 0; i < 50; i++) fast.trainBatch(Uint32Array.of(i % 9, 3), 0.1);
  assert.equal(fast.memory.width, 8);
  for (const at of Object.values(fast.memory.at.kernel1)) {
    const rows = fast.memory.floats(at, 10 * 8);
    rows.forEach((value, i) => {
      if (i % 8 >= 6) assert.ok(Object.is(value, 0), `${i}: ${value}`);
    });
    assert.ok(rows.some((value) => value !== 0));
  }
});

test('runs one after another take turns in the same memory', () => {
  const kernel = makeKernel();
  const shape = { features: 200, hidden: 32, classes: 3 };
  train(kernel, shape, { epochs: 1 });
  const code = kernel.idle;
  assert.ok(code);
  const sizes: number[] = [];
  for (let i = 0; i < 300; i++) {
    train(kernel, shape, { epochs: 1, n: 5 + (i % 40), seed: i });
    assert.equal(kernel.idle, code);
    sizes.push(code.memory.buffer.byteLength);
  }
  assert.equal(sizes[299], sizes[45]);
  assert.ok(sizes[299] < MIB);
});

test('memory that a large run needed is not kept', () => {
  const kernel = makeKernel();
  const shape = { features: 1024, hidden: 4, classes: 2 };
  const head = new KernelHead(kernel, shape, initialWeights(shape, 1));
  head.load(new Float32Array(20_000 * 1024), new Uint16Array(20_000));
  head.trainBatch(Uint32Array.of(19_999, 0), 0.01);
  assert.ok(head.memory.code.memory.buffer.byteLength > 64 * MIB);
  head.finish();
  assert.equal(kernel.idle, null);
});

test("more than the kernel's limit is refused before anything is written", () => {
  const shape = { features: 2 ** 20, hidden: 128, classes: 2 };
  const weights = initialWeights({ ...shape, features: 1 }, 1);
  assert.throws(() => new KernelHead(makeKernel(), shape, weights), {
    name: 'RangeError',
    message: /more than the kernel's 1024 MiB/,
  });
});

test('a head that has given its memory back says so', () => {
  const shape = { features: 4, hidden: 4, classes: 2 };
  const { fast } = pair(shape, examples(shape, 4, 1), 1);
  fast.finish();
  assert.throws(() => fast.predict(new Float32Array(4)), /given its memory/);
  assert.throws(() => fast.trainBatch(Uint32Array.of(0), 1), /given its mem/);
});

test('without SIMD there is no kernel', () => {
  const { validate } = WebAssembly;
  try {
    WebAssembly.validate = () => false;
    assert.equal(Kernel.from(bytes), null);
    WebAssembly.validate = () => {
      throw new Error('not allowed here');
    };
    assert.equal(Kernel.from(bytes), null);
  } finally {
    WebAssembly.validate = validate;
  }
});

test('the module is small, needs nothing, and is the same from the same source', async () => {
  assert.ok(bytes.length < 5500, `${bytes.length} bytes`);
  setFlagsFromString('--liftoff-only'); // the compiler runs once, as in kernel.ts
  assert.deepEqual(await compileKernel(), bytes);
  setFlagsFromString('--no-liftoff-only');
  const module = new WebAssembly.Module(bytes as any);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
});
