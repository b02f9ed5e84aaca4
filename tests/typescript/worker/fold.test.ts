import assert from 'node:assert/strict';
import test from 'node:test';
import { foldScales } from '../../../site_template/src/worker/fold.ts';

const CONST = { dtype: { type: 'DT_FLOAT' } };

/** A kernel of 2 inputs and 3 channels in 8 bits, its scales, and a float32 bias. */
function artifacts() {
  const step = 1 / 127;
  const stored = Uint8Array.of(0, 127, 254, 27, 1, 200);
  const scale = Float32Array.of(0.5, 2, 1e-3);
  const bias = Float32Array.of(7, 8, 9);
  const weightData = new Uint8Array([...stored, ...new Uint8Array(scale.buffer), ...new Uint8Array(bias.buffer)])
    .buffer;
  return {
    stored,
    scale,
    bias,
    step,
    given: {
      modelTopology: {
        node: [
          { name: 'x', op: 'Placeholder' },
          { name: 'k', op: 'Const', attr: CONST },
          { name: 's', op: 'Const', attr: CONST },
          { name: 'k/scaled', op: 'Mul', input: ['k', 's'] },
          { name: 'b', op: 'Const', attr: CONST },
          { name: 'conv', op: '_FusedConv2D', input: ['x', 'k/scaled', 'b'] },
          { name: 'double', op: 'Mul', input: ['conv', 'conv'] },
        ],
      },
      weightSpecs: [
        {
          name: 'k',
          shape: [1, 1, 2, 3],
          dtype: 'float32' as const,
          quantization: {
            dtype: 'uint8' as const,
            scale: step,
            min: -1,
          },
        },
        { name: 's', shape: [3], dtype: 'float32' as const },
        { name: 'b', shape: [3], dtype: 'float32' as const },
      ],
      weightData,
    },
  };
}

test('a product of an 8-bit kernel and its scales becomes the kernel it makes', () => {
  const { given, stored, scale, bias, step } = artifacts();
  const { modelTopology, weightSpecs, weightData } = foldScales(given);
  assert.deepEqual(
    modelTopology.node.map(({ name, op }) => `${name} ${op}`),
    ['x Placeholder', 'k/scaled Const', 'b Const', 'conv _FusedConv2D', 'double Mul'],
  );
  assert.deepEqual(
    weightSpecs.map(({ name }) => name),
    ['b', 'k/scaled'],
  );
  const values = new Float32Array(weightData);
  assert.deepEqual([...values.subarray(0, 3)], [...bias]);
  const expected = Float32Array.from(stored, (q, i) => Math.fround(q * step - 1) * scale[i % 3]);
  assert.deepEqual([...values.subarray(3)], [...expected]);
  assert.equal(values[4], 0, 'the middle step is exactly zero');
});

test('what was given is not changed, and a graph without 8-bit kernels passes through', () => {
  const { given } = artifacts();
  const before = structuredClone(given);
  foldScales(given);
  assert.deepEqual(given, before);
  const plain = {
    ...given,
    weightSpecs: given.weightSpecs.map(({ name, shape, dtype }) => ({
      name,
      shape,
      dtype,
    })),
  };
  plain.weightData = new ArrayBuffer(4 * 12);
  assert.equal(foldScales(plain).weightData, plain.weightData);
});
