// From a picture's bytes to the backbone's input, by the kernel: copies the lines it needs into the kernel's memory,
// and leaves the numbers where TensorFlow.js wants them.

import { TAP } from '../../../assembly/layout.ts';
import { checkSize, region, taps } from '../../core/preprocess.ts';
import type { Preprocess } from '../../protocol.ts';

export interface Code {
  sample: (lines: number, columns: number, size: number, picture: number, out: number) => void;
}

const PIXEL = 4;

/** Where a picture's lines go, and what is made of them. */
interface Layout {
  /** Of which pictures. */
  key: string;
  /** Of what is made. */
  size: number;
  /** Of the columns' taps, then the lines' taps, then the picture's lines. */
  address: number;
  /** Of lines that follow one another, in bytes of the picture and of the memory after the taps. */
  runs: { from: number; to: number; bytes: number }[];
}

/** The memory that the kernels compute in, and whoever hands it out. */
export interface Heap {
  memory: WebAssembly.Memory;
  /** Returns an address, 0 where there is no room. */
  allocate: (bytes: number) => number;
  free: (address: number) => void;
}

export class PictureReader {
  code: Code;
  heap: Heap;
  /** Of the last picture: a camera's next one is alike. */
  layout: Layout | null;
  /** What is held in memory. */
  bytes: number;

  constructor(code: Code, heap: Heap) {
    this.code = code;
    this.heap = heap;
    this.layout = null;
    this.bytes = 0;
  }

  /**
   * Takes a picture in, for `sample`.
   * @param rgba bytes, [height, width, 4]; alpha is not read
   * @returns false where there is no memory for it: nothing was done
   * @throws RangeError: the bytes are not such a picture's
   */
  place(rgba: Uint8Array | Uint8ClampedArray, width: number, height: number, options: Preprocess): boolean {
    checkSize(rgba.length, width, height);
    const layout = this.layoutFor(width, height, options);
    if (!layout) return false;
    const memory = new Uint8Array(this.heap.memory.buffer);
    const picture = layout.address + 2 * TAP * options.size;
    for (const { from, to, bytes } of layout.runs) memory.set(rgba.subarray(from, from + bytes), picture + to);
    return true;
  }

  /**
   * Makes the backbone's input of the picture that `place` took last.
   * @param out address of [size, size, 3] float32, in [0, 1] afterwards
   */
  sample(out: number) {
    if (!this.layout) throw new Error('No picture has been placed.');
    const { address, size } = this.layout;
    const lines = address + TAP * size;
    this.code.sample(lines, address, size, lines + TAP * size, out);
  }

  layoutFor(width: number, height: number, { size, fit }: Preprocess): Layout | null {
    const key = JSON.stringify([width, height, size, fit]);
    if (this.layout?.key === key) return this.layout;
    this.release();
    const part = region(width, height, fit);
    const across = taps(part.width, size);
    const down = taps(part.height, size);
    const row = PIXEL * width;
    // Of a large picture only the lines between which the made ones lie.
    const needed = [...new Set([...down.first, ...down.second])].sort((a, b) => a - b);
    const places = new Map(needed.map((line, i) => [line, i * row]));
    const bytes = 2 * TAP * size + needed.length * row;
    const address = this.heap.allocate(bytes);
    if (!address) return null;
    this.bytes = bytes;
    this.layout = { key, size, address, runs: runsOf(needed, part.y, row) };
    const view = new DataView(this.heap.memory.buffer, address, 2 * TAP * size);
    write(view, 0, across, (column) => PIXEL * (part.x + column));
    write(view, TAP * size, down, (line) => places.get(line)!);
    return this.layout;
  }

  /** Gives the memory back. */
  release() {
    if (this.layout) this.heap.free(this.layout.address);
    this.layout = null;
    this.bytes = 0;
  }
}

/**
 * @param needed lines, rising
 * @param top the picture's line that is the first of its part
 * @param row bytes of a line
 */
function runsOf(needed: number[], top: number, row: number) {
  const runs: Layout['runs'] = [];
  needed.forEach((line, i) => {
    const last = runs.at(-1);
    const from = (top + line) * row;
    if (last && last.from + last.bytes === from) last.bytes += row;
    else runs.push({ from, to: i * row, bytes: row });
  });
  return runs;
}

/** @param offset in bytes */
function write(
  view: DataView,
  at: number,
  { first, second, weight }: ReturnType<typeof taps>,
  offset: (place: number) => number,
) {
  for (let i = 0; i < weight.length; i++, at += TAP) {
    view.setFloat64(at, 1 - weight[i], true);
    view.setFloat64(at + 8, weight[i], true);
    view.setUint32(at + 16, offset(first[i]), true);
    view.setUint32(at + 20, offset(second[i]), true);
  }
}
