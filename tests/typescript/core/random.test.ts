import assert from 'node:assert/strict';
import test from 'node:test';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';

test('xoshiro128** gives the words of its reference implementation', () => {
  const random = new Xoshiro128(0);
  random.state.set([1, 2, 3, 4]);
  const words = Array.from({ length: 6 }, () => random.next());
  assert.deepEqual(words, [11520, 0, 5927040, 70819200, 2031721883, 1637235492]);
});

test('streams of one seed differ, and a seed repeats', () => {
  const draw = (seed: number, stream: number) => {
    const random = new Xoshiro128(seed, stream);
    return Array.from({ length: 8 }, () => random.next());
  };
  assert.deepEqual(draw(7, 1), draw(7, 1));
  assert.notDeepEqual(draw(7, 0), draw(7, 1));
  assert.notDeepEqual(draw(7, 0), draw(8, 0));
});

test('numbers lie in their range and fill it', () => {
  const random = new Xoshiro128(3);
  const counts = new Array(6).fill(0);
  for (let i = 0; i < 6000; i++) {
    const u = random.uniform();
    assert.ok(u >= 0 && u < 1 && Math.fround(u) === u);
    counts[random.below(6)]++;
  }
  for (const count of counts) assert.ok(count > 850 && count < 1150, `${counts}`);
});
