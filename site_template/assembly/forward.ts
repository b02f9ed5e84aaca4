// The hidden layer's two passes, in AssemblyScript: TypeScript's syntax for WebAssembly, where `usize` is an
// address, `v128` a register of four float32 or two float64, and every load and store is spelled out.
// `../kernel.js` lays out the memory; nothing here allocates. Plain SIMD only, without relaxed operations,
// so that every device computes the same bits.
//
// Values are float32. Sums are float32 too wherever a bound on their rounding shows that it cannot matter, and are
// taken again in float64, as the plain head has them, where it could:
// - in `forward`, where rounding could move a unit across zero, and so turn it on or off;
// - in `update`, where rounding could move a weight by more than WEIGHT_ERROR, because Adam divides a gradient that
//   nearly vanishes by its own size.
// In both, u = 2⁻²⁴ is what one rounding to float32 can do: each rounded operation gives its exact result times
// 1 + δ with |δ| ≤ u, so a float32 sum of n products is off by at most n·u times the sum of their magnitudes.
//
// Examples are taken five at a time, the default batch. Places that a batch leaves empty point to a row of zeros.
// `width` is the number of hidden units, rounded up to eight; the units added have zero gradients and stay zero.
//
// The inner loops are tested at their end: V8 compiles them to a third less time than `for`.

/** Bytes of one feature of a packed group: five float32. */
const PACKED: usize = 20;

/** Features that `forward` sums in float32 before they join the float64 sum. */
const RUN: usize = 32;

/** Bytes of four units of a group's gradients in float32: `[5 examples, 4 units]`. */
const BLOCK: usize = 80;

/** What a step leaves of the first moment in its growing scale: β1 / √β2. */
const FADE: f32 = 0.9 / 0.9994998749374609;

/** How far a weight may end a step from where float64 sums would have moved it: a tenth of a step's tolerance. */
const WEIGHT_ERROR: f32 = 1e-6;

/**
 * Five examples side by side, feature by feature, then the sum of each one's magnitudes.
 * @param rows addresses of the five examples
 * @param packed where they go, [features + 1, 5]
 */
function pack(rows: usize, packed: usize, features: usize): void {
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
 * @param rows addresses of the examples, five for each group
 * @param examples how many, without the zeros that fill the last group
 * @param kernel [features, width] of float32
 * @param bias [width] of float32
 * @param packed room for one packed group
 * @param peaks each unit's largest weight as it was measured, [width] of float32
 * @param drift how far a weight may have moved since
 * @param sums the result, [groups, 5, width] of float64
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
  const row = width * 4;
  const end = packed + features * PACKED;
  let largest: f32 = 0;
  for (let first: usize = 0; first < examples; first += 5) {
    pack(rows + first * 4, packed, features);
    const group = sums + first * width * 8;
    for (let column: usize = 0; column < row; column += 16) {
      for (let b: usize = 0; b < 5; b++) {
        const to = group + b * width * 8 + column * 2;
        v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(bias + column)));
        v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(bias + column, 8)), 16);
      }
    }
    let weights = kernel;
    for (let run = packed; run < end; run += RUN * PACKED) {
      const stop = min(run + RUN * PACKED, end);
      for (let column: usize = 0; column < row; column += 32) {
        const to = group + column * 2;
        addProducts(true, run, stop, weights + column, row, to);
        addProducts(false, run + 12, stop, weights + column, row, to + 6 * row);
      }
      weights += row * RUN;
    }
    const filled = min<usize>(5, examples - first);
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
 * all at most 32·2⁻²⁴ = 2⁻¹⁹ times the example's sum of magnitudes times the unit's largest weight. Twice that is
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
    const bound = f32x4.mul(f32x4.mul(scale, peak), f32x4.splat(2.0 ** -18));
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

/** Two registers of float64 as one of float32. */
function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** One feature of the example whose address stands at `rows`, four times. */
function feature(rows: usize, offset: usize): v128 {
  return v128.load32_splat(<usize>load<u32>(rows) + offset);
}

/** The gradients of four units from five examples. */
function products(slope: usize, x0: v128, x1: v128, x2: v128, x3: v128, x4: v128): v128 {
  let g = f32x4.mul(x0, v128.load(slope));
  g = f32x4.add(g, f32x4.mul(x1, v128.load(slope, 16)));
  g = f32x4.add(g, f32x4.mul(x2, v128.load(slope, 32)));
  g = f32x4.add(g, f32x4.mul(x3, v128.load(slope, 48)));
  return f32x4.add(g, f32x4.mul(x4, v128.load(slope, 64)));
}

/**
 * The gradients of four units from all examples, summed in float64.
 * @param slopes of the four units, the first example's
 * @param row bytes from one example's slopes to the next's
 * @param scale what they are multiplied by
 */
