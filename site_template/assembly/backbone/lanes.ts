// What all the backbone's kernels share: the multiply-add that this build has, and the end of a convolution.

/** a · b + c. Relaxed, a device may round once instead of twice, and so need one instruction instead of two. */
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(c, f32x4.mul(a, b));
}

/** What becomes of a convolution's sums. */
export const PLAIN: i32 = 0;
/** clamp(x + shift, 0, high) · scale */
export const CLAMPED: i32 = 1;
/** x times that */
export const GATED: i32 = 2;

/** pmax and pmin, in this order of their operands, keep what is not a number: it must not pass for one. */
export function activate(x: v128, kind: i32, shift: v128, high: v128, scale: v128): v128 {
  if (kind == PLAIN) return x;
  const clamped = f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.add(x, shift), f32x4.splat(0)), high), scale);
  return kind == GATED ? f32x4.mul(x, clamped) : clamped;
}
