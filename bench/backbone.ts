// The backbone's kernels by kind of step beside TensorFlow.js' on wasm, and as a whole, interleaved in one process:
//
//   cd site_template; node --experimental-wasm-relaxed-simd --import tsx ../bench/backbone.ts SITE [GRAPH]
//
// SITE is a built site; GRAPH a folder with another TensorFlow.js graph of the same backbone, such as the converter's
// own. Prints medians in milliseconds, and the fastest run; the last line is the medians as JSON.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PlannedBackbone } from '../site_template/src/kernel/backbone/backbone.ts';
import { concatenate, foldScales } from '../site_template/src/worker/fold.ts';
import { weightReader } from '../site_template/src/worker/weights.ts';

const ROUNDS = 200;
const [folder, other] = process.argv.slice(2);
const file = ({ url }) => readFileSync(path.join(folder, url));
const { model } = JSON.parse(String(file({ url: 'site.json' })));
if (!model.plan) throw new Error(`The site's model has no plan: ${model.noPlan}`);
const plan = JSON.parse(String(file(model.plan)));
const { modelTopology, weightsManifest, signature } = JSON.parse(String(file(model.graph)));
const artifacts = foldScales({
  modelTopology,
  weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
  weightData: concatenate(model.shards.map((shard) => file(shard))),
});

const require = createRequire(new URL('../site_template/package.json', import.meta.url));
const tf = require('@tensorflow/tfjs-core');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const { loadGraphModel } = require('@tensorflow/tfjs-converter');
const entry = require.resolve('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(path.dirname(entry) + path.sep);
wasm.setThreadsCount(1);
await tf.setBackend('wasm');
const graphs: Record<string, any> = {
  stock: await loadGraphModel({
    load: async () => ({ ...artifacts, signature }),
  }),
};
if (other) {
  const read = (name) => readFileSync(path.join(other, name));
  const described = JSON.parse(String(read('model.json')));
  const parts = described.weightsManifest.flatMap(({ paths }) => paths.map(read));
  graphs.given = await loadGraphModel({
    load: async () => ({
      modelTopology: described.modelTopology,
      signature: described.signature,
      weightSpecs: described.weightsManifest.flatMap(({ weights }) => weights),
      weightData: concatenate(parts),
    }),
  });
}
const picture = Float32Array.from({ length: plan.input.reduce((a, b) => a * b) }, (_, i) => ((i * 37) % 256) / 255);
const input = tf.tensor4d(picture, [1, ...plan.input]);

/** Compiled in a process of its own, as in kernel.ts. */
const compile = (name) =>
  execFileSync(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { compileKernel } from "${new URL('../site_template/kernel.mjs', import.meta.url)}";
     process.stdout.write(await compileKernel("${name}"));`,
  ]);

function own(build: string) {
  const bytes = compile(`backbone-${build}`);
  if (!WebAssembly.validate(bytes)) return null;
  const memory = new WebAssembly.Memory({ initial: 1 });
  let end = 64;
  const allocate = (size) => {
    const at = end;
    end += size;
    memory.grow(Math.ceil(size / 2 ** 16) + 1);
    return at;
  };
  const heap = { memory, allocate, free() {} };
  const module = new WebAssembly.Module(bytes);
  const planned = new PlannedBackbone(module, heap, plan, weightReader(artifacts));
  const at = allocate(picture.byteLength);
  new Float32Array(memory.buffer, at, picture.length).set(picture);
  return { planned, at };
}

const builds = Object.fromEntries(['simd', 'relaxed'].map((build) => [build, own(build)]));
const implementations: Record<string, () => void> = {};
for (const [name, graph] of Object.entries(graphs)) {
  implementations[name] = () => {
    const output = graph.execute(input);
    output.dataSync();
    output.dispose();
  };
}
for (const [build, made] of Object.entries(builds)) {
  if (made) implementations[build] = () => made.planned.run(made.at);
  else console.log(`${build}: this Node does not run it`);
}

const times = Object.fromEntries(Object.keys(implementations).map((name): [string, number[]] => [name, []]));
for (let round = -ROUNDS / 2; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(implementations)) {
    const begin = performance.now();
    run();
    if (round >= 0) times[name].push(performance.now() - begin);
  }
}
const sorted = (list) => list.sort((a, b) => a - b);
const figure = (number) => number.toFixed(3).padStart(9);
console.log('whole pass     median  fastest  of stock');
for (const [name, list] of Object.entries(times)) {
  sorted(list);
  const middle = list[ROUNDS >> 1];
  const share = middle / times.stock[ROUNDS >> 1];
  console.log(`${name.padEnd(12)}${[middle, list[0], share].map(figure).join('')}`);
}

const medians = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, list[ROUNDS >> 1]]));

/** A vector's product is bound by its weights, a plane's by arithmetic: they are told apart. */
const kindOf = ({ op, shape: [rows, columns] }) => (op === 'pointwise' && rows * columns === 1 ? 'vector' : op);

/** @returns medians of each step or kernel, summed by kind */
function byKind(kinds, each): Map<string, number> {
  const sums = new Map();
  kinds.forEach((kind, i) => {
    const middle = sorted(each[i])[each[i].length >> 1];
    sums.set(kind, (sums.get(kind) ?? 0) + middle);
  });
  return sums;
}

/** What a kernel of TensorFlow.js is called here, by its inputs. */
function stockKind(name, { x, input, filter }) {
  const plane = (x ?? input)?.shape;
  if (name === 'Mean') return 'mean';
  if (name.includes('Depthwise')) return 'depthwise';
  if (!name.includes('Conv2D')) return 'single elements';
  const isPoint = filter.shape[0] * filter.shape[1] === 1;
  if (!isPoint) return 'convolution';
  return plane[1] * plane[2] === 1 ? 'vector' : 'pointwise';
}

const kinds: Record<string, Map<string, number>> = {};
for (const [build, made] of Object.entries(builds)) {
  if (!made) continue;
  const each = plan.steps.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    made.planned.runs.forEach((run, i) => {
      const begin = performance.now();
      run(made.at);
      each[i].push(performance.now() - begin);
    });
  }
  kinds[build] = byKind(plan.steps.map(kindOf), each);
}

// From here on TensorFlow.js' kernels are timed one by one, which takes its own time: the whole passes are done.
let calls: { kind: string; took: number }[] = [];
const wrapped = tf.getKernelsForBackend('wasm');
for (const { kernelName, kernelFunc, ...rest } of wrapped) {
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...rest,
    kernelName,
    kernelFunc(given) {
      const begin = performance.now();
      const made = kernelFunc(given);
      const took = performance.now() - begin;
      calls.push({ kind: stockKind(kernelName, given.inputs), took });
      return made;
    },
  });
}
for (const name of Object.keys(graphs)) {
  let known;
  const each: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    calls = [];
    implementations[name]();
    known ??= calls.map(({ kind }) => kind);
    calls.forEach(({ took }, i) => (each[i] ??= []).push(took));
  }
  const sums = byKind(known, each);
  const inKernels = [...sums.values()].reduce((sum, one) => sum + one, 0);
  sums.set('between kernels', Math.max(0, medians[name] - inKernels));
  kinds[name] = sums;
}
for (const [name, sums] of Object.entries(kinds)) {
  console.log(`\n${name}, by kind of step`);
  for (const [kind, sum] of sums) console.log(`${kind.padEnd(16)}${figure(sum)}`);
}
const shown = Object.fromEntries(Object.entries(kinds).map(([name, sums]) => [name, Object.fromEntries(sums)]));
console.log(JSON.stringify({ whole: medians, kinds: shown }));
