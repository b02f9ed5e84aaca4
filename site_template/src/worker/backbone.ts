// The backbone in TensorFlow.js: loaded from verified bytes, run on one picture at a time. There may be several roads to
// the same features: the page's own kernels where the build has a plan for them, and always TensorFlow.js' graph.

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { preprocess } from '../core/preprocess.js';
import { errorReport, WorkerError } from '../errors.js';
import { concatenate, foldScales } from './fold.js';
import { selfCheck } from './self-check.js';

/** @import {KernelFault, KernelsInUse, Kernels, Preprocess, SelfCheck, Site, StartProgress} from '../protocol.js' */
/** @import {Pixels} from './frames.js' */
/** @import {Golden} from './self-check.js' */

/**
 * The model's files, read.
 * @typedef {object} Parts
 * @property {import('./fold.js').Artifacts} artifacts
 * @property {object} signature
 * @property {import('../kernel/backbone/plan.js').Plan|null} plan null where no road needs it, or there is none
 * @property {unknown} [planFault] why the plan that there is could not be had
 */

/**
 * A backbone that is ready to run.
 * @typedef {object} Computation
 * @property {number} bytes held in memory beside tensors
 * @property {(picture: Pixels, options: Preprocess) => tf.Tensor|null} [read] a picture's bytes to [1, size, size, 3],
 *   faster than the plain way and the same to the bit; null where there is no memory for it
 * @property {(pictures: tf.Tensor4D) => tf.Tensor} compute [n, size, size, 3] to [n, features]
 * @property {() => void} dispose
 */

/**
 * A way to compute the backbone.
 * @typedef {object} Road
 * @property {Kernels} kind
 * @property {(parts: Parts) => Promise<Computation>} make throws where it cannot be had here
 */

/**
 * A backend of TensorFlow.js that one of `backends/` has registered.
 * @typedef {object} BackendChoice
 * @property {import('../protocol.js').BackendName} name
 * @property {(site: import('../protocol.js').Site, take: import('../verified.js').Take) => Promise<() => void>} [prepare]
 *   run before it starts; resolves to what is to be run after
 * @property {() => Road[]} [roads] other than TensorFlow.js' graph, the fastest first
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
  if (!started) throw new WorkerError('no-backend', { backend: name });
  finish?.();
}

/** @type {Road} */
const STOCK = {
  kind: 'stock',
  async make({ artifacts, signature }) {
    const model = await loadGraphModel({ load: async () => ({ ...artifacts, signature }) });
    return {
      bytes: 0,
      compute: (pictures) => /** @type {tf.Tensor} */ (model.execute(pictures)),
      dispose: () => model.dispose(),
    };
  },
};

/**
 * Downloads everything the backbone needs, all files at once, and starts the backend.
 * @param {BackendChoice} choice
 * @param {Site} site
 * @param {import('../verified.js').Take} take
 * @param {(progress: StartProgress) => void} [onProgress]
 * @returns {Promise<Parts>}
 */
export async function loadParts(choice, site, take, onProgress) {
  const { graph, shards, plan } = site.model;
  const total = [graph, ...shards].reduce((sum, asset) => sum + asset.bytes, 0);
  /** @type {unknown} */
  let planFault;
  const [, planBytes, graphBytes, ...shardBytes] = await Promise.all([
    startBackend(choice, site, take),
    // TensorFlow.js' graph does without it.
    plan && choice.roads
      ? take(plan).catch((error) => {
          planFault = error;
          return null;
        })
      : null,
    take(graph),
    ...shards.map((shard) => take(shard)),
  ]);
  onProgress?.({ phase: 'compile', bytes: total, total });
  const read = (/** @type {ArrayBuffer} */ bytes) => JSON.parse(new TextDecoder().decode(bytes));
  const { modelTopology, weightsManifest, signature } = read(graphBytes);
  const artifacts = foldScales({
    modelTopology,
    weightSpecs: weightsManifest.flatMap((/** @type {{weights: object[]}} */ group) => group.weights),
    weightData: concatenate(shardBytes.map((shard) => new Uint8Array(shard))),
  });
  return { artifacts, signature, plan: planBytes && read(planBytes), planFault };
}

