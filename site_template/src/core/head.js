// The head: Dense(hidden, relu) and Dense(classes, softmax) on the backbone's features, trained with
// Adam on categorical cross-entropy. Plain loops; sums run in float64 and are stored as float32.
// `../kernel/kernel.js` does the same with the hidden layer in WebAssembly; this one is its fallback and witness.

import { Xoshiro128 } from './random.js';

export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const EPSILON = 1e-7;

/** Which four words of the seed's splitmix32 fill which stream. */
export const STREAM = { init: 0, order: 1, split: 2 };

/**
 * @typedef {object} HeadShape
 * @property {number} features
 * @property {number} hidden
 * @property {number} classes
 */

/**
 * Kernels are row-major, input first, as TensorFlow has them.
 * @typedef {object} HeadWeights
 * @property {Float32Array} kernel1 [features, hidden]
 * @property {Float32Array} bias1 [hidden]
 * @property {Float32Array} kernel2 [hidden, classes]
 * @property {Float32Array} bias2 [classes]
 */

/**
 * Glorot uniform: U(-a, a) with a = sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio, 2010), computed in
 * float64 and rounded once.
 * @param {Xoshiro128} random
 * @param {number} fanIn
 * @param {number} fanOut
 */
function glorotUniform(random, fanIn, fanOut) {
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const kernel = new Float32Array(fanIn * fanOut);
  for (let i = 0; i < kernel.length; i++) kernel[i] = (2 * random.uniform() - 1) * limit;
  return kernel;
}

/**
 * The weights that training starts from.
 * @param {HeadShape} shape
 * @param {number} seed
 * @returns {HeadWeights}
 */
export function initialWeights({ features, hidden, classes }, seed) {
  const random = new Xoshiro128(seed, STREAM.init);
  return {
    kernel1: glorotUniform(random, features, hidden),
    bias1: new Float32Array(hidden),
    kernel2: glorotUniform(random, hidden, classes),
    bias2: new Float32Array(classes),
  };
}

/** One tensor of weights with Adam's two moments. */
class AdamTensor {
  /** @param {Float32Array} values */
  constructor(values) {
    this.values = values;
    this.m = new Float32Array(values.length);
    this.v = new Float32Array(values.length);
  }

  /** @returns {number} Euclidean, of the values, summed in float64 */
  get norm() {
    let sum = 0;
    for (const value of this.values) sum += value * value;
    return Math.sqrt(sum);
  }
}

export class PlainHead {
  /** @type {import('../protocol.js').Engine} */
  engine = 'plain';

  /**
   * @param {HeadShape} shape
   * @param {HeadWeights} weights taken over, not copied
   */
  constructor(shape, weights) {
    this.shape = shape;
    this.tensors = {
      kernel1: new AdamTensor(weights.kernel1),
      bias1: new AdamTensor(weights.bias1),
      kernel2: new AdamTensor(weights.kernel2),
      bias2: new AdamTensor(weights.bias2),
    };
    this.steps = 0;
    /** @type {Float32Array} */
    this.features = new Float32Array(0);
    /** @type {Uint16Array} */
    this.labels = new Uint16Array(0);
  }

  /** @returns {HeadWeights} the live weights */
  get weights() {
    const { kernel1, bias1, kernel2, bias2 } = this.tensors;
    return { kernel1: kernel1.values, bias1: bias1.values, kernel2: kernel2.values, bias2: bias2.values };
  }

  /** @returns {number[]} Euclidean, of kernel1, bias1, kernel2 and bias2 */
  get norms() {
    const { kernel1, bias1, kernel2, bias2 } = this.tensors;
    return [kernel1, bias1, kernel2, bias2].map((tensor) => tensor.norm);
  }

  /**
   * The examples that batches are taken from.
   * @param {Float32Array} features [n, features]
   * @param {Uint16Array} labels [n]
   */
  load(features, labels) {
    this.features = features;
    this.labels = labels;
  }

  /**
   * Makes room for examples, which `place` then brings one by one: instead of `load`, where that would take too long
   * at a stretch.
   * @param {Uint16Array} labels [n]
   */
  expect(labels) {
    this.load(new Float32Array(labels.length * this.shape.features), labels);
  }

  /**
   * @param {number} i
   * @param {Float32Array} features [features], copied
   */
  place(i, features) {
    this.features.set(features, i * this.shape.features);
  }

  /**
   * Ends the training.
   * @returns {PlainHead} a head of these weights for predicting, without examples and moments
   */
  finish() {
    return new PlainHead(this.shape, this.weights);
  }

  /**
   * Probabilities for one feature vector.
   * @param {Float32Array} x [features]
   * @returns {Float32Array} [classes]
   */
  predict(x) {
    return Float32Array.from(this.forward(x, 0).probabilities);
  }

  /**
   * @param {Float32Array} x features of one example, or of several one after another
   * @param {number} offset where the example begins
   */
  forward(x, offset) {
    return this.outputs(this.hiddenSums(x, offset));
  }

