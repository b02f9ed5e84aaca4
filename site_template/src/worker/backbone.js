// The backbone in TensorFlow.js: loaded from verified bytes, run on one picture at a time.

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { concatenate, foldScales } from './fold.js';

/**
 * A backend of TensorFlow.js that one of `backends/` has registered.
 * @typedef {object} BackendChoice
 * @property {import('../protocol.js').BackendName} name
 * @property {(site: import('../protocol.js').Site, take: import('../verified.js').Take) => Promise<() => void>} [prepare]
 *   run before it starts; resolves to what is to be run after
 * @property {() => {lost: Promise<unknown>, isLost: () => boolean}} [device] what it computes on, once it has started;
 *   a graphics card can be taken away at any time. `lost` resolves soon after
 */

/**
 * @param {BackendChoice} choice
 * @param {import('../protocol.js').Site} site
 * @param {import('../verified.js').Take} take
 */
async function startBackend({ name, prepare }, site, take) {
  const finish = await prepare?.(site, take);
  const started = await tf.setBackend(name).catch(() => false);
  if (!started) throw new Error(`This browser does not offer ${name}.`);
  finish?.();
}

/**
 * Downloads everything the backbone needs, all files at once, and makes it ready.
 * @param {BackendChoice} choice
 * @param {import('../protocol.js').Site} site
 * @param {import('../verified.js').Take} take
 * @param {(progress: import('../protocol.js').StartProgress) => void} [onProgress]
 * @returns {Promise<Backbone>}
 */
export async function loadBackbone(choice, site, take, onProgress) {
  const { graph, shards } = site.model;
  const total = [graph, ...shards].reduce((sum, asset) => sum + asset.bytes, 0);
  const [, graphBytes, ...shardBytes] = await Promise.all([
    startBackend(choice, site, take),
    take(graph),
    ...shards.map((shard) => take(shard)),
  ]);
  onProgress?.({ phase: 'compile', bytes: total, total });
  const { modelTopology, weightsManifest, signature } = JSON.parse(new TextDecoder().decode(graphBytes));
  const artifacts = foldScales({
    modelTopology,
    weightSpecs: weightsManifest.flatMap((/** @type {{weights: object[]}} */ group) => group.weights),
    weightData: concatenate(shardBytes.map((shard) => new Uint8Array(shard))),
  });
  const model = await loadGraphModel({ load: async () => ({ ...artifacts, signature }) });
  return new Backbone(model, site.preprocess.size, site.backbone.features, choice.device?.());
}

export class Backbone {
  /**
   * @param {import('@tensorflow/tfjs-converter').GraphModel} model
   * @param {number} size edge of the square it reads
   * @param {number} features width of what it gives
   * @param {ReturnType<NonNullable<BackendChoice['device']>>} [device]
   */
  constructor(model, size, features, device) {
    this.model = model;
    this.size = size;
    this.features = features;
    this.isLost = device?.isLost ?? (() => false);
    /** Resolves when the backend can compute no more: never, on the processor. */
    this.lost = new Promise((resolve) => {
      device?.lost.then(() => resolve(undefined));
    });
  }

  /**
   * @param {Float32Array} pixels [size, size, 3] in [0, 1]
   * @returns {Promise<Float32Array>} [features]
   */
  async embed(pixels) {
    const input = tf.tensor4d(pixels, [1, this.size, this.size, 3]);
    const output = /** @type {tf.Tensor} */ (this.model.execute(input));
    try {
      const computed = /** @type {Float32Array} */ (await output.data());
      // TensorFlow.js goes on without its device, and gives zeros or remains of other frames.
      if (this.isLost()) throw new Error('The graphics device was lost.');
      return computed;
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
