// Weights and tables in the order in which they will lie in memory.

import { aligned } from './plan.js';

export class Constants {
  constructor() {
    /** @type {{at: number, values: Float32Array|Int32Array}[]} */
    this.parts = [];
    /** Bytes in all. */
    this.size = 0;
  }

  /**
   * @param {Float32Array|Int32Array} values
   * @returns {number} byte at which they will begin
   */
  add(values) {
    const at = this.size;
    this.parts.push({ at, values });
    this.size = aligned(at + values.byteLength);
    return at;
  }

  /**
   * Writes everything, and lets go of it: it is not held twice.
   * @param {ArrayBufferLike} buffer
   * @param {number} address
   */
  write(buffer, address) {
    for (const { at, values } of this.parts) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      new Uint8Array(buffer, address + at, bytes.length).set(bytes);
    }
    this.parts = [];
  }
}
