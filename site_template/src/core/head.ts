// The head: Dense(hidden, relu) and Dense(classes, softmax) on the backbone's features, trained on categorical
// cross-entropy. Of its two implementations this file has the plain one: loops whose sums run in float64 and are stored
// as float32. `../kernel/head.ts` has the hidden layer in WebAssembly; the plain one is its fallback and reference.

import { newOptimizer, type Optimizer, Tensor } from './optimizer.ts';
import { Xoshiro128 } from './random.ts';

/** Which four words of the seed's splitmix32 fill which stream. */
export const STREAM = { init: 0, order: 1, split: 2 };

/** What trains the head: `kernel/head.ts`, or the loops in `core/head.ts`. */
export type Engine = 'wasm-simd' | 'plain';

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

/** What can be read of a tensor; of a head in WebAssembly each read is a copy. */
export interface ReadTensor {
  readonly values: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** Euclidean. */
  readonly norm: number;
}

/** A head that is trained, or predicts. */
export interface Head {
  readonly engine: Engine;
  readonly shape: HeadShape;
  readonly tensors: Readonly<Record<keyof HeadWeights, ReadTensor>>;
  readonly weights: HeadWeights;
  /** Euclidean, of kernel1, bias1, kernel2 and bias2. */
  readonly norms: number[];
  /**
   * The examples that batches are taken from, once and before the first of them.
   * @param features [n, features]
   * @param labels [n]
   */
  load: (features: Float32Array, labels: Uint16Array) => void;
  /**
   * Makes room for examples, which `place` then brings one by one: instead of `load`, where that would take too long
   * at a stretch.
   * @param labels [n]
   */
  expect: (labels: Uint16Array) => void;
  /** @param features [features], copied */
  place: (i: number, features: Float32Array) => void;
  /**
   * One step of the optimizer on the mean loss of a batch.
   * @param indices of the batch's examples; the mean is over their own number
   * @returns summed over the batch, before the step
   */
  trainBatch: (indices: Uint32Array, rate: number) => BatchResult;
  /**
   * Ends the training.
   * @returns a head of these weights for predicting, without examples and moments
   */
  finish: () => Head;
  /**
   * Probabilities for one feature vector.
   * @param x [features]
   * @returns [classes]
   */
  predict: (x: Float32Array) => Float32Array;
}

/** Summed over a batch. */
export interface BatchResult {
  loss: number;
  correct: number;
}

export function weightsOf({ kernel1, bias1, kernel2, bias2 }: Head['tensors']): HeadWeights {
  return { kernel1: kernel1.values, bias1: bias1.values, kernel2: kernel2.values, bias2: bias2.values };
}

export function normsOf({ kernel1, bias1, kernel2, bias2 }: Head['tensors']): number[] {
  return [kernel1, bias1, kernel2, bias2].map((tensor) => tensor.norm);
}

/**
 * The output layer for one example.
 * @param sums the hidden layer before its activation, [hidden]; its activations are left there
 * @param kernel [hidden, classes]
 * @param bias [classes]
 * @returns logits, [classes]
 */
export function outputLayer(sums: Float64Array, kernel: Float32Array, bias: Float32Array): Float64Array {
  const classes = bias.length;
  const logits = new Float64Array(bias);
  for (let h = 0, row = 0; h < sums.length; h++, row += classes) {
    const activation = Math.fround(Math.max(0, sums[h]));
    sums[h] = activation;
    if (activation === 0) continue; // as half of them are
    for (let c = 0; c < classes; c++) logits[c] += activation * kernel[row + c];
  }
  return logits;
}

/**
 * Loss of a batch, and its gradient.
 * @param logits [batch, classes]; the gradients of the mean loss take their place
 * @param labels of the batch's examples, [batch]
 */
export function lossOf(logits: Float64Array, labels: Uint16Array): BatchResult {
  const size = labels.length;
  const classes = logits.length / size;
  let loss = 0;
  let correct = 0;
  labels.forEach((label, b) => {
    const row = logits.subarray(b * classes, (b + 1) * classes);
    const { probabilities, logSum } = softmax(row);
    loss += logSum - row[label];
    if (argmax(probabilities) === label) correct++;
    for (let c = 0; c < classes; c++) row[c] = (probabilities[c] - (c === label ? 1 : 0)) / size;
  });
  return { loss, correct };
}

export class PlainHead implements Head {
  engine: Engine = 'plain';

  shape: HeadShape;
  tensors: { kernel1: Tensor; bias1: Tensor; kernel2: Tensor; bias2: Tensor };
  optimizer: Optimizer;
  features: Float32Array;
  labels: Uint16Array;
  /** The hidden layer of the batch that `forwardBatch` was given last, [batch, hidden]. */
  activations: Float64Array;

