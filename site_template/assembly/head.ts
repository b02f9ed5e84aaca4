// The head's training, as one module.

export { forward, forwardExactly, measurePeaks } from './forward';
export { multiply, sumOfSquares } from './vectors';
export { update } from './adam';
export { hiddenGradients, outputs } from './output';
export { updateSmall } from './adam';
