// The backbone's kernels, in AssemblyScript. They compute in memory that is imported: TensorFlow.js' own, so that
// what they read and what they make lies where it puts it. There is no data and no heap in here; `../../src/kernel/backbone/`
// decides where everything lies.
//
// Values are float32, [rows, columns, channels], and every pixel has its channels filled up to a multiple of eight
// with zeros: weights of the channels added are zero, and what ends a convolution leaves a zero or meets weights that
// are zero.

export { multiply } from './multiply';
export { depthwise } from './depthwise';
export { sample } from './picture';
export { clear, cut, mean, rescale, spread } from './planes';
