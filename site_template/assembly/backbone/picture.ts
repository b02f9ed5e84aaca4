// From a picture's bytes to the numbers that the backbone reads, as `../../src/core/preprocess.ts` has them: the same
// operations in the same order in float64, so the same bits. Two colours at a time, in both builds alike.

import { TAP } from '../layout';

/** Red and green of a pixel, as float64. */
function redGreen(pixel: v128): v128 {
  return f64x2.convert_low_i32x4_u(pixel);
}

/** Blue, and alpha that nobody reads. */
function blue(pixel: v128): v128 {
  return f64x2.convert_low_i32x4_u(v128.shuffle<i32>(pixel, pixel, 2, 3, 2, 3));
}

/** The four bytes at an address as whole numbers. */
function pixelAt(address: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address)));
}

/** Between two numbers. */
function mix(a: v128, share: v128, b: v128, other: v128): v128 {
  return f64x2.add(f64x2.mul(a, share), f64x2.mul(b, other));
}

/**
 * Each number out lies among four bytes: two of an upper line, two of a lower one.
 * @param lines taps, [size]; where: bytes from the picture's beginning to the line's
 * @param columns taps, [size]; where: bytes from a line's beginning to the pixel's
 * @param size of what is made, in both directions
 * @param picture RGBA bytes
 * @param out [size, size, 3] of float32 in [0, 1]
 */
export function sample(lines: usize, columns: usize, size: usize, picture: usize, out: usize): void {
  const whole = f64x2.splat(255);
  const lastLine = lines + size * TAP;
  const lastColumn = columns + size * TAP;
  for (; lines < lastLine; lines += TAP) {
    const above = v128.load64_splat(lines);
    const below = v128.load64_splat(lines, 8);
    const upper = picture + load<u32>(lines, 16);
    const lower = picture + load<u32>(lines, 20);
    for (let column = columns; column < lastColumn; column += TAP) {
      const near = v128.load64_splat(column);
      const far = v128.load64_splat(column, 8);
      const left: usize = load<u32>(column, 16);
      const right: usize = load<u32>(column, 20);
      const a = pixelAt(upper + left);
      const b = pixelAt(upper + right);
      const c = pixelAt(lower + left);
      const d = pixelAt(lower + right);
      const top = mix(redGreen(a), near, redGreen(b), far);
      const bottom = mix(redGreen(c), near, redGreen(d), far);
      const topBlue = mix(blue(a), near, blue(b), far);
      const bottomBlue = mix(blue(c), near, blue(d), far);
      const two = f64x2.div(mix(top, above, bottom, below), whole);
      const third = f64x2.div(mix(topBlue, above, bottomBlue, below), whole);
      v128.store64_lane(out, f32x4.demote_f64x2_zero(two), 0);
      v128.store32_lane(out, f32x4.demote_f64x2_zero(third), 0, 8);
      out += 12;
    }
  }
}
