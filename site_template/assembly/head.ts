// The head's training, as one module.

export { forward, forwardExactly, measurePeaks, multiply, sumOfSquares, update } from './layer';
export { hiddenGradients, outputs, updateSmall } from './output';
