"""Samples that come out of order: held until none before them is to come, then given in order of time.

How far that is certain is the watermark: the newest time seen, less a bound on how late a sample may come. A
stream that falls silent would stop it for good, so it never stays behind the clock by more than `idle_s`.

What follows sees the same samples in the same order, whatever the order they came in within the bound: its
results are identical, not merely close. A sample from before the watermark is late: `Reorder` counts it and
drops it, `EventTime` hands it to its windows, which revise or count it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from math import inf, isfinite

from bridge.stream.compression import Point
from bridge.stream.windows import Window, Windows


class Reorder:
    """Brings samples in the order of their times, equal times in that of their values.

    It holds what came in the last `bound_s` of the stream's own time.
    """

    def __init__(self, bound_s: float, idle_s: float = inf) -> None:
        """A sample comes at most `bound_s` after a newer one, and at most `idle_s` after its own time.

        `idle_s` is by the clock that `advance` is told, which must then be the one of the samples' times.
        Raises ValueError unless 0 <= bound_s <= idle_s and the bound is finite.
        """
        if not (0.0 <= bound_s <= idle_s and isfinite(bound_s)):
            raise ValueError(f"samples cannot be up to {bound_s} s out of order and idle after {idle_s} s")
        self.watermark_s = -inf  # no sample before it is to come
        self.late = 0  # samples that came from before the watermark
        self._bound_s = bound_s
        self._idle_s = idle_s
        self._held: list[Point] = []

    @property
    def held(self) -> int:
        """Samples that wait for the watermark."""
        return len(self._held)

    def push(self, time_s: float, value: float) -> list[Point]:
        """Take a sample; those that now are complete, in order. Raises ValueError if it is not finite."""
        if not isfinite(time_s) or not isfinite(value):
            raise ValueError(f"the sample ({time_s}, {value}) is not finite: drop or replace it before")
        if time_s < self.watermark_s:
            self.late += 1
            return []
        heappush(self._held, (time_s, value))
        return self._rise(time_s - self._bound_s)

    def advance(self, now_s: float) -> list[Point]:
        """It is now this time by the clock: the samples that have waited long enough, in order."""
        return self._rise(now_s - self._idle_s)

    def close(self) -> list[Point]:
        """The stream has ended: the samples that still wait, in order."""
        left = sorted(self._held)
        self._held.clear()
        return left

    def _rise(self, watermark_s: float) -> list[Point]:
        if not watermark_s > self.watermark_s:
            return []
        self.watermark_s = watermark_s
        complete = []
        held = self._held
        while held and held[0][0] < watermark_s:
            complete.append(heappop(held))
        return complete


def in_order(samples: Iterable[Point], bound_s: float) -> Iterator[Point]:
    """The samples in the order of their times, without late ones; `Reorder` counts how many those were."""
    reorder = Reorder(bound_s)
    for time_s, value in samples:
        yield from reorder.push(time_s, value)
    yield from reorder.close()


class EventTime:
    """Windows over samples that come out of order: `EventTime(Tumbling(60.0), bound_s=5.0)`.

    A window is given when the watermark passes its end. What comes later still is for the windows to revise
    or to count. With `idle_s`, call `advance` now and then: silence ends windows only if the clock is known.
    """

    def __init__(self, windows: Windows, bound_s: float, idle_s: float = inf) -> None:
        """The bounds, and ValueError, as of `Reorder`."""
        self._windows = windows
        self._reorder = Reorder(bound_s, idle_s)

    @property
    def late(self) -> int:
        """As the windows count it."""
        return self._windows.late

    @property
    def watermark_s(self) -> float:
        """No sample before it is to come."""
        return self._reorder.watermark_s

    def push(self, time_s: float, value: float) -> Sequence[Window]:
        """Take a sample; the windows that it completes, or revises. Raises ValueError if not finite."""
        if time_s < self._reorder.watermark_s:
            return self._windows.push(time_s, value)
        return self._hand_on(self._reorder.push(time_s, value))

    def advance(self, time_s: float) -> Sequence[Window]:
        """It is now this time by the clock: the windows that are complete."""
        return self._hand_on(self._reorder.advance(time_s))

    def close(self) -> Sequence[Window]:
        """The stream has ended: the windows that are still open."""
        return [*self._hand_on(self._reorder.close()), *self._windows.close()]

    def _hand_on(self, samples: Iterable[Point]) -> Sequence[Window]:
        given = [window for time_s, value in samples for window in self._windows.push(time_s, value)]
        given += self._windows.advance(self._reorder.watermark_s)
        return given
