import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { argmax, initialWeights, PlainHead } from '../../../site_template/src/core/head.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import { heldOut } from '../../../site_template/src/core/split.ts';
import { Training } from '../../../site_template/src/core/training.ts';
import { kernelPlugin } from '../../support/compiled.ts';
import '../ports.ts';

const SITE = new URL('../../../site_template/', import.meta.url);
const esbuild = createRequire(new URL('package.json', SITE))('esbuild');

// As the worker has it: the kernel's bytes stand in the bundle.
const bundle = await esbuild.build({
  entryPoints: [fileURLToPath(new URL('src/worker/held-out.ts', SITE))],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  plugins: [kernelPlugin],
});
const { askAboutHeldOut } = await import(`data:text/javascript,${encodeURIComponent(bundle.outputFiles[0].text)}`);

const SETTINGS = { hidden: 12, epochs: 6, batch: 4, rate: 0.01, seed: 9 };
const COUNTS = [14, 9, 11];
const WIDTH = 16;

/** Three clouds that overlap, so that some answers are wrong; ids that are no places. */
function taught() {
  const random = new Xoshiro128(4, 3);
  const labels = Uint16Array.from(COUNTS.flatMap((n, label) => Array(n).fill(label)));
  const rows = Array.from(labels, (label) =>
    Float32Array.from(
      { length: WIDTH },
      (_, f) => 2.5 * (random.uniform() - 0.5) + (f === label ? 0.8 : 0) + (f > 8 ? random.uniform() : 0),
    ),
  );
  const ids = Array.from(labels, (_, i) => 100 + 3 * i);
  return { classes: ['a', 'b', 'c'], ids, rows, labels };
}

const joined = (rows: Float32Array[]) => Float32Array.from(rows.flatMap((row) => [...row]));

test('the figures are those of a head that saw only the others', async () => {
  const set = taught();
  const found = await askAboutHeldOut(set, SETTINGS, 0.3, { stopped: false });

  const mask = heldOut(set.labels, 0.3, SETTINGS.seed);
  const rest = set.ids.flatMap((_, i) => (mask[i] ? [] : [i]));
  const shape = { features: WIDTH, hidden: SETTINGS.hidden, classes: 3 };
  const head = new PlainHead(shape, initialWeights(shape, SETTINGS.seed));
  head.load(
    joined(rest.map((i) => set.rows[i])),
    Uint16Array.from(rest, (i) => set.labels[i]),
  );
  const training = new Training(head, rest.length, SETTINGS);
  while (!training.done) training.step();

  const confusion = [0, 1, 2].map(() => [0, 0, 0]);
  const wrong = new Map();
  set.rows.forEach((row, i) => {
    if (!mask[i]) return;
    const probabilities = head.predict(row);
    const said = argmax(probabilities);
    confusion[set.labels[i]][said]++;
    if (said !== set.labels[i]) wrong.set(set.ids[i], probabilities[said]);
  });
  assert.ok(wrong.size >= 2, 'a task without mistakes would test little');

  assert.deepEqual(found.classes, set.classes);
  assert.deepEqual(found.confusion, confusion);
  assert.equal(found.taught, rest.length);
  assert.equal(found.asked, set.ids.length - rest.length);
  assert.equal(found.mistakes.length, wrong.size);
  for (const { id, classId, said, probability } of found.mistakes) {
    assert.ok(Math.abs(probability - wrong.get(id)!) < 1e-4);
    assert.notEqual(classId, said);
    assert.equal(classId, set.classes[set.labels[set.ids.indexOf(id)]]);
  }
  const sure = found.mistakes.map(({ probability }: { probability: number }) => probability);
  assert.deepEqual(
    sure,
    [...sure].sort((a, b) => b - a),
    'the surest mistakes first',
  );
});

test('what is stopped gives no figures, and neither do classes with nothing to spare', async () => {
  assert.equal(await askAboutHeldOut(taught(), SETTINGS, 0.3, { stopped: true }), null);
  const { rows } = taught();
  const single = {
    classes: ['a', 'b'],
    ids: [1, 2],
    rows: rows.slice(0, 2),
    labels: Uint16Array.from([0, 1]),
  };
  assert.equal(await askAboutHeldOut(single, SETTINGS, 0.3, { stopped: false }), null);
});
