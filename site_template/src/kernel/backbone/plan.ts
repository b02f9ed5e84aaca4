// The plan that the build writes beside the model: the backbone as steps, and where each one's values lie.

import { CHANNELS } from '../../../assembly/layout.ts';

/** What ends a convolution: `clamp(x + shift, 0, high) · scale`, times x where it is gated. */
export interface Activation {
  shift: number;
  /** Null: no limit. */
  high: number | null;
  scale: number;
  gated: boolean;
}

/** One operation. Value 0 is the picture, value i + 1 what step i makes. */
export interface Step {
  op: 'convolution' | 'depthwise' | 'pointwise' | 'mean' | 'scale';
  /** The value it reads. */
  input: number;
  /** Rows, columns and channels of what it makes. */
  shape: [number, number, number];
  /** A weight's name in the graph. */
  kernel?: string;
  /** Likewise. */
  bias?: string | null;
  activation?: Activation | null;
  /** Rows and columns of its kernel. */
  window?: [number, number];
  /** Rows, columns. */
  stride?: [number, number];
  /** Zeros above, below, left and right. */
  padding?: [number, number, number, number];
  /** A convolution reads scale · x + offset; what is padded is zero after that. */
  scale?: number;
  offset?: number;
  /** A value that is added after the activation; of a scale step: the factors. */
  other?: number;
}

/** `plan.json`, which builder/onthefly_studio/graph/plan.py writes. */
export interface Plan {
  format: 1;
  /** Rows, columns and channels of the picture. */
  input: [number, number, number];
  steps: Step[];
}

/** Where a value lies; all but the counts are bytes. */
export interface Place {
  /** Its first pixel, in the room for values; the picture's is given with each run. */
  at: number;
  rows: number;
  columns: number;
  /** From one pixel to the next. */
  pixel: number;
  /** From one row to the next. */
  row: number;
  /** Zeros before and between the rows. */
  gap: number;
}

/** @returns with the zeros that fill a pixel's channels up */
export const filled = (channels: number) => Math.ceil(channels / CHANNELS) * CHANNELS;

/** Addresses begin a line of the cache. */
const ALIGNMENT = 64;

export const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Takes room for values that live for some of the steps, so that those which never meet share it. */
export class Room {
  /** Bytes in all. */
  size: number;
  taken: { at: number; end: number; from: number; to: number }[];

  constructor() {
    this.size = 0;
    this.taken = [];
  }

  /**
   * @param from the first step that it is needed in
   * @param to the last one
   * @returns the lowest place that nothing else uses in these steps
   */
  reserve(bytes: number, from: number, to: number): number {
    const others = this.taken.filter((one) => one.from <= to && one.to >= from).sort((a, b) => a.at - b.at);
    let at = 0;
    for (const other of others) {
      if (other.at >= at + bytes) break;
      at = Math.max(at, other.end);
    }
    const end = aligned(at + bytes);
    this.taken.push({ at, end, from, to });
    this.size = Math.max(this.size, end);
    return at;
  }

  /**
   * Goes on using a place that was taken until now.
   * @param now the step until which it was taken
   * @param to the step until which it is from now on
   */
  keep(at: number, now: number, to: number) {
    const held = this.taken.find((one) => one.at === at && one.to === now);
    if (!held) throw new Error(`Nothing was taken at ${at} until step ${now}.`);
    held.to = to;
  }
}

/**
 * Where every value of a plan lies.
 * @param room is taken from
 * @returns by value
 */
export function layOut({ input, steps }: Plan, room: Room): Place[] {
  const [height, width, channels] = input;
  const picture = { at: 0, rows: height, columns: width, pixel: 4 * channels, row: 4 * channels * width, gap: 0 };
  const places = [picture];
  for (const [i, step] of steps.entries()) {
    const readers = readersOf(steps, i + 1);
    const last = readers.length ? Math.max(...readers) : steps.length;
    const [rows, columns, made] = step.shape;
    const pixel = 4 * filled(made);
    const gap =
      gapAfter(
        step,
        readers.map((reader) => steps[reader]),
      ) * pixel;
    const row = columns * pixel + gap;
    // A product reads each number where it writes it: it takes the place of what is not read any more.
    const isLast = step.op === 'scale' && Math.max(...readersOf(steps, step.input)) === i;
    const at = isLast ? places[step.input].at : room.reserve(gap + rows * row, i, last) + gap;
    if (isLast) room.keep(at, i, last);
    places.push({ at, rows, columns, pixel, row, gap });
  }
  return places;
}

/** @returns the steps that read it */
function readersOf(steps: Step[], value: number): number[] {
  return steps.flatMap(({ input, other }, i) => (input === value || other === value ? [i] : []));
}

/**
 * A convolution can leave room between its rows for the zeros that a depthwise one wants to see there.
 * @param readers of what it makes
 * @returns columns
 */
function gapAfter({ op }: Step, readers: Step[]): number {
  const leavesRoom = op === 'convolution' || op === 'pointwise';
  const wantRoom = readers.length > 0 && readers.every((reader) => reader.op === 'depthwise');
  return leavesRoom && wantRoom ? Math.max(...readers.map(sideways)) : 0;
}

/** @returns columns of zeros that a depthwise step sees beside a row */
export function sideways({ padding = [0, 0, 0, 0] }: Step): number {
  return Math.max(padding[2], padding[3]);
}
