// The hidden layer's forward pass, in AssemblyScript: TypeScript's syntax for WebAssembly, where `usize` is an
// address, `v128` a register of four float32 or two float64, and every load and store is spelled out.
// `../src/kernel/memory.ts` lays out the memory; nothing here allocates. Plain SIMD only, without relaxed operations,
// so that every device computes the same bits.
//
// Values are float32. Sums are float32 too wherever a bound on their rounding shows that it cannot matter, and are
// taken again in float64, as the plain head has them, where it could:
// - in `forward`, where rounding could move a unit across zero, and so turn it on or off;
// - in `update` of `optimizer.ts`, where rounding could move a weight by more than WEIGHT_ERROR, because Adam divides a
//   gradient that nearly vanishes by its own size.
// In both, u = 2⁻²⁴ is what one rounding to float32 can do: each rounded operation gives its exact result times
// 1 + δ with |δ| ≤ u, so a float32 sum of n products is off by at most n·u times the sum of their magnitudes.
//
// Examples are taken a GROUP at a time, the default batch. Places that a batch leaves empty point to a row of zeros.
// `width` is the number of hidden units, rounded up to UNITS; the units added have zero gradients and stay zero.
//
// The inner loops are tested at their end: V8 compiles them to a third less time than `for`.

import { GROUP, UNITS } from './layout';
import { largestLane, narrow } from './lanes';

/** Bytes of one feature of a packed group: a float32 of each example. */
const PACKED: usize = GROUP * 4;

/** Bytes of the weights of as many units as are taken at once. */
const UNITS_BYTES: usize = UNITS * 4;

/** Features that `forward` sums in float32 before they join the float64 sum. */
const RUN: usize = 32;

/**
 * Five examples side by side, feature by feature, then the sum of each one's magnitudes.
 * @param rows addresses of the five examples
 * @param packed where they go, [features + 1, 5]
 */
function pack(rows: usize, packed: usize, features: usize): void {
  if (GROUP != 5) ERROR('pack is unrolled for groups of five');
  const end = packed + features * PACKED;
  let a: usize = load<u32>(rows);
  let b: usize = load<u32>(rows, 4);
  let c: usize = load<u32>(rows, 8);
  let d: usize = load<u32>(rows, 12);
  let e: usize = load<u32>(rows, 16);
  let sumA: f32 = 0;
  let sumB: f32 = 0;
  let sumC: f32 = 0;
  let sumD: f32 = 0;
  let sumE: f32 = 0;
  // Side by side, so that no addition waits for the last one.
  do {
    sumA += abs(move4(packed, a));
    sumB += abs(move4(packed + 4, b));
    sumC += abs(move4(packed + 8, c));
    sumD += abs(move4(packed + 12, d));
    sumE += abs(move4(packed + 16, e));
    a += 4;
    b += 4;
    c += 4;
    d += 4;
    e += 4;
    packed += PACKED;
  } while (packed < end);
  store<f32>(end, sumA);
  store<f32>(end, sumB, 4);
  store<f32>(end, sumC, 8);
  store<f32>(end, sumD, 12);
  store<f32>(end, sumE, 16);
}

/** Copies a float32 and returns it. */
function move4(to: usize, from: usize): f32 {
  const value = load<f32>(from);
  store<f32>(to, value);
  return value;
}

/**
 * Two or three examples times the weights of eight units, in float32. More sums than of three do not find registers
 * beside what is loaded, as V8 loads all that a turn needs at its beginning; five examples times four units load more.
 * @param isThree known where this is called, and so not asked in the loop
 * @param at the first of the examples, at the first of the features that are summed, in a packed group
 * @param end where these features end
 * @param w the eight weights of the first of them
 * @param row bytes from one feature's weights to the next's
 * @param to float64 that the sums are added to: eight of each example, 2 · row apart
 */