/**
 * The roads to try, and why the fast ones are not among them.
 * @param {BackendChoice} choice
 * @param {Site} site
 * @param {unknown} planFault
 * @param {Kernels} [wanted] this road and no other
 * @returns {{roads: Road[], missing: unknown[]}} errors
 */
function roadsFor(choice, { model }, planFault, wanted) {
  const own = choice.roads?.() ?? [];
  /** @type {unknown[]} */
  const missing = [];
  if (choice.roads && !own.length) missing.push(new WorkerError('no-simd'));
  if (choice.roads && !model.plan) missing.push(new WorkerError('no-plan', { why: model.noPlan }));
  if (planFault) missing.push(planFault);
  const roads = [...(model.plan && !planFault ? own : []), STOCK].filter(({ kind }) => !wanted || kind === wanted);
  if (!roads.length) throw missing[0] ?? new WorkerError('no-kernels', { kernels: String(wanted) });
  return { roads, missing };
}

/**
 * The first road that computes what the build computed.
 * @param {BackendChoice} choice
 * @param {Site} site
 * @param {Parts} parts
 * @param {Golden[]} golden
 * @param {Kernels} [wanted] this road and no other
 * @returns {Promise<{backbone: Backbone, check: SelfCheck, kernels: KernelsInUse}>}
 * @throws {Error} the last road's, where there is none
 */
export async function startBackbone(choice, site, parts, golden, wanted) {
  const { roads, missing } = roadsFor(choice, site, parts.planFault, wanted);
  /** @type {KernelFault[]} */
  const faults = missing.map((error) => ({ kernels: null, error: errorReport(error) }));
  /** @type {unknown} */
  let failure;
  for (const { kind, make } of roads) {
    /** @type {Backbone|undefined} */
    let backbone;
    try {
      backbone = new Backbone(await make(parts), site, choice.device?.());
      const check = await selfCheck(backbone, golden, site.golden.limit);
      if (check.error <= check.limit) {
        return { backbone, check, kernels: { kind, faults: kind === 'stock' && wanted ? [] : faults } };
      }
      const error = Number(check.error.toPrecision(2));
      throw new WorkerError('self-check', { backend: choice.name, error, limit: check.limit });
    } catch (error) {
      backbone?.dispose();
      failure = error;
    }
    faults.push({ kernels: kind, error: errorReport(failure) });
  }
  throw failure;
}

export class Backbone {
  /**
   * @param {Computation} computation
   * @param {Site} site
   * @param {ReturnType<NonNullable<BackendChoice['device']>>} [device]
   */
  constructor(computation, site, device) {
    this.computation = computation;
    this.preprocess = site.preprocess;
    this.features = site.backbone.features;
    this.isLost = device?.isLost ?? (() => false);
    /** Resolves when the backend can compute no more: never, on the processor. */
    this.lost = new Promise((resolve) => {
      device?.lost.then(() => resolve(undefined));
    });
  }

  /**
   * @param {Pixels} picture
   * @returns {Promise<Float32Array>} [features]
   * @throws {RangeError} the bytes are not such a picture's
   */
  async embed(picture) {
    const input = this.read(picture, this.preprocess);
    /** @type {tf.Tensor|undefined} */
    let output;
    try {
      output = this.computation.compute(input);
      const computed = /** @type {Float32Array} */ (await output.data());
      // TensorFlow.js goes on without its device, and gives zeros or remains of other frames.
      if (this.isLost()) throw new WorkerError('device-lost');
      return computed;
    } finally {
      input.dispose();
      output?.dispose();
    }
  }

  /**
   * What the backbone is given of a picture.
   * @param {Pixels} picture
   * @param {Preprocess} options
   * @returns {tf.Tensor4D} [1, size, size, 3] in [0, 1]
   */
  read(picture, options) {
    const { data, width, height } = picture;
    const { size } = options;
    const read = this.computation.read?.(picture, options);
    return /** @type {tf.Tensor4D} */ (read ?? tf.tensor(preprocess(data, width, height, options), [1, size, size, 3]));
  }

  dispose() {
    this.computation.dispose();
  }

  /** @returns {{tensors: number, bytes: number}} what is held, by TensorFlow.js and beside it */
  memory() {
    const { numTensors, numBytes } = tf.memory();
    return { tensors: numTensors, bytes: numBytes + this.computation.bytes };
  }
}
