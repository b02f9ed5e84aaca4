// The head's training, as one module.

export { forward, forwardExactly, measurePeaks, multiply, sumOfSquares, update } from './forward';
export { hiddenGradients, outputs, updateSmall } from './output';
