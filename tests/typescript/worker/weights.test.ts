import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import type { WeightSpec } from '../../../site_template/src/worker/fold.ts';
import { weightReader } from '../../../site_template/src/worker/weights.ts';

const require = createRequire(new URL('../../../site_template/package.json', import.meta.url));
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');

function artifacts(weightSpecs: WeightSpec[], parts: ArrayBufferView[]) {
  const bytes = parts.flatMap((part) => [...new Uint8Array(part.buffer, part.byteOffset, part.byteLength)]);
  const weightData = Uint8Array.from(bytes).buffer;
  return { modelTopology: { node: [] }, weightSpecs, weightData };
}

test('every half-precision number is what TensorFlow.js makes of it, bit for bit', async () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const given = artifacts(
    [
      {
        name: 'half',
        shape: [65536],
        dtype: 'float32',
        quantization: { dtype: 'float16' },
      },
    ],
    [all],
  );
  const found = weightReader(given)('half');
  const { half } = await tf.io.decodeWeights(given.weightData, given.weightSpecs);
  const expected = half.dataSync();
  for (let i = 0; i < all.length; i++) {
    assert.ok(Object.is(found[i], expected[i]), `${i}: ${found[i]}`);
  }
});

test('weights are found by name, wherever they begin', () => {
  const given = artifacts(
    [
      {
        name: 'steps',
        shape: [3],
        dtype: 'float32',
        quantization: { dtype: 'uint8', scale: 0.5, min: -1 },
      },
      { name: 'plain', shape: [2], dtype: 'float32' },
    ],
    [Uint8Array.of(0, 1, 4), Float32Array.of(1.5, -2)],
  );
  const read = weightReader(given);
  assert.deepEqual([...read('plain')], [1.5, -2]);
  assert.deepEqual([...read('steps')], [-1, -0.5, 1]);
  assert.throws(() => read('other'), /no weight other/);
});

test('whole numbers are no weights', () => {
  const spec: WeightSpec = { name: 'axes', shape: [1], dtype: 'int32' };
  assert.throws(() => weightReader(artifacts([spec], [Int32Array.of(1)]))('axes'), /of the type int32/);
});
