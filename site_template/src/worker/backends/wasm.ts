// TensorFlow.js on WebAssembly, started from bytes that were checked: TensorFlow.js itself checks none.

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { WorkerError } from '../../errors.ts';
import { PolicyError } from '../../policy.ts';
import { serve } from '../main.ts';
import { ourImplementations } from '../our-kernels.ts';

const FILES = { plain: 'tfjs-backend-wasm.wasm', simd: 'tfjs-backend-wasm-simd.wasm' };
const THREADED = 'tfjs-backend-wasm-threaded-simd.wasm';

/**
 * TensorFlow.js would wait for ever where WebAssembly is missing or a policy forbids it. The smallest module there is
 * tells.
 */
async function requireWasm() {
  if (typeof WebAssembly === 'undefined') throw new WorkerError('no-webassembly');
  try {
    await WebAssembly.compile(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00));
  } catch {
    throw new PolicyError('script-src');
  }
}

serve({
  name: 'wasm',
  implementations: ourImplementations,

  async prepare(site, readFile) {
    await requireWasm();
    // Threads would need headers that static hosts do not send.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    const hasSimd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
    const bytes = await readFile(hasSimd ? site.wasm.simd : site.wasm.plain);
    const names = Object.values(FILES);
    setWasmPaths({ ...Object.fromEntries(names.map((name) => [name, name])), [THREADED]: '' }, true);
    const platform = tf.env().platform;
    const fetchOfPlatform = platform.fetch.bind(platform);
    platform.fetch = (path, init) =>
      names.includes(path) ? Promise.resolve(new Response(bytes)) : fetchOfPlatform(path, init);
    return () => {
      platform.fetch = fetchOfPlatform;
    };
  },
});
