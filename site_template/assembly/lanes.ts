// What the head's kernels do with registers and with whole arrays.

/** Two registers of float64 as one of float32. */
export function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** The largest of four. */
export function largestLane(four: v128): f32 {
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
