// The head's training, as one module.

export { forward, forwardExactly, measurePeaks } from './forward';
export { multiply, sumOfSquares } from './lanes';
export { update } from './optimizer';
export { hiddenGradients, outputs, updateSmall } from './output';
