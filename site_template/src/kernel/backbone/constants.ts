// Weights and tables in the order in which they will lie in memory.

import { aligned } from './plan.ts';

export class Constants {
  parts: { at: number; values: Float32Array | Int32Array }[];
  /** Bytes in all. */
  size: number;

  constructor() {
    this.parts = [];
    this.size = 0;
  }

  /** @returns byte at which they will begin */
  add(values: Float32Array | Int32Array): number {
    const at = this.size;
    this.parts.push({ at, values });
    this.size = aligned(at + values.byteLength);
    return at;
  }

  /** Writes everything, and lets go of it: it is not held twice. */
  write(buffer: ArrayBufferLike, address: number) {
    for (const { at, values } of this.parts) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      new Uint8Array(buffer, address + at, bytes.length).set(bytes);
    }
    this.parts = [];
  }
}
