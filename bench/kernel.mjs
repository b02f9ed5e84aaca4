// The training kernel against the plain head, interleaved in one process: `node bench/kernel.mjs`.
// Prints for each size the median and the fastest of both, in milliseconds, and the ratio of the medians.

import { initialWeights, PlainHead } from "../site_template/src/core/head.js";
import { Xoshiro128 } from "../site_template/src/core/random.js";
import { Training } from "../site_template/src/core/training.js";
import { Kernel, KernelHead } from "../site_template/src/kernel/kernel.js";
import { compileKernel } from "../site_template/kernel.mjs";

const SETTINGS = { hidden: 128, epochs: 10, batch: 5, rate: 0.001, seed: 1 };
const SHAPE = { features: 1024, hidden: SETTINGS.hidden, classes: 3 };
const CASES = [
  { examples: 60, rounds: 15 },
  { examples: 600, rounds: 5 },
  { examples: 3000, rounds: 1 },
];

const bytes = await compileKernel();
const kernel = Kernel.from(bytes);
if (!kernel) throw new Error("This Node does not run WebAssembly SIMD.");

/** Features like a backbone's: hard-swish of clouds around one centre for each class. */
function makeExamples(n) {
  const random = new Xoshiro128(7);
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - random.uniform())) *
    Math.cos(2 * Math.PI * random.uniform());
  const centres = Array.from(
    { length: SHAPE.classes * SHAPE.features },
    () => 0.5 * normal(),
  );
  const labels = Uint16Array.from({ length: n }, (_, i) =>
    Math.floor((i * SHAPE.classes) / n),
  );
  const features = Float32Array.from({ length: n * SHAPE.features }, (_, i) => {
    const label = labels[Math.floor(i / SHAPE.features)];
    const x = centres[label * SHAPE.features + (i % SHAPE.features)] + normal();
    return (x * Math.min(6, Math.max(0, x + 3))) / 6;
  });
  return { features, labels };
}

const ENGINES = {
  plain: (weights) => new PlainHead(SHAPE, weights),
  "wasm-simd": (weights) => new KernelHead(kernel, SHAPE, weights),
};

/** One run as the worker does it, from initial weights to the head that predicts. */
function run(engine, { features, labels }) {
  const weights = initialWeights(SHAPE, SETTINGS.seed);
  const begin = performance.now();
  const head = ENGINES[engine](weights);
  head.load(features, labels);
  const training = new Training(head, labels.length, SETTINGS);
  while (!training.done) training.step();
  head.finish();
  return performance.now() - begin;
}

const figure = (ms) => ms.toFixed(1).padStart(9);
console.log(`${bytes.length} bytes of WebAssembly; Node ${process.version}`);
console.log(
  `first run of a fresh process, 60 examples:${figure(run("wasm-simd", makeExamples(60)))} ms`,
);
console.log("examples   plain: median, min   kernel: median, min    ratio");
for (const { examples, rounds } of CASES) {
  const data = makeExamples(examples);
  const times = { plain: [], "wasm-simd": [] };
  for (let round = 0; round <= rounds; round++) {
    for (const engine of Object.keys(times)) {
      const ms = run(engine, data);
      if (round > 0) times[engine].push(ms); // the first one warms the compilers up
    }
  }
  const [plain, fast] = Object.values(times).map((list) => {
    list.sort((a, b) => a - b);
    return { median: list[list.length >> 1], min: list[0] };
  });
  console.log(
    `${String(examples).padStart(8)}  ${figure(plain.median)}${figure(plain.min)}    ` +
      `${figure(fast.median)}${figure(fast.min)}   ${(plain.median / fast.median).toFixed(1).padStart(8)}`,
  );
}
