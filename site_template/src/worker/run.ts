// One training run, in slices of a few milliseconds, so that predictions go on meanwhile.

import { initialWeights } from '../core/head.js';
import { Training } from '../core/training.js';
import { emptyHead } from '../kernel/engine.js';
import { giveWay, sliceMs } from './task.js';

/**
 * Does a piece of work again and again, and gives way every few milliseconds.
 * @param {() => boolean} piece false when nothing is left
 * @param {{stopped: boolean}} run asked between two slices
 */
export async function inSlices(piece, run) {
  let left = true;
  while (left && !run.stopped) {
    const until = performance.now() + sliceMs();
    while (left && performance.now() < until) left = piece();
    if (left) await giveWay();
  }
}

/** @type {{key: string, weights: import('../core/head.js').HeadWeights}|null} */
let begun = null;

/**
 * What a run begins with. The page trains anew after every photo, from the same seed: what it drew last is kept.
 * @param {import('../core/head.js').HeadShape} shape
 * @param {number} seed
 */
function beginning(shape, seed) {
  const key = JSON.stringify([shape, seed]);
  if (begun?.key !== key) begun = { key, weights: initialWeights(shape, seed) };
  return begun.weights;
}

/**
 * @param {import('../core/head.js').HeadShape} shape
 * @param {{rows: Float32Array[], labels: Uint16Array}} examples
 * @param {import('../protocol.js').HeadSettings} settings
 * @param {{stopped: boolean}} run asked between two slices
 * @param {(report: import('../protocol.js').EpochReport) => void} [onEpoch]
 * @returns {Promise<{head: import('../core/head.js').PlainHead|null, history: import('../protocol.js').EpochReport[],
 *   trace: import('../core/training.js').Trace, engine: import('../protocol.js').Engine}>} no head where the run was
 *   stopped
 */
export async function runToEnd(shape, { rows, labels }, settings, run, onEpoch) {
  const weights = beginning(shape, settings.seed);
  await giveWay();
  const head = emptyHead(shape, weights, labels);
  let placed = 0;
  await inSlices(() => {
    head.place(placed, rows[placed]);
    return ++placed < rows.length;
  }, run);
  const training = new Training(head, labels.length, settings);
  await inSlices(() => {
    const report = training.step();
    if (report) onEpoch?.(report);
    return !training.done;
  }, run);
  const { history, trace } = training;
  const { engine } = head;
  const finished = head.finish(); // gives the kernel's memory back, stopped or not
  return { head: run.stopped ? null : finished, history, trace, engine };
}
