// The types of `onthefly.js`, the module for other pages. docs/integrate.md shows it at work.
// Generated from src/public.ts by types.mjs.

/** What may compute. */
type BackendName = 'wasm' | 'webgl' | 'webgpu' | 'cpu';
/** What a visitor's training starts with (`[head]`). */
interface HeadSettings {
  /** Units of the hidden layer. */
  hidden: number;
  /** Times that training goes over all photos. */
  epochs: number;
  /** Photos per step of training. */
  batch: number;
  /** Adam's learning rate. */
  rate: number;
  /** Start of the random numbers: the same seed, the same model. */
  seed: number;
}

/** One epoch of training, as Keras' history counts it. */
interface EpochReport {
  /** Counted from 1. */
  epoch: number;
  epochs: number;
  /** Mean over the epoch's examples. */
  loss: number;
  /** Share of the epoch's examples, 0 to 1. */
  accuracy: number;
}

/** An error that a program knows by its name and code. */
declare class CodedError<Code extends string> extends Error {
  readonly code: Code;
  /** What the message names; `reason` tells apart what has one code. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Where a start-up stands. `bytes` and `total` count the model's download. */
interface StartProgress {
  phase: 'download' | 'compile' | 'check';
  bytes: number;
  total: number;
}

/** What may be given wherever an image is wanted. It is left as it is, also where it is an `ImageBitmap`. */
type ImageLike =
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | ImageData
  | VideoFrame
  | Blob
  /** RGBA bytes. */
  | {
      data: Uint8Array | Uint8ClampedArray;
      width: number;
      height: number;
    };
/** A file, its bytes, or its address. */
type FileLike = Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | URL | string;
interface ConnectOptions {
  /** Address of the built site; the folder of this module unless given. */
  base?: string | URL;
  /** Tried before all others. */
  backend?: BackendName;
  /** Of the download and the checks. */
  onProgress?: (progress: StartProgress) => void;
}
interface CreateOptions extends ConnectOptions {
  /** Two names or more, each once, however their letters are stored: they are composed (NFC). */
  classes: string[];
  /** The site's own unless given. */
  seed?: number;
  /** The site's own where they are absent. */
  settings?: Partial<HeadSettings>;
}
interface ClassProbability {
  class: string;
  /** 0 to 1. */
  probability: number;
}
interface Trained {
  history: EpochReport[];
  /** Classes without examples are left out. */
  classes: string[];
  examples: number;
  ms: number;
}
interface Added {
  id: number;
  class: string;
  /** Examples of the class now. */
  count: number;
  /** A JPEG of what was learned from. */
  picture: Blob;
}
/** A classifier that predicts. */
interface Predictor {
  /** Names, in order. */
  readonly classes: string[];
  /** What computes. */
  readonly backend: BackendName;
  /** The most probable class first; classes without examples are absent. */
  predict(image: ImageLike): Promise<ClassProbability[]>;
  /** The backbone's features. */
  embed(image: ImageLike): Promise<Float32Array>;
  /** Ends the worker and lets go of everything in it. */
  dispose(): void;
}
/** A classifier that learns. */
interface Classifier extends Predictor {
  /** Of the next training. */
  settings: HeadSettings;
  /** In the order of adding. */
  readonly examples: {
    id: number;
    class: string;
  }[];
  addExample(image: ImageLike, className: string): Promise<Added>;
  removeExample(id: number): Promise<void>;
  /** On all examples; the head before it predicts meanwhile. A second call stops the first. */
  train(options?: {
    onEpoch?: (epoch: EpochReport) => void;
    /** To stop by. */
    signal?: AbortSignal;
  }): Promise<Trained>;
  /** `project.zip`: photos, features, settings and head. */
  exportProject(): Promise<Blob>;
  /** Takes the place of everything that was taught. A file that is refused leaves all as it was. */
  importProject(
    file: FileLike,
    options?: {
      /** Take a project of another backbone too, by learning its photos anew. */
      reembed?: boolean;
      /** Of learning photos anew. */
      onProgress?: (done: number, total: number) => void;
    },
  ): Promise<{
    classes: string[];
    examples: number;
    trained: boolean;
  }>;
  /** A zip with one TensorFlow.js model, from pictures to probabilities. */
  exportModel(): Promise<Blob>;
}
/** What keeps the site from starting, or the worker from answering: to be told by its name, since there is no class. */
type SiteError = Error & {
  readonly data: Readonly<Record<string, unknown>>;
} & (
    | {
        readonly name: 'DownloadError';
        /** `page`: the host sent a web page in the file's place. */
        readonly code: 'unreachable' | 'status' | 'page' | 'changed';
      }
    | {
        readonly name: 'PolicyError';
        readonly code: 'download' | 'webassembly' | 'worker';
      }
    | {
        readonly name: 'StartError';
        readonly code: 'not-started';
      }
    | {
        readonly name: 'WorkerError';
        readonly code:
          | 'no-backend'
          | 'no-webassembly'
          | 'no-simd'
          | 'no-kernels'
          | 'no-plan'
          | 'self-check'
          | 'other-memory'
          | 'device-lost'
          | 'no-canvas'
          | 'no-memory'
          | 'not-loaded'
          | 'no-class';
      }
  );

type ClassifierErrorCode =
  | 'unsupported'
  | 'no-site'
  | 'bad-option'
  | 'unknown-class'
  | 'unknown-example'
  | 'too-few'
  | 'stopped'
  | 'not-trained'
  | 'no-file'
  | 'disposed';
/** Wrong use, or a site or browser that cannot. */
declare class ClassifierError extends Error {
  readonly code: ClassifierErrorCode;
  /** What the message names. */
  readonly data: Readonly<Record<string, unknown>>;
}
/** A classifier to be taught. */
declare function createClassifier(options: CreateOptions): Promise<Classifier>;
/**
 * A classifier that predicts and does not learn, from what a page or a classifier exported: a project with a head, or
 * a model. Either has to be of the site's own backbone.
 */
declare function loadClassifier(file: FileLike, options?: ConnectOptions): Promise<Predictor>;

/** No image, or one without pixels, or whose pixels the page may not read. */
declare class ImageError extends CodedError<'bad-image' | 'too-large'> {}

type ProjectErrorCode =
  | 'not-a-project'
  | 'too-large'
  | 'unsafe'
  | 'damaged'
  | 'changed'
  | 'newer'
  | 'other-backbone'
  | 'unreadable-photo'
  | 'unreadable'
  | 'no-classes'
  | 'no-head'
  | 'diverged';
/** A file that cannot be taken or written. */
declare class ProjectError extends CodedError<ProjectErrorCode> {}

export type {
  Added,
  BackendName,
  Classifier,
  ClassProbability,
  ConnectOptions,
  CreateOptions,
  EpochReport as Epoch,
  FileLike,
  HeadSettings as Settings,
  ImageLike,
  Predictor,
  SiteError,
  StartProgress,
  Trained,
};
export { ClassifierError, createClassifier, ImageError, loadClassifier, ProjectError };
