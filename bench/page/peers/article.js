// The article's way: the whole of TensorFlow.js in the page, the graph model as the converter writes it,
// and a tf.layers head. `?backend=wasm` or `webgl`.

import { examplesOf, SCHEDULE, script } from '../data.js';

/** @param {URLSearchParams} options */
export async function start(options) {
  const backend = options.get('backend');
  const width = Number(options.get('features'));
  await script('/npm/@tensorflow/tfjs/dist/tf.min.js');
  const { tf } = globalThis;
  if (backend === 'wasm') {
    await script('/npm/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js');
    tf.wasm.setWasmPaths('/npm/@tensorflow/tfjs-backend-wasm/dist/');
  }
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js does not start ${backend} here.`);
  const model = await tf.loadGraphModel('/models/tfjs/model.json');

  const read = (canvas) =>
    tf.tidy(() => {
      const pixels = tf.image.resizeBilinear(tf.browser.fromPixels(canvas), [224, 224], true);
      return model.predict(pixels.div(255).expandDims());
    });
  /** @type {{dataSync: () => Float32Array}[]} */
  const kept = [];

  async function embed(canvas) {
    const features = read(canvas);
    const values = await features.data();
    features.dispose();
    return values;
  }

  return {
    first: embed,
    embed,
    async run({ floats }) {
      const input = tf.tensor4d(floats, [1, 224, 224, 3]);
      const output = model.predict(input);
      const values = await output.data();
      tf.dispose([input, output]);
      return values;
    },

    /** It keeps the features as a tensor and makes no picture. */
    async add(canvas) {
      const features = read(canvas);
      await features.data();
      kept.push(features.squeeze());
      features.dispose();
    },

    hold(count) {
      tf.dispose(kept.splice(0));
      for (let i = 0; i < count; i++) kept.push(tf.randomUniform([width]));
      for (const tensor of kept) tensor.dataSync();
    },
    memory: () => ({
      tensors: tf.memory().numTensors,
      bytes: tf.memory().numBytes,
    }),

    async train(count, classCount) {
      const { features, labels } = examplesOf(count, width, classCount);
      const x = tf.tensor2d(features, [count, width]);
      const y = tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), classCount);
      const begin = performance.now();
      const head = tf.sequential();
      head.add(
        tf.layers.dense({
          inputShape: [width],
          units: SCHEDULE.hidden,
          activation: 'relu',
        }),
      );
      head.add(tf.layers.dense({ units: classCount, activation: 'softmax' }));
      head.compile({
        optimizer: 'adam',
        loss: 'categoricalCrossentropy',
        metrics: ['accuracy'],
      });
      await head.fit(x, y, {
        shuffle: true,
        batchSize: SCHEDULE.batch,
        epochs: SCHEDULE.epochs,
        callbacks: { onEpochEnd: () => {} },
      });
      const ms = performance.now() - begin;
      head.dispose();
      tf.dispose([x, y]);
      return ms;
    },
  };
}
