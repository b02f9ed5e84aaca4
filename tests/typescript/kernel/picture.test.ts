import assert from 'node:assert/strict';
import test from 'node:test';
import { preprocess } from '../../../site_template/src/core/preprocess.ts';
import { PictureReader } from '../../../site_template/src/kernel/backbone/picture.ts';
import type { Preprocess } from '../../../site_template/src/protocol.ts';
import { BUILDS, Chance, Heap } from './plans.ts';

function makeReader(bytes: Uint8Array, heap: Heap = new Heap()) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as any), { env: { memory: heap.memory } });
  return {
    heap,
    reader: new PictureReader(exports as any, heap),
  };
}

function randomPicture(chance: Chance, width = chance.whole(1, 70), height = chance.whole(1, 70)) {
  const rgba = Uint8ClampedArray.from({ length: 4 * width * height }, () => chance.whole(0, 255));
  return { rgba, width, height };
}

function check(
  { heap, reader }: ReturnType<typeof makeReader>,
  { rgba, width, height }: ReturnType<typeof randomPicture>,
  options: Preprocess,
) {
  const length = 3 * options.size ** 2;
  // Room before and after, to see that nothing else is written.
  const at = heap.allocate(4 * (length + 2)) + 4;
  assert.ok(reader.place(rgba, width, height, options));
  reader.sample(at);
  const words = new Uint32Array(heap.memory.buffer, at - 4, length + 2).slice();
  const expected = preprocess(rgba, width, height, options);
  assert.deepEqual(words.subarray(1, -1), new Uint32Array(expected.buffer));
  assert.deepEqual([words[0], words.at(-1)], [0xffffffff, 0xffffffff]);
}

for (const [build, bytes] of Object.entries(BUILDS)) {
  test(`${build}: pictures become the numbers that the plain way makes, bit for bit`, () => {
    for (let seed = 1; seed <= 150; seed++) {
      const chance = new Chance(seed);
      const options = {
        size: chance.whole(1, 40),
        fit: chance.of(['crop', 'stretch'] as const),
      };
      check(makeReader(bytes), randomPicture(chance), options);
    }
  });

  test(`${build}: those of a camera and of a large photograph too`, () => {
    const made = makeReader(bytes);
    const chance = new Chance(7);
    for (const [width, height] of [
      [224, 224],
      [640, 480],
      [480, 641],
      [2000, 30],
    ])
      for (const fit of ['crop', 'stretch'] as const)
        for (let i = 0; i < 2; i++) check(made, randomPicture(chance, width, height), { size: 224, fit });
  });
}

test('pictures of one size share their memory, and of another size give it back', () => {
  const { heap, reader } = makeReader(BUILDS.simd);
  const chance = new Chance(3);
  const options = { size: 9, fit: 'crop' } as Preprocess;
  const { end } = heap;
  const read = (width: number, height: number) => {
    const { rgba } = randomPicture(chance, width, height);
    assert.ok(reader.place(rgba, width, height, options));
  };
  read(30, 20);
  const address = heap.end - Math.ceil(reader.bytes / 8) * 8;
  assert.ok(heap.end > end);
  const taken = heap.end;
  for (let i = 0; i < 50; i++) read(30, 20);
  assert.equal(heap.end, taken);
  assert.deepEqual(heap.freed, []);
  read(20, 30);
  assert.deepEqual(heap.freed, [address]);
  reader.release();
  assert.equal(heap.freed.length, 2);
  assert.equal(reader.bytes, 0);
});

test('of a large picture only the lines that are needed are held', () => {
  const { reader } = makeReader(BUILDS.simd);
  const { rgba, width, height } = randomPicture(new Chance(5), 50, 900);
  const options = { size: 10, fit: 'stretch' } as Preprocess;
  assert.ok(reader.place(rgba, width, height, options));
  assert.ok(reader.bytes < 20 * 4 * width + 1000, `${reader.bytes} bytes`);
});

test("without memory nothing is done, and other bytes than a picture's are refused", () => {
  const { heap, reader } = makeReader(BUILDS.simd);
  const options = { size: 4, fit: 'crop' } as Preprocess;
  const before = new Uint8Array(heap.memory.buffer).slice();
  heap.allocate = () => 0;
  assert.equal(reader.place(new Uint8Array(4 * 6), 3, 2, options), false);
  assert.throws(() => reader.sample(0), /No picture/);
  assert.deepEqual(new Uint8Array(heap.memory.buffer), before);
  for (const [bytes, width, height] of [
    [23, 3, 2],
    [0, 0, 0],
    [24, -3, -2],
  ]) {
    const short = new Uint8Array(bytes);
    const place = () => reader.place(short, width, height, options);
    assert.throws(place, { name: 'RangeError', message: /needs/ });
  }
});
