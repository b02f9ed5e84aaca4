// Written by `make contract` from site/description.py and config.py in builder/onthefly_studio.

/** What may compute. */
export type BackendName = 'wasm' | 'webgl' | 'webgpu' | 'cpu';

/** What a visitor's training starts with (`[head]`). */
export interface HeadSettings {
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

/** A file of the site, with what is needed to trust it. */
export interface Asset {
  /** Relative to the site's folder. */
  url: string;
  sha256: string;
  bytes: number;
}

/** How the backbone's input is made from a picture. */
export interface Preprocess {
  /** Edge of the square that the backbone reads, in pixels. */
  size: number;
  fit: 'crop' | 'stretch';
}

/** Which backbone the site carries, in words for a visitor and hashes for everybody. */
export interface Backbone {
  kind: string;
  name: string;
  trainedOn: string;
  /** Width of a feature vector. */
  features: number;
  /** Of the weights' source. */
  sha256: string;
  /** Where that hash comes from. */
  trust: string;
  url?: string;
  /** Why this backbone was taken, where it was not the one asked for. */
  why?: string;
  /** What its original reads pictures in, where that is not [0, 1] as of the graph. */
  inputRange?: string;
}

/** The backbone's files. */
export interface Model {
  hash: string;
  graph: Asset;
  shards: Asset[];
  /** What our kernels run. */
  plan?: Asset;
  /** Why there is none. */
  noPlan?: string;
}

/** What the page checks itself against. */
export interface Golden {
  index: Asset;
  features: Asset;
  /** Relative to each image's max|y|. */
  limit: number;
}

/** TensorFlow.js' builds of its wasm backend. */
export interface Wasm {
  simd: Asset;
  plain: Asset;
}

/** What a site says of itself: `site.json`, and in `index.html` for the page. */
export interface Site {
  /** The page's title. */
  title: string;
  /** The page's language, BCP 47. */
  lang: string;
  /** How the weights are stored in the site. */
  precision: 'float32' | 'float16' | 'int8';
  head: HeadSettings;
  format: number;
  generator: string;
  /** Names of those a new visitor starts with. */
  classes: string[];
  preprocess: Preprocess;
  backbone: Backbone;
  model: Model;
  golden: Golden;
  /** The worker's code for each backend. */
  workers: Record<BackendName, Asset>;
  wasm: Wasm;
  /** The starter project: a `project.zip` that a new visitor starts with. */
  project?: Asset;
}
