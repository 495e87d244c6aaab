"""The values of one node or of the field as rules see them: the newest, a window of them, what is odd."""

from __future__ import annotations

from collections import deque
from math import isnan, nan
from typing import Final

from bridge.rules.detectors import Detector
from bridge.rules.sentences import Of, Statistic, Value
from bridge.stream.detectors import Anomaly, Neighbours
from bridge.stream.statistics import RollingExtremes, RollingStatistics
from protocol.aggregate import metric_of
from protocol.observer import ReadingsSeen, RoundRow

MAX_SAMPLES: Final = 100_000  # of a window: 8 MB; what is older goes
_MINUTE_US: Final = 60_000_000


class Window:
    """The values of the last `span_us`, from then on exclusive to now, and one statistic of them."""

    def __init__(self, span_us: int, statistic: Statistic) -> None:
        self.span_us = span_us
        self._samples: deque[tuple[int, float]] = deque()
        self._statistic = statistic
        self._rolling: RollingStatistics | RollingExtremes = (
            RollingExtremes() if statistic in (Statistic.MINIMUM, Statistic.MAXIMUM) else RollingStatistics()
        )

    def push(self, time_us: int, value: float) -> None:
        """Take the value of that time, which is not before the last one's."""
        self._samples.append((time_us, value))
        self._rolling.push(value)
        if len(self._samples) > MAX_SAMPLES:
            self._evict()

    def advance(self, now_us: int) -> None:
        """Let go of what is too old."""
        while self._samples and self._samples[0][0] <= now_us - self.span_us:
            self._evict()

    @property
    def next_us(self) -> int | None:
        """When the oldest value goes."""
        return self._samples[0][0] + self.span_us if self._samples else None

    @property
    def result(self) -> float | None:
        """The statistic; None where there are too few values for it."""
        rolling, samples = self._rolling, self._samples
        if self._statistic is Statistic.COUNT:
            return float(len(samples))
        if not samples:
            return None
        if isinstance(rolling, RollingExtremes):
            return rolling.minimum if self._statistic is Statistic.MINIMUM else rolling.maximum
        if self._statistic is Statistic.RATE:
            return self._rate()
        found = rolling.deviation if self._statistic is Statistic.DEVIATION else rolling.mean
        return None if isnan(found) else found

    def _rate(self) -> float | None:
        """From the oldest value to the newest, per minute, if they are half of the window apart: a sensor's
        step between two readings is no trend."""
        (first_us, first), (last_us, last) = self._samples[0], self._samples[-1]
        apart_us = last_us - first_us
        return (last - first) * _MINUTE_US / apart_us if 2 * apart_us >= self.span_us else None

    def _evict(self) -> None:
        self._samples.popleft()
        self._rolling.evict()


class Series:
    """A value as it changes. Times are those of the log and never go back."""

    def __init__(self, value: Value, detector: Detector | None = None) -> None:
        self.value = value
        self.last_us: int | None = None  # when a reading or a result told it
        self.anomaly: Anomaly | None = None
        self._score = nan
        self._last: float | None = None
        self._window = None if value.span_us is None else Window(value.span_us, value.statistic)
        resolution = metric_of(value.metric).scale if value.unit else 1.0
        made = None if detector is None else detector.make(resolution)
        self._detector = None if isinstance(made, Neighbours) else made

    def push(self, time_us: int, reading: float) -> None:
        """What a reading, or a result, tells."""
        self.last_us = time_us
        if self._window is not None:
            self._window.advance(time_us)
            self._window.push(time_us, reading)
        else:
            self._last = reading
        if self._detector is not None and (found := self.newest) is not None:
            self.judge(self._detector.update(time_us / 1e6, found), self._detector.score)

    def judge(self, anomaly: Anomaly | None, score: float) -> None:
        """What a detector finds of the newest value; the score is NaN if it does not know yet."""
        self.anomaly, self._score = anomaly, score

    def advance(self, now_us: int) -> None:
        """It is that time now."""
        if self._window is not None:
            self._window.advance(now_us)

    @property
    def newest(self) -> float | None:
        """The value as it is now; None if there is none."""
        return self._last if self._window is None else self._window.result

    @property
    def is_odd(self) -> bool | None:
        """Whether the detector finds the newest value odd; None while it warms up."""
        return None if isnan(self._score) else self.anomaly is not None

    def known(self, now_us: int, stale_us: int, began_us: int | None) -> bool:
        """Whether it can be believed now: it was told less than `stale_us` ago. A count is known when there
        was counting, since `began_us`, for as long as its window is."""
        if self.value.span_us is not None and self.value.statistic is Statistic.COUNT:
            return began_us is not None and now_us >= began_us + self.value.span_us
        return self.last_us is not None and now_us < self.last_us + stale_us

    def turns_us(self, stale_us: int, began_us: int | None) -> list[int]:
        """When it changes though nobody tells anything; some of it may be over."""
        times_us = [] if self.last_us is None else [self.last_us + stale_us]
        if self._window is not None:
            if self._window.next_us is not None:
                times_us.append(self._window.next_us)
            if began_us is not None:
                times_us.append(began_us + self._window.span_us)
        return times_us


def reading_of(value: Value, fact: ReadingsSeen | RoundRow) -> float | None:
    """What a fact tells of the metric, in its unit; None if it tells nothing.

    Of the field it is what a round's result has: its average, its maximum, or how many nodes it counts.
    """
    if isinstance(fact, ReadingsSeen):
        raw = next((raw for metric, raw in fact.pairs if metric == value.metric), None)
        return None if raw is None or value.of is Of.FIELD else metric_of(value.metric).scaled(raw)
    if fact.metric_id != value.metric or value.of is not Of.FIELD:
        return None
    if value.statistic is Statistic.NODES:
        return float(fact.aggregate.count)
    return fact.maximum if value.statistic is Statistic.MAXIMUM else fact.average
