// Convolutions with a full kernel, the pointwise ones above all: nearly all of the network's multiply-adds.
//
// Four pixels times eight channels are summed at once, in eight registers. A weight that was loaded serves four
// pixels and a pixel's value eight channels. Where a pixel is read and where it goes stands in two tables, so that a
// layer may begin, skip and end where it likes; `../../src/kernel/backbone/steps.ts` writes them.
//
// The inner loop takes one value of each pixel per turn. V8 moves all loads of a turn to its beginning: with two values
// per turn they and the sums do not fit into fifteen registers, and the loop takes half as long again.

import { CHANNELS, FULL_PIXELS } from '../layout';
import { activate, madd } from './lanes';

/** Bytes of the weights of eight channels for one value of the input. */
const BLOCK: usize = CHANNELS * 4;

/**
 * @param x the input
 * @param from for each pixel of the output the byte in x at which its window begins, [pixels]
 * @param pixels how many; from FULL_PIXELS on, the last few may be computed twice
 * @param rows of the window
 * @param row bytes from one row of the window to the next
 * @param run float32 in a row of the window, which lie side by side
 * @param weights [blocks, rows · run, 8]
 * @param bias [blocks, 8]
 * @param blocks of eight channels
 * @param chunk pixels that are taken through all blocks before the next ones, at least FULL_PIXELS
 * @param out the output
 * @param to for each pixel the byte in out, [pixels]
 * @param other a value to be added in the end, or 0
 * @param at for each pixel the byte in other, [pixels]
 * @param kind of activation, with its three numbers
 */
export function multiply(
  x: usize,
  from: usize,
  pixels: usize,
  rows: usize,
  row: usize,
  run: usize,
  weights: usize,
  bias: usize,
  blocks: usize,
  chunk: usize,
  out: usize,
  to: usize,
  other: usize,
  at: usize,
  kind: i32,
  shift: f32,
  high: f32,
  scale: f32,
): void {
  if (CHANNELS != 8 || FULL_PIXELS != 4) ERROR('multiply is unrolled for four pixels of eight channels');
  const shifts = f32x4.splat(shift);
  const highs = f32x4.splat(high);
  const scales = f32x4.splat(scale);
  if (pixels < <usize>FULL_PIXELS) {
    for (let p: usize = 0; p < pixels; p++) {
      const place = p * 4;
      const addend = other ? other + load<u32>(at + place) : 0;
      const start = x + load<u32>(from + place);
      const goal = out + load<u32>(to + place);
      one(start, rows, row, run, weights, bias, blocks, goal, addend, kind, shifts, highs, scales);
    }
    return;
  }
  const panel = rows * run * BLOCK;
  for (let first: usize = 0; first < pixels; first += chunk) {
    const end = min(first + chunk, pixels);
    let w = weights;
    let b = bias;
    for (let channel: usize = 0; channel < blocks * BLOCK; channel += BLOCK) {
      const low = v128.load(b);
      const top = v128.load(b, 16);
      let p = first;
      do {
        // A tile that would go beyond the last pixel begins earlier.
        const place = min(p, pixels - FULL_PIXELS) * 4;
        let x0 = x + <usize>load<u32>(from + place);
        let x1 = x + <usize>load<u32>(from + place, 4);
        let x2 = x + <usize>load<u32>(from + place, 8);
        let x3 = x + <usize>load<u32>(from + place, 12);
        let a0 = low;
        let a1 = low;
        let a2 = low;
        let a3 = low;
        let b0 = top;
        let b1 = top;
        let b2 = top;
        let b3 = top;
        let weight = w;
        for (let r: usize = 0; r < rows; r++) {
          const stop = x0 + run * 4;
          while (x0 < stop) {
            const u = v128.load(weight);
            const v = v128.load(weight, 16);
            let s = v128.load32_splat(x0);
            a0 = madd(s, u, a0);
            b0 = madd(s, v, b0);
            s = v128.load32_splat(x1);
            a1 = madd(s, u, a1);
            b1 = madd(s, v, b1);
            s = v128.load32_splat(x2);
            a2 = madd(s, u, a2);
            b2 = madd(s, v, b2);
            s = v128.load32_splat(x3);
            a3 = madd(s, u, a3);
            b3 = madd(s, v, b3);
            x0 += 4;
            x1 += 4;
            x2 += 4;
            x3 += 4;
            weight += BLOCK;
          }
          const back = row - run * 4;
          x0 += back;
          x1 += back;
          x2 += back;
          x3 += back;
        }
        a0 = activate(a0, kind, shifts, highs, scales);
        b0 = activate(b0, kind, shifts, highs, scales);
        a1 = activate(a1, kind, shifts, highs, scales);
        b1 = activate(b1, kind, shifts, highs, scales);
        a2 = activate(a2, kind, shifts, highs, scales);
        b2 = activate(b2, kind, shifts, highs, scales);
        a3 = activate(a3, kind, shifts, highs, scales);
        b3 = activate(b3, kind, shifts, highs, scales);
        if (other) {
          const more = other + channel;
          const o0 = more + <usize>load<u32>(at + place);
          const o1 = more + <usize>load<u32>(at + place, 4);
          const o2 = more + <usize>load<u32>(at + place, 8);
          const o3 = more + <usize>load<u32>(at + place, 12);
          a0 = f32x4.add(a0, v128.load(o0));
          b0 = f32x4.add(b0, v128.load(o0, 16));
          a1 = f32x4.add(a1, v128.load(o1));
          b1 = f32x4.add(b1, v128.load(o1, 16));
          a2 = f32x4.add(a2, v128.load(o2));
          b2 = f32x4.add(b2, v128.load(o2, 16));
          a3 = f32x4.add(a3, v128.load(o3));
          b3 = f32x4.add(b3, v128.load(o3, 16));
        }
        const goal = out + channel;
        const y0 = goal + <usize>load<u32>(to + place);
        const y1 = goal + <usize>load<u32>(to + place, 4);
        const y2 = goal + <usize>load<u32>(to + place, 8);
        const y3 = goal + <usize>load<u32>(to + place, 12);
        v128.store(y0, a0);
        v128.store(y0, b0, 16);
        v128.store(y1, a1);
        v128.store(y1, b1, 16);
        v128.store(y2, a2);
        v128.store(y2, b2, 16);
        v128.store(y3, a3);
        v128.store(y3, b3, 16);
        p += FULL_PIXELS;
      } while (p < end);
      w += panel;
      b += BLOCK;
    }
  }
}

