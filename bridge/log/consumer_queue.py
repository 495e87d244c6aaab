"""The queue before a consumer of the log: as measured, by Little's law, and as M/M/1 predicts it."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from bridge.stream.latency import LatencyHistogram
from bridge.stream.queueing import MM1

SPAN_S = 60.0


class QueueFigures(NamedTuple):
    """Over the last SPAN_S seconds; NaN where nothing happened that would tell.

    `length` is the mean of what was seen waiting, `littles_length` arrival rate times mean wait, `mm1_length`
    what a queue of Poisson arrivals and exponential services of the same rates would have.
    """

    rate_per_s: float
    wait_s: float
    length: float
    littles_length: float
    mm1_length: float


class _Sums(NamedTuple):
    time_s: float
    records: int
    wait_s: float  # of all these records together
    busy_s: float
    seen: int  # sum of the lengths seen
    looks: int


class ConsumerQueue:
    """`took` is called by the consumer's thread, all else by the one that looks on.

    `waits` has how long records waited until they were taken, since the start.
    """

    def __init__(self, now_s: float) -> None:
        self.waits = LatencyHistogram()
        self._records = self._seen = self._looks = 0
        self._wait_s = self._busy_s = 0.0
        self._sums: deque[_Sums] = deque([_Sums(now_s, 0, 0.0, 0.0, 0, 0)])

    def took(self, records: int, wait_s: float, service_s: float) -> None:
        """So many records were taken in that time, that long after they had come."""
        self.waits.record(wait_s, records)
        self._records += records
        self._wait_s += records * max(0.0, wait_s)
        self._busy_s += service_s

    def look(self, length: int, now_s: float) -> None:
        """So many records wait now; to be called every second or so."""
        self._seen += length
        self._looks += 1
        sums = _Sums(now_s, self._records, self._wait_s, self._busy_s, self._seen, self._looks)
        self._sums.append(sums)
        while len(self._sums) > 2 and self._sums[1].time_s <= now_s - SPAN_S:
            self._sums.popleft()

    def figures(self) -> QueueFigures:
        """The queue up to the last look."""
        first, last = self._sums[0], self._sums[-1]
        records = last.records - first.records
        rate_per_s = _ratio(records, last.time_s - first.time_s)
        wait_s = _ratio(last.wait_s - first.wait_s, records)
        service_rate_per_s = _ratio(records, last.busy_s - first.busy_s)
        return QueueFigures(
            rate_per_s,
            wait_s,
            _ratio(last.seen - first.seen, last.looks - first.looks),
            rate_per_s * wait_s,
            MM1(rate_per_s, service_rate_per_s).length if service_rate_per_s > 0 else math.nan,
        )


def _ratio(total: float, parts: float) -> float:
    return total / parts if parts > 0 else math.nan
