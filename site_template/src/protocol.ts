// What the main thread and the worker say to each other: types only, including those of what the page is told about its site.
// The two sides import this file for its types and nothing else, so neither pulls in the other's code.

import type { Engine, HeadShape, HeadWeights } from './core/head.ts';
import type { EpochReport, Trace } from './core/training.ts';
import type { ErrorReport } from './errors.ts';
import type { Asset, BackendName, HeadSettings, Site } from './site.ts';

export type { Engine } from './core/head.ts';
export type { EpochReport } from './core/training.ts';
export type { Asset, BackendName, HeadSettings, Preprocess, Site } from './site.ts';

/** What computes the backbone: our kernels, with or without relaxed multiply-adds, or TensorFlow.js'. */
export type Kernels = 'relaxed' | 'simd' | 'stock';

/** And why faster ones are not, where there are faster ones. */
export type KernelsInUse = { kind: Kernels; faults: KernelFault[] };

/** Why kernels are not in use: these, or all of ours where it is null. */
export type KernelFault = { kernels: Kernels | null; error: ErrorReport };

/** Pixels for the worker. A bitmap or a frame of video is transferred and closed there; raw pixels are RGBA bytes. */
export type Frame = ImageBitmap | VideoFrame | { data: Uint8Array | Uint8ClampedArray; width: number; height: number };

/** Where a start-up stands. `bytes` and `total` count the model's download. */
export interface StartProgress {
  phase: 'download' | 'compile' | 'check';
  bytes: number;
  total: number;
}

/** What the worker found when it started. */
export interface Ready {
  backend: BackendName;
  kernels: KernelsInUse;
  /** Width of the feature vector. */
  features: number;
  selfCheck: SelfCheck;
  /** False where the browser changes the pixels that a page reads. */
  exactPixels: boolean;
}

/** The golden features as this browser computes them, against the build's. */
export interface SelfCheck {
  /** Largest difference over the image's max|y|, over all golden images. */
  error: number;
  limit: number;
  images: number;
}

export interface Added {
  /** Of the example, unique and rising in time. */
  id: number;
  /** Examples of its class now. */
  count: number;
  /** JPEG of the square that was learned from. */
  thumbnail: Blob;
  /** What the backbone made of it. */
  features: Float32Array;
}

/** A class and what belongs to it. */
export interface ArrangedClass {
  id: string;
  /** Whether it takes part in training. */
  enabled: boolean;
  /** Ids. */
  examples: Uint32Array;
}

/** What a second head, trained without the held-out photos, says of them. */
export interface HeldOutResult {
  /** Ids, in the order of the outputs. */
  classes: string[];
  /** A row for what a photo shows, a column for what the head says. */
  confusion: number[][];
  /** The most confident first. */
  mistakes: Mistake[];
  /** Photos it was trained on. */
  taught: number;
  /** Photos that were held out. */
  asked: number;
  ms: number;
}

export interface Mistake {
  /** Of the example. */
  id: number;
  /** What it shows. */
  classId: string;
  /** What the head says. */
  predicted: string;
  /** Of what it says. */
  probability: number;
}

export interface TrainResult {
  /** 'too-few': fewer than two classes have examples. */
  outcome: 'trained' | 'stopped' | 'too-few';
  history: EpochReport[];
  /** Ids of the classes that were trained on. */
  classes: string[];
  examples: number;
  /** Time spent. */
  ms: number;
  /** What trained; null where nothing was. */
  engine: Engine | null;
}

export interface Prediction {
  /** By class id; classes without examples are absent. */
  probabilities: Record<string, number>;
  /** Time for preprocessing, backbone and head. */
  ms: number;
}

interface Snapshot {
  /** Ids in display order. */
  classes: string[];
  /** In the order of adding. */
  examples: SnapshotExample[];
  head: HeadSnapshot | null;
}

export interface SnapshotExample {
  id: number;
  /** Null while it is set aside. */
  classId: string | null;
  features: Float32Array;
  picture: Blob;
}

/** How a head came about: enough to train it again and to see where another run parts from this one. */
export interface HeadRun {
  /** Ids, in the order of the outputs. */
  classes: string[];
  settings: HeadSettings;
  /** Ids, in the order of training. */
  examples: number[];
  history: EpochReport[];
  trace: Trace;
}

export type HeadSnapshot = HeadWeights & HeadRun;

