// Adam in WebAssembly: `assembly/` moves the weights, this file brings the moments' scale and the corrections.

import { Adam, BETA1, BETA2, EPSILON, type OptimizerName } from '../core/optimizer.ts';
import type { Batch, Memory, Place } from './memory.ts';

/** What a head in WebAssembly can be trained with. */
export const KERNEL_OPTIMIZER: OptimizerName = 'adam';

/** The scale of the moments (see `update`) at the first step, where second moments are what Adam calls them. */
const FIRST_SCALE = Math.sqrt(1 - BETA2);

/** Where the scale has grown to 1, it is brought back by this power of two, which rounds nothing. */
const SCALE_BACK = 2 ** -5;

/** A step moves no weight by more than this many times its `step`: see `update`. */
const LONGEST_MOVE = 2.5;

export class KernelAdam {
  memory: Memory;
  /** Counts the steps, and corrects the moments' bias. */
  schedule: Adam;
  /** Of the moments of the hidden layer's kernel. */
  scale: number;

  constructor(memory: Memory) {
    this.memory = memory;
    this.schedule = new Adam();
    this.scale = FIRST_SCALE;
  }

  /**
   * Moves all weights by a batch: its activations, and the gradients of its logits and of the hidden layer's sums, are in
   * memory.
   * @returns how far a weight of the hidden layer's kernel may have moved
   */
  step(batch: Batch, rate: number): number {
    this.schedule.next(rate);
    const { code, at, width, shape } = this.memory;
    const { features, hidden, classes } = shape;
    const { rows, groups, examples, sums, gradients, logits, room } = batch;
    const row = 8 * width;
    this.updateSmall(at.kernel2, [sums, row, hidden], [logits, 8 * classes, classes], examples);
    this.updateSmall(at.bias2, [at.one, 0, 1], [logits, 8 * classes, classes], examples);
    this.updateSmall(at.bias1, [at.one, 0, 1], [gradients, row, hidden], examples);
    this.growScale();
    // Both corrections once instead of for every weight: m·rate/(√(v·c) + ε) = m·(rate/√c)/(√v + ε/√c).
    const { correctionM, correctionV } = this.schedule;
    const root = Math.sqrt(correctionV * (1 - BETA2));
    const step = (rate * correctionM * (1 - BETA1)) / root;
    const epsilon = (EPSILON * this.scale) / root;
    const { values, m, v } = at.kernel1;
    code.update(rows, groups, features, width, gradients, this.scale, room, values, m, v, step, epsilon);
    return LONGEST_MOVE * step;
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
  ) {
    const { rate, correctionM, correctionV } = this.schedule;
    this.memory.code.updateSmall(...inputs, ...errors, examples, values, m, v, rate, correctionM, correctionV);
  }

  /** Brings the moments' scale to the next step. */
  growScale() {
    if (this.scale >= 1) {
      const { code, at, shape, width } = this.memory;
      const count = shape.features * width;
      code.multiply(at.kernel1.m, count, SCALE_BACK);
      code.multiply(at.kernel1.v, count, SCALE_BACK ** 2);
      this.scale *= SCALE_BACK;
    }
    this.scale /= Math.sqrt(BETA2);
  }
}
