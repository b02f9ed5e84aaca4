import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { initialWeights } from '../../../site_template/src/core/head.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import { Training } from '../../../site_template/src/core/training.ts';
import { kernelPlugin } from '../../support/compiled.ts';
import { standingClock } from '../clock.ts';
import '../ports.ts';

const SITE = new URL('../../../site_template/', import.meta.url);
const esbuild = createRequire(new URL('package.json', SITE))('esbuild');

/** As the worker has it: the kernel's bytes stand in the bundle. */
async function load() {
  const bundle = await esbuild.build({
    stdin: {
      contents: "export * from './src/worker/run.ts'; export * from './src/kernel/engine.ts';",
      resolveDir: fileURLToPath(SITE),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    plugins: [kernelPlugin],
  });
  const code = encodeURIComponent(bundle.outputFiles[0].text);
  // A module of its own for every load: the engine looks for WebAssembly once.
  return import(`data:text/javascript,${code}//${Math.random()}`);
}

const SETTINGS = { hidden: 12, epochs: 3, batch: 4, rate: 0.01, seed: 9 };
const SHAPE = { features: 16, hidden: 12, classes: 3 };

function examples(count = 23) {
  const random = new Xoshiro128(4, 3);
  const labels = Uint16Array.from({ length: count }, (_, i) => i % 3);
  const rows = Array.from(labels, (label) =>
    Float32Array.from({ length: SHAPE.features }, (_, f) => random.uniform() + (f % 3 === label ? 1 : 0)),
  );
  return { rows, labels };
}

async function compare({ runToEnd, makeHead }: any) {
  const { rows, labels } = examples();
  // What a run begins with is kept for the next one: from another seed, and from the same with other examples.
  for (const [seed, count] of [
    [8, 23],
    [SETTINGS.seed, 11],
  ]) {
    const settings = { ...SETTINGS, seed };
    await runToEnd(SHAPE, examples(count), settings, { stopped: false });
  }
  const features = Float32Array.from(rows.flatMap((row) => [...row]));
  const start = initialWeights(SHAPE, SETTINGS.seed);
  const head = makeHead(SHAPE, start, { features, labels });
  const whole = new Training(head, labels.length, SETTINGS);
  while (!whole.done) whole.step();

  const run = { stopped: false };
  const epochs: number[] = [];
  const told = ({ epoch }: { epoch: number }) => epochs.push(epoch);
  const sliced = await runToEnd(SHAPE, { rows, labels }, SETTINGS, run, told);
  assert.equal(sliced.engine, head.engine);
  assert.deepEqual(sliced.history, whole.history);
  assert.deepEqual(sliced.head.weights, head.finish().weights);
  assert.deepEqual(epochs, [1, 2, 3]);
  return sliced.engine;
}

test('a run in slices is the run in one go, to the bit', async () => {
  assert.equal(await compare(await load()), 'wasm-simd');
});

test('without WebAssembly too', async () => {
  const { WebAssembly } = globalThis;
  Object.assign(globalThis, { WebAssembly: undefined });
  try {
    assert.equal(await compare(await load()), 'plain');
  } finally {
    Object.assign(globalThis, { WebAssembly });
  }
});

test('a run can be stopped while its examples are still brought', async () => {
  const { runToEnd } = await load();
  const clock = standingClock();
  const { rows, labels } = examples(300);
  const run = { stopped: false };
  let read = 0;
  // Rows that take long to get, as they do where there are many.
  const slow = new Proxy(rows, {
    get(target, place) {
      if (!/^\d+$/.test(String(place))) return Reflect.get(target, place);
      read++;
      if (read === 10) run.stopped = true;
      clock.pass(2);
      return Reflect.get(target, place);
    },
  });
  let epochs = 0;
  const ended = await runToEnd(SHAPE, { rows: slow, labels }, SETTINGS, run, () => epochs++);
  assert.equal(ended.head, null);
  assert.equal(epochs, 0);
  // Six milliseconds at a stretch, of which each row takes two.
  assert.equal(read, 12);
});
