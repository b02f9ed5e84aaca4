// Depthwise convolutions: a kernel of its own for each channel.
//
// Seven neighbouring pixels times four channels are summed at once: a network that reads 224 by 224 pixels has planes
// of 112, 56, 28, 14 and 7. Left and right of every row the input holds the zeros that the window may see; rows above
// and below the plane are left out.

import { DEPTHWISE_CHANNELS } from '../layout';
import { activate, madd } from './lanes';

/** Pixels that are summed at once: nobody else has to know. */
const DEPTHWISE_PIXELS: usize = 7;

/** Bytes of a group's channels. */
const GROUP_BYTES: usize = DEPTHWISE_CHANNELS * 4;

/**
 * @param x the input's first pixel; before it, and between two rows, zeros as wide as the padding
 * @param height rows of the input
 * @param row bytes from one row to the next, zeros included
 * @param pixel bytes from one pixel to the next
 * @param top rows of padding above
 * @param left columns of padding on the left
 * @param rows of the window
 * @param columns of the window
 * @param down rows from one window to the next
 * @param across columns from one window to the next
 * @param weights [groups, rows · columns, DEPTHWISE_CHANNELS]
 * @param bias [groups, DEPTHWISE_CHANNELS]
 * @param groups of channels
 * @param out [outRows, outColumns, channels]
 * @param kind of activation, with its three numbers
 */
export function depthwise(
  x: usize,
  height: usize,
  row: usize,
  pixel: usize,
  top: usize,
  left: usize,
  rows: usize,
  columns: usize,
  down: usize,
  across: usize,
  weights: usize,
  bias: usize,
  groups: usize,
  out: usize,
  outRows: usize,
  outColumns: usize,
  kind: i32,
  shift: f32,
  high: f32,
  scale: f32,
): void {
  if (DEPTHWISE_CHANNELS != 4) ERROR('depthwise holds a group of channels in one register');
  if (DEPTHWISE_PIXELS != 7) ERROR('depthwise is unrolled for seven pixels');
  const shifts = f32x4.splat(shift);
  const highs = f32x4.splat(high);
  const scales = f32x4.splat(scale);
  const step = across * pixel;
  const panel = rows * columns * GROUP_BYTES;
  for (let y: usize = 0; y < outRows; y++) {
    // The window's rows that lie within the plane: from `first` up to `end`.
    const begin = y * down;
    const first = max<isize>(top - begin, 0);
    const end = min<isize>(height + top - begin, rows);
    const seen = x + (begin + first - top) * row - left * pixel;
    const span = max<isize>(end - first, 0);
    for (let group: usize = 0; group < groups; group++) {
      const w = weights + group * panel + first * columns * GROUP_BYTES;
      const b = v128.load(bias + group * GROUP_BYTES);
      const line = out + y * outColumns * pixel + group * GROUP_BYTES;
      const from = seen + group * GROUP_BYTES;
      if (outColumns < DEPTHWISE_PIXELS) {
        for (let column: usize = 0; column < outColumns; column++) {
          let sum = b;
          let at = from + column * step;
          let weight = w;
          for (let r: isize = 0; r < span; r++) {
            for (let c: usize = 0; c < columns; c++) {
              sum = madd(v128.load(at + c * pixel), v128.load(weight), sum);
              weight += GROUP_BYTES;
            }
            at += row;
          }
          v128.store(line + column * pixel, activate(sum, kind, shifts, highs, scales));
        }
        continue;
      }
      for (let column: usize = 0; column < outColumns; column += DEPTHWISE_PIXELS) {
        // Seven pixels that would go beyond the row's end begin earlier.
        const start = min(column, outColumns - DEPTHWISE_PIXELS);
        let s0 = b;
        let s1 = b;
        let s2 = b;
        let s3 = b;
        let s4 = b;
        let s5 = b;
        let s6 = b;
        let at = from + start * step;
        let weight = w;
        for (let r: isize = 0; r < span; r++) {
          let tap = at;
          for (const stop = weight + columns * GROUP_BYTES; weight < stop; weight += GROUP_BYTES) {
            const value = v128.load(weight);
            let near = tap;
            s0 = madd(v128.load(near), value, s0);
            near += step;
            s1 = madd(v128.load(near), value, s1);
            near += step;
            s2 = madd(v128.load(near), value, s2);
            near += step;
            s3 = madd(v128.load(near), value, s3);
            near += step;
            s4 = madd(v128.load(near), value, s4);
            near += step;
            s5 = madd(v128.load(near), value, s5);
            near += step;
            s6 = madd(v128.load(near), value, s6);
            tap += pixel;
          }
          at += row;
        }
        let goal = line + start * pixel;
        v128.store(goal, activate(s0, kind, shifts, highs, scales));
        goal += pixel;
        v128.store(goal, activate(s1, kind, shifts, highs, scales));
        goal += pixel;
        v128.store(goal, activate(s2, kind, shifts, highs, scales));
        goal += pixel;
        v128.store(goal, activate(s3, kind, shifts, highs, scales));
        goal += pixel;
        v128.store(goal, activate(s4, kind, shifts, highs, scales));
        goal += pixel;
        v128.store(goal, activate(s5, kind, shifts, highs, scales));
        goal += pixel;
        v128.store(goal, activate(s6, kind, shifts, highs, scales));
      }
    }
  }
}
