import assert from 'node:assert/strict';
import test from 'node:test';
import { balanceAdvice } from '../../../site_template/src/ui/evaluation/advice.ts';

const advice = (counts: Record<string, number>) =>
  balanceAdvice(Object.entries(counts).map(([entry, count]) => ({ entry, count }))).map(({ few, most }) => [
    few,
    most?.many ?? null,
  ]);

test('a class with less than a third of the largest is outweighed by it', () => {
  assert.deepEqual(advice({ Phone: 4, Neutral: 60 }), [['Phone', 'Neutral']]);
  assert.deepEqual(advice({ a: 19, b: 60, c: 20 }), [['a', 'b']]);
});

test('fewer than ten photos are few, whatever the others have', () => {
  assert.deepEqual(advice({ a: 9, b: 9, c: 10 }), [
    ['a', null],
    ['b', null],
  ]);
});

test('the class with the fewest comes first; where all is well nothing is said', () => {
  assert.deepEqual(advice({ a: 8, b: 30, c: 2 }), [
    ['c', 'b'],
    ['a', 'b'],
  ]);
  assert.deepEqual(advice({ a: 10, b: 30 }), []);
  assert.deepEqual(advice({}), []);
});
