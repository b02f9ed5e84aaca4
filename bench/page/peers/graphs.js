// Several graph models on one backend of TensorFlow.js, in turns: `?backend=webgl&model=ADDRESS&model=ADDRESS`.

import { script } from '../data.js';

const LIBRARIES = '/tensorflow';

/** @param {URLSearchParams} options */
export async function start(options) {
  const backend = options.get('backend');
  await script(`${LIBRARIES}/tfjs-core/dist/tf-core.min.js`);
  await script(`${LIBRARIES}/tfjs-converter/dist/tf-converter.min.js`);
  await script(`${LIBRARIES}/tfjs-backend-${backend}/dist/tf-backend-${backend}.min.js`);
  const { tf } = globalThis;
  if (backend === 'wasm') {
    tf.wasm.setWasmPaths(`${LIBRARIES}/tfjs-backend-wasm/dist/`);
    tf.wasm.setThreadsCount(1);
  }
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js does not start ${backend} here.`);
  const models = [];
  for (const address of options.getAll('model')) models.push(await tf.loadGraphModel(address));

  async function run(model, floats) {
    const input = tf.tensor4d(floats, [1, 224, 224, 3]);
    const output = model.execute(input);
    const values = await output.data();
    tf.dispose([input, output]);
    return values;
  }
  const floats = Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 24) / 255);

  return {
    first: async () => {
      for (const model of models) await run(model, floats);
    },

    /** Milliseconds of every round, by model; who is first changes with the round. */
    async turns(rounds) {
      /** @type {number[][]} */
      const times = models.map(() => []);
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < models.length; i++) {
          const at = (i + round) % models.length;
          const begin = performance.now();
          await run(models[at], floats);
          times[at].push(performance.now() - begin);
        }
      }
      return times;
    },

    /** The largest difference between the models' features, of the first one's largest. */
    async apart() {
      const [wanted, ...others] = await Promise.all(models.map((model) => run(model, floats)));
      const most = Math.max(...wanted.map(Math.abs));
      return others.map((found) => Math.max(...found.map((x, i) => Math.abs(x - wanted[i]) / most)));
    },
  };
}
