// The head with its layers in WebAssembly: the hidden one in SIMD, where nearly all of the work is. The loss and the
// schedule are the plain head's own. `assembly/head.ts` computes, this file lays out its memory and says when the
// forward pass has to be exact.

import { BETA1, BETA2, EPSILON, type HeadShape, type HeadWeights, norm, PlainHead, type Rates } from '../core/head.ts';
import type { Engine } from '../protocol.ts';

/** Examples that the passes take at once; a batch's last group is filled up with a row of zeros. */
const GROUP = 5;

/** The most units that a pass takes at once; the hidden layer is filled up with units that stay zero. */
const LANES = 8;

/** The scale of the moments (see `update`) at the first step, where second moments are what Adam calls them. */
const FIRST_SCALE = Math.sqrt(1 - BETA2);

/** Where the scale has grown to 1, it is brought back by this power of two, which rounds nothing. */
const SCALE_BACK = 2 ** -5;

/** Sums of the hidden layer are rarely above 10. */
const LARGE = 64;

/** The tensors beside the hidden layer's kernel. */
const SMALL = ['bias1', 'kernel2', 'bias2'] as const;

const NOTHING = new Float32Array(0);
const EMPTY = { kernel1: NOTHING, bias1: NOTHING, kernel2: NOTHING, bias2: NOTHING };

const PAGE = 2 ** 16;
const MIB = 2 ** 20;

/** More than this is not asked of a browser: 32-bit ones give up somewhere above. */
const LIMIT = 2 ** 30;

/** Memory of WebAssembly cannot shrink: an instance that grew beyond this is not kept for the next run. */
const KEPT = 64 * MIB;

/** Steps after which the largest weights are measured again, from which `forward` has its bound. */
const PEAKS_KEPT = 16;

/** A step moves no weight by more than this many times its `step`: see `update`. */
const LONGEST_MOVE = 2.5;

/** What `assembly/head.ts` exports; its files say what the numbers are. Most are addresses. */
interface Code {
  memory: WebAssembly.Memory;
  forwardExactly: (
    rows: number,
    examples: number,
    features: number,
    width: number,
    kernel: number,
    bias: number,
    sums: number,
  ) => void;
  forward: (
    rows: number,
    examples: number,
    features: number,
    width: number,
    kernel: number,
    bias: number,
    packed: number,
    peaks: number,
    drift: number,
    sums: number,
  ) => number;
  measurePeaks: (features: number, width: number, kernel: number, peaks: number) => void;
  outputs: (
    sums: number,
    examples: number,
    hidden: number,
    width: number,
    kernel: number,
    bias: number,
    classes: number,
    logits: number,
  ) => void;
  hiddenGradients: (
    activations: number,
    examples: number,
    hidden: number,
    width: number,
    kernel: number,
    classes: number,
    errors: number,
    gradients: number,
  ) => void;
  update: (
    rows: number,
    groups: number,
    features: number,
    width: number,
    slopes: number,
    scale: number,
    room: number,
    kernel: number,
    m: number,
    v: number,
    step: number,
    epsilon: number,
  ) => void;
  updateSmall: (
    inputs: number,
    inputRow: number,
    rows: number,
    errors: number,
    errorRow: number,
    columns: number,
    examples: number,
    values: number,
    m: number,
    v: number,
    rate: number,
    correction1: number,
    correction2: number,
  ) => void;
  sumOfSquares: (values: number, count: number) => number;
  multiply: (values: number, count: number, factor: number) => void;
}

/** Where a batch is, and how large. */
interface Batch {
  /** Address of the addresses of its examples. */
  rows: number;
  /** Address of the hidden layer, before its activation and after it: [groups, 5, width]. */
  sums: number;
  /** Address of the gradients of its sums, likewise. */
  gradients: number;
  /** Address of the logits or their gradients, [examples, classes]. */
  logits: number;
  /** Address of room for `update`. */
  room: number;
  /** How many. */
  examples: number;
  /** How many fives, the last one filled up. */
  groups: number;
}

/** Where a tensor of weights is, and its moments. */
type Place = { values: number; m: number; v: number };

/** The compiled code, and an instance of it for the next run. */
export class Kernel {
  /** @returns null where WebAssembly or its SIMD is missing or not allowed */
  static from(bytes: Uint8Array<ArrayBuffer>): Kernel | null {
    try {
      // The bytes hold SIMD, so they are themselves the test for it.
      return WebAssembly.validate(bytes) ? new Kernel(new WebAssembly.Module(bytes)) : null;
    } catch {
      return null;
    }
  }

  module: WebAssembly.Module;
  idle: Code | null;

