// What the compiled kernels of the backbone offer, and what they compute in.

import type { Code as PictureCode } from './picture.ts';

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

/** Does one step; takes the picture's address. */
export type Run = (picture: number) => void;
