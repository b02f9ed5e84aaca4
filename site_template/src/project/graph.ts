// The backbone's graph with a head appended: one TensorFlow.js graph model from pictures to probabilities.
// The Python twin is `builder/onthefly_studio/project/export/whole_model.py`.

import { TENSORS } from '../contract.ts';
import { shapesOf } from './format.ts';

type GraphNode = { name: string; op: string; input?: string[]; attr?: object };

/** A `model.json` of TensorFlow.js, as far as it is touched here. */
interface GraphDocument {
  modelTopology: { node: GraphNode[]; versions?: object };
  signature: { inputs: Record<string, Tensor>; outputs: Record<string, Tensor> };
  weightsManifest: { paths: string[]; weights: { name: string }[] }[];
}

type Tensor = { name: string; dtype: string; tensorShape: { dim: { size: string }[] } };

const FLOAT = { type: 'DT_FLOAT' };
const NHWC = 'TkhXQw=='; // as protocol buffers write bytes into JSON: base64

/**
 * The graph from `[n, size, size, 3]` to `[n, classes]`. Plain operations that every backend has: a fused one would
 * gain nothing, at two small products per picture.
 * @param document of the backbone
 * @param weightsFile the one file that holds all weights: the backbone's in their order, then the head's in the order
 *   of `TENSORS`
 */
export function appendHead(
  { modelTopology, signature, weightsManifest }: GraphDocument,
  { features, hidden, classes }: { features: number; hidden: number; classes: number },
  weightsFile: string,
): GraphDocument & { format: string } {
  const [given] = Object.values(signature.outputs);
  const prefix = freePrefix(modelTopology.node);
  const shapes = shapesOf(features, hidden, classes);
  const named = (name: string) => `${prefix}/${name}`;
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

/** A name for the head that no node of the backbone has. */
function freePrefix(nodes: GraphNode[]) {
  let prefix = 'head';
  while (nodes.some(({ name }) => name === prefix || name.startsWith(`${prefix}/`))) prefix += '_';
  return prefix;
}

function constant(name: string, shape: number[]): GraphNode {
  const tensorShape = { dim: shape.map((size) => ({ size: String(size) })) };
  return { attr: { dtype: FLOAT, value: { tensor: { dtype: 'DT_FLOAT', tensorShape } } }, name, op: 'Const' };
}

const product = (name: string, input: string, kernel: string): GraphNode => ({
  attr: { T: FLOAT, transpose_a: { b: false }, transpose_b: { b: false } },
  ...{ name, op: 'MatMul', input: [input, kernel] },
});

const sum = (name: string, input: string, bias: string): GraphNode => ({
  attr: { T: FLOAT, data_format: { s: NHWC } },
  ...{ name, op: 'BiasAdd', input: [input, bias] },
});