/** The steps of what the page computes, one by one, so that a reference can follow them. */
export interface ProbeApi {
  /** The backbone's input, [size, size, 3]; `fit` is the site's own unless given. */
  preprocess: (frame: Frame, fit?: 'crop' | 'stretch') => Promise<Float32Array>;
  initialWeights: (shape: HeadShape, seed: number) => HeadWeights;
  /** On given features, in one go. */
  train: (task: ProbeTask) => ProbeRun;
  /** Probabilities for one feature vector. */
  predict: (shape: HeadShape, weights: HeadWeights, features: Float32Array) => Float32Array;
}

interface ProbeTask {
  /** [n, F] */
  features: Float32Array;
  /** [n] */
  labels: Uint16Array;
  classes: number;
  settings: HeadSettings;
  /** Whether the state after every step is wanted. */
  states: boolean;
  /** To train with; the visitor's own unless given. */
  engine?: Engine;
}

interface ProbeRun {
  history: EpochReport[];
  /** At the end. */
  weights: HeadWeights;
  steps: ProbeStep[];
  /** What trained. */
  engine: Engine;
}

export interface ProbeStep {
  /** Of the batch's examples. */
  indices: number[];
  /** Summed over the batch, before the step. */
  loss: number;
  correct: number;
  /** After the step: for kernel1, bias1, kernel2, bias2 the values, then m, then v. */
  state: Float32Array | null;
}

/** The worker's functions, called through Comlink; each returns a promise on the main thread. */
export interface WorkerApi {
  /**
   * `base` is the absolute URL of the site's root; `readFile` gives verified files, which the worker downloads by
   * itself otherwise; `kernels` are to compute and no others, the fastest otherwise.
   */
  start: (
    site: Site,
    base: string,
    onProgress?: (p: StartProgress) => void,
    readFile?: (asset: Asset) => Promise<ArrayBuffer>,
    kernels?: Kernels,
  ) => Promise<Ready>;
  /** Ids in display order; examples of absent ids are dropped. */
  setClasses: (ids: string[]) => void;
  addExample: (frame: Frame, classId: string) => Promise<Added>;
  /**
   * Several at once, all of them or, where it rejects, none; null for those whose class is gone. Predictions have their
   * turn between them.
   */
  addExamples: (frames: Frame[], classIds: string[]) => Promise<(Added | null)[]>;
  /** The feature vectors, likewise. */
  embedAll: (frames: Frame[]) => Promise<Float32Array[]>;
  removeExample: (id: number) => void;
  /**
   * Which examples belong to which class, classes in display order; others up to the id `upTo` are set aside: kept, and
   * not trained on.
   */
  arrange: (classes: ArrangedClass[], upTo: number) => void;
  /** Drops examples. */
  forget: (ids: Uint32Array | number[]) => void;
  train: (settings: HeadSettings, onEpoch?: (e: EpochReport) => void) => Promise<TrainResult>;
  /** And any `evaluate`. */
  stopTraining: () => void;
  /**
   * Trains a second head without a share of every class's photos and asks it about them; null where it was stopped, or
   * has nothing to ask. The head that predicts is left as it is.
   */
  evaluate: (settings: HeadSettings, share: number) => Promise<HeldOutResult | null>;
  /** Forgets every example and the head. */
  reset: () => void;
  /** Null while there is no head. */
  predict: (frame: Frame) => Promise<Prediction | null>;
  /** The feature vector. */
  embed: (frame: Frame) => Promise<Float32Array>;
  /**
   * Whether a frame of video shows what a bitmap of the same moment shows; null where the picture is blank. Both are
   * closed.
   */
  agree: (frame: VideoFrame, bitmap: ImageBitmap) => Promise<boolean | null>;
  /** Milliseconds that a frame takes, from pixels to features. */
  timeFrame: () => Promise<number>;
  /**
   * Resolves when the backend cannot compute any more, as when the graphics card is taken away; what was taught can
   * still be had by `snapshot`.
   */
  lost: () => Promise<unknown>;
  /** The one that predicts. */
  head: () => HeadSnapshot | null;
  /** Everything that was taught, for another worker or a file. */
  snapshot: () => Snapshot;
  /** Takes the place of everything taught so far. */
  restore: (snapshot: Snapshot) => void;
  /** For `onthefly validate`. */
  probe: ProbeApi;
  /** Of the backbone, and examples kept. */
  memory: () => { tensors: number; bytes: number; examples: number };
}
