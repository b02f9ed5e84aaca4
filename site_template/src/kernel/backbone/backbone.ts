// The backbone on our kernels: packs the weights once, then runs the plan step by step.

import { Constants } from './constants.ts';
import { type Code as PictureCode, PictureReader } from './picture.ts';
import { aligned, layOut, type Plan, Room } from './plan.ts';
import { prepare } from './steps.ts';

/** What `assembly/backbone/backbone.ts` exports; its files say what the numbers are. */
export interface Code {
  multiply: (
    x: number,
    from: number,
    pixels: number,
    rows: number,
    row: number,
    run: number,
    weights: number,
    bias: number,
    blocks: number,
    chunk: number,
    out: number,
    to: number,
    other: number,
    at: number,
    kind: number,
    shift: number,
    high: number,
    scale: number,
  ) => void;
  depthwise: (
    x: number,
    height: number,
    row: number,
    pixel: number,
    top: number,
    left: number,
    rows: number,
    columns: number,
    down: number,
    across: number,
    weights: number,
    bias: number,
    groups: number,
    out: number,
    outRows: number,
    outColumns: number,
    kind: number,
    shift: number,
    high: number,
    scale: number,
  ) => void;
  mean: (x: number, step: number, pixels: number, share: number, out: number) => void;
  rescale: (x: number, step: number, pixels: number, factors: number, out: number) => void;
  clear: (at: number, bytes: number, row: number, times: number) => void;
  spread: (x: number, bytes: number, from: number, out: number, row: number, times: number) => void;
  cut: (
    x: number,
    height: number,
    width: number,
    row: number,
    pixel: number,
    places: number,
    windows: number,
    rows: number,
    columns: number,
    fill: number,
    out: number,
  ) => void;
  sample: PictureCode['sample'];
}

/** The memory that the kernels compute in, and whoever hands it out. */
export interface Heap {
  memory: WebAssembly.Memory;
  /** Returns an address, 0 where there is no room. */
  allocate: (bytes: number) => number;
  free: (address: number) => void;
}

/** Does one step; takes the picture's address. */
export type Run = (picture: number) => void;

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
