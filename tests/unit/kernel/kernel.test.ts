import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { compileKernel } from '../../../site_template/kernel.mjs';
import { type HeadShape, type HeadWeights, initialWeights, PlainHead } from '../../../site_template/src/core/head.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import { Training } from '../../../site_template/src/core/training.ts';
import { KernelHead } from '../../../site_template/src/kernel/head.ts';
import { Kernel } from '../../../site_template/src/kernel/kernel.ts';
import { bytes, difference, examples, makeKernel, pair, setState, stateOf } from './support.ts';

/** What docs/head.md allows one step from a shared state. */
const STEP_LIMIT = 1e-5;
/** What the kernel keeps to with features and rates like the real ones. */
const OWN_LIMIT = 1e-6;
/** A step moves a weight by up to the rate: where that is large, the limit is this share of it. */
const SHARE_OF_RATE = 1e-4;

const MIB = 2 ** 20;

/** The hidden layer before its activation, one row for each example. */
function sumsOf(head: PlainHead | KernelHead, batch: Uint32Array) {
  const { features, hidden } = head.shape;
  if (head instanceof KernelHead) {
    const { sums } = head.batchSums(batch);
    const row = (b: number) => head.memory.doubles(sums + 8 * b * head.memory.width, hidden).slice();
    return Array.from(batch, (_, b) => row(b));
  }
  return Array.from(batch, (i) => head.hiddenSums(head.features, i * features));
}

/**
 * Each step from the kernel's own state, so that nothing can add up or cancel.
 * @returns the largest difference of any weight or moment after a step
 */
function follow(
  shape: HeadShape,
  {
    n,
    batch,
    steps,
    rate = 0.001,
    seed = 1,
    scale = 1,
  }: { n: number; batch: number; steps: number; rate?: number; seed?: number; scale?: number },
  kernel = makeKernel(),
): number {
  const data = examples(shape, n, seed, scale);
  const { plain, fast } = pair(shape, data, seed, kernel);
  const settings = { hidden: shape.hidden, epochs: 1000, batch, rate, seed };
  const training = new Training(fast, n, settings);
  const trainBatch = fast.trainBatch.bind(fast);
  let worst = 0;
  let reached = stateOf(fast); // reading it takes longer than a step
  fast.trainBatch = (indices, given) => {
    setState(plain, reached);
    const expected = plain.trainBatch(indices, given);
    const result = trainBatch(indices, given);
    assert.equal(result.correct, expected.correct);
    const loss = difference([result.loss], [expected.loss]);
    assert.ok(loss <= STEP_LIMIT, `loss ${result.loss} for ${expected.loss}: ${JSON.stringify(shape)}`);
    const state = stateOf(plain);
    reached = stateOf(fast);
    reached.forEach((part, i) => {
      worst = Math.max(worst, difference(part, state[i]));
    });
    return result;
  };
  for (let step = 0; step < steps; step++) training.step();
  const x = data.features.subarray(0, shape.features);
  setState(plain, reached);
  assert.ok(difference(fast.predict(x), plain.predict(x)) <= OWN_LIMIT);
  fast.release();
  return worst;
}

test("every step is the plain head's, for every shape", (t) => {
  const classes = [2, 3, 10, 37];
  const batches = [1, 2, 5, 50];
  let turn = 0;
  let worst = 0;
  for (const features of [1, 3, 7, 64, 1024, 1280]) {
    for (const hidden of [1, 5, 16, 127, 128, 130]) {
      // Every class count meets every batch size after four shapes.
      const shape = { features, hidden, classes: classes[turn % 4] };
      const batch = batches[(turn + Math.floor(turn / 4)) % 4];
      turn++;
      const off = follow(shape, { n: 11, batch, steps: 5, seed: turn });
      assert.ok(off <= OWN_LIMIT, `${JSON.stringify(shape)} ${batch}: ${off}`);
      worst = Math.max(worst, off);
    }
  }
  t.diagnostic(`largest difference ${worst.toPrecision(2)}`);
});

test("every step is the plain head's, for shapes, batches and rates drawn at random", (t) => {
  const random = new Xoshiro128(2024, 5);
  const kernel = makeKernel();
  let worst = 0;
  for (let i = 0; i < 300; i++) {
    const shape = {
      features: 1 + random.below(90),
      hidden: 1 + random.below(40),
      classes: 2 + random.below(12),
    };
    const run = {
      n: 2 + random.below(30),
      batch: 1 + random.below(33),
      steps: 8,
      rate: 10 ** (-4 + 4 * random.uniform()),
      scale: [1, 1, 30, 1e-3][random.below(4)],
      seed: i,
    };
    const limit = Math.max(STEP_LIMIT, SHARE_OF_RATE * run.rate);
    const share = follow(shape, run, kernel) / limit;
    assert.ok(share <= 1, `${JSON.stringify(shape)} ${JSON.stringify(run)}: ${share}`);
    worst = Math.max(worst, share);
  }
  t.diagnostic(`largest difference ${worst.toPrecision(2)} of what is allowed`);
});

