// The backbone on our kernels: packs the weights once, then runs the plan step by step.

import type { Code, Run } from './code.ts';
import { Constants } from './constants.ts';
import { type Heap, PictureReader } from './picture.ts';
import { aligned, layOut, type Plan, Room } from './plan.ts';
import { prepare } from './steps.ts';

export class PlannedBackbone {
  heap: Heap;
  features: number;
  /** Of what was allocated. */
  size: number;
  address: number;
  runs: Run[];
  out: number;
  /** Makes its input of pictures' bytes. */
  reader: PictureReader;

  /**
   * @param weight the values of a weight, in the graph's own order
   * @throws Error where a weight is missing or there is no memory
   */
  constructor(module: WebAssembly.Module, heap: Heap, plan: Plan, weight: (name: string) => Float32Array) {
    const { steps } = plan;
    const room = new Room();
    const places = layOut(plan, room);
    const constants = new Constants();
    const prepared = steps.map((step, i) =>
      prepare(step, i + 1, {
        places,
        scratch: (bytes) => room.reserve(bytes, i, i),
        weight: (name) => weight(name!),
        constants,
      }),
    );
    this.heap = heap;
    this.features = steps[steps.length - 1].shape[2];
    this.size = aligned(1) + room.size + constants.size;
    this.address = heap.allocate(this.size);
    if (!this.address) throw new RangeError(`There are no ${this.size} bytes for the backbone.`);
    const begin = aligned(this.address);
    constants.write(heap.memory.buffer, begin + room.size);
    const { exports } = new WebAssembly.Instance(module, { env: { memory: heap.memory } });
    const code = exports as unknown as Code;
    this.runs = prepared.map((finish) => finish(code, begin, begin + room.size));
    this.out = begin + places[steps.length].at;
    this.reader = new PictureReader(code, heap);
  }

  /** What is held in memory. */
  get bytes() {
    return this.size + this.reader.bytes;
  }

  /**
   * @param picture address of [rows, columns, channels] float32
   * @returns address of the [features] float32; they are there until the next run
   */
  run(picture: number): number {
    for (const run of this.runs) run(picture);
    return this.out;
  }

  /** Gives the memory back: this backbone cannot run any more. */
  release() {
    this.heap.free(this.address);
    this.reader.release();
    this.runs = [];
  }
}
