"""Lossy compression of series: fewer points, each a measured one, and an error that is stated.

    for point in compressed(points, SwingingDoor(deviation=0.5, max_interval_s=600)):
        ...

Of a compressor with `deviation` E and `max_interval_s` M, over all points but those counted in `late`:

- every point lies within E of the reconstruction (and a rounding of some 1e-15 of the values);
- the newest point is kept, by `flush`;
- between two kept points lie at most M seconds, unless they were neighbours in the original.

Values that are not finite are kept; what follows starts anew. Points that are not later than the one before
are dropped and counted in `late`: a reconstruction is a function of time. Memory is constant.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import inf, isfinite, nan

Point = tuple[float, float]  # (time_s, value)

_NOTHING: Point = (-inf, nan)


class Compressor(ABC):
    """Takes points in the order of their time and hands on those that are kept."""

    __slots__ = ("_deviation", "_kept", "_max_interval_s", "_newest", "late")

    def __init__(self, deviation: float, max_interval_s: float = inf) -> None:
        """Raises ValueError unless 0 <= deviation < inf and max_interval_s > 0."""
        if not 0 <= deviation < inf:
            raise ValueError(f"a deviation of {deviation} is no error bound; give one of 0 or more")
        if not max_interval_s > 0:
            raise ValueError(f"a longest interval of {max_interval_s} s is none; give one above 0")
        self.late = 0
        self._deviation = deviation
        self._max_interval_s = max_interval_s
        self._kept = self._newest = _NOTHING

    @abstractmethod
    def update(self, time_s: float, value: float) -> Sequence[Point]:
        """The points that this one decides on, none to two, in the order of time."""

    def flush(self) -> Sequence[Point]:
        """The newest point if it has not been kept yet; to be kept at the end, or before a long silence."""
        if self._newest is self._kept:
            return ()
        self._kept = self._newest
        return (self._kept,)


class DeadBand(Compressor):
    """Keeps each point that is more than `deviation` away from the last one kept.

    Reconstructed by `held`. With a deviation of 0 only repetitions go.
    """

    __slots__ = ()

    def update(self, time_s: float, value: float) -> Sequence[Point]:
        if not self._newest[0] < time_s < inf:
            self.late += 1
            return ()
        kept: Sequence[Point] = ()
        if time_s - self._kept[0] > self._max_interval_s:
            kept = self.flush()
        self._newest = time_s, value
        if not abs(value - self._kept[1]) <= self._deviation:
            self._kept = self._newest
            kept = (*kept, self._newest)
        return kept


class SwingingDoor(Compressor):
    """Keeps the ends of straight lines that pass within `deviation` of all points between (Bristol 1990).

    Reconstructed by `interpolated`. E. H. Bristol, "Swinging door trending: adaptive trend recording?", ISA
    National Conference 1990. There a line ends when no line at all from its start would pass within the
    deviation; the line drawn, to a measured point, may then miss others by more. Here it ends as soon as the
    newest point is no possible end, so that what is drawn keeps the bound and all kept points are measured.
    """

    __slots__ = ("_lower", "_upper")

    def __init__(self, deviation: float, max_interval_s: float = inf) -> None:
        """Raises ValueError unless 0 <= deviation < inf and max_interval_s > 0."""
        super().__init__(deviation, max_interval_s)
        self._lower, self._upper = -inf, inf  # slopes of the lines from `kept` that pass all points since

    def update(self, time_s: float, value: float) -> Sequence[Point]:
        if not self._newest[0] < time_s < inf:
            self.late += 1
            return ()
        if self._newest is _NOTHING:
            self._kept = self._newest = time_s, value
            return (self._newest,)
        interval_s = time_s - self._kept[0]
        slope = (value - self._kept[1]) / interval_s
        kept: Sequence[Point] = ()
        if not self._lower <= slope <= self._upper or interval_s > self._max_interval_s:
            kept = self.flush()
            interval_s = time_s - self._kept[0]
            slope = (value - self._kept[1]) / interval_s
        self._newest = time_s, value
        margin = self._deviation / interval_s
        if not isfinite(slope):  # no line passes here: the next point makes this one an end
            self._lower, self._upper = inf, -inf
        else:
            if slope - margin > self._lower:
                self._lower = slope - margin
            if slope + margin < self._upper:
                self._upper = slope + margin
        return kept

    def flush(self) -> Sequence[Point]:
        self._lower, self._upper = -inf, inf
        return super().flush()


def compressed(points: Iterable[Point], compressor: Compressor) -> Iterator[Point]:
    """The points that are kept, the newest included; as lazy as the iterable is."""
    for time_s, value in points:
        yield from compressor.update(time_s, value)
    yield from compressor.flush()


def held(kept: Sequence[Point], time_s: float) -> float:
    """What `DeadBand` kept says of that time: the value of the last point up to then; NaN before them all."""
    after = bisect_right(kept, time_s, key=_time_s)
    return kept[after - 1][1] if after else nan


def interpolated(kept: Sequence[Point], time_s: float) -> float:
    """What `SwingingDoor` kept says of that time: on the line between neighbours; NaN outside of them all."""
    after = bisect_right(kept, time_s, key=_time_s)
    if not after:
        return nan
    start_s, start = kept[after - 1]
    if time_s == start_s:
        return start
    if after == len(kept):
        return nan
    end_s, end = kept[after]
    return start + (end - start) * ((time_s - start_s) / (end_s - start_s))


def _time_s(point: Point) -> float:
    return point[0]
