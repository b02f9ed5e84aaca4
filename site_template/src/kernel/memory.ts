// Where a head's tensors, its examples and a batch lie in the memory of the compiled code, and how they get there.

import { GROUP, UNITS } from '../../assembly/layout.ts';
import type { HeadShape } from '../core/head.ts';
import type { Code, Kernel } from './kernel.ts';

const PAGE = 2 ** 16;
const MIB = 2 ** 20;

/** More than this is not asked of a browser: 32-bit ones give up somewhere above. */
const LIMIT = 2 ** 30;

/** Where a batch is, and how large. */
export interface Batch {
  /** Address of the addresses of its examples. */
  rows: number;
  /** Address of the hidden layer, before its activation and after it: [groups, GROUP, width]. */
  sums: number;
  /** Address of the gradients of its sums, likewise. */
  gradients: number;
  /** Address of the logits or their gradients, [examples, classes]. */
  logits: number;
  /** Address of room for `update`. */
  room: number;
  /** How many. */
  examples: number;
  /** How many groups, the last one filled up. */
  groups: number;
}

/** Addresses of a tensor of weights, and of its moments. */
export type Place = { values: number; m: number; v: number };

export class Memory {
  kernel: Kernel;
  held: Code | null;
  shape: HeadShape;
  /** Of a row of the hidden layer: its units, filled up. */
  width: number;
  at: {
    kernel1: Place;
    bias1: Place;
    kernel2: Place;
    bias2: Place;
    blank: number;
    one: number;
    peaks: number;
    packed: number;
    given: number;
    examples: number;
    batch: number;
  };

  /** @throws RangeError where that much memory is not to be had */
  constructor(kernel: Kernel, shape: HeadShape) {
    const { features, hidden, classes } = shape;
    this.kernel = kernel;
    this.held = kernel.borrow();
    this.shape = shape;
    this.width = Math.ceil(hidden / UNITS) * UNITS;
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
    this.reserve(1);
    new Uint8Array(this.code.memory.buffer, 0, this.at.packed).fill(0);
    this.doubles(this.at.one, 1)[0] = 1;
  }

  get code() {
    if (!this.held) throw new Error('This head has given its memory back.');
    return this.held;
  }

  /** Gives the memory to the next run; it cannot be used any more. */
  release() {
    this.kernel.giveBack(this.code);
    this.held = null;
  }

  /**
   * @param examples in all
   * @throws RangeError where that much memory is not to be had
   */
  expect(examples: number) {
    this.at.batch = aligned(this.example(examples));
    // Room for the largest batch: if it is not to be had, that is said here and not amid a run.
    this.reserve(examples);
  }

  /** @returns address of an example's features */
  example(i: number): number {
    return this.at.examples + 4 * this.shape.features * i;
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
