// The compiled code of `assembly/head.ts`, and its instances.

const MIB = 2 ** 20;

/** Memory of WebAssembly cannot shrink: an instance that grew beyond this is not kept for the next run. */
const KEPT = 64 * MIB;

/** What `assembly/head.ts` exports; its files say what the numbers are. Most are addresses. */
export interface Code {
  memory: WebAssembly.Memory;
  forwardExactly: (
    rows: number,
    examples: number,
    features: number,
    width: number,
    kernel: number,
    bias: number,
    sums: number,
  ) => void;
  forward: (
    rows: number,
    examples: number,
    features: number,
    width: number,
    kernel: number,
    bias: number,
    packed: number,
    peaks: number,
    drift: number,
    sums: number,
  ) => number;
  measurePeaks: (features: number, width: number, kernel: number, peaks: number) => void;
  outputs: (
    sums: number,
    examples: number,
    hidden: number,
    width: number,
    kernel: number,
    bias: number,
    classes: number,
    logits: number,
  ) => void;
  hiddenGradients: (
    activations: number,
    examples: number,
    hidden: number,
    width: number,
    kernel: number,
    classes: number,
    errors: number,
    gradients: number,
  ) => void;
  update: (
    rows: number,
    groups: number,
    features: number,
    width: number,
    slopes: number,
    scale: number,
    room: number,
    kernel: number,
    m: number,
    v: number,
    step: number,
    epsilon: number,
  ) => void;
  updateSmall: (
    inputs: number,
    inputRow: number,
    rows: number,
    errors: number,
    errorRow: number,
    columns: number,
    examples: number,
    values: number,
    m: number,
    v: number,
    rate: number,
    correction1: number,
    correction2: number,
  ) => void;
  sumOfSquares: (values: number, count: number) => number;
  multiply: (values: number, count: number, factor: number) => void;
}

/** The compiled code, and an instance of it for the next run. */
export class Kernel {
  /** @returns null where WebAssembly or its SIMD is missing or not allowed */
  static from(bytes: Uint8Array<ArrayBuffer>): Kernel | null {
    try {
      // The bytes hold SIMD, so they are themselves the test for it.
      return WebAssembly.validate(bytes) ? new Kernel(new WebAssembly.Module(bytes)) : null;
    } catch {
      return null;
    }
  }

  module: WebAssembly.Module;
  idle: Code | null;

  constructor(module: WebAssembly.Module) {
    this.module = module;
    this.idle = null;
  }

  /** @returns with whatever an earlier run left in its memory */
  borrow(): Code {
    const code = this.idle ?? new WebAssembly.Instance(this.module).exports;
    this.idle = null;
    return code as Code;
  }

  /** @param code that nobody uses any more */
  giveBack(code: Code) {
    if (code.memory.buffer.byteLength <= KEPT) this.idle = code;
  }
}
