// The head with its layers in WebAssembly: the hidden one in SIMD, where nearly all of the work is. The loss and the
// schedule are the plain head's own. `assembly/` computes, `memory.ts` lays out its memory, and this file says when the
// forward pass has to be exact.

import { GROUP } from '../../assembly/layout.ts';
import {
  type BatchResult,
  type Head,
  type HeadShape,
  type HeadWeights,
  lossOf,
  normsOf,
  outputLayer,
  PlainHead,
  pick,
  softmax,
  weightsOf,
} from '../core/head.ts';
import type { Engine } from '../protocol.ts';
import { KernelAdam } from './adam.ts';
import type { Kernel } from './kernel.ts';
import { type Batch, Memory } from './memory.ts';
import { KernelMatrix, KernelTensor } from './tensors.ts';

/** Sums of the hidden layer are rarely above 10. */
const LARGE = 64;

/** The tensors beside the hidden layer's kernel. */
const SMALL = ['bias1', 'kernel2', 'bias2'] as const;

/** Steps after which the largest weights are measured again, from which `forward` has its bound. */
const PEAKS_KEPT = 16;

export class KernelHead implements Head {
  engine: Engine = 'wasm-simd';

  shape: HeadShape;
  memory: Memory;
  optimizer: KernelAdam;
  tensors: { kernel1: KernelMatrix; bias1: KernelTensor; kernel2: KernelTensor; bias2: KernelTensor };
  labels: Uint16Array;
  /** How far weights may have moved since their peaks were measured, and in how many steps. */
  drift: number;
  drifted: number;
  /** The units that no step has moved. */
  unmoved: number[];

  /**
   * @param weights copied
   * @throws RangeError where that much memory is not to be had
   */
  constructor(kernel: Kernel, shape: HeadShape, weights: HeadWeights) {
    const { features, hidden, classes } = shape;
    const memory = new Memory(kernel, shape);
    const { at, width } = memory;
    this.shape = shape;
    this.memory = memory;
    this.optimizer = new KernelAdam(memory);
    this.labels = new Uint16Array(0);
    this.drift = 0;
    this.drifted = PEAKS_KEPT;
    this.unmoved = Array.from({ length: hidden }, (_, h) => h);
    memory.writeKernel(weights.kernel1);
    for (const name of SMALL) memory.floats(at[name].values, weights[name].length).set(weights[name]);
    this.tensors = {
      kernel1: new KernelMatrix(memory, at.kernel1, features * width, this.optimizer),
      bias1: new KernelTensor(memory, at.bias1, hidden),
      kernel2: new KernelTensor(memory, at.kernel2, hidden * classes),
      bias2: new KernelTensor(memory, at.bias2, classes),
    };
  }

  /** @returns copies */
  get weights(): HeadWeights {
    return weightsOf(this.tensors);
  }

  get norms(): number[] {
    return normsOf(this.tensors);
  }

  /**
   * @param features [n, features], copied
   * @param labels [n]
   * @throws RangeError where that much memory is not to be had
   */
  load(features: Float32Array, labels: Uint16Array) {
    this.expect(labels);
    this.memory.floats(this.memory.at.examples, features.length).set(features);
  }

  /**
   * @param labels [n]
   * @throws RangeError where that much memory is not to be had
   */
  expect(labels: Uint16Array) {
    this.memory.expect(labels.length);
    this.labels = labels;
  }

  place(i: number, features: Float32Array) {
    this.memory.floats(this.memory.example(i), features.length).set(features);
  }

  finish(): PlainHead {
    const head = new PlainHead(this.shape, this.weights);
    this.release();
    return head;
  }

  /** Gives the memory to the next run; this head cannot be used any more. */
  release() {
    this.memory.release();
  }

  predict(x: Float32Array): Float32Array {
    const { kernel2, bias2 } = this.tensors;
    const logits = outputLayer(this.hiddenSums(x, 0), kernel2.values, bias2.values);
    return Float32Array.from(softmax(logits).probabilities);
  }

