"""The long counter (PROTOCOL.md 10.2): 56 bits that never repeat, whatever happens to the power.

As a number it is life << 24 | counter.
"""

from __future__ import annotations

from collections.abc import Callable

RESERVED_AHEAD = 1024
LIFE_SHIFT = 24
LONG_COUNTER_BYTES = 7
_MASK = (1 << 8 * LONG_COUNTER_BYTES) - 1


class LongCounter:
    """Gives the numbers of a node's frames and letters.

    `first` is what non-volatile memory holds (the first number that is not reserved), or a life drawn at
    random << 24. `reserve(limit)` must have written the new limit when it returns; what it raises goes to
    whoever wanted the number, which is then not used. Without it nothing is kept: for a node whose counter
    need not outlive it.
    """

    def __init__(self, first: int, reserve: Callable[[int], None] | None = None) -> None:
        self._next = self._limit = self.first = first & _MASK
        self._reserve = reserve

    def next(self) -> int:
        """A number that was never used."""
        number = self._next
        if number == self._limit and self._reserve is not None:
            limit = (number + RESERVED_AHEAD) & _MASK
            self._reserve(limit)
            self._limit = limit
        self._next = (number + 1) & _MASK
        return number


def is_newer(number: int, than: int) -> bool:
    """Whether a number comes after `than`; one of another life always does."""
    return number > than or number >> LIFE_SHIFT != than >> LIFE_SHIFT
