"""How long items take to each stage of their way, as quantiles in bounded memory.

    recorder = LatencyRecorder()
    recorder.record(Stage.DECODED, now_s - seen_s, count=len(batch))
    recorder.summaries()[Stage.DECODED].p99_s

A stage has a histogram of its own. One thread writes to a histogram; any may read, and sees some items late.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, frexp, inf, ldexp, nan

RELATIVE_ERROR = 1 / 128

# Each octave of the range has 64 buckets of equal width, so that half a bucket is 1/128 of its lower end at
# most (log-linear buckets, as in HdrHistogram). An octave is named by the exponent that frexp gives.
_BUCKETS = 64
_FIRST_OCTAVE = -19  # from 2^-20 s, about a microsecond
_LAST_OCTAVE = 20  # to 2^20 s, about twelve days
_LEAST_S = ldexp(0.5, _FIRST_OCTAVE)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a histogram says; times in seconds, NaN if it is empty."""

    count: int
    mean_s: float
    p50_s: float
    p99_s: float
    max_s: float


class LatencyHistogram:
    """Counts latencies by buckets: 20 KB, whatever is recorded.

    Quantiles are off by at most `RELATIVE_ERROR` (0.8 %) from 1 us to 12 days; beyond, they say less
    than 1 us or about 12 days. Mean, least and greatest are exact always.
    Negative latencies are those of clocks that disagree: they, and NaN, are counted in `refused` alone.
    """

    __slots__ = ("_buckets", "_total_s", "count", "max_s", "min_s", "refused")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew; by the thread that records."""
        self._buckets = array("Q", [0]) * (1 + (_LAST_OCTAVE - _FIRST_OCTAVE + 1) * _BUCKETS)
        self._total_s = 0.0
        self.count = 0
        self.refused = 0
        self.min_s = inf
        self.max_s = -inf

    def record(self, latency_s: float, count: int = 1) -> None:
        """Count a latency, `count` times if so many items had it. O(1)."""
        if not 0 <= latency_s < inf:
            self.refused += count
            return
        self._buckets[_bucket(latency_s)] += count
        self._total_s += latency_s * count
        self.count += count
        if latency_s < self.min_s:
            self.min_s = latency_s
        if latency_s > self.max_s:
            self.max_s = latency_s

    @property
    def mean_s(self) -> float:
        """NaN if nothing was recorded."""
        return self._total_s / self.count if self.count else nan

    def quantile(self, share: float) -> float:
        """The least latency that this share (0 to 1) of all does not exceed, in seconds; NaN of nothing.

        As numpy's "inverted_cdf", within `RELATIVE_ERROR`. Raises ValueError for a share out of range.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"a quantile is of a share from 0 to 1, not {share}")
        left = max(1, ceil(share * self.count))
        for bucket, count in enumerate(self._buckets):
            left -= count
            if left <= 0:
                return min(max(_middle_s(bucket), self.min_s), self.max_s)
        return nan

    def summary(self) -> Summary:
        return Summary(
            self.count,
            self.mean_s,
            self.quantile(0.5),
            self.quantile(0.99),
            self.max_s if self.count else nan,
        )


def _bucket(latency_s: float) -> int:
    if latency_s < _LEAST_S:
        return 0
    mantissa, octave = frexp(latency_s)
    if octave > _LAST_OCTAVE:
        return (_LAST_OCTAVE - _FIRST_OCTAVE + 1) * _BUCKETS
    return 1 + (octave - _FIRST_OCTAVE) * _BUCKETS + int((mantissa - 0.5) * (2 * _BUCKETS))


def _middle_s(bucket: int) -> float:
    if not bucket:
        return _LEAST_S / 2
    octave, place = divmod(bucket - 1, _BUCKETS)
    return ldexp(0.5 + (place + 0.5) / (2 * _BUCKETS), octave + _FIRST_OCTAVE)


class Stage(StrEnum):
    """Where an item has got to, in the order of its way."""

    MEASURED = "measured"
    SEEN = "seen"
    DECODED = "decoded"
    STORED = "stored"
    SHOWN = "shown"


class LatencyRecorder:
    """The latency of each stage: what an item took to it, from the stage before or another place."""

    def __init__(self) -> None:
        self.stages: Mapping[Stage, LatencyHistogram] = {stage: LatencyHistogram() for stage in Stage}

    def record(self, stage: Stage, latency_s: float, count: int = 1) -> None:
        """So many items took so long to this stage."""
        self.stages[stage].record(latency_s, count)

    def trace(self, reached_s: Mapping[Stage, float]) -> None:
        """One item reached these stages at these times: record what it took to each from the one before it.

        Stages that are missing are passed over; the first one has no latency.
        """
        before_s = None
        for stage, histogram in self.stages.items():
            time_s = reached_s.get(stage)
            if time_s is None:
                continue
            if before_s is not None:
                histogram.record(time_s - before_s)
            before_s = time_s

    def summaries(self) -> dict[Stage, Summary]:
        """Of each stage that has a latency, in the order of the way."""
        return {stage: histogram.summary() for stage, histogram in self.stages.items() if histogram.count}
