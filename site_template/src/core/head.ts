// The head: Dense(hidden, relu) and Dense(classes, softmax) on the backbone's features, trained with
// Adam on categorical cross-entropy. Plain loops; sums run in float64 and are stored as float32.
// `../kernel/kernel.js` does the same with the hidden layer in WebAssembly; this one is its fallback and reference.

import type { Engine } from '../protocol.ts';
import { Xoshiro128 } from './random.ts';

export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const EPSILON = 1e-7;

/** Which four words of the seed's splitmix32 fill which stream. */
export const STREAM = { init: 0, order: 1, split: 2 };

export interface HeadShape {
  features: number;
  hidden: number;
  classes: number;
}

/** Kernels are row-major, input first, as TensorFlow has them. */
export interface HeadWeights {
  /** [features, hidden] */
  kernel1: Float32Array;
  /** [hidden] */
  bias1: Float32Array;
  /** [hidden, classes] */
  kernel2: Float32Array;
  /** [classes] */
  bias2: Float32Array;
}

/**
 * Glorot uniform: U(-a, a) with a = sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio, 2010), computed in
 * float64 and rounded once.
 */
function glorotUniform(random: Xoshiro128, fanIn: number, fanOut: number) {
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const kernel = new Float32Array(fanIn * fanOut);
  for (let i = 0; i < kernel.length; i++) kernel[i] = (2 * random.uniform() - 1) * limit;
  return kernel;
}

/** The weights that training starts from. */
export function initialWeights({ features, hidden, classes }: HeadShape, seed: number): HeadWeights {
  const random = new Xoshiro128(seed, STREAM.init);
  return {
    kernel1: glorotUniform(random, features, hidden),
    bias1: new Float32Array(hidden),
    kernel2: glorotUniform(random, hidden, classes),
    bias2: new Float32Array(classes),
  };
}

export function copyOf({ kernel1, bias1, kernel2, bias2 }: HeadWeights): HeadWeights {
  return { kernel1: kernel1.slice(), bias1: bias1.slice(), kernel2: kernel2.slice(), bias2: bias2.slice() };
}

const NO_MOMENTS = new Float32Array(0);

/** One tensor of weights with Adam's two moments, which a head that only predicts has not. */
class AdamTensor {
  values: Float32Array;
  m: Float32Array;
  v: Float32Array;

