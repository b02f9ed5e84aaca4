// Which photos are held out, so that a second head can be asked about photos that it has not seen.
// docs/head.md, "Held out"; the twin of `split` in `builder/onthefly_studio/project/evaluate.py`.

import { STREAM } from './head.ts';
import { Xoshiro128 } from './random.ts';
import { shuffle } from './training.ts';

/**
 * Of every class the share, rounded, at least one and never all; a class with one example keeps it.
 * @param labels [n], examples in training order
 * @param share above 0 and below 1
 * @param seed 32-bit unsigned
 * @returns [n], 1 where an example is held out
 */
export function heldOut(labels: Uint16Array, share: number, seed: number): Uint8Array {
  const groups: number[][] = [];
  labels.forEach((label, i) => (groups[label] ??= []).push(i));
  const random = new Xoshiro128(seed, STREAM.split);
  const mask = new Uint8Array(labels.length);
  for (const group of groups) {
    if (!group) continue; // a label that no example has
    const indices = Uint32Array.from(group);
    shuffle(indices, random);
    const count = Math.min(Math.max(Math.floor(share * indices.length + 0.5), 1), indices.length - 1);
    for (const i of indices.subarray(0, count)) mask[i] = 1;
  }
  return mask;
}
