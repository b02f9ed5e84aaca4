// The head with its hidden layer in WebAssembly SIMD, where nearly all of the work is. The output layer, the
// loss and the schedule are the plain head's own. `assembly/layer.ts` computes, this file lays out its memory and
// says when the forward pass has to be exact.

import { BETA1, BETA2, EPSILON, PlainHead } from '../core/head.js';

/** Examples that the passes take at once; a batch's last group is filled up with a row of zeros. */
const GROUP = 5;

/** Units that the passes take at once; the hidden layer is filled up with units that stay zero. */
const LANES = 4;

/** The scale of the moments (see `update`) at the first step, where second moments are what Adam calls them. */
const FIRST_SCALE = Math.sqrt(1 - BETA2);

/** Where the scale has grown to 1, it is brought back by this power of two, which rounds nothing. */
const SCALE_BACK = 2 ** -5;

/** Sums of the hidden layer are rarely above 10. */
const LARGE = 64;

const PAGE = 2 ** 16;
const MIB = 2 ** 20;

/** More than this is not asked of a browser: 32-bit ones give up somewhere above. */
const LIMIT = 2 ** 30;

/** Memory of WebAssembly cannot shrink: an instance that grew beyond this is not kept for the next run. */
const KEPT = 64 * MIB;

/**
 * What `assembly/layer.ts` exports; all but the last two of `update` and a factor are whole numbers, most of them
 * addresses.
 * @typedef {object} Code
 * @property {WebAssembly.Memory} memory
 * @property {(rows: number, examples: number, features: number, width: number, kernel: number, bias: number,
 *   sums: number) => void} forwardExactly
 * @property {(rows: number, examples: number, features: number, width: number, kernel: number, bias: number,
 *   packed: number, peaks: number, sums: number) => number} forward
 * @property {(rows: number, groups: number, features: number, width: number, slopes: number, room: number,
 *   kernel: number, m: number, v: number, step: number, epsilon: number) => void} update
 * @property {(values: number, count: number) => number} sumOfSquares
 * @property {(values: number, count: number, factor: number) => void} multiply
 */

/**
 * Where a batch is, and how large.
 * @typedef {object} Batch
 * @property {number} rows address of the addresses of its examples
 * @property {number} sums address of the hidden layer before its activation, or its gradients: [groups, 5, width]
 * @property {number} room address of room for `forward` or `update`
 * @property {number} examples how many
 * @property {number} groups how many fives, the last one filled up
 */

/** The compiled code, and an instance of it for the next run. */
export class Kernel {
  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @returns {Kernel|null} null where WebAssembly or its SIMD is missing or not allowed
   */
  static from(bytes) {
    try {
      // The bytes hold SIMD, so they are themselves the test for it.
      return WebAssembly.validate(bytes) ? new Kernel(new WebAssembly.Module(bytes)) : null;
    } catch {
      return null;
    }
  }

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.module = module;
    /** @type {Code|null} */
    this.idle = null;
  }

  /** @returns {Code} with whatever an earlier run left in its memory */
  take() {
    const code = this.idle ?? new WebAssembly.Instance(this.module).exports;
    this.idle = null;
    return /** @type {Code} */ (code);
  }

  /** @param {Code} code that nobody uses any more */
  giveBack(code) {
    if (code.memory.buffer.byteLength <= KEPT) this.idle = code;
  }
}

/** One of the head's tensors in WebAssembly's memory. Each read is a copy, as the memory moves when it grows. */
class KernelTensor {
  /**
   * @param {KernelHead} head
   * @param {{values: number, m: number, v: number}} at addresses
   */
  constructor(head, at) {
    this.head = head;
    this.at = at;
  }

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
    const { code, shape, width } = this.head;
    // The units that fill the width up are zero.
    return Math.sqrt(code.sumOfSquares(this.at.values, shape.features * width));
  }
}

export class KernelHead extends PlainHead {
  /** @type {import('../protocol.js').Engine} */
  engine = 'wasm-simd';