for (const [n, classes, batch] of [
  [60, 3, 5],
  [22, 2, 5],
  [33, 10, 32],
]) {
  test(`every step at full size: ${n} examples of ${classes} classes by ${batch}`, (t) => {
    const shape = { features: 1024, hidden: 128, classes };
    const steps = n === 60 ? 120 : 20;
    const off = follow(shape, { n, batch, steps, seed: n });
    t.diagnostic(`largest difference ${off.toPrecision(2)}`);
    assert.ok(off <= OWN_LIMIT, String(off));
  });
}

for (const [name, run] of Object.entries({
  'large features': { scale: 1e6 },
  'features near the end of float32': { scale: 1e30 },
  'tiny features': { scale: 1e-30 },
  'zeros only': { scale: 0 },
  'a rate of 1': { rate: 1 },
  'a huge rate': { rate: 1000 },
  'no rate': { rate: 0 },
})) {
  test(`extremes: ${name}`, () => {
    const shape = { features: 33, hidden: 9, classes: 4 };
    const off = follow(shape, { n: 13, batch: 5, steps: 30, ...run });
    assert.ok(off <= STEP_LIMIT, String(off));
  });
}

/** Weights that bring each unit to a given sum for one of the examples, by cancellation. */
function cancelling(shape: HeadShape, features: Float32Array, wanted: (h: number) => { example: number; sum: number }) {
  const weights = initialWeights(shape, 1);
  const { kernel1, bias1 } = weights;
  const [last, { hidden }] = [shape.features - 1, shape];
  for (let h = 0; h < hidden; h++) {
    const { example, sum } = wanted(h);
    const x = features.subarray(example * shape.features);
    const rest = () => {
      let total = 0;
      for (let f = 0; f <= last; f++) total += x[f] * kernel1[f * hidden + h];
      return total;
    };
    kernel1[last * hidden + h] = 0;
    kernel1[last * hidden + h] = -rest() / x[last];
    bias1[h] = sum - rest();
  }
  return weights;
}

/** A unit's sum as a kernel has it that knows no float64. */
function sumInFloat32(shape: HeadShape, features: Float32Array, weights: HeadWeights, example: number, h: number) {
  let sum = 0;
  for (let f = 0; f < shape.features; f++) {
    const product = features[example * shape.features + f] * weights.kernel1[f * shape.hidden + h];
    sum = Math.fround(sum + Math.fround(product));
  }
  return sum + weights.bias1[h];
}

test('units that cancel to a billionth of zero are on where the plain head has them on', () => {
  const shape = { features: 211, hidden: 24, classes: 3 };
  const n = 12;
  let wrongInFloat32 = 0;
  for (let seed = 0; seed < 10; seed++) {
    const data = examples(shape, n, seed);
    data.features.forEach((value, i) => {
      if (i % shape.features === shape.features - 1) data.features[i] = 1 + Math.abs(value);
    });
    const wanted = (h: number) => ({
      example: (h + seed) % n,
      sum: [1e-9, -1e-9, 1e-8, -1e-8, 1e-12, -1e-12][(h + 5 * seed) % 6],
    });
    const weights = cancelling(shape, data.features, wanted);
    const plain = new PlainHead(shape, structuredClone(weights));
    const fast = new KernelHead(makeKernel(), shape, structuredClone(weights));
    const all = Uint32Array.from({ length: n }, (_, i) => i);
    for (const head of [plain, fast]) head.load(data.features, data.labels);
    // No unit is new, so that sums are not exact throughout.
    fast.unmoved = [];
    const expected = sumsOf(plain, all);
    const sums = sumsOf(fast, all);
    assert.notDeepEqual(sums, expected);
    for (let h = 0; h < shape.hidden; h++) {
      const { example, sum } = wanted(h);
      assert.ok(Math.abs(expected[example][h] - sum) < 1e-14);
      const rough = sumInFloat32(shape, data.features, weights, example, h);
      if (rough > 0 !== sum > 0) wrongInFloat32++;
      for (let i = 0; i < n; i++) {
        assert.equal(sums[i][h] > 0, expected[i][h] > 0, `${i} ${h} ${seed}`);
      }
    }
    setState(plain, stateOf(fast));
    for (const head of [plain, fast]) head.trainBatch(all, 0.001);
    const state = stateOf(plain);
    stateOf(fast).forEach((part, i) => assert.ok(difference(part, state[i]) <= OWN_LIMIT));
  }
  // The cases are such that rounding decides a good part of them wrongly.
  assert.ok(wrongInFloat32 > 60, String(wrongInFloat32));
});

