// Each step of a plan made ready: its weights packed, its tables written, its kernels called with numbers only.

import { CHANNELS, CLAMPED, DEPTHWISE_CHANNELS, FULL_PIXELS, GATED, PLAIN } from '../../../assembly/layout.ts';
import type { Code, Run } from './code.ts';
import type { Constants } from './constants.ts';
import { packBias, packDepthwise, packFull } from './pack.ts';
import { type Activation, filled, type Place, type Step, sideways } from './plan.ts';

/** Takes the addresses at which values and constants begin: they are known once it is known how large both are. */
type Finish = (code: Code, values: number, constants: number) => Run;

interface Surroundings {
  /** Where every value lies. */
  places: Place[];
  /** Room for this step alone. */
  scratch: (bytes: number) => number;
  weight: (name: string | null | undefined) => Float32Array;
  /** Is added to. */
  constants: Constants;
}

/** Pixels that a full convolution takes through all its channels before the next ones: so many bytes of input. */
const CHUNK = 16384;

/** @returns the kernels' last four arguments */
function ending(activation: Activation | null | undefined): {
  kind: number;
  shift: number;
  high: number;
  factor: number;
} {
  if (!activation) return { kind: PLAIN, shift: 0, high: 0, factor: 0 };
  const { shift, high, scale, gated } = activation;
  return { kind: gated ? GATED : CLAMPED, shift, high: high ?? Infinity, factor: scale };
}

/** @param value that it makes */
export function prepare(step: Step, value: number, around: Surroundings): Finish {
  const made = around.places[value];
  const finish = PREPARE[step.op](step, made, around);
  if (!made.gap) return finish;
  const { at, rows, row, gap } = made;
  return (code, values, constants) => {
    const run = finish(code, values, constants);
    return (picture) => {
      code.clear(values + at - gap, gap, row, rows + 1);
      run(picture);
    };
  };
}

const PREPARE: Record<Step['op'], (step: Step, made: Place, around: Surroundings) => Finish> = {
  convolution,
  pointwise: convolution,
  depthwise,
  mean,
  scale,
};

/** A pixel of the output and the first row and column that its window sees. */
type Window = { y: number; x: number; top: number; left: number };

/** @returns those within the plane, and those that reach beyond it */
function windows(
  { shape, stride = [1, 1], padding = [0, 0, 0, 0], window = [1, 1] }: Step,
  from: Place,
): { inside: Window[]; beyond: Window[] } {
  const [rows, columns] = shape;
  const all = Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns), i % columns];
    return { y, x, top: y * stride[0] - padding[0], left: x * stride[1] - padding[2] };
  });
  const isInside = ({ top, left }: Window) =>
    top >= 0 && left >= 0 && top + window[0] <= from.rows && left + window[1] <= from.columns;
  return { inside: all.filter(isInside), beyond: all.filter((one) => !isInside(one)) };
}

