// What the kernels and those who pack and lay out memory for them agree on: both import this file, so it is
// AssemblyScript and TypeScript at once, numbers without a type.
//
// Code that is unrolled for one of these sizes does not compile with another: it says what has to be rewritten.

/** Examples that the head's passes take at once, the default batch; the last group is filled up with rows of zeros. */
export const GROUP = 5;

/** The head's hidden units are filled up to a multiple of this, with units that stay zero. */
export const UNITS = 8;

/** Channels that the backbone's kernels make at once: pixels have theirs filled up to a multiple of this, with zeros. */
export const CHANNELS = 8;

/** Pixels that a full convolution takes at once; a depthwise one has its own number, which nobody else needs. */
export const FULL_PIXELS = 4;

/** Channels that a depthwise convolution takes at once: float32 in a register. */
export const DEPTHWISE_CHANNELS = 4;

/** What becomes of a convolution's sums: nothing. */
export const PLAIN = 0;
/** clamp(x + shift, 0, high) · scale */
export const CLAMPED = 1;
/** x times that */
export const GATED = 2;

/** Bytes of a tap: the weights of the nearer and the farther neighbour (float64), and where both are (u32). */
export const TAP = 24;
