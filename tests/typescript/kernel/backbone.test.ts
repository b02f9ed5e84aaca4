import assert from 'node:assert/strict';
import test from 'node:test';
import { PlannedBackbone } from '../../../site_template/src/kernel/backbone/backbone.ts';
import { layOut, Room } from '../../../site_template/src/kernel/backbone/plan.ts';
import { ACTIVATIONS, BUILDS, Chance, Heap, Maker, randomWindow, reference } from './plans.ts';

/** Sums of a few hundred products of numbers below one, in float32. */
const TOLERANCE = 1e-5;
const ROUNDS = 60;

/** Ends a plan with one vector that holds every number of a value apart, and runs it. */
function run(bytes: Uint8Array<ArrayBuffer>, maker: Maker, heap: Heap = new Heap()) {
  const { plan, weight, chance } = maker;
  const planned = new PlannedBackbone(new WebAssembly.Module(bytes), heap, plan, weight);
  const picture = chance.numbers(plan.input.reduce((a, b) => a * b));
  const at = heap.allocate(picture.byteLength);
  new Float32Array(heap.memory.buffer, at, picture.length).set(picture);
  const made = new Float32Array(heap.memory.buffer, planned.run(at), planned.features).slice();
  return { planned, picture, at, made };
}

/** @param maker whose last value is the one that is looked at */
function check(bytes: Uint8Array<ArrayBuffer>, maker: Maker) {
  const [rows, columns, channels] = maker.shape(maker.last);
  // One window as large as the plane, and a channel for each of its numbers: nothing hides behind a sum.
  const size = rows * columns * channels;
  const looked = Math.min(size, 64);
  const kernel = new Float32Array(size * looked);
  for (let i = 0; i < looked; i++) kernel[(size - 1 - Math.floor((i * size) / looked)) * looked + i] = 1;
  maker.weights.set('look', kernel);
  maker.add({
    op: 'convolution',
    input: maker.last,
    shape: [1, 1, looked],
    kernel: 'look',
    bias: null,
    activation: null,
    window: [rows, columns],
    stride: [1, 1],
    padding: [0, 0, 0, 0],
  });
  const { picture, made } = run(bytes, maker);
  const expected = reference(maker, picture).at(-1) ?? [];
  let peak = 1;
  let error = 0;
  for (let i = 0; i < made.length; i++) {
    peak = Math.max(peak, Math.abs(expected[i]));
    const difference = Math.abs(made[i] - expected[i]);
    error = Number.isNaN(difference) ? Infinity : Math.max(error, difference);
  }
  assert.ok(error / peak < TOLERANCE, `off by ${error / peak}: ${JSON.stringify(maker.plan)}`);
}

function picture(chance: Chance) {
  const size = () => chance.whole(1, 17);
  const maker = new Maker(chance, [size(), size(), chance.whole(1, 4)]);
  return maker;
}

/** A value that was computed, and so has its channels filled up. */
function started(chance: Chance) {
  const maker = picture(chance);
  maker.convolve('convolution', 0, { channels: chance.whole(1, 19) });
  return maker;
}

