// What trains: the kernel if this browser runs it, else the plain head. The kernel's bytes are in this
// bundle, so they are covered by its hash and need no request of their own.

import { copyOf, type Head, type HeadShape, type HeadWeights, PlainHead } from '../core/head.ts';
import { OPTIMIZER } from '../core/optimizer.ts';
import { WorkerError } from '../errors.ts';
import type { Engine } from '../protocol.ts';
import { KERNEL_OPTIMIZER } from './adam.ts';
import { KernelHead } from './head.ts';
import bytes from './head.wasm';
import { Kernel } from './kernel.ts';

const kernel = KERNEL_OPTIMIZER === OPTIMIZER ? Kernel.from(bytes) : null;

/** @param fill throws a RangeError where the memory for it is not to be had */
function filled(shape: HeadShape, weights: HeadWeights, wanted: Engine | undefined, fill: (head: Head) => void): Head {
  if (wanted === 'wasm-simd' && !kernel) throw new WorkerError('no-simd');
  if (kernel && wanted !== 'plain') {
    try {
      const head = new KernelHead(kernel, shape, weights);
      fill(head);
      return head;
    } catch (error) {
      // So many examples that WebAssembly has no memory for them.
      if (wanted || !(error instanceof RangeError)) throw error;
    }
  }
  const head = new PlainHead(shape, copyOf(weights));
  fill(head);
  return head;
}

/**
 * A head with its examples loaded.
 * @param weights copied
 * @param wanted this and no other; without it the fastest there is
 */
export function makeHead(
  shape: HeadShape,
  weights: HeadWeights,
  { features, labels }: { features: Float32Array; labels: Uint16Array },
  wanted?: Engine,
): Head {
  return filled(shape, weights, wanted, (head) => head.load(features, labels));
}

/**
 * The fastest head there is, with room for examples, which `place` brings.
 * @param weights copied
 */
export function emptyHead(shape: HeadShape, weights: HeadWeights, labels: Uint16Array): Head {
  return filled(shape, weights, undefined, (head) => head.expect(labels));
}
