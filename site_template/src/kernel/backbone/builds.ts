// The two builds of the backbone's kernels, and which of them this browser runs. Their bytes stand in the worker's
// bundle, so they are covered by its hash and need no request of their own.

import relaxed from './backbone-relaxed.wasm';
import simd from './backbone-simd.wasm';

type Build = 'relaxed' | 'simd';

/** The faster one first: where a processor has a fused multiply-add, the relaxed one uses it. */
const BYTES = { relaxed, simd };

/** @returns those that this browser runs, the fastest first; none where WebAssembly's SIMD is missing */
export function builds(): Build[] {
  // The bytes hold the instructions, so they are themselves the test for them.
  return (['relaxed', 'simd'] as Build[]).filter((name) => WebAssembly.validate(BYTES[name]));
}

export function compile(name: Build): Promise<WebAssembly.Module> {
  return WebAssembly.compile(BYTES[name]);
}