for (const [build, bytes] of Object.entries(BUILDS)) {
  test(`${build}: convolutions of a picture, its scale and its padding`, () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const chance = new Chance(seed);
      const maker = picture(chance);
      const scaled = chance.of([{}, { scale: 2, offset: -1 }]);
      maker.convolve('convolution', 0, {
        ...randomWindow(chance, maker.plan.input),
        ...scaled,
      });
      check(bytes, maker);
    }
  });

  test(`${build}: convolutions of computed values`, () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const chance = new Chance(seed);
      const maker = started(chance);
      maker.convolve('convolution', 1, randomWindow(chance, maker.shape(1)));
      check(bytes, maker);
    }
  });

  test(`${build}: depthwise convolutions, beside others who read the same or alone`, () => {
    for (let seed = 1; seed <= 2 * ROUNDS; seed++) {
      const chance = new Chance(seed);
      const maker = started(chance);
      const others = chance.whole(0, 2);
      if (others) maker.convolve('pointwise', 1);
      maker.convolve('depthwise', 1, randomWindow(chance, maker.shape(1)));
      const made = maker.last;
      if (others === 2) {
        maker.convolve('depthwise', 1, randomWindow(chance, maker.shape(1)));
      }
      if (made !== maker.last && chance.whole(0, 1))
        maker.convolve('depthwise', made, randomWindow(chance, maker.shape(made)));
      check(bytes, maker);
    }
  });

  test(`${build}: pointwise convolutions, with a value that is added`, () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const chance = new Chance(seed);
      const maker = started(chance);
      maker.convolve('pointwise', 1);
      const channels = maker.shape(2)[2];
      maker.convolve('pointwise', 2, { channels });
      maker.convolve('pointwise', 3, { channels, other: 2 });
      check(bytes, maker);
    }
  });

  test(`${build}: means, and factors made from them`, () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const chance = new Chance(seed);
      const maker = started(chance);
      const [, , channels] = maker.shape(1);
      const mean = maker.add({ op: 'mean', input: 1, shape: [1, 1, channels] });
      const few = maker.convolve('pointwise', mean);
      const gate = maker.convolve('pointwise', few, { channels });
      maker.add({ op: 'scale', input: 1, shape: maker.shape(1), other: gate });
      // Where another step reads it too, the product must not take its place.
      if (chance.whole(0, 1)) {
        const product = maker.last;
        maker.convolve('pointwise', product, { channels, other: 1 });
      }
      check(bytes, maker);
    }
  });

  test(`${build}: every activation ends every convolution`, () => {
    for (const activation of ACTIVATIONS) {
      for (const op of ['depthwise', 'pointwise'] as const) {
        const maker = new Maker(new Chance(5), [9, 8, 3]);
        maker.convolve('convolution', 0, { activation });
        maker.convolve(op, 1, { activation, window: [1, 1] });
        check(bytes, maker);
      }
    }
  });

  test(`${build}: what is not a number stays visible`, () => {
    const maker = new Maker(new Chance(3), [2, 2, 3]);
    maker.convolve('convolution', 0, { channels: 8, activation: ACTIVATIONS[1] });
    maker.add({ op: 'mean', input: 1, shape: [1, 1, 8] });
    maker.weights.get('kernel 0')?.fill(NaN);
    assert.ok(run(bytes, maker).made.every(Number.isNaN));
  });
}

test('a run repeats itself bit for bit, and takes no more memory', () => {
  const maker = started(new Chance(11));
  maker.convolve('depthwise', 1, { window: [1, 1] });
  maker.add({ op: 'mean', input: 2, shape: [1, 1, maker.shape(2)[2]] });
  const heap = new Heap();
  const { planned, at, made } = run(BUILDS.simd, maker, heap);
  const { byteLength } = heap.memory.buffer;
  for (let i = 0; i < 10_000; i++) planned.run(at);
  const again = new Float32Array(heap.memory.buffer, planned.run(at), planned.features);
  assert.deepEqual([...again], [...made]);
  assert.equal(heap.memory.buffer.byteLength, byteLength);
  planned.release();
  assert.deepEqual(heap.freed, [planned.address]);
});

test('no memory and a missing weight are said, not run over', () => {
  const maker = started(new Chance(2));
  maker.add({ op: 'mean', input: 1, shape: [1, 1, maker.shape(1)[2]] });
  const module = new WebAssembly.Module(BUILDS.simd);
  const full = { ...new Heap(), memory: new Heap().memory, allocate: () => 0 };
  assert.throws(() => new PlannedBackbone(module, full, maker.plan, maker.weight), /There are no \d+ bytes/);
  const none = () => {
    throw new Error('The model has no weight of that name.');
  };
  assert.throws(() => new PlannedBackbone(module, new Heap(), maker.plan, none), /no weight/);
});

test('values that live at the same time never share a place', () => {
  const room = new Room();
  const a = room.reserve(100, 0, 2);
  const b = room.reserve(100, 1, 3);
  assert.notEqual(a, b);
  assert.equal(room.reserve(100, 3, 4), a);
  room.keep(b, 3, 5);
  assert.ok(room.reserve(100, 5, 5) !== b);
  assert.throws(() => room.keep(b, 3, 6), /Nothing was taken/);
});

test('a product takes the place of what nobody reads any more', () => {
  const maker = new Maker(new Chance(4), [4, 4, 3]);
  maker.convolve('convolution', 0, { channels: 8 });
  maker.add({ op: 'mean', input: 1, shape: [1, 1, 8] });
  maker.add({ op: 'scale', input: 1, shape: [4, 4, 8], other: 2 });
  const places = layOut(maker.plan, new Room());
  assert.equal(places[3].at, places[1].at);
});
