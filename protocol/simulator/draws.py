"""Random numbers that belong to something (a link, a reading) rather than to a moment.

They are integer hashes, so that they are the same on every machine and do not depend on the order of asking.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def hashed(*keys: int) -> int:
    """64 bits from whole numbers of any size: splitmix64's mixer (Steele, Lea and Flood, 2014), chained."""
    x = 0
    for key in keys:
        x = (x ^ key) + _GOLDEN & _MASK
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
        x ^= x >> 31
    return x


def uniform(*keys: int) -> float:
    """A number from 0 to 1, 1 excluded."""
    return (hashed(*keys) >> 11) / (1 << 53)


def normal(*keys: int) -> float:
    """A number of mean 0 and variance 1, between -3.47 and 3.47.

    The sum of four uniform numbers, so that no library function rounds it one way here and another there.
    """
    bits = hashed(*keys)
    total = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
    return (total / 0xFFFF - 2) * SQRT_3


SQRT_3 = 1.7320508075688772  # four uniform numbers have a variance of 1/3
MOST_NORMAL = 2 * SQRT_3
