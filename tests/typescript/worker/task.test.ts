import assert from 'node:assert/strict';
import test from 'node:test';
import { settle, standingClock } from '../clock.ts';
import '../ports.ts';

const { first, giveWay, sliceMs } = await import('../../../site_template/src/worker/task.ts');

const clock = standingClock();

function promised() {
  let resolve: (value?: any) => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const promise = new Promise<string>((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

test('a request that is under way is answered before training goes on', async () => {
  const order: string[] = [];
  const asked = promised();
  const answer = first(() => asked.promise).then((said) => order.push(said));
  const slice = giveWay().then(() => order.push('slice'));
  await settle();
  assert.deepEqual(order, []);
  asked.resolve('answer');
  await Promise.all([answer, slice]);
  assert.deepEqual(order, ['answer', 'slice']);
});

test('what the answer brings about comes before the slice too', async () => {
  const order: string[] = [];
  const asked = promised();
  // As many turns as it takes to hand an answer on.
  first(() => asked.promise)
    .then(() => {})
    .then(() => {})
    .then(() => order.push('sent'));
  const slice = giveWay().then(() => order.push('slice'));
  await settle();
  asked.resolve();
  await slice;
  assert.deepEqual(order, ['sent', 'slice']);
});

test('without requests training only lets messages in', async () => {
  const arrived = new Promise((resolve) => setImmediate(resolve));
  await giveWay();
  await arrived;
});

test('a request that is never answered does not hold training up for ever', async () => {
  const asked = promised();
  const late = first(() => asked.promise);
  let goesOn = false;
  giveWay().then(() => (goesOn = true));
  await settle();
  clock.pass(49);
  await settle();
  assert.equal(goesOn, false);
  clock.pass(1);
  await settle();
  assert.equal(goesOn, true);
  asked.resolve();
  await late;
});

test('a request that fails wakes training too', async () => {
  const asked = promised();
  const failed = first(() => asked.promise);
  const slice = giveWay();
  await settle();
  asked.reject(new Error('no'));
  await Promise.all([assert.rejects(failed, /no/), slice]);
});

test('slices grow with the time that answers take, within bounds', async () => {
  for (const [took, slice] of [
    [0, 6],
    [10, 6],
    [60, 30],
    [200, 60],
    [300, 60],
    [0, 6],
  ]) {
    await first(async () => clock.pass(took));
    assert.equal(sliceMs(), slice, `after an answer of ${took} ms`);
  }
});
