// What `onthefly validate` asks for: the page's own computations, step by step, on data that it gives.

import { type Head, initialWeights, PlainHead } from '../core/head.ts';
import { Training } from '../core/training.ts';
import { makeHead } from '../kernel/engine.ts';
import type { ProbeApi, ProbeStep, Site } from '../protocol.ts';
import type { Backbone } from './backbone.ts';
import { readFrame } from './frames.ts';

export function makeProbe(started: () => { backbone: Backbone; site: Site }): ProbeApi {
  return {
    async preprocess(frame, fit) {
      const { backbone, site } = started();
      const options = { ...site.preprocess, fit: fit ?? site.preprocess.fit };
      const input = backbone.read(await readFrame(frame, options.fit), options);
      try {
        return (await input.data()) as Float32Array;
      } finally {
        input.dispose();
      }
    },

    initialWeights,

    train({ features, labels, classes, settings, states, engine }) {
      const shape = { features: features.length / labels.length, hidden: settings.hidden, classes };
      const head = makeHead(shape, initialWeights(shape, settings.seed), { features, labels }, engine);
      const training = new Training(head, labels.length, settings);
      const steps: ProbeStep[] = [];
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

function stateOf({ tensors: { kernel1, bias1, kernel2, bias2 } }: Head) {
  const parts = [kernel1, bias1, kernel2, bias2].flatMap(({ values, m, v }) => [values, m, v]);
  const state = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    state.set(part, at);
    at += part.length;
  }
  return state;
}
