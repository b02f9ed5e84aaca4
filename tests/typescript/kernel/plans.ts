// Plans for tests: made at random, and computed by loops that are too simple to be wrong.

import { setFlagsFromString } from 'node:v8';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import type { Plan, Step } from '../../../site_template/src/kernel/backbone/plan.ts';
import { kernelBytes } from '../../support/compiled.ts';

// Browsers have relaxed SIMD; Node 20 has it behind a flag.
setFlagsFromString('--experimental-wasm-relaxed-simd');

/** Both builds of the kernels. */
export const BUILDS = {
  simd: kernelBytes('backbone-simd'),
  relaxed: kernelBytes('backbone-relaxed'),
};

/** A memory that is handed out from its beginning, filled with numbers that are none: nothing may rest on zeros. */
export class Heap {
  memory: WebAssembly.Memory;
  end: number;
  freed: number[];

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1 });
    this.end = 24;
    this.freed = [];
  }

  allocate = (bytes: number) => {
    const at = this.end;
    this.end += Math.ceil(bytes / 8) * 8;
    const missing = this.end - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / 2 ** 16));
    new Uint8Array(this.memory.buffer, at, bytes).fill(0xff);
    return at;
  };

  free = (address: number) => {
    this.freed.push(address);
  };
}

export class Chance {
  random: Xoshiro128;

  constructor(seed: number) {
    this.random = new Xoshiro128(seed);
  }

  whole(least: number, most: number) {
    return least + Math.floor(this.random.uniform() * (most - least + 1));
  }

  of<T>(some: T[]): T {
    return some[this.whole(0, some.length - 1)];
  }

  /** @returns between -1 and 1 */
  numbers(length: number): Float32Array {
    return Float32Array.from({ length }, () => 2 * this.random.uniform() - 1);
  }
}

const RELU = { shift: 0, high: null, scale: 1, gated: false };
const GATE = { shift: 0.5, high: 1, scale: 0.16667, gated: false };
export const ACTIVATIONS = [null, RELU, GATE, { ...GATE, gated: true }];

/** A plan that grows by steps, with weights for each. */
export class Maker {
  chance: Chance;
  plan: Plan;
  weights: Map<string, Float32Array>;

  constructor(chance: Chance, input: [number, number, number]) {
    this.chance = chance;
    this.plan = { format: 1, input, steps: [] };
    this.weights = new Map();
  }

  get last() {
    return this.plan.steps.length;
  }

  shape(value: number) {
    return value ? this.plan.steps[value - 1].shape : this.plan.input;
  }

  add(step: Step) {
    this.plan.steps.push(step);
    return this.last;
  }

  convolve(
    op: 'convolution' | 'depthwise' | 'pointwise',
    input: number,
    { channels, ...given }: Partial<Step> & { channels?: number } = {},
  ) {
    const { chance, weights } = this;
    const [height, width, inner] = this.shape(input);
    const outer = op === 'depthwise' ? inner : (channels ?? chance.whole(1, 19));
    const window = given.window ?? [1, 1];
    const [down, across] = given.stride ?? [1, 1];
    const [top, bottom, left, right] = given.padding ?? [0, 0, 0, 0];
    const rows = Math.floor((height + top + bottom - window[0]) / down) + 1;
    const columns = Math.floor((width + left + right - window[1]) / across) + 1;
    const kernel = `kernel ${this.last}`;
    const bias = chance.whole(0, 3) ? `bias ${this.last}` : null;
    const taps = window[0] * window[1];
    const size = op === 'depthwise' ? taps * inner : taps * inner * outer;
    weights.set(kernel, chance.numbers(size));
    if (bias) weights.set(bias, chance.numbers(outer));
    const activation = chance.of(ACTIVATIONS);
    return this.add({
      op,
      input,
      shape: [rows, columns, outer],
      kernel,
      bias,
      activation,
      ...given,
    });
  }

  weight = (name: string) => this.weights.get(name)!;
}

/** Random windows, as large as a plane of this size allows. */
export function randomWindow(
  chance: Chance,
  [height, width]: readonly [number, number, number],
): Required<Pick<Step, 'window' | 'stride' | 'padding'>> {
  const side = () => chance.whole(0, 3);
  const padding: NonNullable<Step['padding']> = [side(), side(), side(), side()];
  const high = chance.whole(1, Math.min(5, height + padding[0] + padding[1]));
  const wide = chance.whole(1, Math.min(5, width + padding[2] + padding[3]));
  return {
    window: [high, wide],
    stride: [chance.whole(1, 3), chance.whole(1, 3)],
    padding,
  };
}

function activate(x: number, activation: Step['activation']) {
  if (!activation) return x;
  const { shift, high, scale, gated } = activation;
  const clamped = Math.min(Math.max(x + shift, 0), high ?? Infinity) * scale;
  return gated ? x * clamped : clamped;
}

/** Every value of a plan, by loops in double precision. */
export function reference({ plan, weight }: Maker, picture: Float32Array): ArrayLike<number>[] {
  const values: ArrayLike<number>[] = [picture];
  for (const step of plan.steps) {
    const x = values[step.input];
    const [height, width, inner] = step.input ? plan.steps[step.input - 1].shape : plan.input;
    const [rows, columns, outer] = step.shape;
    const made = new Float64Array(rows * columns * outer);
    if (step.op === 'mean') {
      for (let i = 0; i < x.length; i++) made[i % inner] += x[i] / (height * width);
    } else if (step.op === 'scale') {
      for (let i = 0; i < x.length; i++) made[i] = x[i] * values[step.other ?? 0][i % inner];
    } else {
      const kernel = weight(step.kernel ?? '');
      const bias = step.bias ? weight(step.bias) : null;
      const [high, wide] = step.window ?? [1, 1];
      const [down, across] = step.stride ?? [1, 1];
      const [top, , left] = step.padding ?? [0, 0, 0, 0];
      const read = (y: number, c: number, i: number) => {
        if (y < 0 || c < 0 || y >= height || c >= width) return 0;
        const value = x[(y * width + c) * inner + i];
        return value * (step.scale ?? 1) + (step.offset ?? 0);
      };
      for (let o = 0; o < made.length; o++) {
        const channel = o % outer;
        const column = Math.floor(o / outer) % columns;
        const row = Math.floor(o / outer / columns);
        let sum = bias ? bias[channel] : 0;
        for (let tap = 0; tap < high * wide; tap++) {
          const y = row * down - top + Math.floor(tap / wide);
          const c = column * across - left + (tap % wide);
          if (step.op === 'depthwise') sum += read(y, c, channel) * kernel[tap * outer + channel];
          else for (let i = 0; i < inner; i++) sum += read(y, c, i) * kernel[(tap * inner + i) * outer + channel];
        }
        const added = step.other === undefined ? 0 : values[step.other][o];
        made[o] = activate(sum, step.activation) + added;
      }
    }
    values.push(made);
  }
  return values;
}
