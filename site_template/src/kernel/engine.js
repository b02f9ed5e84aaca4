// What trains: the kernel where this browser runs it, else the plain head. The kernel's bytes stand in this
// bundle, so they are covered by its hash and need no request of their own.

import { PlainHead } from '../core/head.js';
import { Kernel, KernelHead } from './kernel.js';
import bytes from './layer.wasm';

const kernel = Kernel.from(bytes);

/**
 * A head with its examples loaded.
 * @param {import('../core/head.js').HeadShape} shape
 * @param {import('../core/head.js').HeadWeights} weights taken over
 * @param {{features: Float32Array, labels: Uint16Array}} examples
 * @param {import('../protocol.js').Engine} [wanted] this and no other; without it the fastest there is
 * @returns {PlainHead}
 */
export function makeHead(shape, weights, { features, labels }, wanted) {
  if (wanted === 'wasm-simd' && !kernel) throw new Error('This browser does not run WebAssembly SIMD.');
  if (kernel && wanted !== 'plain') {
    try {
      const head = new KernelHead(kernel, shape, weights);
      head.load(features, labels);
      return head;
    } catch (error) {
      // So many examples that WebAssembly has no memory for them: the plain head needs no copy of them.
      if (wanted || !(error instanceof RangeError)) throw error;
    }
  }
  const head = new PlainHead(shape, weights);
  head.load(features, labels);
  return head;
}
