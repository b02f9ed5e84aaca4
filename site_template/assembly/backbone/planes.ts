// What is done to whole planes: their mean, a factor for each channel, the zeros around them, a window cut out.

import { CHANNELS } from '../layout';

/** Bytes of the channels that are taken at once. */
const BLOCK: usize = CHANNELS * 4;

/**
 * @param x [pixels, channels]
 * @param step bytes from one pixel to the next
 * @param pixels how many
 * @param share 1 / pixels
 * @param out [channels], a multiple of CHANNELS
 */
export function mean(x: usize, step: usize, pixels: usize, share: f32, out: usize): void {
  if (CHANNELS != 8) ERROR('mean is unrolled for eight channels');
  const shares = f32x4.splat(share);
  const end = pixels * step;
  for (let channel: usize = 0; channel < step; channel += BLOCK) {
    // Two sums for each channel, since one waits for the one before.
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let at = x + channel;
    const last = at + end;
    const pairs = at + (pixels & ~1) * step;
    while (at < pairs) {
      a = f32x4.add(a, v128.load(at));
      b = f32x4.add(b, v128.load(at, 16));
      at += step;
      c = f32x4.add(c, v128.load(at));
      d = f32x4.add(d, v128.load(at, 16));
      at += step;
    }
    if (at < last) {
      a = f32x4.add(a, v128.load(at));
      b = f32x4.add(b, v128.load(at, 16));
    }
    v128.store(out + channel, f32x4.mul(f32x4.add(a, c), shares));
    v128.store(out + channel, f32x4.mul(f32x4.add(b, d), shares), 16);
  }
}

/**
 * @param x [pixels, channels]
 * @param step bytes from one pixel to the next, a multiple of BLOCK
 * @param pixels how many
 * @param factors [channels]
 * @param out like x, which it may be
 */
export function rescale(x: usize, step: usize, pixels: usize, factors: usize, out: usize): void {
  if (CHANNELS != 8) ERROR('rescale is unrolled for eight channels');
  for (const end = x + pixels * step; x < end;) {
    let factor = factors;
    for (const stop = x + step; x < stop; x += BLOCK) {
      v128.store(out, f32x4.mul(v128.load(x), v128.load(factor)));
      v128.store(out, f32x4.mul(v128.load(x, 16), v128.load(factor, 16)), 16);
      factor += BLOCK;
      out += BLOCK;
    }
  }
}

/**
 * Zeros before and between the rows of a plane.
 * @param at where the first of them begin
 * @param bytes how many each time, a multiple of 16
 * @param row bytes from one time to the next
 * @param times how often
 */
export function clear(at: usize, bytes: usize, row: usize, times: usize): void {
  const zero = f32x4.splat(0);
  for (const end = at + times * row; at < end; at += row) {
    for (let byte: usize = 0; byte < bytes; byte += 16) v128.store(at + byte, zero);
  }
}

/**
 * Copies rows, to leave room between them.
 * @param x the first row
 * @param bytes of a row, a multiple of 16
 * @param from bytes from one row to the next
 * @param out where the first goes
 * @param row bytes from one to the next there
 * @param times how many
 */
export function spread(x: usize, bytes: usize, from: usize, out: usize, row: usize, times: usize): void {
  for (const end = out + times * row; out < end; out += row) {
    for (let byte: usize = 0; byte < bytes; byte += 16) v128.store(out + byte, v128.load(x + byte));
    x += from;
  }
}

/**
 * Copies windows that reach beyond the plane, with what they see there filled in.
 * @param x [height, width, channels]
 * @param width columns of the plane
 * @param row bytes from one row to the next
 * @param pixel bytes from one pixel to the next
 * @param places for each window its first row and column, both may be negative, [windows, 2] of int32
 * @param windows how many
 * @param rows of a window
 * @param columns of a window
 * @param fill what is seen beyond the plane
 * @param out [windows, rows, columns · channels]
 */
export function cut(
  x: usize,
  height: usize,
  width: usize,
  row: usize,
  pixel: usize,
  places: usize,
  windows: usize,
  rows: usize,
  columns: usize,
  fill: f32,
  out: usize,
): void {
  for (const end = places + windows * 8; places < end; places += 8) {
    const y = load<i32>(places);
    const left = load<i32>(places, 4);
    for (let r = y; r < y + <i32>rows; r++) {
      for (let c = left; c < left + <i32>columns; c++) {
        // As unsigned numbers the negative ones are too large as well.
        const isSeen = <u32>r < <u32>height && <u32>c < <u32>width;
        const from = x + <usize>r * row + <usize>c * pixel;
        for (let byte: usize = 0; byte < pixel; byte += 4) {
          store<f32>(out, isSeen ? load<f32>(from + byte) : fill);
          out += 4;
        }
      }
    }
  }
}