  /**
   * @param {Kernel} kernel
   * @param {import('../core/head.js').HeadShape} shape
   * @param {import('../core/head.js').HeadWeights} weights taken over, not copied, except for kernel1
   * @throws {RangeError} where that much memory is not to be had
   */
  constructor(kernel, shape, weights) {
    super(shape, { ...weights, kernel1: new Float32Array(0) });
    const { features, hidden } = shape;
    this.kernel = kernel;
    /** @type {Code|null} */
    this.held = kernel.take();
    this.width = Math.ceil(hidden / LANES) * LANES;
    let end = 0;
    const place = (/** @type {number} */ bytes) => {
      const at = end;
      end = aligned(end + bytes);
      return at;
    };
    const matrix = 4 * features * this.width;
    const values = place(matrix);
    const m = place(matrix);
    const v = place(matrix);
    this.at = {
      values,
      m,
      v,
      bias: place(4 * this.width),
      /** A row of zeros, for the places that a batch leaves empty. */
      blank: place(4 * features),
      packed: place(4 * GROUP * (features + 1)),
      /** The example that is predicted. */
      given: place(4 * features),
      examples: end,
      /** After the examples: the addresses of a batch's, its sums or their gradients, room for what comes up. */
      batch: end,
    };
    /** Of the moments. */
    this.scale = FIRST_SCALE;
    /** The units that no step has moved. */
    this.unmoved = Array.from({ length: hidden }, (_, h) => h);
    this.reserve(1);
    new Uint8Array(this.code.memory.buffer, 0, this.at.packed).fill(0);
    for (let f = 0; f < features; f++) {
      this.floats(values + 4 * f * this.width, hidden).set(weights.kernel1.subarray(f * hidden, (f + 1) * hidden));
    }
    this.tensors.kernel1 = new KernelTensor(this, { values, m, v });
  }

  /**
   * @param {Float32Array} features [n, features], copied
   * @param {Uint16Array} labels [n]
   * @throws {RangeError} where that much memory is not to be had
   */
  load(features, labels) {
    this.expect(labels);
    this.floats(this.at.examples, features.length).set(features);
  }

  /**
   * @param {Uint16Array} labels [n]
   * @throws {RangeError} where that much memory is not to be had
   */
  expect(labels) {
    this.at.batch = aligned(this.at.examples + 4 * this.shape.features * labels.length);
    // Room for the largest batch: if it is not to be had, that is said here and not amid a run.
    this.reserve(labels.length);
    this.labels = labels;
  }

  /**
   * @param {number} i
   * @param {Float32Array} features [features], copied
   */
  place(i, features) {
    this.floats(this.at.examples + 4 * this.shape.features * i, features.length).set(features);
  }

  /** @returns {import('../core/head.js').HeadWeights} the live weights, until the memory grows */
  get weights() {
    const { features, hidden } = this.shape;
    const { values } = this.at;
    const isDense = hidden === this.width;
    const kernel1 = isDense ? this.floats(values, features * hidden) : this.readKernel(values);
    const { bias1, kernel2, bias2 } = this.tensors;
    return { kernel1, bias1: bias1.values, kernel2: kernel2.values, bias2: bias2.values };
  }

