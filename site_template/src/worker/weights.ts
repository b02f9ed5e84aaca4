// Weights as numbers, from the bytes in which the model's files store them.

import { type Artifacts, byteLength, type WeightSpec } from './fold.ts';

/** Of a half-precision number's bits, the power of two that its fraction is counted in, by the exponent's bits. */
const HALF_STEPS = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** @param bits of a half-precision number */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 1024 + fraction : fraction) * HALF_STEPS[exponent];
}

function decode({ name, dtype, quantization }: WeightSpec, bytes: Uint8Array): Float32Array {
  const { buffer } = bytes.slice(); // at an address that any type can begin at
  if (quantization?.dtype === 'float16') return Float32Array.from(new Uint16Array(buffer), half);
  if (quantization) {
    const { scale = 1, min = 0 } = quantization;
    const stored = quantization.dtype === 'uint8' ? new Uint8Array(buffer) : new Uint16Array(buffer);
    return Float32Array.from(stored, (step) => step * scale + min);
  }
  if (dtype !== 'float32') throw new Error(`The weight ${name} is of the type ${dtype}.`);
  return new Float32Array(buffer);
}

/** @returns decodes a weight; throws where there is none of that name */
export function weightReader({ weightSpecs, weightData }: Artifacts): (name: string) => Float32Array {
  const known = new Map<string, { spec: WeightSpec; at: number }>();
  let at = 0;
  for (const spec of weightSpecs) {
    known.set(spec.name, { spec, at });
    at += byteLength(spec);
  }
  return (name) => {
    const found = known.get(name);
    if (!found) throw new Error(`The model has no weight ${name}.`);
    return decode(found.spec, new Uint8Array(weightData, found.at, byteLength(found.spec)));
  };
}