function gradientExactly(rows: usize, examples: usize, offset: usize, slopes: usize, row: usize, scale: f64): v128 {
  let low = f64x2.splat(0);
  let high = low;
  for (const end = rows + examples * 4; rows < end; rows += 4) {
    const x = f64x2.splat(load<f32>(<usize>load<u32>(rows) + offset));
    low = f64x2.add(low, f64x2.mul(x, v128.load(slopes)));
    high = f64x2.add(high, f64x2.mul(x, v128.load(slopes, 16)));
    slopes += row;
  }
  const scales = f64x2.splat(scale);
  return narrow(f64x2.mul(scales, low), f64x2.mul(scales, high));
}

/**
 * Gradient, both moments of Adam and the new weights, in one pass over the kernel's rows.
 *
 * The moments are kept in a scale that grows with every step, so that of the two recurrences as few multiplications
 * are left as can be: with s the scale, G = s·g is a gradient as it comes from slopes times s, and
 *
 *   M = s·m / (1 − β1)     M ← FADE·M + G     where FADE = β1 / √β2
 *   V = s²·v / (1 − β2)    V ← V + G²         where s grows by 1 / √β2 each step
 *
 * The float32 gradient of a weight sums n products of a feature and a slope that was rounded itself, so it is off by at
 * most (n + 2)·u·Σ|x·s|, which is at most (n + 2)·u·Σ|s| times the row's largest feature. Adam's move is
 * step·M/(√V + ε). Changed by d, the gradient changes M by d and √V by at most d, and |M| is never above
 * 2.4·√V (Cauchy and Schwarz, on the two weighted sums that they are); so the move changes by less than
 * 4·step·d/(√V + ε). Where that may be above WEIGHT_ERROR the gradient is summed again.
 * @param rows addresses of the examples, five for each group
 * @param groups how many fives
 * @param slopes gradients of the sums, [groups, 5, width] of float64
 * @param scale s
 * @param room for [groups · 5 + 2, width] of float32
 * @param kernel [features, width] of float32
 * @param m M, likewise
 * @param v V, likewise
 * @param step the learning rate with both bias corrections, brought to the scale of M and V
 * @param epsilon Adam's, brought to the scale of V
 */
export function update(
  rows: usize,
  groups: usize,
  features: usize,
  width: usize,
  slopes: usize,
  scale: f64,
  room: usize,
  kernel: usize,
  m: usize,
  v: usize,
  step: f32,
  epsilon: f32,
): void {
  const row = width * 4;
  const examples = groups * 5;
  const limits = room;
  const gradient = limits + row;
  const end = gradient + row;
  const factor: f32 = (4 * step * <f32>(examples + 2) * <f32>(2.0 ** -24)) / WEIGHT_ERROR;
  // What most roots are above is asked first: the largest of the units' limits, one for the whole row.
  const largestLimit = f32x4.splat(narrowSlopes(slopes, scale, groups, width, end, limits, factor));
  const steps = f32x4.splat(step);
  const epsilons = f32x4.splat(epsilon);
  // All groups but the last leave the row's gradient in `gradient`.
  const last = rows + (groups - 1) * 20;
  const isMany = groups > 1;
  for (let offset: usize = 0; offset < features * 4; offset += 4) {
    let slope = end;
    let peak = f32x4.splat(0);
    let five = rows;
    for (; five < last; five += 20) {
      const x0 = feature(five, offset);
      const x1 = feature(five + 4, offset);
      const x2 = feature(five + 8, offset);
      const x3 = feature(five + 12, offset);
      const x4 = feature(five + 16, offset);
      peak = f32x4.pmax(peak, largestOf(x0, x1, x2, x3, x4));
      const isFirst = five == rows;
      let at = gradient;
      do {
        let g = products(slope, x0, x1, x2, x3, x4);
        if (!isFirst) g = f32x4.add(g, v128.load(at));
        v128.store(at, g);
        slope += BLOCK;
        at += 16;
      } while (at < end);
    }
    const x0 = feature(five, offset);
    const x1 = feature(five + 4, offset);
    const x2 = feature(five + 8, offset);
    const x3 = feature(five + 12, offset);
    const x4 = feature(five + 16, offset);
    peak = f32x4.pmax(peak, largestOf(x0, x1, x2, x3, x4));
    const coarse = f32x4.mul(peak, largestLimit);
    let at = gradient;
    while (true) {
      // With only what most weights need in it, this loop stays within the processor's registers.
      do {
        let g = products(slope, x0, x1, x2, x3, x4);
        if (isMany) g = f32x4.add(g, v128.load(at));
        const variance = f32x4.add(v128.load(v), f32x4.mul(g, g));
        const root = f32x4.add(f32x4.sqrt(variance), epsilons);
        if (i32x4.bitmask(f32x4.gt(root, coarse)) != 15) break;
        move(kernel, m, v, g, variance, root, steps);
        slope += BLOCK;
        kernel += 16;
        m += 16;
        v += 16;
        at += 16;
      } while (at < end);
      if (at >= end) break;
      let g = products(slope, x0, x1, x2, x3, x4);
      if (isMany) g = f32x4.add(g, v128.load(at));
      let variance = f32x4.add(v128.load(v), f32x4.mul(g, g));
      let root = f32x4.add(f32x4.sqrt(variance), epsilons);
      const column = at - gradient;
      if (i32x4.bitmask(f32x4.gt(root, f32x4.mul(peak, v128.load(limits + column)))) != 15) {
        g = gradientExactly(rows, examples, offset, slopes + column * 2, row * 2, scale);
        variance = f32x4.add(v128.load(v), f32x4.mul(g, g));
        root = f32x4.add(f32x4.sqrt(variance), epsilons);
      }
      move(kernel, m, v, g, variance, root, steps);
      slope += BLOCK;
      kernel += 16;
      m += 16;
      v += 16;
      at += 16;
      if (at >= end) break;
    }
  }
}

