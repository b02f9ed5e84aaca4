// What `onthefly validate` asks for: the page's own computations, step by step, on data that it gives.

import { initialWeights, PlainHead } from '../core/head.js';
import { Training } from '../core/training.js';
import { makeHead } from '../kernel/engine.js';
import { readFrame } from './frames.js';

/**
 * @param {() => {backbone: import('./backbone.js').Backbone, site: import('../protocol.js').Site}} started
 * @returns {import('../protocol.js').ProbeApi}
 */
export function makeProbe(started) {
  return {
    async preprocess(frame, fit) {
      const { backbone, site } = started();
      const options = { ...site.preprocess, fit: fit ?? site.preprocess.fit };
      const input = backbone.read(await readFrame(frame, options.fit), options);
      try {
        return /** @type {Float32Array} */ (await input.data());
      } finally {
        input.dispose();
      }
    },

    initialWeights,

    train({ features, labels, classes, settings, states, engine }) {
      const shape = { features: features.length / labels.length, hidden: settings.hidden, classes };
      const head = makeHead(shape, initialWeights(shape, settings.seed), { features, labels }, engine);
      const training = new Training(head, labels.length, settings);
      /** @type {import('../protocol.js').ProbeStep[]} */
      const steps = [];
      const trainBatch = head.trainBatch.bind(head);
      head.trainBatch = (indices, rate) => {
        const result = trainBatch(indices, rate);
        steps.push({ ...result, indices: [...indices], state: states ? stateOf(head) : null });
        return result;
      };
      while (!training.done) training.step();
      return { history: training.history, weights: head.finish().weights, steps, engine: head.engine };
    },

    predict: (shape, weights, features) => new PlainHead(shape, weights).predict(features),
  };
}

/** @param {PlainHead} head */
function stateOf({ tensors: { kernel1, bias1, kernel2, bias2 } }) {
  const parts = [kernel1, bias1, kernel2, bias2].flatMap(({ values, m, v }) => [values, m, v]);
  const state = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    state.set(part, at);
    at += part.length;
  }
  return state;
}
