import assert from 'node:assert/strict';
import test from 'node:test';
import { STREAM } from '../../../site_template/src/core/head.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import { heldOut } from '../../../site_template/src/core/split.ts';

/** @returns labels by class */
const labelled = (counts: number[]): Uint16Array =>
  Uint16Array.from(counts.flatMap((n, label) => Array(n).fill(label)));

function perClass(counts: number[], mask: Uint8Array) {
  let at = 0;
  return counts.map((n) => mask.subarray(at, (at += n)).reduce((sum, held) => sum + held, 0));
}

test('of every class the share is held out, rounded, at least one and never all', () => {
  const counts = [10, 60, 2, 3, 1, 7];
  const expected: [number, number[]][] = [
    [0.05, [1, 3, 1, 1, 0, 1]],
    [0.2, [2, 12, 1, 1, 0, 1]],
    [0.5, [5, 30, 1, 2, 0, 4]],
    [0.99, [9, 59, 1, 2, 0, 6]],
  ];
  for (const [share, held] of expected) {
    assert.deepEqual(perClass(counts, heldOut(labelled(counts), share, 7)), held, `share ${share}`);
  }
});

test('the seed decides which, and nothing else does', () => {
  const labels = labelled([40, 40]);
  const first = heldOut(labels, 0.2, 1);
  assert.deepEqual(heldOut(labels, 0.2, 1), first);
  assert.notDeepEqual(heldOut(labels, 0.2, 2), first);
});

test('class by class, from the third stream: what docs/head.md says, done by hand', () => {
  const random = new Xoshiro128(5, STREAM.split);
  const mask = new Uint8Array(9);
  // Classes of 4 and 5; a share of 0.4 takes floor(1.6 + 0.5) = 2 and floor(2 + 0.5) = 2.
  for (const indices of [
    [0, 1, 2, 3],
    [4, 5, 6, 7, 8],
  ]) {
    for (let i = indices.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [indices[i], indices[j]] = [indices[j], indices[i]];
    }
    mask[indices[0]] = mask[indices[1]] = 1;
  }
  assert.equal(STREAM.split, 2);
  assert.deepEqual(heldOut(labelled([4, 5]), 0.4, 5), mask);
});

test('a label that no example has draws nothing', () => {
  const gap = Uint16Array.from([0, 0, 0, 2, 2, 2]);
  const close = Uint16Array.from([0, 0, 0, 1, 1, 1]);
  assert.deepEqual(heldOut(gap, 0.34, 3), heldOut(close, 0.34, 3));
  assert.deepEqual(heldOut(new Uint16Array(0), 0.5, 1), new Uint8Array(0));
});
