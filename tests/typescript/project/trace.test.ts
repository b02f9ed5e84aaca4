import assert from 'node:assert/strict';
import test from 'node:test';
import { SETTINGS, taught } from './projects.ts';

test('a run leaves a loss for every step and norms for every epoch, and the history is made of them', () => {
  const { trace, history, examples, kernel2 } = taught().head;
  const perEpoch = Math.ceil(examples.length / SETTINGS.batch);
  assert.equal(trace.losses.length, SETTINGS.epochs * perEpoch);
  assert.equal(trace.norms.length, SETTINGS.epochs + 1);
  const sizes = [4, 4, 4, 1]; // 13 examples in batches of 4
  const total = trace.losses
    .slice(0, perEpoch)
    .reduce((sum: number, loss: number, i: number) => sum + loss * sizes[i], 0);
  assert.ok(Math.abs(total / 13 - history[0].loss) < 1e-12);
  assert.ok(Math.abs(Math.hypot(...kernel2) - trace.norms[SETTINGS.epochs][2]) < 1e-9);
  assert.deepEqual([trace.norms[0][1], trace.norms[0][3]], [0, 0]);
});
