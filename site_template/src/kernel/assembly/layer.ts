// The hidden layer's two passes, in AssemblyScript: TypeScript's syntax for WebAssembly, where `usize` is an
// address, `v128` a register of four float32 or two float64, and every load and store is spelled out.
// `../kernel.js` lays out the memory; nothing here allocates. Plain SIMD only, without relaxed operations,
// so that every device computes the same bits.
//
// Values are float32, sums float64. Summed in float32 a run would take about a quarter less time, but rounding
// would now and then move a unit across zero, or turn a gradient that nearly vanishes in Adam's first steps, and
// that one step would differ from the plain head's by up to a hundred times its tolerance.
//
// Examples are taken five at a time, the default batch: as many as the registers hold the sums of. Places that a
// batch leaves empty point to a row of zeros. `width` is the number of hidden units, rounded up to four;
// the units added have zero gradients and stay zero.
//
// The inner loops are tested at their end: V8 compiles them to a third less time than `for`.

/** Bytes of one feature of a packed group: five float64. */
const PACKED: usize = 40;

/** Bytes of four units of a group's sums or gradients: `[5 examples, 4 units]` of float64. */
const BLOCK: usize = 160;

/**
 * Five examples side by side, feature by feature, as float64.
 * @param rows addresses of the five examples
 * @param packed where they go, [features, 5]
 */
function pack(rows: usize, packed: usize, features: usize): void {
  const end = packed + features * PACKED;
  let x0: usize = load<u32>(rows);
  let x1: usize = load<u32>(rows, 4);
  let x2: usize = load<u32>(rows, 8);
  let x3: usize = load<u32>(rows, 12);
  let x4: usize = load<u32>(rows, 16);
  for (let at = packed; at < end; at += PACKED) {
    store<f64>(at, load<f32>(x0));
    store<f64>(at, load<f32>(x1), 8);
    store<f64>(at, load<f32>(x2), 16);
    store<f64>(at, load<f32>(x3), 24);
    store<f64>(at, load<f32>(x4), 32);
    x0 += 4;
    x1 += 4;
    x2 += 4;
    x3 += 4;
    x4 += 4;
  }
}

/**
 * Each example times the kernel.
 * @param rows addresses of the examples, five for each group
 * @param groups how many fives
 * @param kernel [features, width] of float32
 * @param packed room for one packed group
 * @param sums the result, [groups, width / 4, 5, 4] of float64
 */
export function forward(
  rows: usize,
  groups: usize,
  features: usize,
  width: usize,
  kernel: usize,
  packed: usize,
  sums: usize,
): void {
  const row = width * 4;
  const end = packed + features * PACKED;
  for (; groups > 0; groups--) {
    pack(rows, packed, features);
    for (let column = kernel; column < kernel + row; column += 16) {
      // For each of the five examples the sums of four units, two and two.
      let a = f64x2.splat(0);
      let b = a;
      let c = a;
      let d = a;
      let e = a;
      let a2 = a;
      let b2 = a;
      let c2 = a;
      let d2 = a;
      let e2 = a;
      let w = column;
      let at = packed;
      do {
        const low = f64x2.promote_low_f32x4(v128.load64_zero(w));
        const high = f64x2.promote_low_f32x4(v128.load64_zero(w, 8));
        let x = v128.load64_splat(at);
        a = f64x2.add(a, f64x2.mul(x, low));
        a2 = f64x2.add(a2, f64x2.mul(x, high));
        x = v128.load64_splat(at, 8);
        b = f64x2.add(b, f64x2.mul(x, low));
        b2 = f64x2.add(b2, f64x2.mul(x, high));
        x = v128.load64_splat(at, 16);
        c = f64x2.add(c, f64x2.mul(x, low));
        c2 = f64x2.add(c2, f64x2.mul(x, high));
        x = v128.load64_splat(at, 24);
        d = f64x2.add(d, f64x2.mul(x, low));
        d2 = f64x2.add(d2, f64x2.mul(x, high));
        x = v128.load64_splat(at, 32);
        e = f64x2.add(e, f64x2.mul(x, low));
        e2 = f64x2.add(e2, f64x2.mul(x, high));
        w += row;
        at += PACKED;
      } while (at < end);
      v128.store(sums, a);
      v128.store(sums, a2, 16);
      v128.store(sums, b, 32);
      v128.store(sums, b2, 48);
      v128.store(sums, c, 64);
      v128.store(sums, c2, 80);
      v128.store(sums, d, 96);
      v128.store(sums, d2, 112);
      v128.store(sums, e, 128);
      v128.store(sums, e2, 144);
      sums += BLOCK;
    }
    rows += 20;
  }
}

