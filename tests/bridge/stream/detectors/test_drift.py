"""Drift: equal to numpy on the same data, told once, and soon."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.detectors import Cusum, Detector, PageHinkley
from tests.bridge.stream.detectors.judging import OFFSETS, QUARTERS, STEP_S, Array, judged, places, same
from tests.bridge.stream.lists import lists_of

VALUES = lists_of(QUARTERS, 100)


def cusum(z: Array, allowance: float) -> Array:
    """The larger of the two sums, whole columns at once: how far a sum is above its lowest, or 0."""
    sums = [np.cumsum(side * z - allowance) for side in (1, -1)]
    rises: Array = np.max([total - np.minimum(0, np.minimum.accumulate(total)) for total in sums], axis=0)
    return rises


def page_hinkley(values: Array, tolerance: float) -> Array:
    differences = values - np.cumsum(values) / np.arange(1, len(values) + 1)
    sums = [np.cumsum(side * differences - tolerance) for side in (1, -1)]
    rises: Array = np.max([total - np.minimum.accumulate(total) for total in sums], axis=0)
    return rises


def first_above(scores: Array, threshold: float, least: int = 0) -> int | None:
    above = np.flatnonzero(scores[least:] > threshold)
    return int(above[0]) + least if len(above) else None


@given(values=VALUES, allowance=st.sampled_from([0.0, 0.5, 1.0]), offset=OFFSETS)
def test_cusum_of_a_known_reference_is_numpys(values: list[float], allowance: float, offset: float) -> None:
    """Scores between alarms; after each, both sums begin at 0."""
    threshold, expected, alarms = 8.1, list[float](), list[int]()
    while len(expected) < len(values):
        column = cusum((np.array(values[len(expected) :]) - 3) / 7, allowance)
        alarm = first_above(column, threshold)
        expected += list(column[: None if alarm is None else alarm + 1])
        alarms += [] if alarm is None else [len(expected) - 1]
    scores, anomalies = judged(Cusum(threshold, allowance, mean=offset + 3, deviation=7), values, offset)
    assert scores == same(expected)
    assert places(anomalies) == alarms


@given(values=VALUES, warm_up=st.integers(2, 20), offset=OFFSETS)
def test_cusum_of_a_learnt_reference_is_numpys(values: list[float], warm_up: int, offset: float) -> None:
    threshold, expected, alarms = 4.9, list[float](), list[int]()
    while len(expected) < len(values):
        rest = np.array(values[len(expected) :])
        learnt, rest = rest[:warm_up], rest[warm_up:]
        expected += [math.nan] * len(learnt)
        if not len(rest):
            break
        column = cusum((rest - learnt.mean()) / max(float(learnt.std(ddof=1)), 2.0), 0.5)
        alarm = first_above(column, threshold)
        expected += list(column[: None if alarm is None else alarm + 1])
        alarms += [] if alarm is None else [len(expected) - 1]
    detector = Cusum(threshold, warm_up=warm_up, least_deviation=2.0)
    scores, anomalies = judged(detector, values, offset)
    assert scores == same(expected)
    assert places(anomalies) == alarms


@given(values=VALUES, warm_up=st.integers(1, 40), tolerance=st.sampled_from([0.0, 0.1, 3.0]), offset=OFFSETS)
def test_page_hinkley_is_numpys(values: list[float], warm_up: int, tolerance: float, offset: float) -> None:
    threshold, expected, alarms = 33.3, list[float](), list[int]()
    while len(expected) < len(values):
        column = page_hinkley(np.array(values[len(expected) :]), tolerance)
        alarm = first_above(column, threshold, warm_up - 1)
        column[: warm_up - 1] = math.nan
        expected += list(column[: None if alarm is None else alarm + 1])
        alarms += [] if alarm is None else [len(expected) - 1]
    scores, anomalies = judged(PageHinkley(threshold, tolerance, warm_up=warm_up), values, offset)
    assert scores == same(expected)
    assert places(anomalies) == alarms


DETECTORS: list[Detector] = [Cusum(), PageHinkley(12, 0.1)]


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)
@pytest.mark.parametrize("shift", [-1.0, 1.0])
def test_a_shift_within_the_noise_is_told_once(detector: Detector, shift: float) -> None:
    """Noise of 0.5 degrees, then a degree more or less: none is far out by itself."""
    detector.reset()
    noise = random.Random(19)
    values = [20 + (shift if place >= 400 else 0) + noise.gauss(0, 0.5) for place in range(1000)]
    _, anomalies = judged(detector, values)
    assert len(anomalies) == 1
    assert 400 < places(anomalies)[0] < 430
    assert (anomalies[0].value - anomalies[0].expected) * shift > 0


@pytest.mark.parametrize(
    ("threshold", "shift", "runs", "length"), [(5, 0, 400, 465), (5, 1, 1000, 10.4), (8, 1, 1000, 16.4)]
)
def test_cusum_runs_as_long_as_the_books_say(
    threshold: float, shift: float, runs: int, length: float
) -> None:
    """Values up to an alarm on average, seeded; the first is of false alarms."""
    draw = random.Random(20)
    detector, values = Cusum(threshold, mean=0, deviation=1), 0
    for _ in range(runs):
        values += 1
        while detector.update(values, draw.gauss(shift, 1)) is None:
            values += 1
    assert values / runs == pytest.approx(length, rel=0.1)


def test_the_first_change_after_none_alarms_at_once() -> None:
    _, anomalies = judged(Cusum(warm_up=50), [20.0] * 100 + [20.5] + [20.5] * 100)
    assert [(anomaly.time_s, anomaly.score) for anomaly in anomalies] == [(100 * STEP_S, math.inf)]


def test_a_given_reference_is_kept_after_an_alarm() -> None:
    _, anomalies = judged(Cusum(5, mean=20, deviation=1), [20.0] * 10 + [22.0] * 20)
    assert places(anomalies) == [13, 17, 21, 25, 29]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Cusum(0), "threshold is 0; give one above 0"),
        (lambda: Cusum(allowance=-1), "allowance is -1; give at least 0"),
        (lambda: Cusum(warm_up=1), "warm_up is 1; give at least 2"),
        (lambda: Cusum(mean=3), "give both or neither"),
        (lambda: Cusum(mean=3, deviation=0), "deviation is 0; give one above 0"),
        (lambda: PageHinkley(0, 1), "threshold is 0; give one above 0"),
        (lambda: PageHinkley(1, -1), "tolerance is -1; give at least 0"),
    ],
)
def test_parameters_out_of_range_are_refused(make: type[Detector], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make()
