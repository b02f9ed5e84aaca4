// The two builds of the backbone's kernels, and which of them this browser runs. Their bytes stand in the worker's
// bundle, so they are covered by its hash and need no request of their own.

import relaxed from './backbone-relaxed.wasm';
import simd from './backbone-simd.wasm';

/** @typedef {'relaxed'|'simd'} Build */

/** The faster one first: where a processor has a fused multiply-add, the relaxed one uses it. */
const BYTES = { relaxed, simd };

/** @returns {Build[]} those that this browser runs, the fastest first; none where WebAssembly's SIMD is missing */
export function builds() {
  // The bytes hold the instructions, so they are themselves the test for them.
  return /** @type {Build[]} */ (['relaxed', 'simd']).filter((name) => WebAssembly.validate(BYTES[name]));
}

/**
 * @param {Build} name
 * @returns {Promise<WebAssembly.Module>}
 */
export function compile(name) {
  return WebAssembly.compile(BYTES[name]);
}
