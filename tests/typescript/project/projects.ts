// A small project and its worker, for the tests of the formats.

import type { RemoteWorker } from '../../../site_template/src/client.ts';
import { initialWeights, PlainHead } from '../../../site_template/src/core/head.ts';
import { Xoshiro128 } from '../../../site_template/src/core/random.ts';
import { Training } from '../../../site_template/src/core/training.ts';
import { Examples } from '../../../site_template/src/worker/examples.ts';

export const WIDTH = 12;
export const SETTINGS = { hidden: 6, epochs: 3, batch: 4, rate: 0.01, seed: 7 };

/** What the code under test reads of `site.json`. */
export const SITE: any = {
  generator: 'onthefly 0.1.0',
  title: 'Cups & Hands',
  head: SETTINGS,
  preprocess: { size: 224, fit: 'crop' },
  precision: 'float16',
  backbone: {
    kind: 'embedded',
    name: 'MobileNetV3-Small 1.0',
    sha256: 'ab'.repeat(32),
    features: WIDTH,
  },
  model: { hash: '0123456789abcdef' },
};

export const CLASSES = [
  { id: 'c1', name: 'Cup', tone: 0 },
  { id: 'c2', name: 'Müßig & more/../x', tone: 3 },
  { id: 'c3', name: '空', tone: 2 },
];

/**
 * The start of a JPEG: all that is read of one before it is decoded.
 * @param mark so that pictures differ
 */
export function jpeg(width: number = 224, height: number = 224, mark: number = 0) {
  const header = [0xff, 0xd8, 0xff, 0xe0, 0, 4, mark >> 8, mark & 255];
  const frame = [0xff, 0xc0, 0, 8, 8, height >> 8, height & 255];
  return Uint8Array.of(...header, ...frame, width >> 8, width & 255, 3);
}

/** The part of a worker that a project comes from and goes to. */
export class FakeWorker {
  examples: Examples;
  head: any;

  constructor() {
    this.examples = new Examples();
    this.head = null;
  }

  async snapshot() {
    return structuredClone({
      classes: this.examples.classes,
      examples: this.examples.all(),
      head: this.head,
    });
  }

  async restore({ classes, examples, head }: any) {
    this.examples.replace(classes, examples);
    this.head = head;
  }

  async embedAll(frames: any[]) {
    return frames.map(() => new Float32Array(WIDTH).fill(0.5));
  }
}

/** As much of a worker as the code under test asks for. */
export const remote = (worker: FakeWorker) => worker as unknown as RemoteWorker;

export function taught({ train = true }: { train?: boolean } = {}) {
  const worker = new FakeWorker();
  const random = new Xoshiro128(5);
  worker.examples.setClasses(CLASSES.map(({ id }) => id));
  for (let i = 0; i < 14; i++) {
    const features = Float32Array.from({ length: WIDTH }, () => random.uniform());
    features[i % 2] += 2;
    worker.examples.add(i % 2 ? 'c3' : 'c1', features, new Blob([jpeg(224, 224, i)]));
  }
  worker.examples.remove(3);
  if (train) worker.head = trainHead(worker.examples);
  return worker;
}

function trainHead(examples: Examples) {
  const { classes, ids, rows, labels } = examples.trainingSet();
  const shape = {
    features: WIDTH,
    hidden: SETTINGS.hidden,
    classes: classes.length,
  };
  const head = new PlainHead(shape, initialWeights(shape, SETTINGS.seed));
  head.load(Float32Array.from(rows.flatMap((row) => [...row])), labels);
  const training = new Training(head, labels.length, SETTINGS);
  while (!training.done) training.step();
  const { history, trace } = training;
  return {
    ...head.weights,
    classes,
    settings: SETTINGS,
    examples: ids,
    history,
    trace,
  };
}
