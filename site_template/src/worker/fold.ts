// Kernels stored in 8 bits are in the graph as a product with their channels' scales, which any
// TensorFlow.js can load and would compute again for every picture. Here the products are done once.

export interface WeightSpec {
  name: string;
  shape: number[];
  dtype: 'float32' | 'int32';
  quantization?: { dtype: 'float16' | 'uint8' | 'uint16'; scale?: number; min?: number };
}

type GraphNode = { name: string; op: string; input?: string[]; attr?: object };

export interface Artifacts {
  modelTopology: { node: GraphNode[] };
  weightSpecs: WeightSpec[];
  weightData: ArrayBuffer;
}

const BYTES = { float32: 4, int32: 4, float16: 2, uint8: 1, uint16: 2 };

export function byteLength({ shape, dtype, quantization }: WeightSpec) {
  const stored = (quantization?.dtype ?? dtype) as keyof typeof BYTES;
  return shape.reduce((product, size) => product * size, 1) * BYTES[stored];
}

/** The artifacts with every product of an 8-bit kernel and its scales replaced by the kernel it makes. */
export function foldScales({ modelTopology, weightSpecs, weightData }: Artifacts): Artifacts {
  const weights = new Map<string, { spec: WeightSpec; bytes: Uint8Array }>();
  let at = 0;
  for (const spec of weightSpecs) {
    const length = byteLength(spec);
    weights.set(spec.name, { spec, bytes: new Uint8Array(weightData, at, length) });
    at += length;
  }
  const products = modelTopology.node.filter(({ op, input = [] }) => {
    return op === 'Mul' && weights.get(input[0])?.spec.quantization?.dtype === 'uint8' && weights.has(input[1]);
  });
  if (products.length === 0) return { modelTopology, weightSpecs, weightData };

  const used = new Set<string>();
  for (const { name, input = [] } of products) {
    const [kernel, scale] = input.map((part) => weights.get(part) as { spec: WeightSpec; bytes: Uint8Array });
    const values = scaled(kernel.spec, kernel.bytes, new Float32Array(scale.bytes.slice().buffer));
    weights.set(name, {
      spec: { name, shape: kernel.spec.shape, dtype: 'float32' },
      bytes: new Uint8Array(values.buffer),
    });
    input.forEach((part) => used.add(part));
  }
  for (const name of used) weights.delete(name);
  const folded = new Set(products);
  const node = modelTopology.node
    .filter(({ name }) => !used.has(name))
    .map((each) => (folded.has(each) ? { name: each.name, op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } } : each));
  const kept = [...weights.values()];
  return {
    modelTopology: { ...modelTopology, node },
    weightSpecs: kept.map(({ spec }) => spec),
    weightData: concatenate(kept.map(({ bytes }) => bytes)),
  };
}

/**
 * @param spec of the stored kernel
 * @param scale per output channel: the kernel's last axes
 * @returns the same bits that decoding and then multiplying in float32 gives
 */
function scaled({ quantization }: WeightSpec, stored: Uint8Array, scale: Float32Array): Float32Array {
  const { scale: step = 1, min = 0 } = quantization ?? {};
  const values = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++) {
    values[i] = Math.fround(stored[i] * step + min) * scale[i % scale.length];
  }
  return values;
}

export function concatenate(parts: Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
