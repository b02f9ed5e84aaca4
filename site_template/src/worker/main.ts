// The worker: owns TensorFlow.js, the examples and the head. Calls arrive through Comlink and may
// overlap; training gives way every few milliseconds, so that predictions go on with the old head.

import { expose } from 'comlink';
import '../error-crossing.ts';
import { type Head, PlainHead } from '../core/head.ts';
import { WorkerError } from '../errors.ts';
import type { Added, Frame, HeadRun, HeadSnapshot, Site, WorkerApi } from '../protocol.ts';
import { fetchVerified, type ReadFile } from '../verified.ts';
import { type Backbone, type BackendChoice, loadParts, startBackbone } from './backbone.ts';
import { Examples } from './examples.ts';
import { agree, readFrame, readsBackExactly, release, thumbnail } from './frames.ts';
import { askAboutHeldOut } from './held-out.ts';
import { makeProbe } from './probe.ts';
import { runToEnd } from './run.ts';
import { drawGoldenImages } from './self-check.ts';
import { first, giveWay } from './task.ts';

let running: { backbone: Backbone; site: Site } | null = null;
let trained: ({ head: Head } & HeadRun) | null = null;
let run: { stopped: boolean } | null = null;
/** The run on part of the photos, for held-out figures. */
let check: { stopped: boolean } | null = null;
const examples = new Examples();

function started() {
  if (!running) throw new WorkerError('not-loaded');
  return running;
}

/** @param frame closed, whatever happens */
async function embedFrame(frame: Frame) {
  try {
    const { backbone, site } = started();
    const pixels = await readFrame(frame, site.preprocess.fit);
    return { pixels, features: await backbone.embed(pixels) };
  } finally {
    release(frame);
  }
}

/**
 * One frame after another, each a request of its own: predictions and training have their turn between them.
 * @param frames closed, whatever happens
 */
async function each<Made>(frames: Frame[], make: (frame: Frame) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  try {
    for (const frame of frames) {
      if (made.length) await giveWay();
      made.push(await first(() => make(frame)));
    }
    return made;
  } finally {
    frames.slice(made.length).forEach(release);
  }
}

/** Batches follow one another, so that examples keep the order in which they were sent. */
let lastBatch: Promise<unknown> = Promise.resolve();

function inTurn<Made>(batch: () => Promise<Made>): Promise<Made> {
  const made = lastBatch.then(batch);
  lastBatch = made.catch(() => {});
  return made;
}

/** @param frames closed */
async function addAll(frames: Frame[], classIds: string[]): Promise<(Added | null)[]> {
  const made = await each(frames, async (frame) => {
    const { pixels, features } = await embedFrame(frame);
    // The browser encodes it beside this thread, which goes on with the next frame.
    const picture = thumbnail(pixels, started().site.preprocess);
    picture.catch(() => {}); // it is awaited below
    return { features, picture };
  });
  const pictures = await Promise.all(made.map(({ picture }) => picture));
  return made.map(({ features }, i) => {
    if (!examples.classes.includes(classIds[i])) return null;
    const id = examples.add(classIds[i], features, pictures[i]);
    return { id, count: examples.count(classIds[i]), thumbnail: pictures[i], features };
  });
}

/** The size that the page asks cameras for. */
const TIMED = { width: 640, height: 480 };

/** @returns noise: what a frame shows makes no difference to its time */
function madeUpFrame(): Frame {
  const data = Uint8ClampedArray.from({ length: 4 * TIMED.width * TIMED.height }, (_, i) =>
    i % 4 === 3 ? 255 : Math.imul(i, 0x9e3779b1) >>> 24,
  );
  return { data, ...TIMED };
}

let timed: Frame | null = null;

function stopTraining() {
  if (run) run.stopped = true;
  stopCheck();
}

function stopCheck() {
  if (check) check.stopped = true;
}

function headSnapshot(): HeadSnapshot | null {
  if (!trained) return null;
  const { head, ...how } = trained;
  return { ...head.weights, ...how };
}

let choice: BackendChoice;

const probe = makeProbe(started);

const api: WorkerApi = {
  async start(site, base, onProgress, given, kernels) {
    const readFile: ReadFile = given ?? ((asset) => fetchVerified(asset, base));
    const [parts, golden] = await Promise.all([
      loadParts(choice, site, readFile, onProgress),
      drawGoldenImages(site, readFile),
    ]);
    const total = site.model.shards.reduce((sum, shard) => sum + shard.bytes, site.model.graph.bytes);
    onProgress?.({ phase: 'check', bytes: total, total });
    const begun = await startBackbone(choice, site, parts, golden, kernels);
    const { backbone, check: selfCheck } = begun;
    running = { backbone, site };
    const exactPixels = await readsBackExactly();
    return { backend: choice.name, kernels: begun.kernels, features: backbone.features, selfCheck, exactPixels };
  },

  setClasses(ids) {
    examples.setClasses(ids);
  },

  addExample: (frame, classId) =>
    first(async () => {
      const { pixels, features } = await embedFrame(frame);
      const picture = await thumbnail(pixels, started().site.preprocess);
      const id = examples.add(classId, features, picture);
      return { id, count: examples.count(classId), thumbnail: picture, features };
    }),

  addExamples: (frames, classIds) => inTurn(() => addAll(frames, classIds)),

  embedAll: (frames) => inTurn(() => each(frames, async (frame) => (await embedFrame(frame)).features)),

  removeExample(id) {
    examples.remove(id);
  },

  arrange(classes, upTo) {
    examples.arrange(classes, upTo);
  },

  forget(ids) {
    examples.forget(ids);
  },

  async train(settings, onEpoch) {
    const { backbone } = started();
    stopTraining();
    const thisRun = { stopped: false };
    run = thisRun;
    const begin = performance.now();
    const { ids, ...set } = examples.trainingSet();
    const { classes } = set;
    const summary = { classes, examples: ids.length };
    if (classes.length < 2) return { ...summary, outcome: 'too-few', history: [], ms: 0, engine: null };
    const shape = { features: backbone.features, hidden: settings.hidden, classes: classes.length };
    const { head, history, trace, engine } = await runToEnd(shape, set, settings, thisRun, onEpoch);
    if (head) trained = { head, classes, settings, examples: ids, history, trace };
    return { ...summary, outcome: head ? 'trained' : 'stopped', history, ms: performance.now() - begin, engine };
  },

  async evaluate(settings, share) {
    started();
    stopCheck();
    const thisCheck = { stopped: false };
    check = thisCheck;
    const set = examples.trainingSet();
    return set.classes.length < 2 ? null : askAboutHeldOut(set, settings, share, thisCheck);
  },

  stopTraining,

  reset() {
    stopTraining();
    examples.clear();
    trained = null;
  },

  predict: (frame) =>
    first(async () => {
      const begin = performance.now();
      if (!trained) {
        release(frame);
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
    }),

  embed: (frame) => first(async () => (await embedFrame(frame)).features),

  agree,

  timeFrame: () =>
    first(async () => {
      timed ??= madeUpFrame();
      const begin = performance.now();
      await embedFrame(timed);
      return performance.now() - begin;
    }),

  lost: () => started().backbone.lost,

  snapshot() {
    return { classes: examples.classes, examples: examples.all(), head: headSnapshot() };
  },

  head: headSnapshot,

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
    const held = running?.backbone.memory() ?? { tensors: 0, bytes: 0 };
    return { ...held, examples: examples.size };
  },
};

/** Makes this worker one that computes on the given backend. */
export function serve(backend: BackendChoice) {
  choice = backend;
  expose(api);
}
