// From the bytes of a picture to the numbers the backbone reads. One formula for camera, photos and
// tests: centre square (or the whole frame), bilinear with corners aligned, divided by 255.

import type { Preprocess } from '../site.ts';

/** The part of a picture that is learned from. */
export function region(width: number, height: number, fit: 'crop' | 'stretch') {
  if (fit === 'stretch') return { x: 0, y: 0, width, height };
  const edge = Math.min(width, height);
  return { x: Math.floor((width - edge) / 2), y: Math.floor((height - edge) / 2), width: edge, height: edge };
}

/** What a transparent picture lies on, in all three channels: white, as paper is. */
export const BACKGROUND = 255;

/**
 * A picture's bytes without transparency: every sample c of alpha a becomes round(c·a/255) + 255 − a, as a canvas has
 * it.
 * @returns the given bytes where all of them are opaque, others otherwise
 */
export function onBackground<Bytes extends Uint8Array | Uint8ClampedArray>(rgba: Bytes): Bytes {
  let at = 3;
  while (at < rgba.length && rgba[at] === 255) at += 4;
  if (at >= rgba.length) return rgba;
  const opaque = rgba.slice() as Bytes;
  for (let i = at - 3; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3];
    for (let k = i; k < i + 3; k++) opaque[k] = Math.round((rgba[k] * alpha) / 255) + BACKGROUND - alpha;
    opaque[i + 3] = 255;
  }
  return opaque;
}

/**
 * For each of `size` outputs: the two neighbours in the source and the weight of the second.
 * Output i stands at i * (length - 1) / (size - 1), so the corners of both grids coincide.
 */
export function taps(length: number, size: number) {
  const scale = size > 1 ? (length - 1) / (size - 1) : 0;
  const first = new Int32Array(size);
  const second = new Int32Array(size);
  const weight = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const at = i * scale;
    first[i] = Math.min(Math.floor(at), length - 1);
    second[i] = Math.min(first[i] + 1, length - 1);
    weight[i] = at - first[i];
  }
  return { first, second, weight };
}

/**
 * @param bytes that a picture has
 * @throws RangeError: they are not its size's
 */
export function checkSize(bytes: number, width: number, height: number) {
  if (bytes === width * height * 4 && width > 0 && height > 0) return;
  throw new RangeError(`A picture of ${width} by ${height} needs ${width * height * 4} bytes, not ${bytes}.`);
}

/**
 * `../kernel/backbone/picture.js` does the same in WebAssembly; this is its fallback and reference.
 * @param rgba bytes, [height, width, 4]; alpha is not read
 * @returns [size, size, 3] in [0, 1]; computed in float64, rounded once
 */
export function preprocess(
  rgba: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  { size, fit }: Preprocess,
): Float32Array {
  checkSize(rgba.length, width, height);
  const part = region(width, height, fit);
  const across = taps(part.width, size);
  const down = taps(part.height, size);
  const out = new Float32Array(size * size * 3);
  let at = 0;
  for (let i = 0; i < size; i++) {
    const upper = (part.y + down.first[i]) * width;
    const lower = (part.y + down.second[i]) * width;
    const dy = down.weight[i];
    for (let j = 0; j < size; j++) {
      const left = part.x + across.first[j];
      const right = part.x + across.second[j];
      const dx = across.weight[j];
      const a = (upper + left) * 4;
      const b = (upper + right) * 4;
      const c = (lower + left) * 4;
      const d = (lower + right) * 4;
      for (let k = 0; k < 3; k++) {
        const top = rgba[a + k] * (1 - dx) + rgba[b + k] * dx;
        const bottom = rgba[c + k] * (1 - dx) + rgba[d + k] * dx;
        out[at++] = (top * (1 - dy) + bottom * dy) / 255;
      }
    }
  }
  return out;
}
