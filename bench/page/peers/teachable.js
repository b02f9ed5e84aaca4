// Google's Teachable Machine: its library, on a base of its shape (MobileNetV2 0.35) with random weights, and
// its head: 100 hidden units, no bias before the softmax. With today's TensorFlow.js on wasm; its own, 1.3.1,
// does not train there.

import { examplesOf, SCHEDULE, script } from '../data.js';

/** @returns {Promise<object>} */
export async function start() {
  await script('/npm/@tensorflow/tfjs/dist/tf.min.js');
  const { tf } = globalThis;
  await script('/npm/@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js');
  tf.wasm.setWasmPaths('/npm/@tensorflow/tfjs-backend-wasm/dist/');
  await tf.setBackend('wasm');
  await script('/npm/@teachablemachine/image/dist/teachablemachine-image.min.js');

  const base = {
    checkpointUrl: '/models/teachable/model.json',
    trainingLayer: 'out_relu',
  };
  const fresh = async (classCount) => {
    const labels = Array.from({ length: classCount }, (_, i) => `class ${i}`);
    const model = await globalThis.tmImage.createTeachable({ tfjsVersion: tf.version.tfjs, labels }, base);
    labels.forEach((_, i) => (model.examples[i] = []));
    return model;
  };
  const model = await fresh(3);
  // Its camera hands over squares of the base's size.
  const square = Object.assign(document.createElement('canvas'), {
    width: 224,
    height: 224,
  });
  const add = (canvas) => {
    const edge = Math.min(canvas.width, canvas.height);
    const [x, y] = [(canvas.width - edge) / 2, (canvas.height - edge) / 2];
    square.getContext('2d')?.drawImage(canvas, x, y, edge, edge, 0, 0, 224, 224);
    return model.addExample(0, square);
  };

  return {
    first: add,
    embed: add,
    add,

    async train(count, classCount) {
      const width = model.truncatedModel.outputs[0].shape.slice(1).reduce((a, b) => a * b);
      const { features, labels } = examplesOf(count, width, classCount);
      const own = await fresh(classCount);
      labels.forEach((label, i) => own.examples[label].push(features.subarray(i * width, (i + 1) * width)));
      const { epochs, batch: batchSize, rate: learningRate } = SCHEDULE;
      const begin = performance.now();
      await own.train({ denseUnits: 100, epochs, learningRate, batchSize });
      return performance.now() - begin;
    },
  };
}
