// Weights in the order in which the kernels read them, filled up with zeros for the channels that are added.

import { filled } from './plan.ts';

/**
 * A full kernel for `multiply`.
 * @param kernel [rows, columns, inner, outer]
 * @param scale that the input is multiplied by beforehand
 * @returns [outer / 8, taps, stride, 8]
 */
export function packFull(
  kernel: Float32Array,
  {
    taps,
    inner,
    outer,
    stride,
  }: {
    /** Rows · columns. */
    taps: number;
    inner: number;
    outer: number;
    /** Numbers from one tap of the input to the next: inner, or more where it is filled up. */
    stride: number;
  },
  scale: number = 1,
): Float32Array {
  const blocks = filled(outer) / 8;
  const packed = new Float32Array(blocks * taps * stride * 8);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < inner; i++) {
      const from = (tap * inner + i) * outer;
      for (let o = 0; o < outer; o++) {
        packed[((Math.floor(o / 8) * taps + tap) * stride + i) * 8 + (o % 8)] = kernel[from + o] * scale;
      }
    }
  }
  return packed;
}

/**
 * A depthwise kernel for `depthwise`.
 * @param kernel [taps, channels]
 * @returns [channels / 4, taps, 4], of a multiple of eight channels
 */
export function packDepthwise(kernel: Float32Array, taps: number, channels: number): Float32Array {
  const packed = new Float32Array(filled(channels) * taps);
  for (let tap = 0; tap < taps; tap++) {
    for (let c = 0; c < channels; c++) {
      packed[(Math.floor(c / 4) * taps + tap) * 4 + (c % 4)] = kernel[tap * channels + c];
    }
  }
  return packed;
}

/**
 * A bias; of a convolution that reads `scale · x + offset` with the offset's part in it.
 * @param bias [outer]
 * @returns [outer], filled up
 */
export function packBias(
  bias: Float32Array | null,
  outer: number,
  read?: { kernel: Float32Array; offset: number },
): Float32Array {
  const packed = new Float32Array(filled(outer));
  for (let o = 0; o < outer; o++) {
    let sum = bias ? bias[o] : 0;
    if (read?.offset) for (let i = o; i < read.kernel.length; i += outer) sum += read.offset * read.kernel[i];
    packed[o] = sum;
  }
  return packed;
}
