import assert from 'node:assert/strict';
import test from 'node:test';
import { inParts } from '../../site_template/src/parts.ts';
import { standingClock } from './clock.ts';

type Item = { i: number; size: number };
type Options = Parameters<typeof inParts<Item, number[], ImageBitmap>>[1];

const later = () => new Promise((resolve) => setImmediate(resolve));
const clock = standingClock();

/**
 * Runs `inParts` over files of these sizes with a worker that notes what it gets.
 * @param other options to put in the place of these
 */
async function run(sizes: number[], other: Partial<Options> = {}) {
  const seen = {
    sent: [] as number[][],
    done: [] as number[],
    open: new Set() as Set<number>,
    mostWaiting: 0,
    mostDecoded: 0,
    error: undefined as unknown,
  };
  let waiting = 0;
  const close = (i: number) => seen.open.delete(i);
  const ending = inParts(
    sizes.map((size, i) => ({ i, size })),
    {
      weight: ({ size }) => size,
      async decode({ i }) {
        seen.open.add(i);
        seen.mostDecoded = Math.max(seen.mostDecoded, seen.open.size);
        await later();
        return { close: () => close(i) } as unknown as ImageBitmap;
      },
      async send(items, frames) {
        seen.sent.push(items.map(({ i }) => i));
        seen.mostWaiting = Math.max(seen.mostWaiting, ++waiting);
        await later();
        await later();
        waiting--;
        frames.forEach((frame) => frame.close());
        return items.map(({ i }) => i);
      },
      done: (_, answer) => seen.done.push(...answer),
      ...other,
    },
  );
  await ending.catch((error) => Object.assign(seen, { error }));
  await later();
  return seen;
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

test('every picture is sent once, in order, and the worker has the next part before it is done', async () => {
  for (const count of [0, 1, 3, 100]) {
    const { sent, done, open, mostWaiting } = await run(Array(count).fill(1000));
    assert.deepEqual(sent.flat(), upTo(count));
    assert.deepEqual(done, upTo(count));
    assert.equal(open.size, 0);
    assert.ok(mostWaiting <= 2);
    if (count === 100) {
      assert.equal(mostWaiting, 2);
      assert.equal(sent[0].length, 4);
      assert.equal(Math.max(...sent.map((part) => part.length)), 16);
    }
  }
});

test('pictures that take long are sent one by one', async () => {
  let last: Promise<number[]> = Promise.resolve([]);
  const compute = async (items: Item[], frames: ImageBitmap[]): Promise<number[]> => {
    // Longer than it takes to decode what comes next.
    for (let turn = 0; turn < 10; turn++) await later();
    clock.pass(150 * items.length);
    frames.forEach((frame) => frame.close());
    parts.push(items.length);
    return [];
  };
  // One part after the other, as the worker does.
  const send = (items: Item[], frames: ImageBitmap[]) => {
    const answer = last.then(() => compute(items, frames));
    last = answer;
    return answer;
  };
  const parts: number[] = [];
  await run(Array(14).fill(1000), { send });
  // Three parts have been begun by the first answer.
  assert.deepEqual(parts, [4, 4, 4, 1, 1]);
});

test('a part holds no more bytes than it may, and a huge file is in memory alone', async () => {
  const small = await run(Array(6).fill(900_000));
  assert.deepEqual(small.sent, [
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  const huge = await run([5e6, 5e6, 1000, 5e6]);
  assert.deepEqual(huge.sent, [[0], [1], [2], [3]]);
  assert.equal(huge.mostDecoded, 1);
  assert.equal(huge.mostWaiting, 1);
});

test('what has been decoded when it is stopped is closed and not sent', async () => {
  let asked = 0;
  const { sent, done, open } = await run(Array(100).fill(1000), {
    stopped: () => ++asked > 2,
  });
  assert.equal(sent.length, 2);
  assert.deepEqual(done, sent.flat());
  assert.equal(open.size, 0);
});

test('a failure is passed on, and what was decoded is closed', async () => {
  const failing = async (_: Item[], frames: ImageBitmap[]) => {
    frames.forEach((frame) => frame.close());
    throw new Error('the worker is gone');
  };
  const seen = await run(Array(40).fill(1000), { send: failing });
  assert.match(String(seen.error), /the worker is gone/);
  assert.equal(seen.open.size, 0);
  assert.deepEqual(seen.done, []);

  const unread = await run(Array(4).fill(1000), {
    decode: async () => Promise.reject(new Error('not a picture')),
  });
  assert.match(String(unread.error), /not a picture/);
});