  constructor(module: WebAssembly.Module) {
    this.module = module;
    this.idle = null;
  }

  /** @returns with whatever an earlier run left in its memory */
  borrow(): Code {
    const code = this.idle ?? new WebAssembly.Instance(this.module).exports;
    this.idle = null;
    return code as Code;
  }

  /** @param code that nobody uses any more */
  giveBack(code: Code) {
    if (code.memory.buffer.byteLength <= KEPT) this.idle = code;
  }
}

/** One of the head's tensors in WebAssembly's memory. Each read is a copy, as the memory moves when it grows. */
class KernelTensor {
  head: KernelHead;
  at: Place;
  length: number;

  constructor(head: KernelHead, at: Place, length: number) {
    this.head = head;
    this.at = at;
    this.length = length;
  }

  get values() {
    return this.head.floats(this.at.values, this.length).slice();
  }

  get m() {
    return this.head.floats(this.at.m, this.length).slice();
  }

  get v() {
    return this.head.floats(this.at.v, this.length).slice();
  }

  get norm() {
    return norm(this.head.floats(this.at.values, this.length));
  }
}

/** The hidden layer's kernel: its rows are filled up to the width, its moments in a scale of their own. */
class KernelMatrix extends KernelTensor {
  get values() {
    return this.head.readKernel(this.at.values);
  }

  get m() {
    return this.head.readKernel(this.at.m, (1 - BETA1) / this.head.scale);
  }

  get v() {
    return this.head.readKernel(this.at.v, (1 - BETA2) / this.head.scale ** 2);
  }

  get norm() {
    // The units that fill the width up are zero.
    return Math.sqrt(this.head.code.sumOfSquares(this.at.values, this.length));
  }
}

export class KernelHead extends PlainHead {
  engine: Engine = 'wasm-simd';

  kernel: Kernel;
  held: Code | null;
  width: number;
  at: {
    kernel1: { values: number; m: number; v: number };
    bias1: { values: number; m: number; v: number };
    kernel2: { values: number; m: number; v: number };
    bias2: { values: number; m: number; v: number };
    blank: number;
    one: number;
    peaks: number;
    packed: number;
    given: number;
    examples: number;
    batch: number;
  };
  /** Of the moments. */
  scale: number;
  /** How far weights may have moved since their peaks were measured, and in how many steps. */
  drift: number;
  drifted: number;
  /** The units that no step has moved. */
  unmoved: number[];
  declare tensors: { kernel1: KernelMatrix; bias1: KernelTensor; kernel2: KernelTensor; bias2: KernelTensor };

  /**
   * @param weights copied
   * @throws RangeError where that much memory is not to be had
   */
  constructor(kernel: Kernel, shape: HeadShape, weights: HeadWeights) {
    // What the plain head would hold is in the kernel's memory.
    super({ features: 0, hidden: 0, classes: 0 }, EMPTY);
    this.shape = shape;
    const { features, hidden, classes } = shape;
    this.kernel = kernel;
    this.held = kernel.borrow();
    this.width = Math.ceil(hidden / LANES) * LANES;
    let end = 0;
    const place = (bytes: number) => {
      const at = end;
      end = aligned(end + bytes);
      return at;
    };
    const tensor = (length: number) => {
      const [values, m, v] = [place(4 * length), place(4 * length), place(4 * length)];
      return { values, m, v };
    };
    this.at = {
      kernel1: tensor(features * this.width),
      bias1: tensor(this.width),
      kernel2: tensor(hidden * classes),
      bias2: tensor(classes),
      /** A row of zeros, for the places that a batch leaves empty. */
      blank: place(4 * features),
      /** The input of a bias. */
      one: place(8),
      /** Each hidden unit's largest weight. */
      peaks: place(4 * this.width),
      packed: place(4 * GROUP * (features + 1)),
      /** The example that is predicted. */
      given: place(4 * features),
      examples: end,
      /** After the examples: the addresses of a batch's, what is computed from them, room for what comes up. */
      batch: end,
    };
    this.scale = FIRST_SCALE;
    this.drift = 0;
    this.drifted = PEAKS_KEPT;
    this.unmoved = Array.from({ length: hidden }, (_, h) => h);
    this.reserve(1);
    const { at } = this;
    new Uint8Array(this.code.memory.buffer, 0, at.packed).fill(0);
    this.doubles(at.one, 1)[0] = 1;
    this.writeKernel(weights.kernel1);
    for (const name of SMALL) this.floats(at[name].values, weights[name].length).set(weights[name]);
    this.tensors = {
      kernel1: new KernelMatrix(this, at.kernel1, features * this.width),
      bias1: new KernelTensor(this, at.bias1, hidden),
      kernel2: new KernelTensor(this, at.kernel2, hidden * classes),
      bias2: new KernelTensor(this, at.bias2, classes),
    };
  }

