"""Change between values: none, too much, and there and back."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.detectors import Detector, Hampel, RateOfChange, Stuck
from tests.bridge.stream.detectors.judging import OFFSETS, SERIES, STEP_S, judged, places, same, score
from tests.bridge.stream.lists import lists_of


@given(
    values=lists_of(st.sampled_from([0.0, 0.25]), 80),
    steps=st.integers(0, 5),
    count=st.integers(3, 6),
    offset=OFFSETS,
)
def test_stuck_is_the_run_length_of_pandas(
    values: list[float], steps: int, count: int, offset: float
) -> None:
    series = pd.Series(values, dtype=float)
    length = series.groupby((series != series.shift()).cumsum()).cumcount()
    scores, anomalies = judged(Stuck(steps * STEP_S, count), values, offset)
    assert scores == list(length * STEP_S)
    assert places(anomalies) == list(np.flatnonzero((length >= steps) & (length + 1 >= count)))


def test_stuck_by_time_alone() -> None:
    _, anomalies = judged(Stuck(30.0), [1, 2, 2, 2, 2, 2, 3])
    assert places(anomalies) == [4, 5]
    assert [anomaly.score for anomaly in anomalies] == [30, 40]


def test_stuck_within_a_tolerance_counts_from_where_the_run_began() -> None:
    """Noise below the tolerance is no movement; a drift of small steps is."""
    detector = Stuck(count=4, tolerance=0.5)
    assert places(judged(detector, [20.0, 20.5, 19.5, 20.2, 20.1])[1]) == [3, 4]
    detector.reset()
    assert judged(detector, [20 + 0.3 * place for place in range(50)])[1] == []


def test_values_without_a_time_do_not_tell_a_stuck_sensor() -> None:
    detector = Stuck(10.0)
    assert [detector.update(time_s, 1.0) for time_s in (0.0, math.nan, math.inf)] == [None] * 3
    assert detector.skipped == 2
    assert detector.update(10.0, 1.0) is not None


@given(
    points=lists_of(st.tuples(st.integers(1, 10_000), st.floats(-1000, 1000, width=32)), 60),
    threshold=st.floats(0.01, 100),
)
def test_rate_of_change_is_numpys(points: list[tuple[int, float]], threshold: float) -> None:
    times_s = np.cumsum([gap_ms / 1000 for gap_ms, _ in points])
    values = np.array([value for _, value in points])
    detector, scores, found = RateOfChange(threshold), list[float](), list[int]()
    for place, (time_s, value) in enumerate(zip(times_s, values, strict=True)):
        if detector.update(float(time_s), float(value)):
            found.append(place)
        scores.append(detector.score)
    rates = np.abs(np.diff(values)) / np.diff(times_s)
    assert scores == same([math.nan, *rates][: len(points)])
    assert found == [place + 1 for place in np.flatnonzero(rates > threshold)]


def test_values_of_one_time_have_no_rate() -> None:
    detector = RateOfChange(1.0)
    detector.update(10.0, 5.0)
    assert detector.update(10.0, 500.0) is None
    assert detector.update(9.0, 500.0) is None
    assert (detector.skipped, math.isnan(detector.score)) == (2, True)
    assert detector.update(11.0, 5.5) is None
    assert detector.score == 0.5


@given(values=SERIES, half_width=st.integers(1, 6), least=st.sampled_from([0.0, 0.5]))
def test_hampel_is_numpys(values: list[float], half_width: int, least: float) -> None:
    """The window of a value is centred on it, so that its score comes `half_width` values later."""
    width = 2 * half_width + 1
    expected = [math.nan] * min(len(values), width - 1)
    for around in map(np.array, (values[end - width : end] for end in range(width, len(values) + 1))):
        median = np.median(around)
        mad = 1.482602218505602 * float(np.median(np.abs(around - median)))
        expected.append(score(float(abs(around[half_width] - median)), max(mad, least)))
    scores, anomalies = judged(Hampel(half_width, 3.0, least_deviation=least), values)
    assert scores == same(expected)
    late = [place - half_width for place, value in enumerate(scores) if value > 3]
    assert places(anomalies) == late
    assert [anomaly.value for anomaly in anomalies] == [values[place] for place in late]


def noisy(steps: dict[int, float]) -> list[float]:
    noise = random.Random(21)
    return [
        20 + sum(step for place, step in steps.items() if at >= place) + noise.gauss(0, 0.3)
        for at in range(400)
    ]


@pytest.mark.parametrize("height", [-8, 8])
def test_hampel_finds_a_spike_and_no_step(height: float) -> None:
    spike, step = {150: height, 151: -height}, {300: height}
    assert places(judged(Hampel(4, 7), noisy(spike | step))[1]) == [150]


def test_rate_of_change_finds_a_spike_twice_and_a_step_once() -> None:
    spike, step = {150: 8.0, 151: -8.0}, {300: 8.0}
    assert places(judged(RateOfChange(0.5), noisy(spike | step))[1]) == [150, 151, 300]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Stuck(), "give a duration_s, or a count above 2"),
        (lambda: Stuck(-1), "duration_s is -1; give at least 0"),
        (lambda: Stuck(10, tolerance=math.nan), "tolerance is nan; give at least 0"),
        (lambda: RateOfChange(0), "threshold_per_s is 0; give one above 0"),
        (lambda: Hampel(0), "half_width is 0; give at least 1"),
        (lambda: Hampel(1, -1), "threshold is -1; give one above 0"),
    ],
)
def test_parameters_out_of_range_are_refused(make: type[Detector], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make()