// @ts-ignore: a decorator of AssemblyScript
@inline
function addProducts(isThree: bool, at: usize, end: usize, w: usize, row: usize, to: usize): void {
  if (UNITS != 8) ERROR('addProducts is unrolled for eight units');
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let a4 = a;
  let b4 = a;
  let c4 = a;
  do {
    const four = v128.load(w);
    const next = v128.load(w, 16);
    const x = v128.load32_splat(at);
    const y = v128.load32_splat(at, 4);
    a = f32x4.add(a, f32x4.mul(x, four));
    a4 = f32x4.add(a4, f32x4.mul(x, next));
    b = f32x4.add(b, f32x4.mul(y, four));
    b4 = f32x4.add(b4, f32x4.mul(y, next));
    if (isThree) {
      const z = v128.load32_splat(at, 8);
      c = f32x4.add(c, f32x4.mul(z, four));
      c4 = f32x4.add(c4, f32x4.mul(z, next));
    }
    w += row;
    at += PACKED;
  } while (at < end);
  addTo(to, a);
  addTo(to + 32, a4);
  addTo(to + 2 * row, b);
  addTo(to + 2 * row + 32, b4);
  if (isThree) {
    addTo(to + 4 * row, c);
    addTo(to + 4 * row + 32, c4);
  }
}

/** Adds four float32 to the four float64 at an address. */
function addTo(at: usize, four: v128): void {
  const high = v128.shuffle<f32>(four, four, 2, 3, 2, 3);
  v128.store(at, f64x2.add(v128.load(at), f64x2.promote_low_f32x4(four)));
  v128.store(at, f64x2.add(v128.load(at, 16), f64x2.promote_low_f32x4(high)), 16);
}

/**
 * One example times the weights of four units, in float64 and in the plain head's order: the same bits as there.
 * @param x the example, [features]
 * @param kernel the first of the four weights of the first feature
 * @param bias the four units' biases
 * @param row bytes from one feature's weights to the next's
 * @param sum the result, four float64
 */
function sumExactly(x: usize, features: usize, kernel: usize, bias: usize, row: usize, sum: usize): void {
  const end = x + features * 4;
  let low = f64x2.promote_low_f32x4(v128.load64_zero(bias));
  let high = f64x2.promote_low_f32x4(v128.load64_zero(bias, 8));
  do {
    const value = f64x2.splat(load<f32>(x));
    low = f64x2.add(low, f64x2.mul(value, f64x2.promote_low_f32x4(v128.load64_zero(kernel))));
    high = f64x2.add(high, f64x2.mul(value, f64x2.promote_low_f32x4(v128.load64_zero(kernel, 8))));
    kernel += row;
    x += 4;
  } while (x < end);
  v128.store(sum, low);
  v128.store(sum, high, 16);
}

/**
 * The hidden layer before its activation, all in float64.
 * @param rows addresses of the examples
 * @param examples how many
 * @param kernel [features, width] of float32
 * @param bias [width] of float32
 * @param sums the result, [examples, width] of float64
 */
export function forwardExactly(
  rows: usize,
  examples: usize,
  features: usize,
  width: usize,
  kernel: usize,
  bias: usize,
  sums: usize,
): void {
  const row = width * 4;
  for (const end = rows + examples * 4; rows < end; rows += 4) {
    for (let column: usize = 0; column < row; column += 16) {
      sumExactly(load<u32>(rows), features, kernel + column, bias + column, row, sums);
      sums += 32;
    }
  }
}

/**
 * The hidden layer before its activation. Units are on where, and only where, `forwardExactly` has them on.
 * @param rows addresses of the examples, GROUP for each group
 * @param examples how many, without the zeros that fill the last group
 * @param kernel [features, width] of float32
 * @param bias [width] of float32
 * @param packed room for one packed group
 * @param peaks each unit's largest weight as it was measured, [width] of float32
 * @param drift how far a weight may have moved since
 * @param sums the result, [groups, GROUP, width] of float64
 * @returns the largest sum's magnitude
 */
