// The plan that the build writes beside the model: the backbone as steps, and where each one's values lie.

/**
 * What ends a convolution: `clamp(x + shift, 0, high) · scale`, times x where it is gated.
 * @typedef {object} Activation
 * @property {number} shift
 * @property {number|null} high null: no limit
 * @property {number} scale
 * @property {boolean} gated
 */

/**
 * One operation. Value 0 is the picture, value i + 1 what step i makes.
 * @typedef {object} Step
 * @property {'convolution'|'depthwise'|'pointwise'|'mean'|'scale'} op
 * @property {number} input the value it reads
 * @property {[number, number, number]} shape rows, columns and channels of what it makes
 * @property {string} [kernel] a weight's name in the graph
 * @property {string|null} [bias] likewise
 * @property {Activation|null} [activation]
 * @property {[number, number]} [window] rows and columns of its kernel
 * @property {[number, number]} [stride] rows, columns
 * @property {[number, number, number, number]} [padding] zeros above, below, left and right
 * @property {number} [scale] a convolution reads scale · x + offset; what is padded is zero after that
 * @property {number} [offset]
 * @property {number} [other] a value that is added after the activation; of a scale step: the factors
 */

/**
 * `plan.json`, which builder/onthefly_studio/graph/plan.py writes.
 * @typedef {object} Plan
 * @property {1} format
 * @property {[number, number, number]} input rows, columns and channels of the picture
 * @property {Step[]} steps
 */

/**
 * Where a value lies; all but the counts are bytes.
 * @typedef {object} Place
 * @property {number} at its first pixel, in the room for values; the picture's is given with each run
 * @property {number} rows
 * @property {number} columns
 * @property {number} pixel from one pixel to the next
 * @property {number} row from one row to the next
 * @property {number} gap zeros before and between the rows
 */

/** Pixels have their channels filled up to a multiple of this: the kernels make so many at once. */
export const LANES = 8;

/** @param {number} channels */
export const filled = (channels) => Math.ceil(channels / LANES) * LANES;

/** Addresses begin a line of the cache. */
const ALIGNMENT = 64;

/** @param {number} bytes */
export const aligned = (bytes) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * Takes room for values that live for some of the steps, so that those which never meet share it.
 */
export class Room {
  constructor() {
    /** Bytes in all. */
    this.size = 0;
    /** @type {{at: number, end: number, from: number, to: number}[]} */
    this.taken = [];
  }

  /**
   * @param {number} bytes
   * @param {number} from the first step that it is needed in
   * @param {number} to the last one
   * @returns {number} the lowest place that nothing else uses in these steps
   */
  take(bytes, from, to) {
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
   * @param {number} at
   * @param {number} now the step until which it was taken
   * @param {number} to the step until which it is from now on
   */
  keep(at, now, to) {
    const held = this.taken.find((one) => one.at === at && one.to === now);
    if (!held) throw new Error(`Nothing was taken at ${at} until step ${now}.`);
    held.to = to;
  }
}

/**
 * Where every value of a plan lies.
 * @param {Plan} plan
 * @param {Room} room is taken from
 * @returns {Place[]} by value
 */
export function layOut({ input, steps }, room) {
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
    const at = isLast ? places[step.input].at : room.take(gap + rows * row, i, last) + gap;
    if (isLast) room.keep(at, i, last);
    places.push({ at, rows, columns, pixel, row, gap });
  }
  return places;
}

/**
 * @param {Step[]} steps
 * @param {number} value
 * @returns {number[]} the steps that read it
 */
function readersOf(steps, value) {
  return steps.flatMap(({ input, other }, i) => (input === value || other === value ? [i] : []));
}

/**
 * A convolution can leave room between its rows for the zeros that a depthwise one wants to see there.
 * @param {Step} step
 * @param {Step[]} readers of what it makes
 * @returns {number} columns
 */
function gapAfter({ op }, readers) {
  const leavesRoom = op === 'convolution' || op === 'pointwise';
  const wantRoom = readers.length > 0 && readers.every((reader) => reader.op === 'depthwise');
  return leavesRoom && wantRoom ? Math.max(...readers.map(sideways)) : 0;
}

/**
 * @param {Step} step
 * @returns {number} columns of zeros that a depthwise step sees beside a row
 */
export function sideways({ padding = [0, 0, 0, 0] }) {
  return Math.max(padding[2], padding[3]);
}