/** A full convolution: windows within the plane are read where they are, the others are cut out first. */
function convolution(step: Step, made: Place, { places, scratch, weight, constants: fixed }: Surroundings): Finish {
  const { input, shape, scale: factor = 1, offset = 0, window = [1, 1], other, activation } = step;
  const [high, wide] = window;
  const from = places[input];
  const { rows, columns, row, pixel } = from;
  const kernel = weight(step.kernel);
  const outer = shape[2];
  const taps = high * wide;
  const inner = kernel.length / taps / outer;
  const weights = fixed.add(packFull(kernel, { taps, inner, outer, stride: pixel / 4 }, factor));
  const bias = fixed.add(packBias(step.bias ? weight(step.bias) : null, outer, { kernel, offset }));
  const blocks = filled(outer) / CHANNELS;
  const run = (wide * pixel) / 4;
  const chunk = Math.max(1, Math.floor(CHUNK / (FULL_PIXELS * 4 * high * run))) * FULL_PIXELS;
  const added = other === undefined ? null : places[other];
  const { inside, beyond } = windows(step, from);
  const table = (numbers: number[]) => fixed.add(Int32Array.from(numbers));
  const targets = (some: Window[]) => ({
    pixels: some.length,
    to: table(some.map(({ y, x }) => y * made.row + x * made.pixel)),
    at: added ? table(some.map(({ y, x }) => y * added.row + x * added.pixel)) : 0,
  });
  const near = { ...targets(inside), from: table(inside.map(({ top, left }) => top * row + left * pixel)) };
  const far = { ...targets(beyond), from: table(beyond.map((_, i) => i * taps * pixel)) };
  const corners = table(beyond.flatMap(({ top, left }) => [top, left]));
  const cutOut = beyond.length ? scratch(beyond.length * taps * pixel) : 0;
  const fill = offset === 0 ? 0 : -offset / factor;
  const { kind, shift, high: limit, factor: share } = ending(activation);
  return (code, values, constants) => {
    const [w, b, out] = [constants + weights, constants + bias, values + made.at];
    const addend = added ? values + added.at : 0;
    const cuts = values + cutOut;
    const multiply = (some: typeof near, x: number, line: number) => {
      const [source, to, at] = [constants + some.from, constants + some.to, constants + some.at];
      const { pixels } = some;
      // biome-ignore format: an argument a line tells nothing more
      code.multiply(
        x, source, pixels, high, line, run, w, b, blocks, chunk, out, to, addend, at, kind, shift, limit, share,
      );
    };
    return (picture) => {
      const x = input === 0 ? picture : values + from.at;
      if (near.pixels) multiply(near, x, row);
      if (!far.pixels) return;
      code.cut(x, rows, columns, row, pixel, constants + corners, far.pixels, high, wide, fill, cuts);
      multiply(far, cuts, 4 * run);
    };
  };
}

function depthwise(step: Step, made: Place, { places, scratch, weight, constants: fixed }: Surroundings): Finish {
  const { input, shape, stride = [1, 1], padding = [0, 0, 0, 0], window = [1, 1], activation } = step;
  const from = places[input];
  const { rows, columns, pixel } = from;
  const [high, wide] = window;
  const weights = fixed.add(packDepthwise(weight(step.kernel), high * wide, shape[2]));
  const bias = fixed.add(packBias(step.bias ? weight(step.bias) : null, shape[2]));
  const groups = pixel / (4 * DEPTHWISE_CHANNELS);
  const gap = sideways(step) * pixel;
  // Where the zeros beside the rows are missing, others read the same value: this step makes a copy that has them.
  const copies = from.gap < gap;
  const row = copies ? columns * pixel + gap : from.row;
  const copy = copies ? scratch(gap + rows * row) + gap : 0;
  const [down, across] = stride;
  const [top, , left] = padding;
  const { kind, shift, high: limit, factor: share } = ending(activation);
  return (code, values, constants) => {
    const [w, b, out] = [constants + weights, constants + bias, values + made.at];
    const given = values + from.at;
    const x = copies ? values + copy : given;
    return () => {
      if (copies) {
        code.clear(x - gap, gap, row, rows + 1);
        code.spread(given, columns * pixel, from.row, x, row, rows);
      }
      // biome-ignore format: an argument a line tells nothing more
      code.depthwise(
        x, rows, row, pixel, top, left, high, wide, down, across, w, b, groups, out, made.rows, made.columns,
        kind, shift, limit, share,
      );
    };
  };
}

function mean({ input }: Step, made: Place, { places }: Surroundings): Finish {
  const { at, rows, columns, pixel } = places[input];
  const pixels = rows * columns;
  return (code, values) => () => code.mean(values + at, pixel, pixels, 1 / pixels, values + made.at);
}

function scale({ input, other = 0 }: Step, made: Place, { places }: Surroundings): Finish {
  const { at, rows, columns, pixel } = places[input];
  const factors = places[other];
  return (code, values) => () =>
    code.rescale(values + at, pixel, rows * columns, values + factors.at, values + made.at);
}
