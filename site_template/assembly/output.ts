// The output layer, forward and back: in float64 and in the plain head's order, so that both have the same bits.
// Scalar: it is a hundredth of the hidden layer's work.

/**
 * The logits of a batch.
 * @param sums the hidden layer before its activation, [examples, width] of float64; its activations are left there
 * @param hidden how many of its units there are: the others only fill the width up
 * @param kernel [hidden, classes] of float32
 * @param bias [classes] of float32
 * @param logits the result, [examples, classes] of float64
 */
export function outputs(
  sums: usize,
  examples: usize,
  hidden: usize,
  width: usize,
  kernel: usize,
  bias: usize,
  classes: usize,
  logits: usize,
): void {
  for (let b: usize = 0; b < examples; b++) {
    const end = sums + hidden * 8;
    for (let at = sums; at < end; at += 8) {
      // As float32, like every tensor of the model.
      store<f64>(at, <f64>(<f32>max<f64>(0, load<f64>(at))));
    }
    for (let c: usize = 0; c < classes; c++) {
      let sum = <f64>load<f32>(bias + c * 4);
      let weight = kernel + c * 4;
      for (let at = sums; at < end; at += 8) {
        sum += load<f64>(at) * <f64>load<f32>(weight);
        weight += classes * 4;
      }
      store<f64>(logits, sum);
      logits += 8;
    }
    sums += width * 8;
  }
}

/**
 * The gradients of the hidden layer before its activation.
 * @param activations [examples, width] of float64
 * @param kernel [hidden, classes] of float32
 * @param errors gradients of the logits, [examples, classes] of float64
 * @param gradients the result, [examples, width] of float64; what fills the width up is left as it is
 */
export function hiddenGradients(
  activations: usize,
  examples: usize,
  hidden: usize,
  width: usize,
  kernel: usize,
  classes: usize,
  errors: usize,
  gradients: usize,
): void {
  for (let b: usize = 0; b < examples; b++) {
    let weight = kernel;
    for (let h: usize = 0; h < hidden * 8; h += 8) {
      let sum: f64 = 0;
      for (let c: usize = 0; c < classes; c++) {
        sum += load<f64>(errors + c * 8) * <f64>load<f32>(weight);
        weight += 4;
      }
      store<f64>(gradients + h, load<f64>(activations + h) > 0 ? sum : 0);
    }
    activations += width * 8;
    errors += classes * 8;
    gradients += width * 8;
  }
}
