// Adam on the hidden layer's kernel, with the gradients that it takes: one pass over its rows. When float32 sums do, and
// when they are taken again in float64, `forward.ts` says.

import { GROUP } from './layout';
import { largestLane, narrow } from './lanes';

/** As in `../src/core/optimizer.ts`. */
export const BETA1: f64 = 0.9;
export const BETA2: f64 = 0.999;
export const EPSILON: f64 = 1e-7;

/** What a step leaves of the first moment in its growing scale: β1 / √β2. */
const FADE: f32 = 0.9 / 0.9994998749374609;

/** How far a weight may end a step from where float64 sums would have moved it: a tenth of a step's tolerance. */
const WEIGHT_ERROR: f32 = 1e-6;

/** Bytes of four units of a group's gradients in float32: `[GROUP examples, 4 units]`. */
const BLOCK: usize = GROUP * 16;

/** Bytes of the addresses of a group's examples. */
const ADDRESSES: usize = GROUP * 4;

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
 * @param rows addresses of the examples, GROUP for each group
 * @param groups how many
 * @param slopes gradients of the sums, [groups, GROUP, width] of float64
 * @param scale s
 * @param room for [groups · GROUP + 2, width] of float32
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
  if (GROUP != 5) ERROR('update is unrolled for groups of five');
  const row = width * 4;
  const examples = groups * GROUP;
  const limits = room;
  const gradient = limits + row;
  const end = gradient + row;
  const factor: f32 = (4 * step * <f32>(examples + 2) * <f32>(2.0 ** -24)) / WEIGHT_ERROR;
  // What most roots are above is asked first: the largest of the units' limits, one for the whole row.
  const largestLimit = f32x4.splat(narrowSlopes(slopes, scale, groups, width, end, limits, factor));
  const steps = f32x4.splat(step);
  const epsilons = f32x4.splat(epsilon);
  // All groups but the last leave the row's gradient in `gradient`.
  const last = rows + (groups - 1) * ADDRESSES;
  const isMany = groups > 1;
  for (let offset: usize = 0; offset < features * 4; offset += 4) {
    let slope = end;
    let peak = f32x4.splat(0);
    let five = rows;
    for (; five < last; five += ADDRESSES) {
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
 * @param slopes [groups, GROUP, width] of float64
 * @param blocks the result, [groups, width / 4, GROUP, 4]
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
      to += width * (BLOCK / 4);
    }
    const limit = f32x4.mul(sum, f32x4.splat(factor));
    v128.store(limits + column * 4, limit);
    largest = f32x4.pmax(largest, limit);
  }
  return largestLane(largest);
}
