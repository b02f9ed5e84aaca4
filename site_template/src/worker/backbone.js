// The backbone in TensorFlow.js: loaded from verified bytes, run on one picture at a time.

import '@tensorflow/tfjs-backend-wasm';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import {fetchVerified} from '../verified.js';

const WASM_FILES = {plain: 'tfjs-backend-wasm.wasm', simd: 'tfjs-backend-wasm-simd.wasm'};

/**
 * Starts the wasm backend from bytes that were checked: TensorFlow.js itself checks none.
 * @param {import('../protocol.js').Site} site
 * @param {string} base
 */
async function startWasm(site, base) {
  // Threads would need headers that static hosts do not send.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const hasSimd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  const bytes = await fetchVerified(hasSimd ? site.wasm.simd : site.wasm.plain, base);
  const platform = tf.env().platform;
  const fetchOfPlatform = platform.fetch.bind(platform);
  platform.fetch = (path, init) =>
    Object.values(WASM_FILES).includes(path) ? Promise.resolve(new Response(bytes)) : fetchOfPlatform(path, init);
  setWasmPaths({...Object.fromEntries(Object.values(WASM_FILES).map((name) => [name, name])), 'tfjs-backend-wasm-threaded-simd.wasm': ''}, true);
  if (!(await tf.setBackend('wasm'))) throw new Error('WebAssembly could not be started in this browser.');
  platform.fetch = fetchOfPlatform;
}

/**
 * @param {ArrayBuffer[]} buffers
 * @returns {ArrayBuffer}
 */
function concatenate(buffers) {
  const whole = new Uint8Array(buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0));
  let at = 0;
  for (const buffer of buffers) {
    whole.set(new Uint8Array(buffer), at);
    at += buffer.byteLength;
  }
  return whole.buffer;
}

/**
 * Downloads everything the backbone needs, all files at once, and makes it ready.
 * @param {import('../protocol.js').Site} site
 * @param {string} base absolute URL of the site's root
 * @param {(progress: import('../protocol.js').StartProgress) => void} [onProgress]
 * @returns {Promise<Backbone>}
 */
export async function loadBackbone(site, base, onProgress) {
  const {graph, shards} = site.model;
  const total = [graph, ...shards].reduce((sum, asset) => sum + asset.bytes, 0);
  let bytes = 0;
  const onBytes = (/** @type {number} */ more) => onProgress?.({phase: 'download', bytes: (bytes += more), total});
  onProgress?.({phase: 'download', bytes, total});
  const [, graphBytes, ...shardBytes] = await Promise.all([
    startWasm(site, base),
    fetchVerified(graph, base, onBytes),
    ...shards.map((shard) => fetchVerified(shard, base, onBytes)),
  ]);
  onProgress?.({phase: 'compile', bytes: total, total});
  const {modelTopology, weightsManifest, signature} = JSON.parse(new TextDecoder().decode(graphBytes));
  const model = await loadGraphModel({
    load: async () => ({
      modelTopology,
      signature,
      weightSpecs: weightsManifest.flatMap((/** @type {{weights: tf.io.WeightsManifestEntry[]}} */ group) => group.weights),
      weightData: concatenate(shardBytes),
    }),
  });
  return new Backbone(model, site.preprocess.size, site.backbone.features);
}

export class Backbone {
  /**
   * @param {import('@tensorflow/tfjs-converter').GraphModel} model
   * @param {number} size edge of the square it reads
   * @param {number} features width of what it gives
   */
  constructor(model, size, features) {
    this.model = model;
    this.size = size;
    this.features = features;
  }

  get backend() {
    return tf.getBackend();
  }

  /**
   * @param {Float32Array} pixels [size, size, 3] in [0, 1]
   * @returns {Promise<Float32Array>} [features]
   */
  async embed(pixels) {
    const input = tf.tensor4d(pixels, [1, this.size, this.size, 3]);
    const output = /** @type {tf.Tensor} */ (this.model.execute(input));
    try {
      return /** @type {Float32Array} */ (await output.data());
    } finally {
      input.dispose();
      output.dispose();
    }
  }
}

/** @returns {{tensors: number, bytes: number}} what TensorFlow.js holds */
export function tensorMemory() {
  const {numTensors, numBytes} = tf.memory();
  return {tensors: numTensors, bytes: numBytes};
}
