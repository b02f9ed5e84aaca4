// The random numbers of the page, the same draws as `builder/onthefly_studio/reference/random.py` makes, bit for bit.
// xoshiro128** 1.1 by D. Blackman and S. Vigna (public domain, 2018), its state filled by splitmix32.

const GOLDEN_RATIO = 0x9e3779b9;

/** 32-bit words from a 32-bit seed: a counter mixed with the finaliser of MurmurHash3. */
export function splitmix32(seed: number): () => number {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + GOLDEN_RATIO) >>> 0;
    let word = counter ^ (counter >>> 16);
    word = Math.imul(word, 0x85ebca6b);
    word ^= word >>> 13;
    word = Math.imul(word, 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
  };
}

/** One stream of 32-bit words. */
export class Xoshiro128 {
  state: Uint32Array;

  /**
   * @param seed 32-bit unsigned
   * @param stream which four consecutive words of splitmix32 fill the state, so that the streams of one seed do not
   *   share a state
   */
  constructor(seed: number, stream: number = 0) {
    const words = splitmix32(seed);
    for (let i = 0; i < 4 * stream; i++) words();
    this.state = Uint32Array.from({ length: 4 }, words);
  }

  /** @returns the next word, 0 to 2**32 - 1 */
  next(): number {
    const s = this.state;
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** @returns the next word's upper 24 bits as a number in [0, 1), exact in float32 */
  uniform(): number {
    return (this.next() >>> 8) * 2 ** -24;
  }

  /** A whole number in [0, bound), by multiply and shift; exact while bound < 2**21. */
  below(bound: number): number {
    return Math.floor((this.next() * bound) / 2 ** 32);
  }
}
