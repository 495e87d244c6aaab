"""Medians of values in order: half of the values may be anything without moving them far."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.stream.statistics import RollingQuantiles

# Of values from a normal distribution, the deviation is so many median absolute deviations: 1 / Phi^-1(3/4).
DEVIATIONS_PER_MAD = 1.482602218505602


def median(ordered: Sequence[float]) -> float:
    """Of at least one value."""
    middle = len(ordered) // 2
    high = ordered[middle]
    if len(ordered) % 2:
        return high
    low = ordered[middle - 1]
    return low + (high - low) * 0.5


def median_deviation(ordered: Sequence[float], centre: float) -> float:
    """The median distance of at least one value from `centre` (MAD, if that is their median). O(log n).

    The values nearest to the centre are neighbours in the order: a run of them is found by bisection, the
    furthest of which is one of its two ends.
    """
    count = len(ordered)
    nearest = (count + 1) // 2
    first, last = 0, count - nearest
    while first < last:
        middle = (first + last) // 2
        if centre - ordered[middle] > ordered[middle + nearest] - centre:
            first = middle + 1
        else:
            last = middle
    end = first + nearest
    inner = max(centre - ordered[first], ordered[end - 1] - centre)
    if count % 2:
        return inner
    if first == 0:
        outer = ordered[end] - centre
    elif end == count:
        outer = centre - ordered[first - 1]
    else:
        outer = min(centre - ordered[first - 1], ordered[end] - centre)
    return inner + (outer - inner) * 0.5


class RollingMedian(RollingQuantiles):
    """Median and robust deviation of the newest `size` values."""

    __slots__ = ()

    @property
    def centre_and_deviation(self) -> tuple[float, float]:
        """The median, and the deviation of a normal distribution with the same MAD; of at least one value."""
        centre = median(self._ordered)
        return centre, DEVIATIONS_PER_MAD * median_deviation(self._ordered, centre)
