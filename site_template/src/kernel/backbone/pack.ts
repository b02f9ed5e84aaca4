// Weights in the order in which the kernels read them, filled up with zeros for the channels that are added.

import { CHANNELS, DEPTHWISE_CHANNELS } from '../../../assembly/layout.ts';
import { filled } from './plan.ts';

/**
 * A full kernel for `multiply`.
 * @param kernel [rows, columns, inner, outer]
 * @param scale that the input is multiplied by beforehand
 * @returns [outer / CHANNELS, taps, stride, CHANNELS]
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
  const blocks = filled(outer) / CHANNELS;
  const packed = new Float32Array(blocks * taps * stride * CHANNELS);
  for (let tap = 0; tap < taps; tap++) {
    for (let i = 0; i < inner; i++) {
      const from = (tap * inner + i) * outer;
      for (let o = 0; o < outer; o++) {
        const block = Math.floor(o / CHANNELS);
        packed[((block * taps + tap) * stride + i) * CHANNELS + (o % CHANNELS)] = kernel[from + o] * scale;
      }
    }
  }
  return packed;
}

/**
 * A depthwise kernel for `depthwise`.
 * @param kernel [taps, channels]
 * @returns [channels / DEPTHWISE_CHANNELS, taps, DEPTHWISE_CHANNELS], of a multiple of CHANNELS
 */
export function packDepthwise(kernel: Float32Array, taps: number, channels: number): Float32Array {
  const packed = new Float32Array(filled(channels) * taps);
  for (let tap = 0; tap < taps; tap++) {
    for (let c = 0; c < channels; c++) {
      const group = Math.floor(c / DEPTHWISE_CHANNELS);
      packed[(group * taps + tap) * DEPTHWISE_CHANNELS + (c % DEPTHWISE_CHANNELS)] = kernel[tap * channels + c];
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
