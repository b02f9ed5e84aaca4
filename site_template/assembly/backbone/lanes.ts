// What all the backbone's kernels share: the multiply-add that this build has, and the end of a convolution.

import { GATED, PLAIN } from '../layout';

/** a · b + c. Relaxed, a device may round once instead of twice, and so need one instruction instead of two. */
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
}

/**
 * What becomes of a convolution's sums, by one of the kinds in `layout.ts`. pmax and pmin, in this order of their
 * operands, keep what is not a number: it must not pass for one.
 */
export function activate(x: v128, kind: i32, shift: v128, high: v128, scale: v128): v128 {
  if (kind == PLAIN) return x;
  const clamped = f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.add(x, shift), f32x4.splat(0)), high), scale);
  return kind == GATED ? f32x4.mul(x, clamped) : clamped;
}
