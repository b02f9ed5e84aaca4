import { type Head, type HeadShape, initialWeights, PlainHead } from '../../../site_template/src/core/head.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import { KernelHead } from '../../../site_template/src/kernel/head.ts';
import { Kernel } from '../../../site_template/src/kernel/kernel.ts';
import { kernelBytes } from './compiled.ts';

export const NAMES = ['kernel1', 'bias1', 'kernel2', 'bias2'] as const;
export const PARTS = ['values', 'm', 'v'] as const;

export const bytes = kernelBytes('head');

export function makeKernel() {
  const kernel = Kernel.from(bytes);
  if (!kernel) throw new Error('This Node does not run WebAssembly SIMD.');
  return kernel;
}

/** Features like a backbone's, some of them zero throughout, and labels of every class that has room. */
export function examples({ features, classes }: HeadShape, n: number, seed: number, scale: number = 1) {
  const random = new Xoshiro128(seed, 3);
  const labels = Uint16Array.from({ length: n }, (_, i) => i % classes);
  const values = Float32Array.from({ length: n * features }, (_, i) => {
    const x = 6 * random.uniform() - 3 + (labels[Math.floor(i / features)] % 3);
    return (i % features) % 5 === 4 ? 0 : scale * x * Math.min(1, Math.max(0, x / 6 + 0.5));
  });
  return { features: values, labels };
}

/** Two heads of the same shape, weights and examples. */
export function pair(
  shape: HeadShape,
  data: { features: Float32Array; labels: Uint16Array },
  seed: number,
  kernel = makeKernel(),
) {
  const plain = new PlainHead(shape, initialWeights(shape, seed));
  const fast = new KernelHead(kernel, shape, initialWeights(shape, seed));
  for (const head of [plain, fast]) head.load(data.features, data.labels);
  return { plain, fast };
}

/** @returns copies: of each tensor the values, m, v */
export function stateOf(head: Head): Float32Array[] {
  return NAMES.flatMap((name) => PARTS.map((part) => head.tensors[name][part].slice()));
}

export function setState(plain: PlainHead, state: Float32Array[]) {
  NAMES.flatMap((name) => PARTS.map((part) => plain.tensors[name][part])).forEach((to, i) => to.set(state[i]));
}

/** The largest difference, over the largest value where that is above 1. Equal infinities do not differ. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>) {
  let worst = a.length === b.length ? 0 : Infinity;
  let scale = 1;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const d = Math.abs(a[i] - b[i]);
    worst = Math.max(worst, Number.isNaN(d) ? Infinity : d);
  }
  for (let i = 0; i < b.length; i++) {
    if (Number.isFinite(b[i])) scale = Math.max(scale, Math.abs(b[i]));
  }
  return worst / scale;
}
