// What moves the head's weights against a gradient. Specified in docs/head.md; `reference/optimizer.py` of the Python
// package is its twin.

export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const EPSILON = 1e-7;

const NONE = new Float32Array(0);

/** A tensor of weights, and what an optimizer keeps of each: empty where it keeps nothing, or nothing is trained. */
export class Tensor {
  values: Float32Array;
  /** Mean of the gradients. */
  m: Float32Array;
  /** Mean of their squares. */
  v: Float32Array;

  constructor(values: Float32Array) {
    this.values = values;
    this.m = NONE;
    this.v = NONE;
  }

  get norm() {
    return norm(this.values);
  }
}

/** @returns Euclidean, summed in float64 */
export function norm(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/** What a run trains with, from its first step to its last. */
export interface Optimizer {
  /** Before the first step, for each tensor. */
  begin: (tensor: Tensor) => void;
  /** Begins a step: every value is then moved once. */
  next: (rate: number) => void;
  /**
   * Moves one value.
   * @param at its place in the tensor
   */
  move: (tensor: Tensor, at: number, gradient: number) => void;
}

/**
 * Adam as TensorFlow.js computes it, epsilon beside the root of the corrected second moment
 * (Kingma and Ba, 2015, algorithm 1; Keras puts epsilon elsewhere).
 */
export class Adam implements Optimizer {
  steps = 0;
  /** The learning rate. */
  rate = 0;
  /** What corrects the first moment's bias. */
  correctionM = 0;
  /** And the second's. */
  correctionV = 0;

  begin(tensor: Tensor) {
    tensor.m = new Float32Array(tensor.values.length);
    tensor.v = new Float32Array(tensor.values.length);
  }

  next(rate: number) {
    this.steps++;
    this.rate = rate;
    this.correctionM = 1 / (1 - BETA1 ** this.steps);
    this.correctionV = 1 / (1 - BETA2 ** this.steps);
  }

  move({ values, m, v }: Tensor, at: number, gradient: number) {
    m[at] = BETA1 * m[at] + (1 - BETA1) * gradient;
    v[at] = BETA2 * v[at] + (1 - BETA2) * gradient * gradient;
    values[at] -= (this.rate * m[at] * this.correctionM) / (Math.sqrt(v[at] * this.correctionV) + EPSILON);
  }
}

/** By name. */
const OPTIMIZERS = { adam: Adam };

export type OptimizerName = keyof typeof OPTIMIZERS;

/** What every head is trained with. */
export const OPTIMIZER: OptimizerName = 'adam';

export const newOptimizer = (): Optimizer => new OPTIMIZERS[OPTIMIZER]();
