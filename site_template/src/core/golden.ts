// Golden images, drawn from a seed exactly as `builder/onthefly_studio/reference/golden.py` draws them: whole-number
// arithmetic throughout, so that every browser gets the same bytes and none has to download them.

import { Xoshiro128 } from './random.ts';

const OCTAVES = [
  [112, 90],
  [56, 60],
  [28, 40],
  [14, 28],
  [7, 20],
  [4, 18],
];
const OBJECTS = 16;
const TEXTURES = [28, 14, 7, 4];

/**
 * Bilinear noise with one random byte per lattice point, 0 to 255.
 * @param edge of a cell, in pixels
 * @returns [size, size]
 */
function octave(random: Xoshiro128, size: number, edge: number): Int32Array {
  const points = Math.floor(size / edge) + 1;
  const lattice = Int32Array.from({ length: points * points }, () => random.next() >>> 24);
  const out = new Int32Array(size * size);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(y / edge) * points;
    const down = y % edge;
    for (let x = 0; x < size; x++) {
      const at = row + Math.floor(x / edge);
      const right = x % edge;
      const top = (edge - right) * lattice[at] + right * lattice[at + 1];
      const bottom = (edge - right) * lattice[at + points] + right * lattice[at + points + 1];
      out[y * size + x] = Math.floor(((edge - down) * top + down * bottom) / (edge * edge));
    }
  }
  return out;
}

/**
 * A background of clouds with objects before it.
 * @returns [size, size, 3], not yet clipped
 */
function scene(seed: number, size: number): Int32Array {
  const random = new Xoshiro128(seed);
  const light = new Int32Array(size * size);
  for (const [edge, weight] of OCTAVES) {
    const noise = octave(random, size, edge);
    for (let i = 0; i < light.length; i++) light[i] += weight * noise[i];
  }
  for (let i = 0; i < light.length; i++) light[i] >>= 8;
  const image = new Int32Array(size * size * 3);
  for (let channel = 0; channel < 3; channel++) {
    const tint = octave(random, size, 112);
    for (let i = 0; i < light.length; i++) {
      image[i * 3 + channel] = 128 + (((((3 * light[i] + tint[i]) >> 2) - 128) * 7) >> 2);
    }
  }
  for (let i = 0; i < OBJECTS; i++) putObject(image, light, size, random);
  return image;
}

/**
 * Draws one textured, shaded ellipse or rectangle.
 * @param image [size, size, 3]
 * @param light [size, size]
 */
function putObject(image: Int32Array, light: Int32Array, size: number, random: Xoshiro128) {
  const centreX = random.below(size);
  const centreY = random.below(size);
  const halfWidth = 16 + random.below(64);
  const halfHeight = 16 + random.below(64);
  const isEllipse = random.below(2) === 1;
  const texture = octave(random, size, TEXTURES[random.below(TEXTURES.length)]);
  const colour = [random.below(256), random.below(256), random.below(256)];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const right = x - centreX;
      const down = y - centreY;
      const covered = isEllipse
        ? (right * halfHeight) ** 2 + (down * halfWidth) ** 2 <= (halfWidth * halfHeight) ** 2
        : Math.abs(right) <= halfWidth && Math.abs(down) <= halfHeight;
      if (!covered) continue;
      const at = y * size + x;
      const shade = Math.floor((right * 40) / halfWidth);
      for (let k = 0; k < 3; k++) {
        image[at * 3 + k] = Math.floor((2 * colour[k] + texture[at] + light[at]) / 4) + shade;
      }
    }
  }
}

/**
 * @param golden one image of `golden.json`
 * @returns RGB bytes, [size, size, 3]
 */
export function drawGolden({ kind, seed }: { kind: string; seed: number }, size: number): Uint8ClampedArray {
  switch (kind) {
    case 'scene':
      return Uint8ClampedArray.from(scene(seed, size));
    case 'noise': {
      const random = new Xoshiro128(seed);
      return Uint8ClampedArray.from({ length: size * size * 3 }, () => random.next() >>> 24);
    }
    case 'zeros':
      return new Uint8ClampedArray(size * size * 3);
    case 'ones':
      return new Uint8ClampedArray(size * size * 3).fill(255);
    default:
      throw new Error(`Unknown kind of golden image: ${kind}`);
  }
}
