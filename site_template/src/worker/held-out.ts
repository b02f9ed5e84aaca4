// How often a head is right about photos that it has not seen: a second head is trained without them.

import { argmax } from '../core/head.ts';
import { heldOut } from '../core/split.ts';
import type { HeadSettings, HeldOutResult, Mistake } from '../protocol.ts';
import type { TrainingSet } from './examples.ts';
import { inSlices, runToEnd } from './run.ts';

/**
 * @param settings of both heads; their seed also draws the split
 * @param share of every class's photos, above 0 and below 1
 * @returns null where it was stopped, or where no class has a photo to spare
 */
export async function askAboutHeldOut(
  { classes, ids, rows, labels }: TrainingSet,
  settings: HeadSettings,
  share: number,
  run: { stopped: boolean },
): Promise<HeldOutResult | null> {
  const begin = performance.now();
  const mask = heldOut(labels, share, settings.seed);
  const asked = ids.flatMap((_, i) => (mask[i] ? [i] : []));
  if (!asked.length) return null;
  const taught = ids.flatMap((_, i) => (mask[i] ? [] : [i]));
  const shape = { features: rows[0].length, hidden: settings.hidden, classes: classes.length };
  const examples = { rows: taught.map((i) => rows[i]), labels: Uint16Array.from(taught, (i) => labels[i]) };
  const { head } = await runToEnd(shape, examples, settings, run);
  if (!head) return null;

  const confusion = classes.map(() => classes.map(() => 0));
  const mistakes: Mistake[] = [];
  let at = 0;
  await inSlices(() => {
    const i = asked[at++];
    const probabilities = head.predict(rows[i]);
    const predicted = argmax(probabilities);
    confusion[labels[i]][predicted]++;
    if (predicted !== labels[i]) {
      mistakes.push({
        id: ids[i],
        classId: classes[labels[i]],
        predicted: classes[predicted],
        probability: probabilities[predicted],
      });
    }
    return at < asked.length;
  }, run);
  if (run.stopped) return null;
  mistakes.sort((a, b) => b.probability - a.probability);
  return { classes, confusion, mistakes, taught: taught.length, asked: asked.length, ms: performance.now() - begin };
}
