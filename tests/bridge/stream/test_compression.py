"""Lossy compression: fewer points, and no point further from what they say than was allowed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.compression import (
    Compressor,
    DeadBand,
    Point,
    SwingingDoor,
    compressed,
    held,
    interpolated,
)
from tests.bridge.stream.lists import lists_of

Make = Callable[[float, float], Compressor]
Reconstruct = Callable[[Sequence[Point], float], float]
PAIRS: list[tuple[Make, Reconstruct]] = [(DeadBand, held), (SwingingDoor, interpolated)]
BOTH = pytest.mark.parametrize(("make", "reconstruct"), PAIRS, ids=["dead-band", "swinging-door"])

STEPS_US = st.one_of(st.sampled_from([1_000_000, 2_000_000]), st.integers(1, 100_000_000))
SMALL = st.integers(-40, 40).map(lambda raw: raw / 4)  # quantised, as sensors are: many ties
STEADY = st.integers(-3, 3).map(lambda raw: raw / 4)  # stays within a deviation for a while
VALUES = st.one_of(SMALL, st.floats(-1e12, 1e12), st.sampled_from([math.nan, math.inf, -math.inf]))


def series(steps: list[tuple[int, float]]) -> list[Point]:
    times_us = accumulate(step_us for step_us, _ in steps)
    return [(time_us / 1e6, value) for time_us, (_, value) in zip(times_us, steps, strict=True)]


SERIES = st.sampled_from([STEADY, SMALL, STEADY.map(lambda value: value + 1e9), VALUES]).flatmap(
    lambda values: lists_of(st.tuples(STEPS_US, values), 60).map(series)
)


@BOTH
@given(
    points=SERIES, deviation=st.sampled_from([0, 0.1, 0.25, 0.7, 1, 3.3, 1e6]), interval_s=st.floats(0.5, 1e4)
)
def test_every_point_lies_within_the_deviation(
    make: Make, reconstruct: Reconstruct, points: list[Point], deviation: float, interval_s: float
) -> None:
    for compressor in (make(deviation, math.inf), make(deviation, interval_s)):
        kept = list(compressed(points, compressor))
        assert set(map(str, kept)) <= set(map(str, points))
        assert kept == sorted(kept, key=lambda point: point[0])
        largest = max((abs(value) for _, value in points if math.isfinite(value)), default=0)
        for time_s, value in points:
            said = reconstruct(kept, time_s)
            if math.isfinite(value):
                assert abs(said - value) <= deviation + 1e-14 * largest
            else:
                assert str(said) == str(value)


@BOTH
@given(
    points=SERIES.filter(len),
    deviation=st.sampled_from([1, 1e6]),
    interval_s=st.sampled_from([0.001, 5, 300]),
)
def test_ends_are_kept_and_intervals_bounded(
    make: Make, reconstruct: Reconstruct, points: list[Point], deviation: float, interval_s: float
) -> None:
    kept = [time_s for time_s, _ in compressed(points, make(deviation, interval_s))]
    times = [time_s for time_s, _ in points]
    assert (kept[0], kept[-1]) == (times[0], times[-1])
    neighbours = set(pairwise(times))
    assert all(end - start <= interval_s or (start, end) in neighbours for start, end in pairwise(kept))


@pytest.mark.parametrize("side", [-1, 1])
def test_original_doors_would_miss_this_point(side: int) -> None:
    """A line with room for both points exists, the one to the last point misses the first by 1.1."""
    points = [(0.0, 0.0), (1.0, 1.0 * side), (10.0, -1.0 * side)]
    assert list(compressed(points, SwingingDoor(1.0))) == points


@pytest.mark.parametrize("side", [-1, 1])
def test_each_point_narrows_the_door(side: int) -> None:
    """Each would miss the one before it only, by more than 1."""
    points = [(0.0, 0.0), (1.0, 1.0 * side), (2.0, 2.0 * side), (3.0, 0.3 * side)]
    assert list(compressed(points, SwingingDoor(1.0))) == [points[0], *points[2:]]


def test_a_dead_band_keeps_what_leaves_it() -> None:
    points = list(enumerate([20.0, 20.4, 19.6, 20.6, 20.2, 21.2]))
    assert list(compressed(points, DeadBand(0.5))) == [(0, 20.0), (3, 20.6), (5, 21.2)]


def test_a_straight_line_is_its_two_ends() -> None:
    points = [(float(second), 3.0 * second) for second in range(1000)]
    assert list(compressed(points, SwingingDoor(1e-9))) == [points[0], points[-1]]


def test_a_slow_day_with_noise_takes_few_points() -> None:
    """A day of temperatures every 10 s, noise of 0.1 degrees: half a degree of error saves 99 in 100."""
    noise = random.Random(6)
    day = [
        (second, 15 + 8 * math.sin(second / 86_400 * math.tau) + noise.gauss(0, 0.1))
        for second in range(0, 86_400, 10)
    ]
    assert len(list(compressed(day, SwingingDoor(0.5)))) < len(day) / 100
    assert len(list(compressed(day, DeadBand(0.5)))) < len(day) / 50


@BOTH
def test_flush_keeps_the_newest_once_and_goes_on(make: Make, reconstruct: Reconstruct) -> None:
    compressor = make(1.0, math.inf)
    assert list(compressor.flush()) == []
    assert list(compressor.update(0, 5.0)) == [(0, 5.0)]
    assert list(compressor.flush()) == []
    assert list(compressor.update(1, 5.1)) == []
    assert list(compressor.flush()) == [(1, 5.1)]
    assert list(compressor.flush()) == []
    assert list(compressor.update(2, 5.2)) == []
    assert list(compressor.flush()) == [(2, 5.2)]


@BOTH
def test_points_that_are_late_are_dropped_and_counted(make: Make, reconstruct: Reconstruct) -> None:
    compressor = make(0.0, math.inf)
    points = [(5.0, 1.0), (5.0, 2.0), (4.0, 3.0), (math.nan, 4.0), (math.inf, 5.0), (6.0, 6.0)]
    assert list(compressed(points, compressor)) == [(5.0, 1.0), (6.0, 6.0)]
    assert compressor.late == 4


@BOTH
def test_nothing_is_said_of_times_before_the_first(make: Make, reconstruct: Reconstruct) -> None:
    assert math.isnan(reconstruct([], 0.0))
    assert math.isnan(reconstruct([(1.0, 2.0)], 0.5))


@BOTH
@pytest.mark.parametrize("bad", [(-1, 1), (math.nan, 1), (math.inf, 1), (1, 0), (1, math.nan)])
def test_what_is_no_bound_is_refused(make: Make, reconstruct: Reconstruct, bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="give one"):
        make(*bad)