  /**
   * @param features [n, features], copied
   * @param labels [n]
   * @throws RangeError where that much memory is not to be had
   */
  load(features: Float32Array, labels: Uint16Array) {
    this.expect(labels);
    this.floats(this.at.examples, features.length).set(features);
  }

  /**
   * @param labels [n]
   * @throws RangeError where that much memory is not to be had
   */
  expect(labels: Uint16Array) {
    this.at.batch = aligned(this.at.examples + 4 * this.shape.features * labels.length);
    // Room for the largest batch: if it is not to be had, that is said here and not amid a run.
    this.reserve(labels.length);
    this.labels = labels;
  }

  /** @param features [features], copied */
  place(i: number, features: Float32Array) {
    this.floats(this.at.examples + 4 * this.shape.features * i, features.length).set(features);
  }

  finish(): PlainHead {
    const head = new PlainHead(this.shape, this.weights);
    this.release();
    return head;
  }

  /** Gives the memory to the next run; this head cannot be used any more. */
  release() {
    this.kernel.giveBack(this.code);
    this.held = null;
  }

  get code() {
    if (!this.held) throw new Error('This head has given its memory back.');
    return this.held;
  }

  hiddenSums(x: Float32Array, offset: number): Float64Array {
    const { features, hidden } = this.shape;
    this.floats(this.at.given, features).set(x.subarray(offset, offset + features));
    const batch = this.placeBatch([this.at.given]);
    this.code.forwardExactly(...this.layerOf(batch), batch.sums);
    return this.doubles(batch.sums, hidden).slice();
  }

  forwardBatch(indices: Uint32Array): Float64Array {
    const { hidden, classes } = this.shape;
    const { kernel2, bias2 } = this.at;
    const { examples, sums, logits } = this.batchSums(indices);
    this.code.outputs(sums, examples, hidden, this.width, kernel2.values, bias2.values, classes, logits);
    return this.doubles(logits, examples * classes);
  }

  /**
   * The hidden layer before its activation, in float32 as far as that is good enough. Exact sums are taken for a batch
   * - that turns on a unit which no step has moved. Adam's first step of a weight is as long whatever the gradient, so
   *   there one that nearly vanishes must have the right sign, and with it everything that it is made of. Afterwards
   *   what earlier gradients left in the second moment makes rounding harmless;
   * - that has a sum above LARGE: rounding, which is a share of it, would show in the probabilities.
   * @returns with its sums
   */
  batchSums(indices: Uint32Array): Batch {
    const batch = this.placeBatch(this.addresses(indices));
    const { packed, peaks, kernel1 } = this.at;
    if (this.drifted >= PEAKS_KEPT) {
      this.code.measurePeaks(this.shape.features, this.width, kernel1.values, peaks);
      this.drift = 0;
      this.drifted = 0;
    }
    const layer = this.layerOf(batch);
    const largest = this.code.forward(...layer, packed, peaks, this.drift, batch.sums);
    if (largest > LARGE || this.turnsOn(batch)) this.code.forwardExactly(...layer, batch.sums);
    return batch;
  }

  /** Whether one of the batch's examples turns on a unit that no step has moved. */
  turnsOn({ sums, examples }: Batch) {
    const computed = this.doubles(sums, examples * this.width);
    return this.unmoved.some((h) => this.isAny(computed, h, (sum) => sum > 0));
  }

  /**
   * @param values [examples, width]
   * @param h a unit
   * @param test asked for the unit's value of each example
   */
  isAny(values: Float64Array, h: number, test: (value: number) => boolean) {
    for (let at = h; at < values.length; at += this.width) if (test(values[at])) return true;
    return false;
  }

  /** What both forward passes are given first. */
  layerOf({ rows, examples }: Batch): [number, number, number, number, number, number] {
    return [rows, examples, this.shape.features, this.width, this.at.kernel1.values, this.at.bias1.values];
  }