/** The largest magnitude among five features, four times. */
function largestOf(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128): v128 {
  const pairs = f32x4.pmax(f32x4.pmax(f32x4.abs(x0), f32x4.abs(x1)), f32x4.pmax(f32x4.abs(x2), f32x4.abs(x3)));
  return f32x4.pmax(pairs, f32x4.abs(x4));
}

/** Four weights and their moments, one step further. */
function move(kernel: usize, m: usize, v: usize, g: v128, variance: v128, root: v128, steps: v128): void {
  const mean = f32x4.add(f32x4.mul(f32x4.splat(FADE), v128.load(m)), g);
  v128.store(m, mean);
  v128.store(v, variance);
  v128.store(kernel, f32x4.sub(v128.load(kernel), f32x4.div(f32x4.mul(steps, mean), root)));
}

/**
 * The slopes times s in float32, in the order in which a row takes them, and for each unit what `update` asks of its roots.
 * @param slopes [groups, 5, width] of float64
 * @param blocks the result, [groups, width / 4, 5, 4]
 * @param limits each unit's sum of magnitudes times `factor`, [width]
 * @returns the largest of them
 */
function narrowSlopes(
  slopes: usize,
  scale: f64,
  groups: usize,
  width: usize,
  blocks: usize,
  limits: usize,
  factor: f32,
): f32 {
  const scales = f64x2.splat(scale);
  let largest = f32x4.splat(0);
  for (let column: usize = 0; column < width; column += 4) {
    let from = slopes + column * 8;
    let to = blocks + (column / 4) * BLOCK;
    let sum = f32x4.splat(0);
    for (let group: usize = 0; group < groups; group++) {
      for (let b: usize = 0; b < BLOCK; b += 16) {
        const slope = narrow(f64x2.mul(scales, v128.load(from)), f64x2.mul(scales, v128.load(from, 16)));
        v128.store(to + b, slope);
        sum = f32x4.add(sum, f32x4.abs(slope));
        from += width * 8;
      }
      to += width * 20;
    }
    const limit = f32x4.mul(sum, f32x4.splat(factor));
    v128.store(limits + column * 4, limit);
    largest = f32x4.pmax(largest, limit);
  }
  return largestLane(largest);
}

/** The largest of four. */
function largestLane(four: v128): f32 {
  const two = f32x4.pmax(four, v128.shuffle<f32>(four, four, 2, 3, 2, 3));
  return max(f32x4.extract_lane(two, 0), f32x4.extract_lane(two, 1));
}

/**
 * @param values float32
 * @param count how many, a multiple of eight
 * @returns the sum of their squares, in float64
 */
export function sumOfSquares(values: usize, count: usize): f64 {
  // Four sums, so that no addition waits for the last one.
  let a = f64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (const end = values + count * 4; values < end; values += 32) {
    a = f64x2.add(a, squares(v128.load64_zero(values)));
    b = f64x2.add(b, squares(v128.load64_zero(values, 8)));
    c = f64x2.add(c, squares(v128.load64_zero(values, 16)));
    d = f64x2.add(d, squares(v128.load64_zero(values, 24)));
  }
  const two = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  return f64x2.extract_lane(two, 0) + f64x2.extract_lane(two, 1);
}

/** The squares of the first two of four float32, in float64. */
function squares(four: v128): v128 {
  const two = f64x2.promote_low_f32x4(four);
  return f64x2.mul(two, two);
}

/**
 * @param values float32, each multiplied by a factor
 * @param count how many, a multiple of four
 */
export function multiply(values: usize, count: usize, factor: f32): void {
  for (const end = values + count * 4; values < end; values += 16) {
    v128.store(values, f32x4.mul(v128.load(values), f32x4.splat(factor)));
  }
}
