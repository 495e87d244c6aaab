"""Change from one value to the next: none at all, too much of it, or there and back."""

from __future__ import annotations

from collections import deque
from math import inf, nan

from bridge.stream.detectors.anomaly import LARGEST, Anomaly, Detector, deviations, require, require_positive
from bridge.stream.detectors.robust import RollingMedian


class Stuck(Detector):
    """The value has not moved: for `duration_s` and over `count` values it stayed within `tolerance`.

    A value more than `tolerance` away from the one that a run began with begins another run, so a slow
    drift is movement. Every value of a run alarms from then on; `score` is the run's length in seconds,
    `expected` the value it began with. There is no warm-up but the run itself.
    """

    __slots__ = ("_began", "_began_s", "_count", "_duration_s", "_least_count", "_tolerance")

    def __init__(self, duration_s: float = 0.0, count: int = 2, *, tolerance: float = 0.0) -> None:
        """Raises ValueError for parameters out of range, and if neither a duration nor a count is given."""
        require(("duration_s", duration_s, 0), ("count", count, 2), ("tolerance", tolerance, 0))
        if not duration_s and count == 2:
            raise ValueError("two equal values are no stuck sensor; give a duration_s, or a count above 2")
        self._duration_s = duration_s
        self._least_count = count
        self._tolerance = tolerance
        super().__init__()

    def _begin(self) -> None:
        self._count = 0
        self._began = self._began_s = nan

    def update(self, time_s: float, value: float) -> Anomaly | None:
        if not (abs(value) <= LARGEST and abs(time_s) < inf):
            self._skip()
            return None
        if not abs(value - self._began) <= self._tolerance:
            self._began, self._began_s = value, time_s
            self._count = 0
        self._count += 1
        self.score = score = time_s - self._began_s
        if self._count < self._least_count or score < self._duration_s:
            return None
        return Anomaly(time_s, value, self._began, score)


class RateOfChange(Detector):
    """The value jumped: it changed by more than `threshold_per_s` a second since the one before it.

    `score` is that rate, `expected` the value before. A spike alarms on its way there and on its way back; a
    step once. The first value is warm-up. Values that are not later than the last have no rate: skipped.
    """

    __slots__ = ("_last", "_last_s", "_threshold_per_s")

    def __init__(self, threshold_per_s: float) -> None:
        """Raises ValueError unless the threshold is above 0."""
        require_positive("threshold_per_s", threshold_per_s)
        self._threshold_per_s = threshold_per_s
        super().__init__()

    def _begin(self) -> None:
        self._last, self._last_s = nan, -inf

    def update(self, time_s: float, value: float) -> Anomaly | None:
        if not (abs(value) <= LARGEST and self._last_s < time_s < inf):
            self._skip()
            return None
        before = self._last
        self.score = score = abs(value - before) / (time_s - self._last_s)
        self._last, self._last_s = value, time_s
        return Anomaly(time_s, value, before, score) if score > self._threshold_per_s else None


class Hampel(Detector):
    """A value unlike those around it: the Hampel identifier, `half_width` values late.

    A value is judged when `half_width` more have come: against the median of all 2 * `half_width` + 1, in
    robust deviations (1.4826 MAD, or `least_deviation` if that is more). So a spike stands out while a step
    does not. The first and the last `half_width` values are not judged. The anomaly has the spike's time
    and value.
    """

    __slots__ = ("_around", "_half_width", "_least_deviation", "_recent", "_threshold")

    def __init__(self, half_width: int = 3, threshold: float = 3.0, *, least_deviation: float = 0.0) -> None:
        """Raises ValueError for parameters out of range."""
        require(("half_width", half_width, 1), ("least_deviation", least_deviation, 0))
        require_positive("threshold", threshold)
        self._threshold = threshold
        self._least_deviation = least_deviation
        self._half_width = half_width
        super().__init__()

    def _begin(self) -> None:
        self._around = RollingMedian(2 * self._half_width + 1)
        self._recent: deque[tuple[float, float]] = deque(maxlen=self._half_width + 1)  # the centre first

    def update(self, time_s: float, value: float) -> Anomaly | None:
        if not abs(value) <= LARGEST:
            self._skip()
            return None
        around = self._around
        around.push(value)
        self._recent.append((time_s, value))
        if around.count != around.size:
            return None
        centre_s, centre = self._recent[0]
        expected, deviation = around.centre_and_deviation
        self.score = score = deviations(abs(centre - expected), max(deviation, self._least_deviation))
        return Anomaly(centre_s, centre, expected, score) if score > self._threshold else None