test("gradients that cancel move weights as the plain head's do", () => {
  const shape = { features: 40, hidden: 12, classes: 2 };
  const data = examples(shape, 2, 3, 100);
  // The same photo in two classes: what one pulls, the other pushes, up to how sure the head is.
  data.features.copyWithin(shape.features, 0, shape.features);
  const weights = initialWeights(shape, 3);
  for (let i = 0; i < 3; i++) {
    const head = new PlainHead(shape, structuredClone(weights));
    const { logits } = head.forward(data.features, 0);
    weights.bias2[0] += logits[1] - logits[0];
  }
  const plain = new PlainHead(shape, structuredClone(weights));
  const fast = new KernelHead(makeKernel(), shape, structuredClone(weights));
  for (const head of [plain, fast]) {
    head.load(data.features, data.labels);
    head.trainBatch(Uint32Array.of(0, 1), 0.001);
  }
  const { m } = plain.tensors.kernel1;
  assert.ok(m.some((value) => value !== 0));
  assert.ok(m.every((value) => Math.abs(value) < 1e-4));
  const state = stateOf(plain);
  stateOf(fast).forEach((part, i) => assert.ok(difference(part, state[i]) <= OWN_LIMIT, `${i}`));
});

test('a batch that turns on a new unit is summed as the plain head does, bit for bit', () => {
  for (const hidden of [6, 13, 32]) {
    const shape = { features: 77, hidden, classes: 3 };
    const { plain, fast } = pair(shape, examples(shape, 9, hidden), hidden);
    const batch = Uint32Array.of(8, 0, 3, 4, 1, 7);
    assert.deepEqual(sumsOf(fast, batch), sumsOf(plain, batch));
    for (let i = 0; i < 5; i++) fast.trainBatch(batch, 0.01);
    setState(plain, stateOf(fast));
    const x = plain.features;
    assert.deepEqual(fast.hiddenSums(x, 77), plain.hiddenSums(x, 77));
    const later = sumsOf(plain, batch);
    fast.unmoved = [];
    assert.notDeepEqual(sumsOf(fast, batch), later);
    const isOn = (h: number) => later.some((one) => one[h] > 0);
    fast.unmoved = [...later[0].keys()].filter(isOn).slice(0, 1);
    assert.equal(fast.unmoved.length, 1);
    assert.deepEqual(sumsOf(fast, batch), later);
  }
});

test('no NaN where the plain head has none', () => {
  const shape = { features: 33, hidden: 9, classes: 4 };
  for (const [scale, rate] of [
    [1e6, 0.001],
    [0, 0.001],
    [1, 100],
    [1e-30, 10],
  ]) {
    const { plain, fast } = pair(shape, examples(shape, 13, 1, scale), 1);
    for (const head of [plain, fast]) {
      for (let i = 0; i < 40; i++) {
        const { loss } = head.trainBatch(Uint32Array.of(0, 5, 12, i % 13), rate);
        assert.ok(!Number.isNaN(loss));
      }
      assert.ok(stateOf(head).every((part) => part.every(Number.isFinite)));
    }
  }
});

test('predicting needs no examples and does not disturb training', () => {
  const shape = { features: 50, hidden: 7, classes: 3 };
  const data = examples(shape, 9, 4);
  const x = data.features.subarray(50, 100);
  const bare = new KernelHead(makeKernel(), shape, initialWeights(shape, 2));
  const { plain, fast } = pair(shape, data, 2);
  assert.deepEqual(bare.predict(x), fast.predict(x));
  assert.ok(difference(fast.predict(x), plain.predict(x)) <= OWN_LIMIT);
  const quiet = pair(shape, data, 2).fast;
  for (let i = 0; i < 20; i++) {
    const batch = Uint32Array.of(i % 9, (i + 3) % 9);
    fast.trainBatch(batch, 0.01);
    fast.predict(x);
    quiet.trainBatch(batch, 0.01);
  }
  assert.deepEqual(stateOf(fast), stateOf(quiet));
  const before = fast.predict(x);
  const finished = fast.finish();
  assert.equal(finished.engine, 'plain');
  assert.ok(difference(finished.predict(x), before) <= OWN_LIMIT);
});

test('a batch may be larger than the examples, and name one twice', () => {
  const shape = { features: 6, hidden: 5, classes: 2 };
  const { plain, fast } = pair(shape, examples(shape, 2, 4), 2);
  const batch = Uint32Array.from({ length: 20_000 }, (_, i) => i % 2);
  plain.trainBatch(batch, 0.01);
  fast.trainBatch(batch, 0.01);
  const state = stateOf(plain);
  stateOf(fast).forEach((part, i) => assert.ok(difference(part, state[i]) <= OWN_LIMIT));
});

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

test("a run so long that the moments' scale is brought back follows the plain head", () => {
  // The scale grows 32-fold in about 6900 steps; each step is compared from the kernel's own state.
  const worst = follow({ features: 3, hidden: 5, classes: 2 }, { n: 10, batch: 5, steps: 14_500 });
  assert.ok(worst <= OWN_LIMIT, `${worst}`);
});
