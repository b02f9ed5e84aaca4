// Our kernels within TensorFlow.js, on the wasm backend's memory: one operation that makes a tensor of a
// picture's bytes, one for the whole backbone.

import * as tf from '@tensorflow/tfjs-core';
import { WorkerError } from '../errors.ts';
import { PlannedBackbone } from '../kernel/backbone/backbone.ts';
import { builds, compile } from '../kernel/backbone/builds.ts';
import type { Heap } from '../kernel/backbone/picture.ts';
import type { Computation, Implementation, Parts } from './backbone.ts';
import { weightReader } from './weights.ts';

const READ = 'OnTheFlyPicture';
const COMPUTE = 'OnTheFlyBackbone';

/**
 * What of TensorFlow.js' wasm backend is used here. Its types say nothing of it: it is looked at before it is trusted.
 */
interface WasmBackend {
  wasm: {
    asm?: { memory?: unknown };
    wasmMemory?: unknown;
    HEAPU8?: Uint8Array;
    _malloc?: (bytes: number) => number;
    _free?: (address: number) => void;
  };
  makeOutput: (shape: number[], dtype: 'float32') => tf.TensorInfo;
  getMemoryOffset: (dataId: object) => number;
}

function wasmBackend(): WasmBackend {
  return tf.backend() as unknown as WasmBackend;
}

/** @throws Error where this TensorFlow.js keeps its memory otherwise */
function heapOf({ wasm, makeOutput, getMemoryOffset }: WasmBackend): Heap {
  const memory = wasm?.asm?.memory ?? wasm?.wasmMemory;
  const { _malloc: allocate, _free: free } = wasm ?? {};
  const isKnown = memory instanceof WebAssembly.Memory && memory.buffer === wasm.HEAPU8?.buffer;
  if (!isKnown || !allocate || !free || !makeOutput || !getMemoryOffset) {
    throw new WorkerError('other-memory');
  }
  // Addresses above 2 GiB come as negative numbers.
  return { memory, allocate: (bytes) => allocate(bytes) >>> 0, free };
}

function start(module: WebAssembly.Module, { plan, artifacts }: Parts): Computation {
  if (!plan) throw new Error('The model has no plan.');
  const backend = wasmBackend();
  const heap = heapOf(backend);
  const planned = new PlannedBackbone(module, heap, plan, weightReader(artifacts));
  const { features } = planned;
  tf.registerKernel({
    kernelName: READ,
    backendName: 'wasm',
    kernelFunc({ attrs }) {
      const { size } = attrs as unknown as { size: number };
      const out = backend.makeOutput([1, size, size, 3], 'float32');
      planned.reader.sample(backend.getMemoryOffset(out.dataId));
      return out;
    },
  });
  tf.registerKernel({
    kernelName: COMPUTE,
    backendName: 'wasm',
    kernelFunc({ inputs }) {
      const { shape, dataId } = inputs.pictures!;
      const [pictures, ...size] = shape;
      const out = backend.makeOutput([pictures, features], 'float32');
      for (let i = 0; i < pictures; i++) {
        const picture = backend.getMemoryOffset(dataId) + 4 * i * tf.util.sizeFromShape(size);
        const made = planned.run(picture);
        const place = backend.getMemoryOffset(out.dataId) + 4 * i * features;
        new Uint8Array(heap.memory.buffer).copyWithin(place, made, made + 4 * features);
      }
      return out;
    },
  });
  return {
    get bytes() {
      return planned.bytes;
    },
    read({ data, width, height }, options) {
      const { size } = options;
      return planned.reader.place(data, width, height, options) ? tf.engine().runKernel(READ, {}, { size }) : null;
    },
    compute: (pictures) => tf.engine().runKernel(COMPUTE, { pictures }),
    dispose() {
      for (const name of [READ, COMPUTE]) tf.unregisterKernel(name, 'wasm');
      planned.release();
    },
  };
}

/** @returns what this browser runs, the fastest first */
export function ourImplementations(): Implementation[] {
  return builds().map((kind) => ({ kind, make: async (parts) => start(await compile(kind), parts) }));
}
