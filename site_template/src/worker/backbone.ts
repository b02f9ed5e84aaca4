// The backbone in TensorFlow.js: loaded from verified bytes, run on one picture at a time. There may be several
// implementations: our kernels, where the build has a plan for them, and always TensorFlow.js' graph.

import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { preprocess } from '../core/preprocess.ts';
import { errorReport, WorkerError } from '../errors.ts';
import type { Plan } from '../kernel/backbone/plan.ts';
import type {
  BackendName,
  KernelFault,
  Kernels,
  KernelsInUse,
  Preprocess,
  SelfCheck,
  Site,
  StartProgress,
} from '../protocol.ts';
import type { ReadFile } from '../verified.ts';
import { type Artifacts, concatenate, foldScales } from './fold.ts';
import type { Pixels } from './frames.ts';
import { type Golden, selfCheck } from './self-check.ts';

/** The model's files, read. */
export interface Parts {
  artifacts: Artifacts;
  signature: object;
  /** Null where no implementation needs it, or there is none. */
  plan: Plan | null;
  /** Why the plan that there is could not be had. */
  planFault?: unknown;
}

/** A backbone that is ready to run. */
export interface Computation {
  /** Held in memory beside tensors. */
  bytes: number;
  /**
   * A picture's bytes to [1, size, size, 3], faster than the plain way and the same to the bit; null where there is no
   * memory for it.
   */
  read?: (picture: Pixels, options: Preprocess) => tf.Tensor | null;
  /** [n, size, size, 3] to [n, features]. */
  compute: (pictures: tf.Tensor4D) => tf.Tensor;
  dispose: () => void;
}

/** A way to compute the backbone. */
export interface Implementation {
  kind: Kernels;
  /** Throws where it cannot be had here. */
  make: (parts: Parts) => Promise<Computation>;
}

/** A backend of TensorFlow.js that one of `backends/` has registered. */
export interface BackendChoice {
  name: BackendName;
  /** Run before it starts; resolves to what is to be run after. */
  prepare?: (site: Site, readFile: ReadFile) => Promise<() => void>;
  /** Other than TensorFlow.js' graph, the fastest first. */
  implementations?: () => Implementation[];
  /**
   * What it computes on, once it has started; a graphics card can be taken away at any time. `lost` resolves soon
   * after.
   */
  device?: () => { lost: Promise<unknown>; isLost: () => boolean };
}

async function startBackend({ name, prepare }: BackendChoice, site: Site, readFile: ReadFile) {
  const finish = await prepare?.(site, readFile);
  const started = await tf.setBackend(name).catch(() => false);
  if (!started) throw new WorkerError('no-backend', { backend: name });
  finish?.();
}

const TENSORFLOW_JS: Implementation = {
  kind: 'stock',
  async make({ artifacts, signature }) {
    const model = await loadGraphModel({ load: async () => ({ ...artifacts, signature }) });
    return {
      bytes: 0,
      compute: (pictures) => model.execute(pictures) as tf.Tensor,
      dispose: () => model.dispose(),
    };
  },
};

/** Downloads everything the backbone needs, all files at once, and starts the backend. */
export async function loadParts(
  choice: BackendChoice,
  site: Site,
  readFile: ReadFile,
  onProgress?: (progress: StartProgress) => void,
): Promise<Parts> {
  const { graph, shards, plan } = site.model;
  const total = [graph, ...shards].reduce((sum, asset) => sum + asset.bytes, 0);
  let planFault: unknown;
  const [, planBytes, graphBytes, ...shardBytes] = await Promise.all([
    startBackend(choice, site, readFile),
    // TensorFlow.js' graph does without it.
    plan && choice.implementations
      ? readFile(plan).catch((error) => {
          planFault = error;
          return null;
        })
      : null,
    readFile(graph),
    ...shards.map((shard) => readFile(shard)),
  ]);
  onProgress?.({ phase: 'compile', bytes: total, total });
  const read = (bytes: ArrayBuffer) => JSON.parse(new TextDecoder().decode(bytes));
  const { modelTopology, weightsManifest, signature } = read(graphBytes);
  const artifacts = foldScales({
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group: { weights: object[] }) => group.weights),
    weightData: concatenate(shardBytes.map((shard) => new Uint8Array(shard))),
  });
  return { artifacts, signature, plan: planBytes && read(planBytes), planFault };
}

/**
 * The implementations to try, and why the fast ones are not among them.
 * @param wanted this implementation and no other
 * @returns errors
 */
function implementationsFor(
  choice: BackendChoice,
  { model }: Site,
  planFault: unknown,
  wanted?: Kernels,
): { implementations: Implementation[]; missing: unknown[] } {
  const ours = choice.implementations?.() ?? [];
  const missing: unknown[] = [];
  if (choice.implementations && !ours.length) missing.push(new WorkerError('no-simd'));
  if (choice.implementations && !model.plan) missing.push(new WorkerError('no-plan', { why: model.noPlan }));
  if (planFault) missing.push(planFault);
  const known = [...(model.plan && !planFault ? ours : []), TENSORFLOW_JS];
  const implementations = known.filter(({ kind }) => !wanted || kind === wanted);
  if (!implementations.length) throw missing[0] ?? new WorkerError('no-kernels', { kernels: String(wanted) });
  return { implementations, missing };
}

/**
 * The first implementation that computes what the build computed.
 * @param wanted this implementation and no other
 * @throws Error: the last one's, where there is none
 */
export async function startBackbone(
  choice: BackendChoice,
  site: Site,
  parts: Parts,
  golden: Golden[],
  wanted?: Kernels,
): Promise<{ backbone: Backbone; check: SelfCheck; kernels: KernelsInUse }> {
  const { implementations, missing } = implementationsFor(choice, site, parts.planFault, wanted);
  const faults: KernelFault[] = missing.map((error) => ({ kernels: null, error: errorReport(error) }));
  let failure: unknown;
  for (const { kind, make } of implementations) {
    let backbone: Backbone | undefined;
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
  computation: Computation;
  preprocess: Preprocess;
  features: number;
  isLost: () => boolean;
  /** Resolves when the backend can compute no more: never, on the processor. */
  lost: Promise<unknown>;

  constructor(computation: Computation, site: Site, device?: ReturnType<NonNullable<BackendChoice['device']>>) {
    this.computation = computation;
    this.preprocess = site.preprocess;
    this.features = site.backbone.features;
    this.isLost = device?.isLost ?? (() => false);
    this.lost = new Promise((resolve) => {
      device?.lost.then(() => resolve(undefined));
    });
  }

  /**
   * @returns [features]
   * @throws RangeError: the bytes are not such a picture's
   */
  async embed(picture: Pixels): Promise<Float32Array> {
    const input = this.read(picture, this.preprocess);
    let output: tf.Tensor | undefined;
    try {
      output = this.computation.compute(input);
      const computed = (await output.data()) as Float32Array;
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
   * @returns [1, size, size, 3] in [0, 1]
   */
  read(picture: Pixels, options: Preprocess): tf.Tensor4D {
    const { data, width, height } = picture;
    const { size } = options;
    const read = this.computation.read?.(picture, options);
    return (read ?? tf.tensor(preprocess(data, width, height, options), [1, size, size, 3])) as tf.Tensor4D;
  }

  dispose() {
    this.computation.dispose();
  }

  /** @returns what is held, by TensorFlow.js and beside it */
  memory(): { tensors: number; bytes: number } {
    const { numTensors, numBytes } = tf.memory();
    return { tensors: numTensors, bytes: numBytes + this.computation.bytes };
  }
}
