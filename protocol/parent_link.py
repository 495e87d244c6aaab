"""The link to the parent as a node has found it: its ETX, its round trip, and when to send (section 7).

All integers, and none below 0, so that the C core computes the same.
"""

from __future__ import annotations

from protocol.node import Jitter
from protocol.round_trip import RoundTrip
from protocol.timing import SPREAD_GROWTH, Timing

# ETX (De Couto et al., 2003) in sixteenths of a try; the best is hoped of a neighbour that was no parent yet.
ETX_ONE = 16
# Another parent must promise to save half a try a round.
HYSTERESIS_ETX16 = 8
# Rounds between two looks around for a better parent.
LOOK_ROUNDS = 16
_MOST_TRIES = 255
_FRACTION = 1 << 16


class ParentLink:
    """Begins anew with every parent, but remembers the last one's ETX."""

    def __init__(self, timing: Timing, jitter: Jitter) -> None:
        self._timing = timing
        self._jitter = jitter
        self._parent: int | None = None
        self._former: int | None = None
        self._former_etx16 = ETX_ONE
        self.etx16 = ETX_ONE
        self._round_trip = RoundTrip(timing.ack_timeouts)
        self._spread_ms = timing.spread_ms
        self._fraction = jitter.below(_FRACTION)

    def begin(self, parent: int) -> None:
        """The node has that parent now."""
        if parent == self._parent:
            return
        etx16 = self._etx16_of(parent)
        self._former, self._former_etx16 = self._parent, self.etx16
        self._parent, self.etx16 = parent, etx16
        self._round_trip.forget()

    def answered(self, tries: int, round_trip_ms: int) -> None:
        """A report was acknowledged after so many tries; the round trip is that of the last try.

        With more than one try nobody knows which of them was answered (Karn and Partridge, 1987); 0 if the
        parent answered an older report meanwhile.
        """
        self.etx16 = (7 * self.etx16 + ETX_ONE * min(max(tries, 1), _MOST_TRIES) + 4) // 8
        if tries != 1:
            return
        self._spread_ms = max(self._timing.spread_ms, self._spread_ms - self._spread_ms // 8)
        self._round_trip.answered(round_trip_ms)

    def not_answered(self, tries: int) -> None:
        """Nothing came in time: wait a little longer, and send at another time of the round from now on."""
        self._round_trip.not_answered()
        if tries == 1:
            self._spread_ms = min(2 * self._spread_ms, SPREAD_GROWTH * self._timing.spread_ms)
            self._fraction = self._jitter.below(_FRACTION)

    @property
    def ack_timeout_ms(self) -> int:
        """How long to wait for an answer: measured, or as configured before anything was."""
        return self._round_trip.timeout_ms

    @property
    def delay_ms(self) -> int:
        """How old an answer is when it arrives: half of the round trip; 0 before one was measured."""
        return self._round_trip.one_way_ms

    def send_delay_ms(self, slot_ms: int, is_leaf: bool) -> int:
        """When to send a report after it is complete: the same time in every round as long as that goes well.

        Leaves all begin with the round, so they spread; others follow their children.
        """
        window_ms = min(self._spread_ms, slot_ms) if is_leaf else min(self._timing.jitter_ms, slot_ms // 4)
        return self._fraction * window_ms // _FRACTION

    def is_bad(self) -> bool:
        """Whether it is time to look for a better parent."""
        return 0 < self._timing.switch_etx16 <= self.etx16

    def cost(self, neighbour: int, hop_count: int) -> int:
        """What a way over that neighbour costs, in sixteenths of a transmission."""
        return ETX_ONE * hop_count + self._etx16_of(neighbour)

    def _etx16_of(self, neighbour: int) -> int:
        if neighbour == self._parent:
            return self.etx16
        return self._former_etx16 if neighbour == self._former else ETX_ONE
