"""The random numbers of the page and of the build, the same draws in both.

xoshiro128** 1.1 by D. Blackman and S. Vigna (public domain, 2018), its state filled by splitmix32:
a 32-bit counter stepped by the golden ratio and mixed with the finaliser of MurmurHash3.
The JavaScript twin is `site_template/src/core/random.ts`.
"""

from __future__ import annotations

from collections.abc import Iterator

MASK = 0xFFFFFFFF
GOLDEN_RATIO = 0x9E3779B9


def splitmix32(seed: int) -> Iterator[int]:
    """Endless 32-bit words from a 32-bit seed."""
    counter = seed & MASK
    while True:
        counter = (counter + GOLDEN_RATIO) & MASK
        word = counter ^ (counter >> 16)
        word = (word * 0x85EBCA6B) & MASK
        word ^= word >> 13
        word = (word * 0xC2B2AE35) & MASK
        yield word ^ (word >> 16)


class Xoshiro128:
    """One stream of 32-bit words.

    Args:
        seed: 32-bit unsigned.
        stream: which four consecutive words of splitmix32 fill the state, so that streams of one
            seed do not share a state.
    """

    def __init__(self, seed: int, stream: int = 0) -> None:
        words = splitmix32(seed)
        for _ in range(4 * stream):
            next(words)
        self._state = [next(words) for _ in range(4)]

    def next(self) -> int:
        """The next word, 0 to 2**32 - 1."""
        s0, s1, s2, s3 = self._state
        product = (s1 * 5) & MASK
        result = (((product << 7) | (product >> 25)) * 9) & MASK
        shifted = (s1 << 9) & MASK
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = ((s3 << 11) | (s3 >> 21)) & MASK
        self._state = [s0, s1, s2, s3]
        return result

    def uniform(self) -> float:
        """The next word's upper 24 bits as a number in [0, 1), exact in float32."""
        return (self.next() >> 8) * 2.0**-24

    def below(self, bound: int) -> int:
        """A whole number in [0, bound), by multiply and shift.

        The bias is below bound / 2**32, nothing beside the few thousand examples that it orders.
        """
        return (self.next() * bound) >> 32
