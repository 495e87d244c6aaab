"""A level that moved: many small differences to the same side, none of which is far out.

After an alarm a detector begins anew and learns the new level, so that a shift is told once.
"""

from __future__ import annotations

from math import copysign, inf, nan

from bridge.stream.detectors.anomaly import LARGEST, Anomaly, Detector, require, require_positive
from bridge.stream.statistics import Running


class Cusum(Detector):
    """The level moved by about 2 * `allowance` deviations: the two-sided tabular CUSUM (E. S. Page, 1954).

    With z the distance from the reference mean in its deviations, two sums, max(0, sum + z - allowance) and
    max(0, sum - z - allowance), alarm above `threshold`; `score` is the larger. The reference is given as
    `mean` and `deviation`, and is then kept, or is learnt from the first `warm_up` values, and anew after
    each alarm. A threshold of 8 finds a shift of one deviation in 16 values on average, and raises a false
    alarm in about 10,000; one of 5 in 10 and 465 (D. C. Montgomery, "Introduction to Statistical Quality
    Control", 9.1; by simulation). Half of the false alarms come in a third of that, if the reference was
    learnt from 100 values: its own error is part of the shift.
    """

    __slots__ = (
        "_above", "_allowance", "_below", "_deviation", "_fixed", "_learnt", "_least_deviation", "_mean",
        "_threshold", "_warm_up",
    )  # fmt: skip

    def __init__(
        self,
        threshold: float = 8.0,
        allowance: float = 0.5,
        *,
        warm_up: int = 100,
        least_deviation: float = 0.0,
        mean: float | None = None,
        deviation: float | None = None,
    ) -> None:
        """Raises ValueError for parameters out of range, and for half a reference."""
        require(("allowance", allowance, 0), ("warm_up", warm_up, 2), ("least_deviation", least_deviation, 0))
        require_positive("threshold", threshold)
        if (mean is None) != (deviation is None):
            raise ValueError("a reference is a mean and a deviation; give both or neither")
        if deviation is not None:
            require_positive("deviation", deviation)
        self._threshold = threshold
        self._allowance = allowance
        self._warm_up = warm_up
        self._least_deviation = least_deviation
        self._fixed = None if mean is None or deviation is None else (mean, deviation)
        super().__init__()

    def _begin(self) -> None:
        self._above = self._below = 0.0
        self._learnt = None if self._fixed else Running()
        self._mean, self._deviation = self._fixed or (nan, nan)

    def update(self, time_s: float, value: float) -> Anomaly | None:
        if not abs(value) <= LARGEST:
            self._skip()
            return None
        if self._learnt is not None:
            self._learn(value)
            return None
        away = value - self._mean
        z = away / self._deviation if self._deviation else copysign(inf, away) if away else 0.0
        above = self._above + z - self._allowance
        self._above = above = above if above > 0.0 else 0.0
        below = self._below - z - self._allowance
        self._below = below = below if below > 0.0 else 0.0
        self.score = score = above if above > below else below
        if not score > self._threshold:
            return None
        anomaly = Anomaly(time_s, value, self._mean, score)
        self._begin()
        return anomaly

    def _learn(self, value: float) -> None:
        assert self._learnt is not None
        self._learnt.push(value)
        self.score = nan
        if self._learnt.count == self._warm_up:
            self._mean = self._learnt.mean
            self._deviation = max(self._learnt.deviation, self._least_deviation)
            self._learnt = None


class PageHinkley(Detector):
    """The mean moved: the Page-Hinkley test to both sides, in the values' own unit.

    Sums of the differences from the mean of all values since it began, less `tolerance` for each, alarm when
    one has risen by more than `threshold` from its lowest; `score` is the larger rise. It alarms no sooner
    than at the `warm_up`-th value. (D. V. Hinkley, Biometrika 58, 1971.)
    """

    __slots__ = (
        "_count", "_fallen", "_mean", "_origin", "_risen", "_threshold", "_tolerance", "_warm_up",
    )  # fmt: skip

    def __init__(self, threshold: float, tolerance: float, *, warm_up: int = 30) -> None:
        """Raises ValueError for parameters out of range."""
        require(("tolerance", tolerance, 0), ("warm_up", warm_up, 1))
        require_positive("threshold", threshold)
        self._threshold = threshold
        self._tolerance = tolerance
        self._warm_up = warm_up
        super().__init__()

    def _begin(self) -> None:
        self._count = 0
        self._origin = 0.0  # the first value; what differs from it keeps its digits at any offset
        self._mean = 0.0  # of the differences from it
        self._risen = self._fallen = 0.0

    def update(self, time_s: float, value: float) -> Anomaly | None:
        if not abs(value) <= LARGEST:
            self._skip()
            return None
        if not self._count:
            self._origin = value
        self._count += 1
        away = value - self._origin
        self._mean = mean = self._mean + (away - self._mean) / self._count
        # How far a sum is above its lowest so far needs neither: kept from falling below 0, it is that.
        risen = self._risen + (away - mean) - self._tolerance
        self._risen = risen = risen if risen > 0.0 else 0.0
        fallen = self._fallen - (away - mean) - self._tolerance
        self._fallen = fallen = fallen if fallen > 0.0 else 0.0
        if self._count < self._warm_up:
            self.score = nan
            return None
        self.score = score = risen if risen > fallen else fallen
        if not score > self._threshold:
            return None
        anomaly = Anomaly(time_s, value, self._origin + mean, score)
        self._begin()
        return anomaly