  /** @returns {PlainHead} */
  finish() {
    const head = new PlainHead(this.shape, { ...this.weights, kernel1: this.readKernel(this.at.values) });
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

  /**
   * @param {Float32Array} x
   * @param {number} offset
   * @returns {Float64Array}
   */
  hiddenSums(x, offset) {
    const { features } = this.shape;
    this.floats(this.at.given, features).set(x.subarray(offset, offset + features));
    return this.exactSums(this.placeBatch([this.at.given]))[0];
  }

  /**
   * Sums in float32 as far as they are good enough. Exact ones are taken for a batch
   * - that turns on a unit which no step has moved. Adam's first step of a weight is as long whatever the gradient, so
   *   there one that nearly vanishes must have the right sign, and with it everything that it is made of. Afterwards
   *   what earlier gradients left in the second moment makes rounding harmless;
   * - that has a sum above LARGE: rounding, which is a share of it, would show in the probabilities.
   * @param {Uint32Array} indices
   * @returns {Float64Array[]}
   */
  batchSums(indices) {
    const batch = this.placeBatch(this.addresses(indices));
    const largest = this.code.forward(...this.layerOf(batch), this.at.packed, batch.room, batch.sums);
    const sums = this.readSums(batch);
    const isNew = this.unmoved.some((h) => sums.some((one) => one[h] > 0));
    return isNew || largest > LARGE ? this.exactSums(batch) : sums;
  }

  /** @param {Batch} batch */
  exactSums(batch) {
    this.code.forwardExactly(...this.layerOf(batch), batch.sums);
    return this.readSums(batch);
  }

  /**
   * What both forward passes are given first.
   * @param {Batch} batch
   * @returns {[number, number, number, number, number, number]}
   */
  layerOf({ rows, examples }) {
    const { features, hidden } = this.shape;
    const { values, bias } = this.at;
    this.floats(bias, hidden).set(this.tensors.bias1.values);
    return [rows, examples, features, this.width, values, bias];
  }

  /**
   * @param {Batch} batch
   * @returns {Float64Array[]} for each example the hidden layer before its activation
   */
  readSums({ sums, examples }) {
    const computed = this.doubles(sums, examples * this.width);
    const starts = Array.from({ length: examples }, (_, b) => b * this.width);
    return starts.map((start) => computed.slice(start, start + this.shape.hidden));
  }

  /**
   * @param {Uint32Array} indices
   * @param {Float64Array} gradients [batch, hidden]
   * @param {import('../core/head.js').Rates} rates
   */
  updateKernel1(indices, gradients, { rate, m, v }) {
    const { features, hidden } = this.shape;
    const { rows, sums, room, groups } = this.placeBatch(this.addresses(indices));
    this.growScale();
    const slopes = this.doubles(sums, groups * GROUP * this.width).fill(0);
    for (let b = 0; b < indices.length; b++) {
      for (let h = 0; h < hidden; h++) slopes[b * this.width + h] = this.scale * gradients[b * hidden + h];
    }
    this.unmoved = this.unmoved.filter((h) => indices.every((_, b) => gradients[b * hidden + h] === 0));
    // Both corrections once instead of for every weight: m·rate/(√(v·c) + ε) = m·(rate/√c)/(√v + ε/√c).
    const root = Math.sqrt(v * (1 - BETA2));
    const { values, m: first, v: second } = this.at;
    const [step, epsilon] = [(rate * m * (1 - BETA1)) / root, (EPSILON * this.scale) / root];
    this.code.update(rows, groups, features, this.width, sums, room, values, first, second, step, epsilon);
  }

  /** Brings the moments' scale to the next step. */
  growScale() {
    if (this.scale >= 1) {
      const count = this.shape.features * this.width;
      this.code.multiply(this.at.m, count, SCALE_BACK);
      this.code.multiply(this.at.v, count, SCALE_BACK ** 2);
      this.scale *= SCALE_BACK;
    }
    this.scale /= Math.sqrt(BETA2);
  }

  /** @param {Uint32Array} indices */
  addresses(indices) {
    return Array.from(indices, (i) => this.at.examples + 4 * this.shape.features * i);
  }

  /**
   * Writes where the examples of a batch are.
   * @param {number[]} addresses
   * @returns {Batch}
   */
  placeBatch(addresses) {
    this.reserve(addresses.length);
    const groups = Math.ceil(addresses.length / GROUP);
    const rows = this.at.batch;
    const places = new Uint32Array(this.code.memory.buffer, rows, groups * GROUP);
    places.set(addresses);
    places.fill(this.at.blank, addresses.length);
    const sums = aligned(rows + places.byteLength);
    const room = sums + 8 * places.length * this.width;
    return { rows, sums, room, examples: addresses.length, groups };
  }

  /**
   * Grows the memory where it does not hold everything and a batch.
   * @param {number} examples in the batch
   */
  reserve(examples) {
    const filled = Math.ceil(examples / GROUP) * GROUP;
    const end = aligned(this.at.batch + 4 * filled) + (8 * filled + 4 * (filled + 2)) * this.width;
    const { memory } = this.code;
    if (end > LIMIT) {
      throw new RangeError(
        `These examples take ${Math.ceil(end / MIB)} MiB, more than the kernel's ${LIMIT / MIB} MiB.`,
      );
    }
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  }

  /**
   * @param {number} at address of kernel1 or of one of its moments
   * @param {number} [factor]
   */
  readKernel(at, factor = 1) {
    const { features, hidden } = this.shape;
    const copy = new Float32Array(features * hidden);
    if (hidden === this.width) copy.set(this.floats(at, copy.length));
    else for (let f = 0; f < features; f++) copy.set(this.floats(at + 4 * f * this.width, hidden), f * hidden);
    return factor === 1 ? copy : copy.map((value) => factor * value);
  }

  /**
   * @param {number} at address
   * @param {number} length
   */
  floats(at, length) {
    return new Float32Array(this.code.memory.buffer, at, length);
  }

  /**
   * @param {number} at address
   * @param {number} length
   */
  doubles(at, length) {
    return new Float64Array(this.code.memory.buffer, at, length);
  }
}

/**
 * @param {number} address
 * @returns {number} the next one that begins a line of the cache
 */
function aligned(address) {
  return Math.ceil(address / 64) * 64;
}
