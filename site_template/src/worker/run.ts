// One training run, in slices of a few milliseconds, so that predictions go on meanwhile.

import { type Head, type HeadShape, type HeadWeights, initialWeights } from '../core/head.ts';
import { type Trace, Training } from '../core/training.ts';
import { emptyHead } from '../kernel/engine.ts';
import type { Engine, EpochReport, HeadSettings } from '../protocol.ts';
import { giveWay, sliceMs } from './task.ts';

/**
 * Does a piece of work again and again, and gives way every few milliseconds.
 * @param piece false when nothing is left
 * @param run asked between two slices
 */
export async function inSlices(piece: () => boolean, run: { stopped: boolean }) {
  let left = true;
  while (left && !run.stopped) {
    const until = performance.now() + sliceMs();
    while (left && performance.now() < until) left = piece();
    if (left) await giveWay();
  }
}

let begun: { key: string; weights: HeadWeights } | null = null;

/** What a run begins with. The page trains anew after every photo, from the same seed: what it drew last is kept. */
function beginning(shape: HeadShape, seed: number) {
  const key = JSON.stringify([shape, seed]);
  if (begun?.key !== key) begun = { key, weights: initialWeights(shape, seed) };
  return begun.weights;
}

/**
 * @param run asked between two slices
 * @returns no head where the run was stopped
 */
export async function runToEnd(
  shape: HeadShape,
  { rows, labels }: { rows: Float32Array[]; labels: Uint16Array },
  settings: HeadSettings,
  run: { stopped: boolean },
  onEpoch?: (report: EpochReport) => void,
): Promise<{ head: Head | null; history: EpochReport[]; trace: Trace; engine: Engine }> {
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
