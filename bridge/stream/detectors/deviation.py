"""Values far out: so many deviations away from what came before.

A score is a distance from the expected value in deviations, of which at least `least_deviation` are taken.
`warm_up` values are learnt before one is judged.
"""

from __future__ import annotations

from math import ceil, nan, sqrt
from typing import Protocol

from bridge.stream.detectors.anomaly import LARGEST, Anomaly, Detector, deviations, require, require_positive
from bridge.stream.detectors.robust import RollingMedian
from bridge.stream.statistics import RollingStatistics


class _Window(Protocol):
    """The newest values, and what is expected of the next."""

    @property
    def count(self) -> int: ...

    @property
    def centre_and_deviation(self) -> tuple[float, float]: ...

    def push(self, value: float) -> None: ...


class _Windowed(Detector):
    """Judges by the window that `_begin` makes."""

    __slots__ = ("_least_deviation", "_size", "_threshold", "_warm_up", "_window")

    _window: _Window

    def __init__(self, size: int, threshold: float, warm_up: int | None, least_deviation: float) -> None:
        self._warm_up = size if warm_up is None else warm_up
        require(
            ("size", size, 2),
            ("warm_up", self._warm_up, 2),
            ("size", size, self._warm_up),
            ("least_deviation", least_deviation, 0),
        )
        require_positive("threshold", threshold)
        self._threshold = threshold
        self._least_deviation = least_deviation
        self._size = size
        super().__init__()

    def update(self, time_s: float, value: float) -> Anomaly | None:
        if not abs(value) <= LARGEST:
            self._skip()
            return None
        window = self._window
        if window.count < self._warm_up:
            window.push(value)
            return None
        expected, deviation = window.centre_and_deviation
        window.push(value)
        if deviation < self._least_deviation:
            deviation = self._least_deviation
        self.score = score = deviations(abs(value - expected), deviation)
        return Anomaly(time_s, value, expected, score) if score > self._threshold else None


class ZScore(_Windowed):
    """More than `threshold` deviations (ddof = 1) away from the mean of the `size` values before it.

    Warm-up: a full window, unless `warm_up` (at least 2) says less. One value far out widens the deviation
    for as long as it is in the window; `MedianDeviation` does not mind.
    """

    __slots__ = ()

    def __init__(
        self, size: int, threshold: float = 3.0, *, warm_up: int | None = None, least_deviation: float = 0.0
    ) -> None:
        """Raises ValueError for a window of less than 2 values, and a threshold that is not above 0."""
        super().__init__(size, threshold, warm_up, least_deviation)

    def _begin(self) -> None:
        self._window = _RollingMean(self._size)


class MedianDeviation(_Windowed):
    """More than `threshold` robust deviations away from the median of the `size` values before it.

    A robust deviation is 1.4826 times the median absolute deviation (MAD): up to half of the window may be
    far out without hiding the next. Where more than half of it are equal, as with sensors of few steps, MAD
    is 0: give the step as `least_deviation`. Warm-up: a full window, unless `warm_up` (at least 2) says
    less. A value costs two bisections and moving up to `size` numbers as a block.
    """

    __slots__ = ()

    def __init__(
        self, size: int, threshold: float = 3.5, *, warm_up: int | None = None, least_deviation: float = 0.0
    ) -> None:
        """Raises ValueError for a window of less than 2 values, and a threshold that is not above 0."""
        super().__init__(size, threshold, warm_up, least_deviation)

    def _begin(self) -> None:
        self._window = RollingMedian(self._size)


class Ewma(Detector):
    """More than `threshold` deviations away from the exponentially weighted mean of all before it.

    The newest value weighs `alpha` (0 to 1), each older one 1 - alpha times the next: as pandas'
    `ewm(alpha=alpha, adjust=False)`, the variance with `bias=True` (D. Finch, "Incremental calculation of
    weighted mean and variance", 2009). Warm-up: 3 / alpha values unless `warm_up` (at least 2) says
    otherwise; the first value then weighs 5 % or less. Memory is constant, and no value drops out of a
    window at once.
    """

    __slots__ = (
        "_above", "_alpha", "_count", "_last", "_least_deviation", "_threshold", "_variance", "_warm_up",
    )  # fmt: skip

    def __init__(
        self,
        alpha: float,
        threshold: float = 3.0,
        *,
        warm_up: int | None = None,
        least_deviation: float = 0.0,
    ) -> None:
        """Raises ValueError unless 0 < alpha < 1 and the threshold is above 0."""
        if not 0 < alpha < 1:
            raise ValueError(f"alpha is {alpha}; give one between 0 and 1")
        self._alpha = alpha
        self._warm_up = max(2, ceil(3 / alpha)) if warm_up is None else warm_up
        require(("warm_up", self._warm_up, 2), ("least_deviation", least_deviation, 0))
        require_positive("threshold", threshold)
        self._threshold = threshold
        self._least_deviation = least_deviation
        super().__init__()

    def _begin(self) -> None:
        self._count = 0
        # The mean is known by how far the last value is above it: so it keeps its digits at any offset.
        self._last = nan
        self._above = 0.0
        self._variance = 0.0

    def update(self, time_s: float, value: float) -> Anomaly | None:
        if not abs(value) <= LARGEST:
            self._skip()
            return None
        away = value - self._last + self._above if self._count else 0.0
        variance = self._variance
        past = 1.0 - self._alpha
        self._last = value
        self._above = past * away
        self._variance = past * (variance + self._alpha * away * away)
        if self._count < self._warm_up:
            self._count += 1
            return None
        deviation = sqrt(variance)
        if deviation < self._least_deviation:
            deviation = self._least_deviation
        self.score = score = deviations(abs(away), deviation)
        return Anomaly(time_s, value, value - away, score) if score > self._threshold else None


class _RollingMean(RollingStatistics):
    """Mean and deviation of the newest `size` values, as a `_Window`."""

    __slots__ = ()

    @property
    def centre_and_deviation(self) -> tuple[float, float]:
        return self.mean, sqrt(self.variance)
