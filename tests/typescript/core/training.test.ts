import assert from 'node:assert/strict';
import test from 'node:test';
import { argmax, initialWeights, PlainHead } from '../../../site_template/src/core/head.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import { shuffle, Training } from '../../../site_template/src/core/training.ts';

const SETTINGS = { hidden: 16, epochs: 10, batch: 5, rate: 0.01, seed: 3 };

/** Three clouds of points that a head can tell apart. */
function clouds(perClass = 9, width = 8) {
  const random = new Xoshiro128(11);
  const features = new Float32Array(3 * perClass * width);
  const labels = new Uint16Array(3 * perClass);
  for (let i = 0; i < labels.length; i++) {
    labels[i] = Math.floor(i / perClass);
    for (let f = 0; f < width; f++) features[i * width + f] = random.uniform() + (f === labels[i] ? 1.5 : 0);
  }
  return {
    features,
    labels,
    shape: { features: width, hidden: SETTINGS.hidden, classes: 3 },
  };
}

function train(settings = SETTINGS) {
  const { features, labels, shape } = clouds();
  const head = new PlainHead(shape, initialWeights(shape, settings.seed));
  head.load(features, labels);
  const batches: number[][] = [];
  const trainBatch = head.trainBatch.bind(head);
  head.trainBatch = (indices, rate) => {
    batches.push([...indices]);
    return trainBatch(indices, rate);
  };
  const training = new Training(head, labels.length, settings);
  while (!training.done) training.step();
  return { head, training, batches, features, labels, width: shape.features };
}

test('every epoch takes every example once, in an order of its own, the last batch short', () => {
  const { batches } = train();
  const perEpoch = Math.ceil(27 / SETTINGS.batch);
  assert.equal(batches.length, SETTINGS.epochs * perEpoch);
  const orders = new Set<string>();
  for (let e = 0; e < SETTINGS.epochs; e++) {
    const epoch = batches.slice(e * perEpoch, (e + 1) * perEpoch);
    assert.equal(epoch[perEpoch - 1].length, 27 % SETTINGS.batch);
    const order = epoch.flat();
    orders.add(String(order));
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      Array.from({ length: 27 }, (_, i) => i),
    );
  }
  assert.equal(orders.size, SETTINGS.epochs);
});

test('the same seed gives the same weights, another seed others', () => {
  const one = train().head.weights;
  assert.deepEqual(train().head.weights, one);
  assert.notDeepEqual(train({ ...SETTINGS, seed: 4 }).head.weights.kernel2, one.kernel2);
});

test('training learns what can be learned, and reports it epoch by epoch', () => {
  const { head, training, features, labels, width } = train();
  assert.deepEqual(
    training.history.map((e) => e.epoch),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  assert.ok(training.history[9].loss < 0.5 * training.history[0].loss);
  const right = labels.filter(
    (label, i) => argmax(head.predict(features.subarray(i * width, (i + 1) * width))) === label,
  );
  assert.ok(right.length >= 26, `${right.length} of 27`);
});

test('a batch larger than the data is one batch per epoch', () => {
  const { batches } = train({ ...SETTINGS, batch: 100, epochs: 2 });
  assert.deepEqual(
    batches.map((b) => b.length),
    [27, 27],
  );
});

test('Fisher-Yates reaches every order about equally often', () => {
  const random = new Xoshiro128(1);
  const counts: Record<string, number> = {};
  for (let i = 0; i < 6000; i++) {
    const order = Uint32Array.of(0, 1, 2);
    shuffle(order, random);
    counts[String(order)] = (counts[String(order)] ?? 0) + 1;
  }
  assert.equal(Object.keys(counts).length, 6);
  for (const count of Object.values(counts)) assert.ok(count > 850 && count < 1150, JSON.stringify(counts));
});
