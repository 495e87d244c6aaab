"""How long to wait for a neighbour's answer, measured as in RFC 6298 (PROTOCOL.md section 7).

All integers, and none below 0, so that the C core computes the same.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AckTimeouts:
    """How long to wait before anything was measured, and the limits of what is."""

    first_ms: int
    least_ms: int
    limit_ms: int
    least_margin_ms: int = 30


class RoundTrip:
    """The times from frames to their answers, of one neighbour."""

    def __init__(self, timeouts: AckTimeouts) -> None:
        self._timeouts = timeouts
        self._smoothed_8ths = 0
        self._margin_ms = 0
        self._guess_ms = 0

    def forget(self) -> None:
        """Nothing is measured yet."""
        self._smoothed_8ths = self._margin_ms = self._guess_ms = 0

    def answered(self, round_trip_ms: int) -> None:
        """An answer took so long; within limits, whatever a late driver or a stranger's frame makes of it."""
        round_trip_ms = max(1, min(round_trip_ms, self._timeouts.limit_ms))
        if self._smoothed_8ths == 0:
            self._smoothed_8ths = 8 * round_trip_ms
            self._margin_ms = 2 * round_trip_ms
            return
        error_ms = abs(round_trip_ms - self._smoothed_8ths // 8)
        self._margin_ms += error_ms - self._margin_ms // 4
        self._smoothed_8ths += round_trip_ms - self._smoothed_8ths // 8

    def guess(self, round_trip_ms: int) -> None:
        """An answer took at most so long, since nobody knows to which of several tries it was.

        It counts until one is measured: a link slower than the first timeout would never be.
        """
        if not self.is_measured:
            self._guess_ms = max(1, min(round_trip_ms, self._timeouts.limit_ms))

    def not_answered(self) -> None:
        """Nothing came in time: wait a little longer from now on."""
        self._margin_ms = min(self._margin_ms + self._timeouts.least_margin_ms, self._timeouts.limit_ms)

    @property
    def is_measured(self) -> bool:
        """Whether any answer was measured."""
        return self._smoothed_8ths > 0

    @property
    def timeout_ms(self) -> int:
        """How long to wait for an answer."""
        if self.is_measured:
            waited_ms = self._smoothed_8ths // 8
        elif self._guess_ms:
            waited_ms = self._guess_ms
        else:
            return self._timeouts.first_ms
        measured_ms = waited_ms + max(self._margin_ms, self._timeouts.least_margin_ms)
        return self._within_limits(measured_ms)

    @property
    def is_known(self) -> bool:
        """Whether anything is known, were it a guess."""
        return self.is_measured or self._guess_ms > 0

    def _within_limits(self, time_ms: int) -> int:
        return min(max(time_ms, self._timeouts.least_ms), self._timeouts.limit_ms)

    @property
    def one_way_ms(self) -> int:
        """Half of the round trip; 0 before one was measured."""
        return self._smoothed_8ths // 16
