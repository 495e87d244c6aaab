"""Which frames of a source a relay has carried before (PROTOCOL.md 15.4)."""

from __future__ import annotations

from protocol.wire_format import COUNTER_MODULUS

WINDOW_FRAMES = 64
# More than a node sends while a frame may be under way: a stream that stalls is given up after 9 s.
OLD_FRAMES = 16_384
OLD_FOR_US = 15_000_000
_WINDOW_MASK = (1 << WINDOW_FRAMES) - 1
_COUNTER_MASK = COUNTER_MODULUS - 1
_LONG_AGO_US = -(1 << 62)


class HeardCounters:
    """The newest counter of a source, and bit i of `bits` for the one i before it: it was heard.

    What lies further back, by OLD_FRAMES at most, is old: a stream between bridges stalled, and now delivers
    what has long come another way. In a circle of bridges it would go round for ever. A node that starts anew
    begins somewhere else, as a rule; if not, it is heard OLD_FOR_US after its last frame before.
    """

    __slots__ = ("_bits", "_former", "_newest", "_newest_us")

    def __init__(self) -> None:
        self._newest, self._newest_us, self._bits = 0, _LONG_AGO_US, 0
        # The same of the life before: frames of both may be under way.
        self._former = (0, _LONG_AGO_US, 0)

    def take(self, counter: int, time_us: int) -> bool:
        """Whether a frame of that counter is new; if so, it is heard now."""
        ahead = (counter - self._newest) & _COUNTER_MASK
        if 0 < ahead <= OLD_FRAMES:
            self._bits = (self._bits << min(ahead, WINDOW_FRAMES) | 1) & _WINDOW_MASK
            self._newest, self._newest_us = counter, time_us
            return True
        behind = -ahead & _COUNTER_MASK
        if behind < WINDOW_FRAMES:
            is_new = not self._bits >> behind & 1
            self._bits |= 1 << behind
            return is_new
        if behind <= OLD_FRAMES and time_us - self._newest_us < OLD_FOR_US:
            return False
        return self._take_of_other_life(counter, time_us)

    def _take_of_other_life(self, counter: int, time_us: int) -> bool:
        former, self._former = self._former, (self._newest, self._newest_us, self._bits)
        newest, newest_us, _ = former
        distance = abs((counter - newest + COUNTER_MODULUS // 2) % COUNTER_MODULUS - COUNTER_MODULUS // 2)
        if distance <= OLD_FRAMES and time_us - newest_us < OLD_FOR_US:
            self._newest, self._newest_us, self._bits = former
            return self.take(counter, time_us)
        self._newest, self._newest_us, self._bits = counter, time_us, 1
        return True
