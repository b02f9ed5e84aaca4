// What `onthefly.js` promises other pages: types only.

import type { BackendName, EpochReport, HeadSettings, StartProgress } from './protocol.ts';

/** What may be given wherever an image is wanted. It is left as it is, also where it is an `ImageBitmap`. */
export type ImageLike =
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | ImageData
  | VideoFrame
  | Blob
  /** RGBA bytes. */
  | { data: Uint8Array | Uint8ClampedArray; width: number; height: number };

/** A file, its bytes, or its address. */
export type FileLike = Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | URL | string;

export interface ConnectOptions {
  /** Address of the built site; the folder of this module unless given. */
  base?: string | URL;
  /** Tried before all others. */
  backend?: BackendName;
  /** Of the download and the checks. */
  onProgress?: (progress: StartProgress) => void;
}

export interface CreateOptions extends ConnectOptions {
  /** Two names or more, each once, however their letters are stored: they are composed (NFC). */
  classes: string[];
  /** The site's own unless given. */
  seed?: number;
  /** The site's own where they are absent. */
  settings?: Partial<HeadSettings>;
}

export interface ClassProbability {
  class: string;
  /** 0 to 1. */
  probability: number;
}

export interface Trained {
  history: EpochReport[];
  /** Classes without examples are left out. */
  classes: string[];
  examples: number;
  ms: number;
}

export interface Added {
  id: number;
  class: string;
  /** Examples of the class now. */
  count: number;
  /** A JPEG of what was learned from. */
  picture: Blob;
}

/** A classifier that predicts. */
export interface Predictor {
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
export interface Classifier extends Predictor {
  /** Of the next training. */
  settings: HeadSettings;
  /** In the order of adding. */
  readonly examples: { id: number; class: string }[];
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
  ): Promise<{ classes: string[]; examples: number; trained: boolean }>;
  /** A zip with one TensorFlow.js model, from pictures to probabilities. */
  exportModel(): Promise<Blob>;
}

/** What keeps the site from starting, or the worker from answering: to be told by its name, since there is no class. */
export type SiteError = Error & { readonly data: Readonly<Record<string, unknown>> } & (
    | {
        readonly name: 'DownloadError';
        /** `page`: the host sent a web page in the file's place. */
        readonly code: 'unreachable' | 'status' | 'page' | 'changed';
      }
    | { readonly name: 'PolicyError'; readonly code: 'download' | 'webassembly' | 'worker' }
    | { readonly name: 'StartError'; readonly code: 'not-started' }
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