  /**
   * The hidden layer before its activation, in float64 throughout.
   * @param x features of one example, or of several one after another
   * @param offset where the example begins
   * @returns [hidden]
   */
  hiddenSums(x: Float32Array, offset: number): Float64Array {
    const { memory } = this;
    const { features, hidden } = this.shape;
    memory.floats(memory.at.given, features).set(x.subarray(offset, offset + features));
    const batch = memory.placeBatch([memory.at.given]);
    memory.code.forwardExactly(...this.layerOf(batch), batch.sums);
    return memory.doubles(batch.sums, hidden).slice();
  }

  trainBatch(indices: Uint32Array, rate: number): BatchResult {
    const batch = this.batchSums(indices);
    const { code, at, width } = this.memory;
    const { hidden, classes } = this.shape;
    const { examples, sums, logits } = batch;
    code.outputs(sums, examples, hidden, width, at.kernel2.values, at.bias2.values, classes, logits);
    const result = lossOf(this.memory.doubles(logits, examples * classes), pick(this.labels, indices));
    this.backwardBatch(batch, rate);
    return result;
  }

  /**
   * The hidden layer before its activation, in float32 as far as that is good enough. Exact sums are taken for a batch
   * - that turns on a unit which no step has moved. Adam's first step of a weight is as long whatever the gradient, so
   *   there one that nearly vanishes must have the right sign, and with it everything that it is made of. Afterwards
   *   what earlier gradients left in the second moment makes rounding harmless;
   * - that has a sum above LARGE: rounding, which is a share of it, would show in the probabilities.
   * @returns with its sums
   */
  batchSums(indices: Uint32Array): Batch {
    const { memory } = this;
    const batch = memory.placeBatch(indices.map((i) => memory.example(i)));
    const { packed, peaks, kernel1 } = memory.at;
    if (this.drifted >= PEAKS_KEPT) {
      memory.code.measurePeaks(this.shape.features, memory.width, kernel1.values, peaks);
      this.drift = 0;
      this.drifted = 0;
    }
    const layer = this.layerOf(batch);
    const largest = memory.code.forward(...layer, packed, peaks, this.drift, batch.sums);
    if (largest > LARGE || this.turnsOn(batch)) memory.code.forwardExactly(...layer, batch.sums);
    return batch;
  }

  /** Whether one of the batch's examples turns on a unit that no step has moved. */
  turnsOn({ sums, examples }: Batch) {
    const computed = this.memory.doubles(sums, examples * this.memory.width);
    return this.unmoved.some((h) => this.isAny(computed, h, (sum) => sum > 0));
  }

  /**
   * @param values [examples, width]
   * @param h a unit
   * @param test asked for the unit's value of each example
   */
  isAny(values: Float64Array, h: number, test: (value: number) => boolean) {
    for (let at = h; at < values.length; at += this.memory.width) if (test(values[at])) return true;
    return false;
  }

  /** What both forward passes are given first. */
  layerOf({ rows, examples }: Batch): [number, number, number, number, number, number] {
    const { at, width } = this.memory;
    return [rows, examples, this.shape.features, width, at.kernel1.values, at.bias1.values];
  }

  /** @param batch with the gradients of its logits */
  backwardBatch(batch: Batch, rate: number) {
    const { code, at, width } = this.memory;
    const { hidden, classes } = this.shape;
    const { groups, examples, sums, gradients, logits } = batch;
    const slopes = this.memory.doubles(gradients, groups * GROUP * width).fill(0);
    code.hiddenGradients(sums, examples, hidden, width, at.kernel2.values, classes, logits, gradients);
    this.unmoved = this.unmoved.filter((h) => !this.isAny(slopes, h, (slope) => slope !== 0));
    this.drift += this.optimizer.step(batch, rate);
    this.drifted++;
  }
}
