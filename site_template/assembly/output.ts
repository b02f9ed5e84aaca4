// The output layer, and Adam on every tensor but the hidden layer's kernel: all in float64 and in the plain head's
// order, so that both have the same bits. Scalar: it is a hundredth of the hidden layer's work.

import { BETA1, BETA2, EPSILON } from './optimizer';

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

/**
 * Gradient, moments and weights of a small dense layer's kernel, or of a bias: the kernel of one input that is 1.
 * @param inputs [examples, inputRow] of float64
 * @param inputRow bytes from one example's inputs to the next's
 * @param rows how many inputs
 * @param errors gradients of the layer's outputs before activation, [examples, errorRow] of float64
 * @param errorRow bytes from one example's to the next's
 * @param columns how many outputs
 * @param values [rows, columns] of float32
 * @param m Adam's first moment, likewise
 * @param v the second
 * @param rate the learning rate
 * @param correction1 of the first moment's bias
 * @param correction2 of the second's
 */
export function updateSmall(
  inputs: usize,
  inputRow: usize,
  rows: usize,
  errors: usize,
  errorRow: usize,
  columns: usize,
  examples: usize,
  values: usize,
  m: usize,
  v: usize,
  rate: f64,
  correction1: f64,
  correction2: f64,
): void {
  for (let i: usize = 0; i < rows; i++) {
    for (let o: usize = 0; o < columns; o++) {
      let gradient: f64 = 0;
      let input = inputs;
      let error = errors + o * 8;
      for (let b: usize = 0; b < examples; b++) {
        gradient += load<f64>(input) * load<f64>(error);
        input += inputRow;
        error += errorRow;
      }
      const mean = <f32>(BETA1 * <f64>load<f32>(m) + (1 - BETA1) * gradient);
      const variance = <f32>(BETA2 * <f64>load<f32>(v) + (1 - BETA2) * gradient * gradient);
      store<f32>(m, mean);
      store<f32>(v, variance);
      const move = (rate * <f64>mean * correction1) / (sqrt(<f64>variance * correction2) + EPSILON);
      store<f32>(values, <f32>(<f64>load<f32>(values) - move));
      m += 4;
      v += 4;
      values += 4;
    }
    inputs += 8;
  }
}