export function forward(
  rows: usize,
  examples: usize,
  features: usize,
  width: usize,
  kernel: usize,
  bias: usize,
  packed: usize,
  peaks: usize,
  drift: f32,
  sums: usize,
): f32 {
  if (GROUP != 5) ERROR('forward takes three examples of a group, then two');
  const row = width * 4;
  const end = packed + features * PACKED;
  let largest: f32 = 0;
  for (let first: usize = 0; first < examples; first += GROUP) {
    pack(rows + first * 4, packed, features);
    const group = sums + first * width * 8;
    for (let column: usize = 0; column < row; column += 16) {
      for (let b: usize = 0; b < <usize>GROUP; b++) {
        const to = group + b * width * 8 + column * 2;
        v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(bias + column)));
        v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(bias + column, 8)), 16);
      }
    }
    let weights = kernel;
    for (let run = packed; run < end; run += RUN * PACKED) {
      const stop = min(run + RUN * PACKED, end);
      for (let column: usize = 0; column < row; column += UNITS_BYTES) {
        const to = group + column * 2;
        addProducts(true, run, stop, weights + column, row, to);
        addProducts(false, run + 12, stop, weights + column, row, to + 6 * row);
      }
      weights += row * RUN;
    }
    const filled = min<usize>(GROUP, examples - first);
    for (let b: usize = 0; b < filled; b++) {
      const x: usize = load<u32>(rows + (first + b) * 4);
      const size = load<f32>(end + b * 4);
      largest = max(largest, settle(x, size, features, kernel, bias, peaks, drift, row, group + b * width * 8));
    }
  }
  return largest;
}

/**
 * Sums again, in float64, the units of one example that lie too near zero for their sum to say on which side they are.
 *
 * A sum of RUN products is off by at most RUN·u·Σ|x·w|, and adding up such sums in float64 adds next to nothing: in
 * all at most RUN·2⁻²⁴ times the example's sum of magnitudes times the unit's largest weight. Twice that is
 * asked, as the sum of magnitudes is itself rounded, and 2⁻¹²⁶ more for products below float32's normal range. Where
 * the bound overflows or is no number no sum is above it.
 * @param x the example
 * @param size the sum of its magnitudes
 * @param sums the example's, [width] of float64
 * @returns the largest sum's magnitude
 */
function settle(
  x: usize,
  size: f32,
  features: usize,
  kernel: usize,
  bias: usize,
  peaks: usize,
  drift: f32,
  row: usize,
  sums: usize,
): f32 {
  const scale = f32x4.splat(size);
  let largest = f32x4.splat(0);
  for (let column: usize = 0; column < row; column += 16) {
    const peak = f32x4.add(v128.load(peaks + column), f32x4.splat(drift));
    const bound = f32x4.mul(f32x4.mul(scale, peak), f32x4.splat(<f32>RUN * <f32>(2.0 ** -23)));
    const limit = f32x4.add(bound, f32x4.splat(2.0 ** -126));
    const sum = f32x4.abs(narrow(v128.load(sums), v128.load(sums, 16)));
    largest = f32x4.pmax(largest, sum);
    if (i32x4.bitmask(f32x4.gt(sum, limit)) != 15) {
      sumExactly(x, features, kernel + column, bias + column, row, sums);
    }
    sums += 32;
  }
  return largestLane(largest);
}

/**
 * Each unit's largest weight.
 * @param kernel [features, width] of float32
 * @param peaks the result, [width] of float32
 */
export function measurePeaks(features: usize, width: usize, kernel: usize, peaks: usize): void {
  const row = width * 4;
  // For eight units, as `addProducts` makes sure; with the name in this place the compiler adds a local.
  for (let column: usize = 0; column < row; column += 32) {
    let peak = f32x4.splat(0);
    let next = peak;
    for (let w = kernel + column, end = w + features * row; w < end; w += row) {
      peak = f32x4.pmax(peak, f32x4.abs(v128.load(w)));
      next = f32x4.pmax(next, f32x4.abs(v128.load(w, 16)));
    }
    v128.store(peaks + column, peak);
    v128.store(peaks + column, next, 16);
  }
}
