// The training kernel against the plain head and tf.layers on wasm, interleaved in one process:
//
//   cd site_template; node --import tsx ../bench/kernel.ts
//
// Prints for each size the median and the fastest run of each in milliseconds, and how often the kernel's
// fastest fits into the others'. On a busy machine the fastest runs tell more than the medians.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { initialWeights, PlainHead } from '../site_template/src/core/head.ts';
import { Xoshiro128 } from '../site_template/src/core/random.ts';
import { Training } from '../site_template/src/core/training.ts';
import { KernelHead } from '../site_template/src/kernel/head.ts';
import { Kernel } from '../site_template/src/kernel/kernel.ts';

const SETTINGS = { hidden: 128, epochs: 10, batch: 5, rate: 0.001, seed: 1 };
const SHAPE = { features: 1024, hidden: SETTINGS.hidden, classes: 3 };
const ALL = ['tf.layers', 'plain', 'wasm-simd'];
const CASES = [
  { examples: 60, rounds: 15, engines: ALL },
  { examples: 600, rounds: 3, engines: ALL },
  { examples: 3000, rounds: 2, engines: ['tf.layers', 'wasm-simd'] },
];

// Compiled in a process of its own: the compiler is itself a large WebAssembly module, which this one
// would go on optimizing while it measures.
const bytes = execFileSync(process.execPath, [
  '--input-type=module',
  '--eval',
  `import { compileKernel } from "${new URL('../site_template/kernel.mjs', import.meta.url)}";
   process.stdout.write(await compileKernel());`,
]);
const kernel = Kernel.from(bytes);
if (!kernel) throw new Error('This Node does not run WebAssembly SIMD.');

/** Features like a backbone's: hard-swish of clouds around one centre for each class. */
function makeExamples(n) {
  const random = new Xoshiro128(7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const centres = Array.from({ length: SHAPE.classes * SHAPE.features }, () => 0.5 * normal());
  const labels = Uint16Array.from({ length: n }, (_, i) => Math.floor((i * SHAPE.classes) / n));
  const features = Float32Array.from({ length: n * SHAPE.features }, (_, i) => {
    const label = labels[Math.floor(i / SHAPE.features)];
    const x = centres[label * SHAPE.features + (i % SHAPE.features)] + normal();
    return (x * Math.min(6, Math.max(0, x + 3))) / 6;
  });
  return { features, labels };
}

/** One run as the worker's first is, from the drawing of weights to the head that predicts. */
function train(makeHead, { features, labels }) {
  const head = makeHead(initialWeights(SHAPE, SETTINGS.seed));
  head.load(features, labels);
  const training = new Training(head, labels.length, SETTINGS);
  while (!training.done) training.step();
  head.finish();
}

const require = createRequire(new URL('../site_template/package.json', import.meta.url));
const tf = require('@tensorflow/tfjs-core');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const { sequential, layers } = require('@tensorflow/tfjs-layers');
const wasmEntry = require.resolve('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(path.dirname(wasmEntry) + path.sep);
wasm.setThreadsCount(1);
await tf.setBackend('wasm');

async function trainLayers({ x, y }: { x: object; y: object }) {
  const { hidden, epochs, batch } = SETTINGS;
  const { features, classes } = SHAPE;
  const model = sequential();
  model.add(
    layers.dense({
      units: hidden,
      activation: 'relu',
      inputShape: [features],
    }),
  );
  model.add(layers.dense({ units: classes, activation: 'softmax' }));
  model.compile({
    optimizer: 'adam',
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
  });
  await model.fit(x, y, { epochs, batchSize: batch, yieldEvery: 'never' });
  model.dispose();
}

const ENGINES = {
  'tf.layers': trainLayers,
  plain: (data) => train((weights) => new PlainHead(SHAPE, weights), data),
  'wasm-simd': (data) => train((weights) => new KernelHead(kernel, SHAPE, weights), data),
};

async function time(engine, data) {
  const begin = performance.now();
  await ENGINES[engine](data);
  return performance.now() - begin;
}

const figure = (number) => number.toFixed(1).padStart(9);
console.log(`${bytes.length} bytes of WebAssembly; Node ${process.version}`);
const first = await time('wasm-simd', makeExamples(60));
console.log(`first run, nothing compiled yet:${figure(first)} ms`);
console.log('examples  engine        median  fastest    ratio');
for (const { examples, rounds, engines } of CASES) {
  const made = makeExamples(examples);
  const x = tf.tensor2d(made.features, [examples, SHAPE.features]);
  const y = tf.oneHot(tf.tensor1d([...made.labels], 'int32'), SHAPE.classes);
  const data = { ...made, x, y };
  const times = Object.fromEntries(engines.map((engine): [string, number[]] => [engine, []]));
  for (let round = 0; round < rounds; round++) {
    for (const engine of engines) times[engine].push(await time(engine, data));
  }
  for (const list of Object.values(times)) list.sort((a, b) => a - b);
  for (const [engine, list] of Object.entries(times)) {
    const ratio = list[0] / times['wasm-simd'][0];
    const numbers = [list[rounds >> 1], list[0], ratio].map(figure).join('');
    console.log(`${String(examples).padStart(8)}  ${engine.padEnd(9)}${numbers}`);
  }
}
