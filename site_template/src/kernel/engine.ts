// What trains: the kernel where this browser runs it, else the plain head. The kernel's bytes stand in this
// bundle, so they are covered by its hash and need no request of their own.

import { copyOf, PlainHead } from '../core/head.js';
import { WorkerError } from '../errors.js';
import { Kernel, KernelHead } from './kernel.js';
import bytes from './head.wasm';

const kernel = Kernel.from(bytes);

/**
 * @param {import('../core/head.js').HeadShape} shape
 * @param {import('../core/head.js').HeadWeights} weights
 * @param {import('../protocol.js').Engine|undefined} wanted
 * @param {(head: PlainHead) => void} fill throws a RangeError where the memory for it is not to be had
 * @returns {PlainHead}
 */
function filled(shape, weights, wanted, fill) {
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
 * @param {import('../core/head.js').HeadShape} shape
 * @param {import('../core/head.js').HeadWeights} weights copied
 * @param {{features: Float32Array, labels: Uint16Array}} examples
 * @param {import('../protocol.js').Engine} [wanted] this and no other; without it the fastest there is
 * @returns {PlainHead}
 */
export function makeHead(shape, weights, { features, labels }, wanted) {
  return filled(shape, weights, wanted, (head) => head.load(features, labels));
}

/**
 * The fastest head there is, with room for examples, which `place` brings.
 * @param {import('../core/head.js').HeadShape} shape
 * @param {import('../core/head.js').HeadWeights} weights copied
 * @param {Uint16Array} labels
 * @returns {PlainHead}
 */
export function emptyHead(shape, weights, labels) {
  return filled(shape, weights, undefined, (head) => head.expect(labels));
}