/** One feature of the example whose address stands at `rows`, in both halves. */
function feature(rows: usize, offset: usize): v128 {
  return f64x2.splat(load<f32>(<usize>load<u32>(rows) + offset));
}

/**
 * Gradient, both moments of Adam and the new weights, in one pass over the kernel's rows.
 * @param rows addresses of the examples, five for each group
 * @param groups how many fives
 * @param slopes gradients of the sums, [groups, width / 4, 5, 4] of float64
 * @param gradient room for one row's gradient, [width] of float64; zeros before and after
 * @param kernel [features, width] of float32
 * @param m first moment, likewise
 * @param v second moment, likewise
 * @param step the learning rate with both bias corrections: rate · √(1 − β2ᵗ) / (1 − β1ᵗ)
 * @param epsilon Adam's, brought to the uncorrected root: ε · √(1 − β2ᵗ)
 */
export function update(
  rows: usize,
  groups: usize,
  features: usize,
  width: usize,
  slopes: usize,
  gradient: usize,
  kernel: usize,
  m: usize,
  v: usize,
  step: f32,
  epsilon: f32,
): void {
  const steps = f32x4.splat(step);
  const epsilons = f32x4.splat(epsilon);
  const zero = f64x2.splat(0);
  const end = gradient + width * 8;
  for (let offset: usize = 0; offset < features * 4; offset += 4) {
    let slope = slopes;
    for (let group: usize = 0; group < groups; group++) {
      const five = rows + group * 20;
      const x0 = feature(five, offset);
      const x1 = feature(five + 4, offset);
      const x2 = feature(five + 8, offset);
      const x3 = feature(five + 12, offset);
      const x4 = feature(five + 16, offset);
      let at = gradient;
      do {
        let low = f64x2.mul(x0, v128.load(slope));
        let high = f64x2.mul(x0, v128.load(slope, 16));
        low = f64x2.add(low, f64x2.mul(x1, v128.load(slope, 32)));
        high = f64x2.add(high, f64x2.mul(x1, v128.load(slope, 48)));
        low = f64x2.add(low, f64x2.mul(x2, v128.load(slope, 64)));
        high = f64x2.add(high, f64x2.mul(x2, v128.load(slope, 80)));
        low = f64x2.add(low, f64x2.mul(x3, v128.load(slope, 96)));
        high = f64x2.add(high, f64x2.mul(x3, v128.load(slope, 112)));
        low = f64x2.add(low, f64x2.mul(x4, v128.load(slope, 128)));
        high = f64x2.add(high, f64x2.mul(x4, v128.load(slope, 144)));
        v128.store(at, f64x2.add(v128.load(at), low));
        v128.store(at, f64x2.add(v128.load(at, 16), high), 16);
        slope += BLOCK;
        at += 32;
      } while (at < end);
    }
    let at = gradient;
    do {
      const g = v128.shuffle<f32>(
        f32x4.demote_f64x2_zero(v128.load(at)),
        f32x4.demote_f64x2_zero(v128.load(at, 16)),
        0,
        1,
        4,
        5,
      );
      v128.store(at, zero);
      v128.store(at, zero, 16);
      const mean = f32x4.add(f32x4.mul(f32x4.splat(0.9), v128.load(m)), f32x4.mul(f32x4.splat(0.1), g));
      // (1 − β2)·g first: g² leaves float32's range where the moment does not.
      const square = f32x4.mul(f32x4.mul(f32x4.splat(0.001), g), g);
      const variance = f32x4.add(f32x4.mul(f32x4.splat(0.999), v128.load(v)), square);
      const moved = f32x4.div(f32x4.mul(steps, mean), f32x4.add(f32x4.sqrt(variance), epsilons));
      v128.store(m, mean);
      v128.store(v, variance);
      v128.store(kernel, f32x4.sub(v128.load(kernel), moved));
      kernel += 16;
      m += 16;
      v += 16;
      at += 32;
    } while (at < end);
  }
}
