// Ours: the site's worker, through its module for other pages.

import { cloud, examplesOf, SCHEDULE } from "../data.js";

const SITE = "/site/";

/** A JPEG such as the worker keeps for each example. */
async function picture() {
  const canvas = new OffscreenCanvas(224, 224);
  canvas.getContext("2d").fillRect(20, 30, 100, 90);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}

/** @param {URLSearchParams} options */
export async function start(options) {
  const { loadSite, open } = await import(`${SITE}onthefly.js`);
  const { site, base } = await loadSite();
  const { worker, ready } = await open(site, base, {
    backend: options.get("backend") ?? "wasm",
  });
  const frameOf = (/** @type {HTMLCanvasElement} */ canvas) =>
    createImageBitmap(canvas);
  const classes = ["a", "b", "c"];
  await worker.setClasses(classes);

  /** @param {number} count examples that the worker holds from now on */
  async function hold(count) {
    // Not kept: it would count as the page's own memory.
    const { features, labels } = cloud(
      Math.max(count, 1),
      ready.features,
      classes.length,
    );
    const blob = await picture();
    const examples = Array.from({ length: count }, (_, i) => ({
      id: i + 1,
      classId: classes[labels[i]],
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
    add: async (canvas) => worker.addExample(await frameOf(canvas), "a"),
    hold,
    memory: () => worker.memory(),

    /** @returns {Promise<number>} ms on this thread's clock, with the way to the worker and back */
    async train(count, classCount) {
      const { features, labels } = examplesOf(
        count,
        ready.features,
        classCount,
      );
      const task = {
        features,
        labels,
        classes: classCount,
        settings: SCHEDULE,
        states: false,
      };
      const begin = performance.now();
      await worker.probe.train(task);
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