  constructor(values: Float32Array) {
    this.values = values;
    this.m = NO_MOMENTS;
    this.v = NO_MOMENTS;
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

export class PlainHead {
  engine: Engine = 'plain';

  shape: HeadShape;
  tensors: { kernel1: AdamTensor; bias1: AdamTensor; kernel2: AdamTensor; bias2: AdamTensor };
  steps: number;
  features: Float32Array;
  labels: Uint16Array;
  /** The hidden layer of the batch that `forwardBatch` was given last, [batch, hidden]. */
  activations: Float64Array;

  /** @param weights taken over, not copied */
  constructor(shape: HeadShape, weights: HeadWeights) {
    this.shape = shape;
    this.tensors = {
      kernel1: new AdamTensor(weights.kernel1),
      bias1: new AdamTensor(weights.bias1),
      kernel2: new AdamTensor(weights.kernel2),
      bias2: new AdamTensor(weights.bias2),
    };
    this.steps = 0;
    this.features = new Float32Array(0);
    this.labels = new Uint16Array(0);
    this.activations = new Float64Array(0);
  }

  /** @returns the live weights */
  get weights(): HeadWeights {
    const { kernel1, bias1, kernel2, bias2 } = this.tensors;
    return { kernel1: kernel1.values, bias1: bias1.values, kernel2: kernel2.values, bias2: bias2.values };
  }

  /** @returns Euclidean, of kernel1, bias1, kernel2 and bias2 */
  get norms(): number[] {
    const { kernel1, bias1, kernel2, bias2 } = this.tensors;
    return [kernel1, bias1, kernel2, bias2].map((tensor) => tensor.norm);
  }

  /**
   * The examples that batches are taken from, once and before the first of them.
   * @param features [n, features]
   * @param labels [n]
   */
  load(features: Float32Array, labels: Uint16Array) {
    this.features = features;
    this.labels = labels;
    for (const tensor of Object.values(this.tensors)) {
      tensor.m = new Float32Array(tensor.values.length);
      tensor.v = new Float32Array(tensor.values.length);
    }
  }

  /**
   * Makes room for examples, which `place` then brings one by one: instead of `load`, where that would take too long
   * at a stretch.
   * @param labels [n]
   */
  expect(labels: Uint16Array) {
    this.load(new Float32Array(labels.length * this.shape.features), labels);
  }

  /** @param features [features], copied */
  place(i: number, features: Float32Array) {
    this.features.set(features, i * this.shape.features);
  }

  /**
   * Ends the training.
   * @returns a head of these weights for predicting, without examples and moments
   */
  finish(): PlainHead {
    return new PlainHead(this.shape, this.weights);
  }

  /**
   * Probabilities for one feature vector.
   * @param x [features]
   * @returns [classes]
   */
  predict(x: Float32Array): Float32Array {
    return Float32Array.from(this.forward(x, 0).probabilities);
  }

  /**
   * @param x features of one example, or of several one after another
   * @param offset where the example begins
   */
  forward(x: Float32Array, offset: number) {
    const activations = this.hiddenSums(x, offset);
    const logits = this.outputs(activations);
    return { activations, logits, ...softmax(logits) };
  }

  /**
   * The hidden layer before its activation.
   * @param x features of one example, or of several one after another
   * @param offset where the example begins
   * @returns [hidden]
   */
  hiddenSums(x: Float32Array, offset: number): Float64Array {
    const { features, hidden } = this.shape;
    const kernel = this.tensors.kernel1.values;
    const sums = new Float64Array(this.tensors.bias1.values);
    for (let f = 0, row = 0; f < features; f++, row += hidden) {
      const value = x[offset + f];
      for (let h = 0; h < hidden; h++) sums[h] += value * kernel[row + h];
    }
    return sums;
  }

  /**
   * @param sums the hidden layer before its activation, [hidden]; its activations are left there
   * @returns logits, [classes]
   */
  outputs(sums: Float64Array): Float64Array {
    const { hidden, classes } = this.shape;
    const kernel = this.tensors.kernel2.values;
    const logits = new Float64Array(this.tensors.bias2.values);
    for (let h = 0, row = 0; h < hidden; h++, row += classes) {
      const activation = Math.fround(Math.max(0, sums[h]));
      sums[h] = activation;
      if (activation === 0) continue; // as half of them are
      for (let c = 0; c < classes; c++) logits[c] += activation * kernel[row + c];
    }
    return logits;
  }

  /**
   * One step of Adam on the mean loss of a batch.
   * @param indices of the batch's examples; the mean is over their own number
   * @returns summed over the batch, before the step
   */
  trainBatch(indices: Uint32Array, rate: number): { loss: number; correct: number } {
    const { classes } = this.shape;
    const size = indices.length;
    const outputs = this.forwardBatch(indices);
    let loss = 0;
    let correct = 0;
    for (let b = 0; b < size; b++) {
      const label = this.labels[indices[b]];
      const logits = outputs.subarray(b * classes, (b + 1) * classes);
      const { probabilities, logSum } = softmax(logits);
      loss += logSum - logits[label];
      if (argmax(probabilities) === label) correct++;
      for (let c = 0; c < classes; c++) logits[c] = (probabilities[c] - (c === label ? 1 : 0)) / size;
    }
    this.steps++;
    this.backwardBatch(indices, outputs, {
      rate,
      m: 1 / (1 - BETA1 ** this.steps),
      v: 1 / (1 - BETA2 ** this.steps),
    });
    return { loss, correct };
  }

  /**
   * @param indices of loaded examples
   * @returns logits, [batch, classes]; their gradients take their place
   */
  forwardBatch(indices: Uint32Array): Float64Array {
    const { features, hidden, classes } = this.shape;
    const logits = new Float64Array(indices.length * classes);
    this.activations = new Float64Array(indices.length * hidden);
    indices.forEach((i, b) => {
      const sums = this.hiddenSums(this.features, i * features);
      logits.set(this.outputs(sums), b * classes);
      this.activations.set(sums, b * hidden);
    });
    return logits;
  }

  /**
   * Updates the weights by the batch that `forwardBatch` was given last.
   * @param indices of its examples
   * @param errors gradients of its logits, [batch, classes]
   */
  backwardBatch(indices: Uint32Array, errors: Float64Array, rates: Rates) {
    const { features, hidden, classes } = this.shape;
    const { kernel1, bias1, kernel2, bias2 } = this.tensors;
    const { activations } = this;
    const gradients = activations.map((activation, at) => {
      if (activation <= 0) return 0;
      const [from, row] = [Math.floor(at / hidden) * classes, (at % hidden) * classes];
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += errors[from + c] * kernel2.values[row + c];
      return sum;
    });
    updateKernel(
      kernel1,
      this.features,
      indices.map((i) => i * features),
      gradients,
      rates,
    );
    updateBias(bias1, gradients, rates);
    updateKernel(
      kernel2,
      activations,
      indices.map((_, b) => b * hidden),
      errors,
      rates,
    );
    updateBias(bias2, errors, rates);
  }
}

export interface Rates {
  /** Adam's learning rate. */
  rate: number;
  /** Bias correction of the first moment. */
  m: number;
  /** Bias correction of the second moment. */
  v: number;
}

/**
 * Gradient, moments and weights of a dense layer's kernel, in one pass over its rows.
 * @param kernel [inputs, outputs]
 * @param starts where each example of the batch begins in `inputs`
 * @param gradients of the layer's outputs before activation, [batch, outputs]
 */
function updateKernel(
  kernel: AdamTensor,
  inputs: Float32Array | Float64Array,
  starts: Uint32Array,
  gradients: Float64Array,
  rates: Rates,
) {
  const outputs = gradients.length / starts.length;
  const rows = kernel.values.length / outputs;
  for (let i = 0, at = 0; i < rows; i++) {
    for (let o = 0; o < outputs; o++, at++) {
      let gradient = 0;
      for (let b = 0, place = o; b < starts.length; b++, place += outputs) {
        gradient += inputs[starts[b] + i] * gradients[place];
      }
      adam(kernel, at, gradient, rates);
    }
  }
}

/**
 * @param bias [outputs]
 * @param gradients of the layer's outputs before activation, [batch, outputs]
 */
function updateBias(bias: AdamTensor, gradients: Float64Array, rates: Rates) {
  const outputs = bias.values.length;
  for (let o = 0; o < outputs; o++) {
    let gradient = 0;
    for (let place = o; place < gradients.length; place += outputs) gradient += gradients[place];
    adam(bias, o, gradient, rates);
  }
}

/**
 * Adam as TensorFlow.js computes it, epsilon beside the root of the corrected second moment
 * (Kingma and Ba, 2015, algorithm 1; Keras puts epsilon elsewhere).
 * @param at place of the value that is moved
 * @param g its gradient
 */
function adam({ values, m, v }: AdamTensor, at: number, g: number, rates: Rates) {
  m[at] = BETA1 * m[at] + (1 - BETA1) * g;
  v[at] = BETA2 * v[at] + (1 - BETA2) * g * g;
  values[at] -= (rates.rate * m[at] * rates.m) / (Math.sqrt(v[at] * rates.v) + EPSILON);
}

/** @returns and the logarithm of the sum of their exponentials */
function softmax(logits: Float64Array): { probabilities: Float64Array; logSum: number } {
  let peak = logits[0];
  for (let c = 1; c < logits.length; c++) peak = Math.max(peak, logits[c]);
  const probabilities = new Float64Array(logits.length);
  let sum = 0;
  for (let c = 0; c < logits.length; c++) {
    probabilities[c] = Math.exp(logits[c] - peak);
    sum += probabilities[c];
  }
  for (let c = 0; c < logits.length; c++) probabilities[c] /= sum;
  return { probabilities, logSum: peak + Math.log(sum) };
}

/** The place of the largest value, the first where several are equal. */
export function argmax(values: ArrayLike<number>) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