  /** @param weights taken over, not copied */
  constructor(shape: HeadShape, weights: HeadWeights) {
    this.shape = shape;
    this.tensors = {
      kernel1: new Tensor(weights.kernel1),
      bias1: new Tensor(weights.bias1),
      kernel2: new Tensor(weights.kernel2),
      bias2: new Tensor(weights.bias2),
    };
    this.optimizer = newOptimizer();
    this.features = new Float32Array(0);
    this.labels = new Uint16Array(0);
    this.activations = new Float64Array(0);
  }

  /** @returns the live weights */
  get weights(): HeadWeights {
    return weightsOf(this.tensors);
  }

  get norms(): number[] {
    return normsOf(this.tensors);
  }

  load(features: Float32Array, labels: Uint16Array) {
    this.features = features;
    this.labels = labels;
    for (const tensor of Object.values(this.tensors)) this.optimizer.begin(tensor);
  }

  expect(labels: Uint16Array) {
    this.load(new Float32Array(labels.length * this.shape.features), labels);
  }

  place(i: number, features: Float32Array) {
    this.features.set(features, i * this.shape.features);
  }

  finish(): PlainHead {
    return new PlainHead(this.shape, this.weights);
  }

  predict(x: Float32Array): Float32Array {
    return Float32Array.from(this.forward(x, 0).probabilities);
  }

  /**
   * @param x features of one example, or of several one after another
   * @param offset where the example begins
   */
  forward(x: Float32Array, offset: number) {
    const activations = this.hiddenSums(x, offset);
    const { kernel2, bias2 } = this.weights;
    const logits = outputLayer(activations, kernel2, bias2);
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

  trainBatch(indices: Uint32Array, rate: number): BatchResult {
    const logits = this.forwardBatch(indices);
    const result = lossOf(logits, pick(this.labels, indices));
    this.optimizer.next(rate);
    this.backwardBatch(indices, logits);
    return result;
  }

  /**
   * @param indices of loaded examples
   * @returns logits, [batch, classes]; their gradients take their place
   */
  forwardBatch(indices: Uint32Array): Float64Array {
    const { features, hidden, classes } = this.shape;
    const { kernel2, bias2 } = this.weights;
    const logits = new Float64Array(indices.length * classes);
    this.activations = new Float64Array(indices.length * hidden);
    indices.forEach((i, b) => {
      const sums = this.hiddenSums(this.features, i * features);
      logits.set(outputLayer(sums, kernel2, bias2), b * classes);
      this.activations.set(sums, b * hidden);
    });
    return logits;
  }

  /**
   * Updates the weights by the batch that `forwardBatch` was given last.
   * @param indices of its examples
   * @param errors gradients of its logits, [batch, classes]
   */
  backwardBatch(indices: Uint32Array, errors: Float64Array) {
    const { features, hidden, classes } = this.shape;
    const { kernel1, bias1, kernel2, bias2 } = this.tensors;
    const { activations, optimizer } = this;
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
      optimizer,
    );
    updateBias(bias1, gradients, optimizer);
    updateKernel(
      kernel2,
      activations,
      indices.map((_, b) => b * hidden),
      errors,
      optimizer,
    );
    updateBias(bias2, errors, optimizer);
  }
}

/**
 * Gradient of a dense layer's kernel, and its move, in one pass over its rows.
 * @param kernel [inputs, outputs]
 * @param starts where each example of the batch begins in `inputs`
 * @param gradients of the layer's outputs before activation, [batch, outputs]
 */
function updateKernel(
  kernel: Tensor,
  inputs: Float32Array | Float64Array,
  starts: Uint32Array,
  gradients: Float64Array,
  optimizer: Optimizer,
) {
  const outputs = gradients.length / starts.length;
  const rows = kernel.values.length / outputs;
  for (let i = 0, at = 0; i < rows; i++) {
    for (let o = 0; o < outputs; o++, at++) {
      let gradient = 0;
      for (let b = 0, place = o; b < starts.length; b++, place += outputs) {
        gradient += inputs[starts[b] + i] * gradients[place];
      }
      optimizer.move(kernel, at, gradient);
    }
  }
}

/**
 * @param bias [outputs]
 * @param gradients of the layer's outputs before activation, [batch, outputs]
 */
function updateBias(bias: Tensor, gradients: Float64Array, optimizer: Optimizer) {
  const outputs = bias.values.length;
  for (let o = 0; o < outputs; o++) {
    let gradient = 0;
    for (let place = o; place < gradients.length; place += outputs) gradient += gradients[place];
    optimizer.move(bias, o, gradient);
  }
}

/** @returns the labels of some examples */
export function pick(labels: Uint16Array, indices: Uint32Array): Uint16Array {
  return Uint16Array.from(indices, (i) => labels[i]);
}

/** @returns and the logarithm of the sum of their exponentials */
export function softmax(logits: Float64Array): { probabilities: Float64Array; logSum: number } {
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
