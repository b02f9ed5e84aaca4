// Ours: the site's worker, through its module for other pages.

import { cloud, examplesOf, SCHEDULE } from '../data.js';

const SITE = '/site/';
const CLASSES = [...'abcdefghij'];
/** What is held and added to has three of them. */
const HELD = 3;

/** A JPEG such as the worker keeps for each example. */
async function picture() {
  const canvas = new OffscreenCanvas(224, 224);
  canvas.getContext('2d')?.fillRect(20, 30, 100, 90);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
}

/** @param {URLSearchParams} options */
export async function start(options) {
  const { loadSite, open } = await import(`${SITE}onthefly.js`);
  const { site, base } = await loadSite();
  const { worker, ready } = await open(site, base, {
    backend: options.get('backend') ?? 'wasm',
  });
  const frameOf = (/** @type {HTMLCanvasElement} */ canvas) => createImageBitmap(canvas);
  await worker.setClasses(CLASSES.slice(0, HELD));

  /**
   * @param {{features: Float32Array, labels: Uint16Array}} examples that the worker holds from now on
   * @param {number} classCount
   */
  async function give({ features, labels }, classCount) {
    const classes = CLASSES.slice(0, classCount);
    const blob = await picture();
    const examples = Array.from(labels, (label, i) => ({
      id: i + 1,
      classId: classes[label],
      features: features.slice(i * ready.features, (i + 1) * ready.features),
      picture: new Blob([blob], { type: blob.type }),
    }));
    await worker.restore({ classes, examples, head: null });
  }

  return {
    features: ready.features,
    backend: ready.backend,
    first: async (canvas) => worker.embed(await frameOf(canvas)),
    embed: async (canvas) => worker.embed(await frameOf(canvas)),
    run: ({ bytes }) => worker.embed({ data: bytes, width: 224, height: 224 }),
    add: async (canvas) => worker.addExample(await frameOf(canvas), CLASSES[0]),
    // Not from `examplesOf`, which keeps them: they would count as the page's own memory.
    hold: (count) => give(cloud(count, ready.features, HELD), HELD),
    memory: () => worker.memory(),

    /** @returns {Promise<number>} ms on this thread's clock, with the way to the worker and back */
    async train(count, classCount) {
      await give(examplesOf(count, ready.features, classCount), classCount);
      const begin = performance.now();
      const { outcome } = await worker.train(SCHEDULE);
      if (outcome !== 'trained') throw new Error(`Training: ${outcome}.`);
      return performance.now() - begin;
    },

    /** What a visitor's training of everything held takes, and how late predictions are meanwhile. */
    async trainHeld(canvas) {
      await worker.train(SCHEDULE);
      const late = async (going) => {
        const times = [];
        while (going(times.length)) {
          const begin = performance.now();
          await worker.predict(await frameOf(canvas));
          times.push(performance.now() - begin);
        }
        return times;
      };
      const idle = await late((count) => count < 60);
      let training = true;
      const begin = performance.now();
      const run = worker.train(SCHEDULE).then((result) => {
        training = false;
        return result;
      });
      const meanwhile = await late(() => training);
      await run;
      return { idle, meanwhile, ms: performance.now() - begin };
    },
  };
}
