// The worker: owns TensorFlow.js, the examples and the head. Calls arrive through Comlink and may
// overlap; training gives way every few milliseconds, so that predictions go on with the old head.

import { expose } from 'comlink';
import { initialWeights, PlainHead } from '../core/head.js';
import { Training } from '../core/training.js';
import { makeHead } from '../kernel/engine.js';
import { loadBackbone, tensorMemory } from './backbone.js';
import { Examples } from './examples.js';
import { readFrame, readsBackExactly, thumbnail, toInput } from './frames.js';
import { makeProbe } from './probe.js';
import { selfCheck } from './self-check.js';
import { nextTask } from './task.js';

/** How long training may hold the worker at a stretch: well under a frame at 60 Hz. */
const SLICE_MS = 6;

/** @type {{backbone: import('./backbone.js').Backbone, site: import('../protocol.js').Site}|null} */
let running = null;
/** @type {({head: PlainHead} & import('../protocol.js').HeadRun)|null} */
let trained = null;
/** @type {{stopped: boolean}|null} */
let run = null;
const examples = new Examples();

function started() {
  if (!running) throw new Error('The model has not been loaded yet.');
  return running;
}

/** @param {import('../protocol.js').Frame} frame */
async function embedFrame(frame) {
  const { backbone, site } = started();
  const pixels = readFrame(frame, site.preprocess.fit);
  return { pixels, features: await backbone.embed(toInput(pixels, site.preprocess)) };
}

function stopTraining() {
  if (run) run.stopped = true;
}

/** @type {import('./backbone.js').BackendChoice} */
let choice;

const probe = makeProbe(started);

/** @type {import('../protocol.js').WorkerApi} */
const api = {
  async start(site, base, onProgress) {
    const backbone = await loadBackbone(choice, site, base, onProgress);
    const total = site.model.shards.reduce((sum, shard) => sum + shard.bytes, site.model.graph.bytes);
    onProgress?.({ phase: 'check', bytes: total, total });
    const result = await selfCheck(backbone, site, base);
    if (!(result.error <= result.limit)) {
      throw new Error(
        `On ${choice.name} this browser computes other numbers than the site was built with ` +
          `(off by ${result.error.toPrecision(2)}, limit ${result.limit}).`,
      );
    }
    running = { backbone, site };
    const exactPixels = await readsBackExactly();
    return { backend: choice.name, features: backbone.features, selfCheck: result, exactPixels };
  },

  setClasses(ids) {
    examples.setClasses(ids);
  },

  async addExample(frame, classId) {
    const { site } = started();
    const { pixels, features } = await embedFrame(frame);
    const picture = await thumbnail(pixels, site.preprocess);
    const id = examples.add(classId, features, picture);
    return { id, count: examples.count(classId), thumbnail: picture };
  },

  removeExample(id) {
    examples.remove(id);
  },

  async train(settings, onEpoch) {
    const { backbone } = started();
    stopTraining();
    const thisRun = { stopped: false };
    run = thisRun;
    const begin = performance.now();
    const { classes, ids, features, labels } = examples.trainingSet(backbone.features);
    const summary = { classes, examples: labels.length };
    if (classes.length < 2) return { ...summary, outcome: 'too-few', history: [], ms: 0, engine: null };
    const shape = { features: backbone.features, hidden: settings.hidden, classes: classes.length };
    const head = makeHead(shape, initialWeights(shape, settings.seed), { features, labels });
    const training = new Training(head, labels.length, settings);
    while (!training.done && !thisRun.stopped) {
      const until = performance.now() + SLICE_MS;
      while (!training.done && performance.now() < until) {
        const report = training.step();
        if (report) onEpoch?.(report);
      }
      await nextTask();
    }
    const outcome = thisRun.stopped ? 'stopped' : 'trained';
    const { history, trace } = training;
    const { engine } = head;
    const finished = head.finish();
    if (outcome === 'trained') trained = { head: finished, classes, settings, examples: ids, history, trace };
    return { ...summary, outcome, history, ms: performance.now() - begin, engine };
  },

  stopTraining,

  reset() {
    stopTraining();
    examples.clear();
    trained = null;
  },

  async predict(frame) {
    const begin = performance.now();
    if (!trained) {
      if ('close' in frame) frame.close();
      return null;
    }
    const { features } = await embedFrame(frame);
    if (!trained) return null; // reset while the backbone ran
    const { head, classes } = trained;
    const probabilities = head.predict(features);
    return {
      probabilities: Object.fromEntries(classes.map((id, i) => [id, probabilities[i]])),
      ms: performance.now() - begin,
    };
  },

  async embed(frame) {
    return (await embedFrame(frame)).features;
  },

  snapshot() {
    if (!trained) return { classes: examples.classes, examples: examples.all(), head: null };
    const { head, ...how } = trained;
    return { classes: examples.classes, examples: examples.all(), head: { ...head.weights, ...how } };
  },

  restore({ classes, examples: given, head }) {
    const { backbone } = started();
    stopTraining();
    examples.replace(classes, given);
    trained = null;
    if (!head) return;
    const { kernel1, bias1, kernel2, bias2, ...how } = head;
    const shape = { features: backbone.features, hidden: how.settings.hidden, classes: how.classes.length };
    trained = { head: new PlainHead(shape, { kernel1, bias1, kernel2, bias2 }), ...how };
  },

  probe,

  memory() {
    // Asking TensorFlow.js would start a backend, before its files have been checked.
    const held = running ? tensorMemory() : { tensors: 0, bytes: 0 };
    return { ...held, examples: examples.size };
  },
};

/**
 * Makes this worker one that computes on the given backend.
 * @param {import('./backbone.js').BackendChoice} backend
 */
export function serve(backend) {
  choice = backend;
  expose(api);
}
