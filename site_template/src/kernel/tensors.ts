// What can be read of a head in WebAssembly: weights and moments, as the plain head has them.

import { BETA1, BETA2, norm } from '../core/optimizer.ts';
import type { KernelAdam } from './adam.ts';
import type { Memory, Place } from './memory.ts';

/** One of the head's tensors in WebAssembly's memory. Each read is a copy, as the memory moves when it grows. */
export class KernelTensor {
  memory: Memory;
  at: Place;
  length: number;

  constructor(memory: Memory, at: Place, length: number) {
    this.memory = memory;
    this.at = at;
    this.length = length;
  }

  get values() {
    return this.memory.floats(this.at.values, this.length).slice();
  }

  get m() {
    return this.memory.floats(this.at.m, this.length).slice();
  }

  get v() {
    return this.memory.floats(this.at.v, this.length).slice();
  }

  get norm() {
    return norm(this.memory.floats(this.at.values, this.length));
  }
}

/** The hidden layer's kernel: its rows are filled up to the width, its moments in a scale of their own. */
export class KernelMatrix extends KernelTensor {
  adam: KernelAdam;

  constructor(memory: Memory, at: Place, length: number, adam: KernelAdam) {
    super(memory, at, length);
    this.adam = adam;
  }

  get values() {
    return this.memory.readKernel(this.at.values);
  }

  get m() {
    return this.memory.readKernel(this.at.m, (1 - BETA1) / this.adam.scale);
  }

  get v() {
    return this.memory.readKernel(this.at.v, (1 - BETA2) / this.adam.scale ** 2);
  }

  get norm() {
    // The units that fill the width up are zero.
    return Math.sqrt(this.memory.code.sumOfSquares(this.at.values, this.length));
  }
}