  /**
   * The hidden layer before its activation.
   * @param {Float32Array} x features of one example, or of several one after another
   * @param {number} offset where the example begins
   * @returns {Float64Array} [hidden]
   */
  hiddenSums(x, offset) {
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
   * @param {Uint32Array} indices of loaded examples
   * @returns {Float64Array[]} for each the hidden layer before its activation, [hidden]
   */
  batchSums(indices) {
    return Array.from(indices, (i) => this.hiddenSums(this.features, i * this.shape.features));
  }

  /** @param {Float64Array} sums the hidden layer before its activation, [hidden]; taken over */
  outputs(sums) {
    const { hidden, classes } = this.shape;
    const kernel = this.tensors.kernel2.values;
    const activations = sums;
    const logits = new Float64Array(this.tensors.bias2.values);
    for (let h = 0, row = 0; h < hidden; h++, row += classes) {
      const activation = Math.fround(Math.max(0, sums[h]));
      activations[h] = activation;
      if (activation === 0) continue; // as half of them are
      for (let c = 0; c < classes; c++) logits[c] += activation * kernel[row + c];
    }
    let peak = logits[0];
    for (let c = 1; c < classes; c++) peak = Math.max(peak, logits[c]);
    const probabilities = new Float64Array(classes);
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      probabilities[c] = Math.exp(logits[c] - peak);
      sum += probabilities[c];
    }
    for (let c = 0; c < classes; c++) probabilities[c] /= sum;
    return { activations, probabilities, logits, logSum: peak + Math.log(sum) };
  }

  /**
   * One step of Adam on the mean loss of a batch.
   * @param {Uint32Array} indices of the batch's examples; the mean is over their own number
   * @param {number} rate
   * @returns {{loss: number, correct: number}} summed over the batch, before the step
   */
  trainBatch(indices, rate) {
    const { hidden, classes } = this.shape;
    const size = indices.length;
    const hiddenGradients = new Float64Array(size * hidden);
    const logitGradients = new Float64Array(size * classes);
    const activations = new Float64Array(size * hidden);
    const kernel2 = this.tensors.kernel2.values;
    let loss = 0;
    let correct = 0;
    this.batchSums(indices).forEach((sums, b) => {
      const label = this.labels[indices[b]];
      const pass = this.outputs(sums);
      activations.set(pass.activations, b * hidden);
      loss += pass.logSum - pass.logits[label];
      if (argmax(pass.probabilities) === label) correct++;
      for (let c = 0; c < classes; c++) {
        logitGradients[b * classes + c] = (pass.probabilities[c] - (c === label ? 1 : 0)) / size;
      }
      for (let h = 0; h < hidden; h++) {
        if (pass.activations[h] <= 0) continue;
        let sum = 0;
        for (let c = 0; c < classes; c++) sum += logitGradients[b * classes + c] * kernel2[h * classes + c];
        hiddenGradients[b * hidden + h] = sum;
      }
    });
    this.steps++;
    const rates = {
      rate,
      m: 1 / (1 - BETA1 ** this.steps),
      v: 1 / (1 - BETA2 ** this.steps),
    };
    this.updateKernel1(indices, hiddenGradients, rates);
    updateBias(this.tensors.bias1, hiddenGradients, rates);
    const rows = Array.from(indices, (_, b) => b * hidden);
    updateKernel(this.tensors.kernel2, activations, rows, logitGradients, rates);
    updateBias(this.tensors.bias2, logitGradients, rates);
    return { loss, correct };
  }

  /**
   * @param {Uint32Array} indices of the batch's examples
   * @param {Float64Array} gradients of the hidden layer before its activation, [batch, hidden]
   * @param {Rates} rates
   */
  updateKernel1(indices, gradients, rates) {
    const starts = Array.from(indices, (i) => i * this.shape.features);
    updateKernel(this.tensors.kernel1, this.features, starts, gradients, rates);
  }
}

/**
 * @typedef {object} Rates
 * @property {number} rate Adam's learning rate
 * @property {number} m bias correction of the first moment
 * @property {number} v bias correction of the second moment
 */

/**
 * Gradient, moments and weights of a dense layer's kernel, in one pass over its rows.
 * @param {AdamTensor} kernel [inputs, outputs]
 * @param {Float32Array|Float64Array} inputs
 * @param {number[]} starts where each example of the batch begins in `inputs`
 * @param {Float64Array} gradients of the layer's outputs before activation, [batch, outputs]
 * @param {Rates} rates
 */
function updateKernel(kernel, inputs, starts, gradients, rates) {
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
 * @param {AdamTensor} bias [outputs]
 * @param {Float64Array} gradients of the layer's outputs before activation, [batch, outputs]
 * @param {Rates} rates
 */
function updateBias(bias, gradients, rates) {
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
 * @param {AdamTensor} tensor
 * @param {number} at place of the value that is moved
 * @param {number} g its gradient
 * @param {Rates} rates
 */
function adam({ values, m, v }, at, g, rates) {
  m[at] = BETA1 * m[at] + (1 - BETA1) * g;
  v[at] = BETA2 * v[at] + (1 - BETA2) * g * g;
  values[at] -= (rates.rate * m[at] * rates.m) / (Math.sqrt(v[at] * rates.v) + EPSILON);
}

/**
 * The place of the largest value, the first where several are equal.
 * @param {ArrayLike<number>} values
 */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
