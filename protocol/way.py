"""A node's way to the root: its distance, and the clock that comes with it (PROTOCOL.md 5.3, 5.4, 6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from protocol import serial_number
from protocol.packets import MAX_U24, NO_HOP_COUNT, Sync
from protocol.timing import MAX_PERIOD_MS

FRESH_PERIODS = 4
FORGET_PERIODS = 8
# How far clocks may differ, beside a part of the period for their drift (PROTOCOL.md 6.1).
CLOCK_ERROR_MS = 250
DRIFT_SHIFT = 12

# (version, hop count): what a node advertises, and what feasibility compares.
Distance = tuple[int, int]


def is_better(a: Distance, b: Distance) -> bool:
    """Whether `a` has a newer version than `b` or, of the same version, a smaller hop count."""
    return a[1] < b[1] if a[0] == b[0] else serial_number.is_newer(a[0], b[0])


def age_unit_ms(period_ms: int) -> int:
    """The unit of the age in a sync: 1 ms below 65.536 s, and never more than 1/65536 of a longer period."""
    return 1 + (period_ms >> 16)


def clock_error_ms(period_ms: int) -> int:
    """By how much a child's clock may be ahead, in good order: its report comes before the round then."""
    return min(CLOCK_ERROR_MS + (period_ms >> DRIFT_SHIFT), period_ms // 8)


def is_usable(sync: Sync) -> bool:
    """Whether a way to the root can begin with that sync: within limits, and not lost already (5.4)."""
    return (
        sync.hop_count < NO_HOP_COUNT - 1
        and 0 < sync.period_ms <= MAX_PERIOD_MS
        and sync.age < MAX_U24  # an age that stopped at its limit sets no clock
        and sync.age * age_unit_ms(sync.period_ms) <= (sync.hop_count + FORGET_PERIODS) * sync.period_ms
    )


@dataclass(frozen=True, slots=True)
class Way:
    """Round `version` came from the root over `hop_count` hops; it began at `origin_ms`."""

    version: int
    hop_count: int
    origin_ms: int
    period_ms: int

    @property
    def distance(self) -> Distance:
        """The feasibility distance."""
        return self.version, self.hop_count

    def start_ms(self, version: int) -> int:
        """When that round begins."""
        return self.origin_ms + serial_number.distance(version, self.version) * self.period_ms

    def running_since_ms(self, now_ms: int) -> int:
        """When the round that runs then began."""
        return now_ms - (now_ms - self.origin_ms) % self.period_ms

    def version_at(self, now_ms: int) -> int:
        """The round that runs then."""
        return serial_number.add(self.version, (now_ms - self.origin_ms) // self.period_ms)

    def is_fresh(self, now_ms: int) -> bool:
        """Whether it is recent enough to follow and to offer."""
        return not self._is_older_than(FRESH_PERIODS, now_ms)

    def is_lost(self, now_ms: int) -> bool:
        """Whether it is so old that a node without a parent begins anew."""
        return self._is_older_than(FORGET_PERIODS, now_ms)

    def _is_older_than(self, periods: int, now_ms: int) -> bool:
        """Whether it is, beyond the lag of one round a hop that a healthy tree has."""
        return now_ms - self.origin_ms > (self.hop_count + periods) * self.period_ms
