// Before a backend is trusted it must compute what the build computed, on pictures drawn from a seed.

import { drawGolden } from '../core/golden.ts';
import type { SelfCheck, Site } from '../protocol.ts';
import type { ReadFile } from '../verified.ts';
import type { Pixels } from './frames.ts';

/** A picture of the backbone's own size, so that every byte is read as it is, and what the build made of it. */
export interface Golden {
  picture: Pixels;
  /** [features] */
  expected: Float32Array;
}

/**
 * Draws the pictures. That takes longer than to embed them, and needs no backbone: it is done while one is downloaded.
 */
export async function drawGoldenImages({ golden }: Site, readFile: ReadFile): Promise<Golden[]> {
  const [indexBytes, featureBytes] = await Promise.all([readFile(golden.index), readFile(golden.features)]);
  const { images, size, features } = JSON.parse(new TextDecoder().decode(indexBytes));
  const expected = new Float32Array(featureBytes);
  return images.map((image: { kind: string; seed: number }, i: number) => ({
    picture: { data: withAlpha(drawGolden(image, size)), width: size, height: size },
    expected: expected.subarray(i * features, (i + 1) * features),
  }));
}

function withAlpha(rgb: Uint8ClampedArray) {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) rgba.set(rgb.subarray(from, from + 3), to);
  return rgba;
}

/** What is checked: pixels to features. */
interface Embeds {
  embed: (picture: Golden['picture']) => Promise<Float32Array>;
}

export async function selfCheck(backbone: Embeds, images: Golden[], limit: number): Promise<SelfCheck> {
  let error = 0;
  for (const { picture, expected } of images) {
    const deviation = relativeError(await backbone.embed(picture), expected);
    // Not Math.max alone: a NaN must not pass for a small error.
    error = Number.isNaN(deviation) ? Infinity : Math.max(error, deviation);
  }
  return { error, limit, images: images.length };
}

/** @returns max|difference| over max|expected| */
function relativeError(computed: Float32Array, expected: Float32Array): number {
  if (computed.length !== expected.length) return Infinity;
  let difference = 0;
  let peak = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(computed[i] - expected[i]);
    if (Number.isNaN(d)) return NaN;
    difference = Math.max(difference, d);
    peak = Math.max(peak, Math.abs(expected[i]));
  }
  return difference / peak;
}