  /** @param _errors where `forwardBatch` left the logits */
  backwardBatch(indices: Uint32Array, _errors: Float64Array, rates: Rates) {
    const { code, at, width } = this;
    const { features, hidden, classes } = this.shape;
    const { rows, groups, examples, sums, gradients, logits, room } = this.placeBatch(this.addresses(indices));
    const slopes = this.doubles(gradients, groups * GROUP * width).fill(0);
    code.hiddenGradients(sums, examples, hidden, width, at.kernel2.values, classes, logits, gradients);
    this.unmoved = this.unmoved.filter((h) => !this.isAny(slopes, h, (slope) => slope !== 0));
    const row = 8 * width;
    this.updateSmall(at.kernel2, [sums, row, hidden], [logits, 8 * classes, classes], examples, rates);
    this.updateSmall(at.bias2, [at.one, 0, 1], [logits, 8 * classes, classes], examples, rates);
    this.updateSmall(at.bias1, [at.one, 0, 1], [gradients, row, hidden], examples, rates);
    this.growScale();
    // Both corrections once instead of for every weight: m·rate/(√(v·c) + ε) = m·(rate/√c)/(√v + ε/√c).
    const root = Math.sqrt(rates.v * (1 - BETA2));
    const step = (rates.rate * rates.m * (1 - BETA1)) / root;
    const epsilon = (EPSILON * this.scale) / root;
    const { values, m, v } = at.kernel1;
    code.update(rows, groups, features, width, gradients, this.scale, room, values, m, v, step, epsilon);
    this.drift += LONGEST_MOVE * step;
    this.drifted++;
  }

  /**
   * @param place of the kernel or bias
   * @param inputs address, bytes from one example's to the next's, how many
   * @param errors likewise
   */
  updateSmall(
    { values, m, v }: Place,
    inputs: [number, number, number],
    errors: [number, number, number],
    examples: number,
    rates: Rates,
  ) {
    this.code.updateSmall(...inputs, ...errors, examples, values, m, v, rates.rate, rates.m, rates.v);
  }

  /** Brings the moments' scale to the next step. */
  growScale() {
    if (this.scale >= 1) {
      const count = this.shape.features * this.width;
      this.code.multiply(this.at.kernel1.m, count, SCALE_BACK);
      this.code.multiply(this.at.kernel1.v, count, SCALE_BACK ** 2);
      this.scale *= SCALE_BACK;
    }
    this.scale /= Math.sqrt(BETA2);
  }

  addresses(indices: Uint32Array): Uint32Array {
    return indices.map((i) => this.at.examples + 4 * this.shape.features * i);
  }

  /** Writes where the examples of a batch are. */
  placeBatch(addresses: ArrayLike<number>): Batch {
    this.reserve(addresses.length);
    const groups = Math.ceil(addresses.length / GROUP);
    const rows = this.at.batch;
    const places = new Uint32Array(this.code.memory.buffer, rows, groups * GROUP);
    places.set(addresses);
    places.fill(this.at.blank, addresses.length);
    const matrix = 8 * places.length * this.width;
    const sums = aligned(rows + places.byteLength);
    const gradients = sums + matrix;
    const logits = gradients + matrix;
    const room = aligned(logits + 8 * addresses.length * this.shape.classes);
    return { rows, sums, gradients, logits, room, examples: addresses.length, groups };
  }

  /**
   * Grows the memory where it does not hold everything and a batch.
   * @param examples in the batch
   */
  reserve(examples: number) {
    const filled = Math.ceil(examples / GROUP) * GROUP;
    const logits = aligned(this.at.batch + 4 * filled) + 2 * 8 * filled * this.width;
    const end = aligned(logits + 8 * examples * this.shape.classes) + 4 * (filled + 2) * this.width;
    const { memory } = this.code;
    if (end > LIMIT) {
      throw new RangeError(
        `These examples take ${Math.ceil(end / MIB)} MiB, more than the kernel's ${LIMIT / MIB} MiB.`,
      );
    }
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  }

  /** @param weights kernel1, [features, hidden] */
  writeKernel(weights: Float32Array) {
    const { features, hidden } = this.shape;
    const to = this.floats(this.at.kernel1.values, features * this.width);
    if (hidden === this.width) to.set(weights);
    else for (let f = 0; f < features; f++) to.set(weights.subarray(f * hidden, (f + 1) * hidden), f * this.width);
  }

  /** @param at address of kernel1 or of one of its moments */
  readKernel(at: number, factor: number = 1) {
    const { features, hidden } = this.shape;
    const padded = this.floats(at, features * this.width).slice();
    const copy = hidden === this.width ? padded : padded.filter((_, i) => i % this.width < hidden);
    return factor === 1 ? copy : copy.map((value) => factor * value);
  }

  /** @param at address */
  floats(at: number, length: number) {
    return new Float32Array(this.code.memory.buffer, at, length);
  }

  /** @param at address */
  doubles(at: number, length: number) {
    return new Float64Array(this.code.memory.buffer, at, length);
  }
}

/** @returns the next one that begins a line of the cache */
function aligned(address: number): number {
  return Math.ceil(address / 64) * 64;
}
