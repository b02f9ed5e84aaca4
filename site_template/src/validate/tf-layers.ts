// A reference for the head: the same two layers as tf.layers has them, trained by TensorFlow.js on its plain
// JavaScript backend. Bundled for `onthefly validate` only; no site contains it.

import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import type { HeadWeights } from '../core/head.ts';
import type { HeadSettings } from '../protocol.ts';

interface LayersTask {
  /** [n, F] */
  features: Float32Array;
  /** [n] */
  labels: Uint16Array;
  /** [k, F], what probabilities are wanted for. */
  asked: Float32Array;
  classes: number;
  /** For each epoch the order of its examples. */
  orders: number[][];
  settings: HeadSettings;
  /** To start from. */
  weights: HeadWeights;
}

/** @returns the mean loss of each epoch; [k, classes] at the end */
export async function train({
  features,
  labels,
  asked,
  classes,
  orders,
  settings,
  weights,
}: LayersTask): Promise<{ losses: number[]; probabilities: Float32Array }> {
  await tf.setBackend('cpu');
  const width = features.length / labels.length;
  const model = sequential({
    layers: [
      layers.dense({ units: settings.hidden, activation: 'relu', inputShape: [width] }),
      layers.dense({ units: classes, activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(settings.rate), loss: 'categoricalCrossentropy' });
  model.setWeights([
    tf.tensor2d(weights.kernel1, [width, settings.hidden]),
    tf.tensor1d(weights.bias1),
    tf.tensor2d(weights.kernel2, [settings.hidden, classes]),
    tf.tensor1d(weights.bias2),
  ]);
  const x = tf.tensor2d(features, [labels.length, width]);
  const y = tf.cast(tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), classes), 'float32');
  const losses = [];
  for (const order of orders) {
    const places = tf.tensor1d(Int32Array.from(order), 'int32');
    const options = { epochs: 1, batchSize: settings.batch, shuffle: false, verbose: 0, yieldEvery: 'never' };
    const { history } = await model.fit(tf.gather(x, places), tf.gather(y, places), options as any);
    losses.push(Number(history.loss[0]));
  }
  const output = model.predict(tf.tensor2d(asked, [asked.length / width, width])) as tf.Tensor;
  return { losses, probabilities: (await output.data()) as Float32Array };
}
