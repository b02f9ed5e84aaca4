// The backbone in TensorFlow.js: loaded from verified bytes, run on one picture at a time.

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { fetchVerified } from '../verified.js';
import { concatenate, foldScales } from './fold.js';

/**
 * A backend of TensorFlow.js that one of `backends/` has registered.
 * @typedef {object} BackendChoice
 * @property {import('../protocol.js').BackendName} name
 * @property {(site: import('../protocol.js').Site, base: string) => Promise<() => void>} [prepare]
 *   run before it starts; resolves to what is to be run after
 */

/**
 * @param {BackendChoice} choice
 * @param {import('../protocol.js').Site} site
 * @param {string} base
 */
async function startBackend({ name, prepare }, site, base) {
  const finish = await prepare?.(site, base);
  const started = await tf.setBackend(name).catch(() => false);
  if (!started) throw new Error(`This browser does not offer ${name}.`);
  finish?.();
}

/**
 * Downloads everything the backbone needs, all files at once, and makes it ready.
 * @param {BackendChoice} choice
 * @param {import('../protocol.js').Site} site
 * @param {string} base absolute URL of the site's root
 * @param {(progress: import('../protocol.js').StartProgress) => void} [onProgress]
 * @returns {Promise<Backbone>}
 */
export async function loadBackbone(choice, site, base, onProgress) {
  const { graph, shards } = site.model;
  const total = [graph, ...shards].reduce((sum, asset) => sum + asset.bytes, 0);
  let bytes = 0;
  const onBytes = (/** @type {number} */ more) => onProgress?.({ phase: 'download', bytes: (bytes += more), total });
  onProgress?.({ phase: 'download', bytes, total });
  const [, graphBytes, ...shardBytes] = await Promise.all([
    startBackend(choice, site, base),
    fetchVerified(graph, base, onBytes),
    ...shards.map((shard) => fetchVerified(shard, base, onBytes)),
  ]);
  onProgress?.({ phase: 'compile', bytes: total, total });
  const { modelTopology, weightsManifest, signature } = JSON.parse(new TextDecoder().decode(graphBytes));
  const artifacts = foldScales({
    modelTopology,
    weightSpecs: weightsManifest.flatMap((/** @type {{weights: object[]}} */ group) => group.weights),
    weightData: concatenate(shardBytes.map((shard) => new Uint8Array(shard))),
  });
  const model = await loadGraphModel({ load: async () => ({ ...artifacts, signature }) });
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
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}
