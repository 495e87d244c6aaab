"""Statistics that keep up with a stream: equal to numpy, within the bounds that they state."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.stream.statistics import (
    Rolling,
    RollingExtremes,
    RollingQuantiles,
    RollingStatistics,
    RollingTime,
    Running,
)

U = Fraction(1, 2**53)

ordinary = st.floats(-1e6, 1e6, width=32)
# From a thousandth to 1e16 in the same stream, and none so small that its square underflows.
mixed = st.builds(
    lambda sign, digits, power: sign * digits * 10.0**power,
    st.sampled_from([-1, 1]),
    st.integers(1, 999_999),
    st.integers(-9, 10),
)
# Steps of 2^-10 around 1e9: what a sum of squares would lose altogether.
lifted = st.integers(-4096, 4096).map(lambda step: 1e9 + step / 1024)
streams = st.one_of(*(st.lists(values, min_size=1, max_size=60) for values in (ordinary, mixed, lifted)))
sizes = st.integers(1, 20)


def exact_mean(values: Sequence[float]) -> Fraction:
    return sum(map(Fraction, values), Fraction()) / len(values)


def exact_variance(values: Sequence[float]) -> Fraction:
    mean = exact_mean(values)
    return sum(((Fraction(value) - mean) ** 2 for value in values), Fraction()) / (len(values) - 1)


def mean_bound(values: Sequence[float]) -> Fraction:
    spread = Fraction(max(values)) - Fraction(min(values))
    return U * (abs(exact_mean(values)) + (len(values) + 6) * spread)


def assert_is_within_bounds(
    statistics: Running | RollingStatistics, values: Sequence[float], bound: Callable[[int], float]
) -> None:
    """`bound` of the count is the relative error of the variance in units of u."""
    count = len(values)
    assert statistics.count == count
    assert abs(Fraction(statistics.mean) - exact_mean(values)) <= mean_bound(values)
    if count == 1:
        assert math.isnan(statistics.variance)
        assert math.isnan(statistics.deviation)
        return
    variance = exact_variance(values)
    assert abs(Fraction(statistics.variance) - variance) <= Fraction(bound(count)) * U * variance
    assert statistics.deviation == math.sqrt(statistics.variance)


def rolling_bound(count: int) -> float:
    return 8 * (count + 1) ** 2


def running_bound(count: int) -> float:
    return float(8 * count**1.5)


@given(streams, sizes)
@example([1e16, 1.0, 2.0, 3.0, 4.0], 3)
@example([1e9 + 1, 1e9 + 2, 0.001, 0.002, 1e9], 2)
def test_a_rolling_window_is_as_exact_as_its_own_values_allow(stream: list[float], size: int) -> None:
    rolling = RollingStatistics(size)
    for end, value in enumerate(stream, start=1):
        rolling.push(value)
        assert_is_within_bounds(rolling, stream[max(0, end - size) : end], rolling_bound)


@given(st.lists(st.integers(-4096, 4096), min_size=2, max_size=60), st.sampled_from([0.0, 1e9, -3e9]), sizes)
def test_a_rolling_window_equals_numpy_at_any_offset(steps: list[int], offset: float, size: int) -> None:
    rolling = RollingStatistics(size)
    near = np.array(steps) / 1024
    for end, value in enumerate((near + offset).tolist(), start=1):
        rolling.push(value)
        window = near[max(0, end - size) : end]
        assert rolling.mean == pytest.approx(offset + window.mean(), rel=1e-15, abs=1e-12)
        if len(window) > 1:
            assert rolling.deviation == pytest.approx(window.std(ddof=1), rel=1e-12)


def test_a_long_rolling_window_does_not_drift() -> None:
    """A million values after a spike of 1e16, a level of 1e9 with a deviation of 1 gives that of numpy."""
    values = np.random.default_rng(1).normal(0.0, 1.0, 1_000_000)
    rolling = RollingStatistics(1_000)
    rolling.push(1e16)
    for value in (1e9 + values).tolist():
        rolling.push(value)
    last = (1e9 + values[-1_000:]) - 1e9
    assert rolling.mean - 1e9 == pytest.approx(last.mean(), abs=2e-7)  # half a step between doubles at 1e9
    assert rolling.deviation == pytest.approx(last.std(ddof=1), rel=1e-12)


@given(st.lists(st.one_of(mixed, st.none()), max_size=80))
def test_the_owner_may_evict_at_any_time(actions: list[float | None]) -> None:
    rolling, extremes, quantiles = RollingStatistics(), RollingExtremes(), RollingQuantiles()
    held: list[float] = []
    for value in actions:
        for statistic in (rolling, extremes, quantiles):
            if value is not None:
                statistic.push(value)
            elif held:
                statistic.evict()
        if value is not None:
            held.append(value)
        elif held:
            del held[0]
        if held:
            assert_is_within_bounds(rolling, held, rolling_bound)
            assert (extremes.minimum, extremes.maximum) == (min(held), max(held))
            assert sorted(held)[(len(held) - 1) // 2] <= quantiles.median <= sorted(held)[len(held) // 2]
        assert rolling.count == extremes.count == quantiles.count == len(held)


@given(streams)
def test_running_statistics_are_within_their_bounds(stream: list[float]) -> None:
    running = Running()
    for end, value in enumerate(stream, start=1):
        running.push(value)
        assert_is_within_bounds(running, stream[:end], running_bound)
    assert (running.minimum, running.maximum) == (min(stream), max(stream))


@given(streams, st.lists(st.integers(0, 60), max_size=4))
def test_parts_merge_to_the_whole(stream: list[float], cuts: list[int]) -> None:
    whole = Running()
    for begin, end in pairwise([0, *sorted(cuts), 60]):
        part = Running()
        for value in stream[begin:end]:
            part.push(value)
        before = (part.count, part.mean, part.variance)
        assert whole.merge(part) is whole
        np.testing.assert_equal((part.count, part.mean, part.variance), before)
    assert_is_within_bounds(whole, stream, running_bound)
    assert (whole.minimum, whole.maximum) == (min(stream), max(stream))


@given(streams, sizes)
def test_extremes_are_those_of_the_window(stream: list[float], size: int) -> None:
    extremes = RollingExtremes(size)
    for end, value in enumerate(stream, start=1):
        extremes.push(value)
        window = stream[max(0, end - size) : end]
        assert (extremes.minimum, extremes.maximum, extremes.count) == (min(window), max(window), len(window))


@given(streams, sizes, st.floats(0, 1))
def test_quantiles_equal_numpy(stream: list[float], size: int, share: float) -> None:
    quantiles = RollingQuantiles(size)
    for end, value in enumerate(stream, start=1):
        quantiles.push(value)
        window = np.array(stream[max(0, end - size) : end])
        close = 4 * float(U) * np.abs(window).max() * len(window)
        assert quantiles.median == pytest.approx(np.median(window), rel=0, abs=close)
        assert quantiles.quantile(share) == pytest.approx(np.quantile(window, share), rel=0, abs=close)
        assert (quantiles.quantile(0), quantiles.quantile(1)) == (window.min(), window.max())


@given(
    st.lists(st.tuples(st.integers(0, 5), mixed), min_size=1, max_size=40),
    st.sampled_from([0.5, 1.0, 3.0, 7.0]),
)
def test_rolling_time_keeps_what_is_younger_than_its_span(
    steps: list[tuple[int, float]], span_s: float
) -> None:
    rolling, extremes = RollingStatistics(), RollingExtremes()
    recent = RollingTime(span_s, rolling, extremes)
    time_s = 0.0
    seen: list[tuple[float, float]] = []
    for step_s, value in steps:
        time_s += step_s
        recent.push(time_s, value)
        seen.append((time_s, value))
        window = [value for at_s, value in seen if time_s - span_s < at_s <= time_s]
        assert_is_within_bounds(rolling, window, rolling_bound)
        assert (extremes.minimum, extremes.maximum) == (min(window), max(window))
    recent.advance(time_s + span_s)
    assert rolling.count == extremes.count == 0


def test_time_does_not_go_back() -> None:
    rolling = RollingStatistics()
    recent = RollingTime(10.0, rolling)
    recent.push(5.0, 1.0)
    for earlier_s in (4.9, math.nan):
        with pytest.raises(ValueError, match=r"comes after 5\.0 s"):
            recent.push(earlier_s, 1.0)
    assert rolling.count == 1


@pytest.mark.parametrize("make", [RollingStatistics, RollingExtremes, RollingQuantiles])
def test_nothing_to_evict(make: Callable[[], Rolling]) -> None:
    with pytest.raises(IndexError):
        make().evict()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_and_leaves_no_trace(value: float) -> None:
    recent = RollingTime(1.0, RollingStatistics())
    statistics = Running(), RollingStatistics(2), RollingExtremes(2), RollingQuantiles(2)
    for statistic in statistics:
        with pytest.raises(ValueError, match="not a finite number"):
            statistic.push(value)
        assert statistic.count == 0
    with pytest.raises(ValueError, match="not a finite number"):
        recent.push(0.0, value)


def test_of_nothing() -> None:
    for empty in (Running(), RollingStatistics(3)):
        assert all(map(math.isnan, (empty.mean, empty.variance, empty.deviation)))
    for extremes in (Running(), RollingExtremes(3)):
        assert (extremes.minimum, extremes.maximum) == (math.inf, -math.inf)
    assert math.isnan(RollingQuantiles(3).median)


def test_equal_values_do_not_deviate_at_all() -> None:
    rolling, running = RollingStatistics(7), Running()
    for _ in range(50):
        rolling.push(0.1)
        running.push(0.1)
    assert rolling.deviation == running.deviation == 0.0
    assert rolling.mean == running.mean == 0.1


@pytest.mark.parametrize("make", [RollingStatistics, RollingExtremes, RollingQuantiles])
def test_an_empty_window_is_refused(make: Callable[[int], Rolling]) -> None:
    with pytest.raises(ValueError, match="at least 1 value"):
        make(0)


@pytest.mark.parametrize("span_s", [0.0, -1.0, math.nan, math.inf])
def test_a_span_without_length_is_refused(span_s: float) -> None:
    with pytest.raises(ValueError, match="longer than 0 s"):
        RollingTime(span_s)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share from 0 to 1"):
        RollingQuantiles(1).quantile(share)