/** All channels of a single pixel, as of a vector: four sums for each channel, since one waits for the one before. */
function one(
  x: usize,
  rows: usize,
  row: usize,
  run: usize,
  weights: usize,
  bias: usize,
  blocks: usize,
  out: usize,
  other: usize,
  kind: i32,
  shift: v128,
  high: v128,
  scale: v128,
): void {
  for (let channel: usize = 0; channel < blocks * BLOCK; channel += BLOCK) {
    let a0 = v128.load(bias + channel);
    let b0 = v128.load(bias + channel, 16);
    let a1 = f32x4.splat(0);
    let b1 = a1;
    let a2 = a1;
    let b2 = a1;
    let a3 = a1;
    let b3 = a1;
    let start = x;
    for (let r: usize = 0; r < rows; r++) {
      let value = start;
      const stop = start + (run & ~3) * 4;
      const last = start + run * 4;
      while (value < stop) {
        let s = v128.load32_splat(value);
        a0 = madd(s, v128.load(weights), a0);
        b0 = madd(s, v128.load(weights, 16), b0);
        s = v128.load32_splat(value, 4);
        a1 = madd(s, v128.load(weights, 32), a1);
        b1 = madd(s, v128.load(weights, 48), b1);
        s = v128.load32_splat(value, 8);
        a2 = madd(s, v128.load(weights, 64), a2);
        b2 = madd(s, v128.load(weights, 80), b2);
        s = v128.load32_splat(value, 12);
        a3 = madd(s, v128.load(weights, 96), a3);
        b3 = madd(s, v128.load(weights, 112), b3);
        value += 16;
        weights += 4 * BLOCK;
      }
      while (value < last) {
        const s = v128.load32_splat(value);
        a0 = madd(s, v128.load(weights), a0);
        b0 = madd(s, v128.load(weights, 16), b0);
        value += 4;
        weights += BLOCK;
      }
      start += row;
    }
    a0 = f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3));
    b0 = f32x4.add(f32x4.add(b0, b1), f32x4.add(b2, b3));
    a0 = activate(a0, kind, shift, high, scale);
    b0 = activate(b0, kind, shift, high, scale);
    if (other) {
      a0 = f32x4.add(a0, v128.load(other + channel));
      b0 = f32x4.add(b0, v128.load(other + channel, 16));
    }
    v128.store(out + channel, a0);
    v128.store(out + channel, b0, 16);
  }
}
