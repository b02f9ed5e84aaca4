// The schedule of a training run: which examples make up which batch, and what is reported of it.
// The arithmetic is the head's; the clock is the caller's, who calls `step` as often as time allows.

import type { HeadSettings } from '../site.ts';
import { type Head, STREAM } from './head.ts';
import { Xoshiro128 } from './random.ts';

/**
 * Fisher-Yates, from the last place down.
 * @param order shuffled in place
 */
export function shuffle(order: Uint32Array, random: Xoshiro128) {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
}

/** One epoch of training, as Keras' history counts it. */
export interface EpochReport {
  /** Counted from 1. */
  epoch: number;
  epochs: number;
  /** Mean over the epoch's examples. */
  loss: number;
  /** Share of the epoch's examples, 0 to 1. */
  accuracy: number;
}

/** What a run leaves behind so that it can be followed again, step by step. */
export interface Trace {
  /** Mean loss of each step's batch, before the step. */
  losses: number[];
  /** Of kernel1, bias1, kernel2, bias2 (Euclidean): before the first epoch and after each. */
  norms: number[][];
}

export class Training {
  head: Head;
  settings: HeadSettings;
  random: Xoshiro128;
  order: Uint32Array;
  history: EpochReport[];
  trace: Trace;
  at: number;
  loss: number;
  correct: number;

  /** @param head with its examples loaded */
  constructor(head: Head, examples: number, settings: HeadSettings) {
    this.head = head;
    this.settings = settings;
    this.random = new Xoshiro128(settings.seed, STREAM.order);
    this.order = Uint32Array.from({ length: examples }, (_, i) => i);
    this.history = [];
    this.trace = { losses: [], norms: [head.norms] };
    this.at = 0;
    this.loss = 0;
    this.correct = 0;
  }

  get done() {
    return this.history.length >= this.settings.epochs;
  }

  /**
   * Trains one batch. Before an epoch's first batch the order that the last epoch left is shuffled.
   * @returns the epoch's report after its last batch
   */
  step(): EpochReport | null {
    if (this.done) return null;
    if (this.at === 0) shuffle(this.order, this.random);
    const batch = this.order.subarray(this.at, this.at + this.settings.batch);
    const { loss, correct } = this.head.trainBatch(batch, this.settings.rate);
    this.trace.losses.push(loss / batch.length);
    this.loss += loss;
    this.correct += correct;
    this.at += batch.length;
    if (this.at < this.order.length) return null;
    const report = {
      epoch: this.history.length + 1,
      epochs: this.settings.epochs,
      loss: this.loss / this.order.length,
      accuracy: this.correct / this.order.length,
    };
    this.history.push(report);
    this.trace.norms.push(this.head.norms);
    this.at = 0;
    this.loss = 0;
    this.correct = 0;
    return report;
  }
}
