"""A node's way to the root: its distance, and the clock that comes with it (PROTOCOL.md 5.3, 5.4, 6.1)."""

from __future__ import annotations

from dataclasses import dataclass

from protocol import serial_number

FRESH_PERIODS = 4
FORGET_PERIODS = 8

# (version, hop count): what a node advertises, and what feasibility compares.
Distance = tuple[int, int]


def is_better(a: Distance, b: Distance) -> bool:
    """Whether `a` has a newer version than `b` or, of the same version, a smaller hop count."""
    return a[1] < b[1] if a[0] == b[0] else serial_number.is_newer(a[0], b[0])


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

    def version_at(self, now_ms: int) -> int:
        """The round that runs then."""
        return serial_number.add(self.version, (now_ms - self.origin_ms) // self.period_ms)

    def is_fresh(self, now_ms: int) -> bool:
        """Whether it is recent enough to follow and to offer."""
        return self._age_periods(now_ms) <= FRESH_PERIODS

    def is_lost(self, now_ms: int) -> bool:
        """Whether it is so old that a seeking node begins anew."""
        return self._age_periods(now_ms) > FORGET_PERIODS

    def _age_periods(self, now_ms: int) -> float:
        """Age beyond the lag of one round a hop that a healthy tree has."""
        return (now_ms - self.origin_ms) / self.period_ms - self.hop_count
