// The backbone's graph with a head appended: one TensorFlow.js graph model from pictures to probabilities.
// The Python twin is `builder/onthefly_studio/project/export/whole_model.py`.

import { TENSORS } from '../contract.js';
import { shapesOf } from './format.js';

/** @typedef {{name: string, op: string, input?: string[], attr?: object}} GraphNode */

/**
 * A `model.json` of TensorFlow.js, as far as it is touched here.
 * @typedef {object} GraphDocument
 * @property {{node: GraphNode[], versions?: object}} modelTopology
 * @property {{inputs: Record<string, Tensor>, outputs: Record<string, Tensor>}} signature
 * @property {{paths: string[], weights: {name: string}[]}[]} weightsManifest
 */

/** @typedef {{name: string, dtype: string, tensorShape: {dim: {size: string}[]}}} Tensor */

const FLOAT = { type: 'DT_FLOAT' };
const NHWC = 'TkhXQw=='; // as protocol buffers write bytes into JSON: base64

/**
 * The graph from `[n, size, size, 3]` to `[n, classes]`. Plain operations that every backend has: a fused one would
 * gain nothing, at two small products per picture.
 * @param {GraphDocument} document of the backbone
 * @param {{features: number, hidden: number, classes: number}} shape
 * @param {string} weightsFile the one file that holds all weights: the backbone's in their order, then the head's
 *   in the order of `TENSORS`
 * @returns {GraphDocument & {format: string}}
 */
export function appendHead({ modelTopology, signature, weightsManifest }, { features, hidden, classes }, weightsFile) {
  const [given] = Object.values(signature.outputs);
  const prefix = freePrefix(modelTopology.node);
  const shapes = shapesOf(features, hidden, classes);
  const named = (/** @type {string} */ name) => `${prefix}/${name}`;
  const constants = TENSORS.map((name) => constant(named(name), shapes[name]));
  const last = named('probabilities');
  const node = [
    ...modelTopology.node,
    ...constants,
    product(named('hidden/product'), given.name.replace(/:0$/, ''), named('kernel1')),
    sum(named('hidden/sum'), named('hidden/product'), named('bias1')),
    { name: named('hidden'), op: 'Relu', input: [named('hidden/sum')], attr: { T: FLOAT } },
    product(named('logits/product'), named('hidden'), named('kernel2')),
    sum(named('logits'), named('logits/product'), named('bias2')),
    { name: last, op: 'Softmax', input: [named('logits')], attr: { T: FLOAT } },
  ];
  const [batch] = given.tensorShape.dim;
  const tensorShape = { dim: [batch, { size: String(classes) }] };
  const weights = TENSORS.map((name) => ({ dtype: 'float32', name: named(name), shape: shapes[name] }));
  return {
    format: 'graph-model',
    modelTopology: { ...modelTopology, node },
    signature: {
      ...signature,
      outputs: { probabilities: { dtype: 'DT_FLOAT', name: `${last}:0`, tensorShape } },
    },
    weightsManifest: [
      { paths: [weightsFile], weights: [...weightsManifest.flatMap((group) => group.weights), ...weights] },
    ],
  };
}

/**
 * A name for the head that no node of the backbone has.
 * @param {GraphNode[]} nodes
 */
function freePrefix(nodes) {
  let prefix = 'head';
  while (nodes.some(({ name }) => name === prefix || name.startsWith(`${prefix}/`))) prefix += '_';
  return prefix;
}

/**
 * @param {string} name
 * @param {number[]} shape
 * @returns {GraphNode}
 */
function constant(name, shape) {
  const tensorShape = { dim: shape.map((size) => ({ size: String(size) })) };
  return { attr: { dtype: FLOAT, value: { tensor: { dtype: 'DT_FLOAT', tensorShape } } }, name, op: 'Const' };
}

/**
 * @param {string} name
 * @param {string} input
 * @param {string} kernel
 * @returns {GraphNode}
 */
const product = (name, input, kernel) => ({
  attr: { T: FLOAT, transpose_a: { b: false }, transpose_b: { b: false } },
  ...{ name, op: 'MatMul', input: [input, kernel] },
});

/**
 * @param {string} name
 * @param {string} input
 * @param {string} bias
 * @returns {GraphNode}
 */
const sum = (name, input, bias) => ({
  attr: { T: FLOAT, data_format: { s: NHWC } },
  ...{ name, op: 'BiasAdd', input: [input, bias] },
});
