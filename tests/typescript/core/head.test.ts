import assert from 'node:assert/strict';
import test from 'node:test';
import { argmax, initialWeights, PlainHead } from '../../../site_template/src/core/head.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';

const SHAPE = { features: 6, hidden: 5, classes: 3 };

function examples(seed: number, n = 7) {
  const random = new Xoshiro128(seed, 3);
  return {
    features: Float32Array.from({ length: n * SHAPE.features }, () => 2 * random.uniform() - 1),
    labels: Uint16Array.from({ length: n }, () => random.below(SHAPE.classes)),
  };
}

function meanLoss(head: PlainHead, features: Float32Array, labels: Uint16Array) {
  let loss = 0;
  labels.forEach((label, i) => {
    const x = features.subarray(i * SHAPE.features, (i + 1) * SHAPE.features);
    const { logits, logSum } = head.forward(x, 0);
    loss += logSum - logits[label];
  });
  return loss / labels.length;
}

test('kernels start Glorot uniform, biases at zero, repeatably', () => {
  const shape = { features: 1024, hidden: 128, classes: 3 };
  const { kernel1, bias1, kernel2, bias2 } = initialWeights(shape, 1);
  const limit = Math.sqrt(6 / (1024 + 128));
  const sorted = Float32Array.from(kernel1).sort();
  assert.ok(sorted[0] >= -limit && sorted[0] < -0.99 * limit);
  assert.ok(sorted[sorted.length - 1] <= limit && sorted[sorted.length - 1] > 0.99 * limit);
  assert.ok(Math.abs(kernel1.reduce((a, b) => a + b, 0) / kernel1.length) < 1e-3);
  assert.ok([...bias1, ...bias2].every((v) => v === 0));
  assert.deepEqual(initialWeights(shape, 1).kernel2, kernel2);
  assert.notDeepEqual(initialWeights(shape, 2).kernel2, kernel2);
});

test('probabilities sum to one, also where logits are large', () => {
  const weights = initialWeights(SHAPE, 4);
  weights.bias2.set([500, 501, -500]);
  const p = new PlainHead(SHAPE, weights).predict(examples(1).features.subarray(0, 6));
  assert.ok(Math.abs(p.reduce((a, b) => a + b, 0) - 1) < 1e-6);
  assert.equal(argmax(p), 1);
});

test('the first step moves every weight against its gradient, as Adam does', () => {
  const { features, labels } = examples(2);
  const head = new PlainHead(SHAPE, initialWeights(SHAPE, 9));
  head.load(features, labels);
  const before = initialWeights(SHAPE, 9);
  const rate = 0.01;
  head.trainBatch(
    Uint32Array.from(labels, (_, i) => i),
    rate,
  );
  for (const name of ['kernel1', 'bias1', 'kernel2', 'bias2'] as const) {
    for (let i = 0; i < before[name].length; i++) {
      // The gradient by central differences: independent of the code under test.
      const probe = (delta: number) => {
        const weights = initialWeights(SHAPE, 9);
        const shifted = Float32Array.from(weights[name]);
        shifted[i] += delta;
        return meanLoss(new PlainHead(SHAPE, { ...weights, [name]: shifted }), features, labels);
      };
      const step = 1e-2;
      const gradient = (probe(step) - probe(-step)) / (2 * step);
      const moved = head.weights[name][i] - before[name][i];
      // After one step the corrected moments are g and g squared, so Adam moves by rate * sign(g).
      if (Math.abs(gradient) > 1e-3) {
        assert.ok(
          Math.abs(moved + rate * Math.sign(gradient)) < 1e-5,
          `${name}[${i}]: ${moved} for gradient ${gradient}`,
        );
      }
    }
  }
});

test('a second step follows the two moments', () => {
  const head = new PlainHead(
    { features: 1, hidden: 1, classes: 2 },
    {
      kernel1: Float32Array.of(1),
      bias1: Float32Array.of(0),
      kernel2: Float32Array.of(0, 0),
      bias2: Float32Array.of(0, 0),
    },
  );
  head.load(Float32Array.of(1, 2), Uint16Array.of(0, 1));
  const rate = 0.1;
  head.trainBatch(Uint32Array.of(0), rate);
  head.trainBatch(Uint32Array.of(1), rate);
  // bias2[0]: first gradient p - 1 = -0.5; the second from the weights that the first step left.
  const first = -0.5;
  // hidden before step 2: kernel1 and bias1 saw a zero gradient (kernel2 was zero), so relu(2 * 1) = 2.
  const logits = [0.1 + 2 * 0.1, -0.1 - 2 * 0.1];
  const second = 1 / (1 + Math.exp(logits[1] - logits[0]));
  const m = 0.9 * (0.1 * first) + 0.1 * second;
  const v = 0.999 * (0.001 * first ** 2) + 0.001 * second ** 2;
  const expected = 0.1 - (rate * (m / (1 - 0.9 ** 2))) / (Math.sqrt(v / (1 - 0.999 ** 2)) + 1e-7);
  assert.ok(Math.abs(head.weights.bias2[0] - expected) < 1e-6, `${head.weights.bias2[0]} for ${expected}`);
});

test('the mean is over the batch that is there, however short', () => {
  const { features, labels } = examples(5);
  const once = new PlainHead(SHAPE, initialWeights(SHAPE, 1));
  const twice = new PlainHead(SHAPE, initialWeights(SHAPE, 1));
  once.load(features, labels);
  twice.load(features, labels);
  const single = once.trainBatch(Uint32Array.of(3), 0.01);
  const doubled = twice.trainBatch(Uint32Array.of(3, 3), 0.01);
  assert.ok(Math.abs(doubled.loss - 2 * single.loss) < 1e-6);
  once.weights.kernel1.forEach((w, i) => assert.ok(Math.abs(w - twice.weights.kernel1[i]) < 1e-6));
});
