"""Values far out: equal to numpy and pandas on the same data, and useful on data with known faults."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.detectors import Detector, Ewma, MedianDeviation, ZScore
from tests.bridge.stream.detectors.judging import OFFSETS, QUARTERS, SERIES, judged, places, same, score
from tests.bridge.stream.lists import lists_of

SIZES = st.integers(2, 30).flatmap(lambda size: st.tuples(st.just(size), st.integers(2, size)))
LEAST = st.sampled_from([0.0, 0.5])


def scores_of(
    values: list[float], size: int, warm_up: int, judge: Callable[[float, np.ndarray], float]
) -> list[float]:
    """Each value judged by the window before it, NaN in warm-up."""
    befores = [np.array(values[max(0, place - size) : place]) for place in range(len(values))]
    return [
        judge(value, before) if len(before) >= warm_up else math.nan
        for value, before in zip(values, befores, strict=True)
    ]


@given(values=SERIES, sizes=SIZES, least=LEAST)
def test_z_score_is_numpys(values: list[float], sizes: tuple[int, int], least: float) -> None:
    def judge(value: float, before: np.ndarray) -> float:
        away = before - before[0]  # equal values have a mean and deviation without rounding
        return score(abs(value - before[0] - away.mean()), max(float(away.std(ddof=1)), least))

    size, warm_up = sizes
    scores, _ = judged(ZScore(size, warm_up=warm_up, least_deviation=least), values)
    assert scores == same(scores_of(values, size, warm_up, judge))


@given(values=lists_of(QUARTERS, 60), sizes=SIZES, offset=OFFSETS)
def test_z_score_is_pandas(values: list[float], sizes: tuple[int, int], offset: float) -> None:
    size, warm_up = sizes
    series = pd.Series(values, dtype=float)
    before = series.rolling(size, min_periods=warm_up)
    expected = (series - before.mean().shift(1)).abs() / before.std().shift(1).clip(lower=0.5)
    scores, _ = judged(ZScore(size, warm_up=warm_up, least_deviation=0.5), values, offset)
    assert scores == same(expected)


@given(values=SERIES, sizes=SIZES, least=LEAST)
def test_median_deviation_is_numpys(values: list[float], sizes: tuple[int, int], least: float) -> None:
    def judge(value: float, before: np.ndarray) -> float:
        median = np.median(before)
        mad = 1.482602218505602 * float(np.median(np.abs(before - median)))
        return score(float(abs(value - median)), max(mad, least))

    size, warm_up = sizes
    scores, _ = judged(MedianDeviation(size, warm_up=warm_up, least_deviation=least), values)
    assert scores == same(scores_of(values, size, warm_up, judge))


@given(values=lists_of(QUARTERS, 60), alpha=st.floats(0.01, 0.99), offset=OFFSETS)
def test_ewma_is_pandas(values: list[float], alpha: float, offset: float) -> None:
    series = pd.Series(values, dtype=float)
    weighted = series.ewm(alpha=alpha, adjust=False)
    deviation = np.sqrt(weighted.var(bias=True).shift(1)).clip(lower=0.5)
    expected = ((series - weighted.mean().shift(1)).abs() / deviation).where(series.index >= 3)
    scores, _ = judged(Ewma(alpha, warm_up=3, least_deviation=0.5), values, offset)
    assert scores == same(expected)


DETECTORS: list[Detector] = [ZScore(60, 6), MedianDeviation(60, 7), Ewma(0.05, 6)]
EACH = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)


@EACH
def test_finds_the_faults_and_nothing_else(detector: Detector) -> None:
    """Noise of 0.5 degrees around a slow day, and three values 5 degrees off."""
    detector.reset()
    noise = random.Random(14)
    values = [20 + 3 * math.sin(place / 800) + noise.gauss(0, 0.5) for place in range(3000)]
    for place in (500, 1500, 2500):
        values[place] += 5
    _, anomalies = judged(detector, values)
    assert places(anomalies) == [500, 1500, 2500]
    assert [anomaly.value for anomaly in anomalies] == [values[place] for place in (500, 1500, 2500)]
    assert all(1 < anomaly.value - anomaly.expected < 7 for anomaly in anomalies)


@EACH
def test_a_new_level_becomes_the_usual_one(detector: Detector) -> None:
    detector.reset()
    noise = random.Random(15)
    values = [(20 if place < 300 else 40) + noise.gauss(0, 0.5) for place in range(600)]
    found = places(judged(detector, values)[1])
    assert found[0] == 300
    assert found[-1] < 350


@pytest.mark.parametrize("level", [0.0, 0.1, 1e9])
@pytest.mark.parametrize(
    "detector",
    [ZScore(60, 4.5), MedianDeviation(60, 6), *(Ewma(alpha, 8) for alpha in (0.001, 0.05, 0.3, 0.6, 0.99))],
)
def test_silence_after_noise_is_no_anomaly(detector: Detector, level: float) -> None:
    """The deviation dies away to nothing; what is left of it is rounding, and must not be divided by."""
    detector.reset()
    noise = random.Random(16)
    judged(detector, [level + noise.gauss(0, 0.01) for _ in range(200)] + [level] * 2)
    assert judged(detector, [level] * 5_000)[1] == []


@EACH
def test_an_absurd_first_value_is_got_over(detector: Detector) -> None:
    detector.reset()
    noise = random.Random(24)
    values = [1e20, *(noise.gauss(20, 0.5) for _ in range(3000)), 30.0]
    assert places(judged(detector, values)[1])[-1:] == [3001]


@EACH
def test_the_first_change_after_none_is_infinitely_far(detector: Detector) -> None:
    detector.reset()
    scores, anomalies = judged(detector, [20.0] * 100 + [20.5])
    assert (scores[99], scores[100], len(anomalies)) == (0, math.inf, 1)


@pytest.mark.parametrize(
    "detector",
    [
        ZScore(60, least_deviation=0.5),
        MedianDeviation(60, least_deviation=0.5),
        Ewma(0.05, least_deviation=0.5),
    ],
)
def test_one_step_of_the_sensor_is_none_with_a_least_deviation(detector: Detector) -> None:
    assert judged(detector, [20.0] * 100 + [20.5])[1] == []


def test_median_deviation_sees_what_hides_from_z_score() -> None:
    """A third of the window far out widens the deviation, not the MAD."""
    noise = random.Random(17)
    values = [noise.gauss(20, 0.5) + (10 if place % 3 == 0 else 0) for place in range(60)] + [30.0]
    assert places(judged(ZScore(60, 3), values)[1]) == []
    assert places(judged(MedianDeviation(60, 3.5), values)[1]) == [60]


@pytest.mark.parametrize(
    ("warm_up", "first"), [(None, 20), (5, 5)], ids=["a full window", "as long as it says"]
)
def test_warm_up(warm_up: int | None, first: int) -> None:
    noise = random.Random(18)
    values = [noise.gauss(20, 0.5) for _ in range(40)]
    for detector in (ZScore(20, warm_up=warm_up), MedianDeviation(20, warm_up=warm_up)):
        scores, _ = judged(detector, values)
        assert [math.isnan(score) for score in scores] == [place < first for place in range(40)]


def test_warm_up_of_ewma_is_three_time_constants() -> None:
    scores, _ = judged(Ewma(0.1), [float(place % 2) for place in range(40)])
    assert [math.isnan(score) for score in scores] == [place < 30 for place in range(40)]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: ZScore(1), "size is 1; give at least 2"),
        (lambda: ZScore(10, 0), "threshold is 0; give one above 0"),
        (lambda: ZScore(10, warm_up=1), "warm_up is 1; give at least 2"),
        (lambda: ZScore(10, warm_up=11), "size is 10; give at least 11"),
        (lambda: ZScore(10, least_deviation=-1), "least_deviation is -1; give at least 0"),
        (lambda: MedianDeviation(10, math.nan), "threshold is nan; give one above 0"),
        (lambda: Ewma(0), "alpha is 0; give one between 0 and 1"),
        (lambda: Ewma(1), "alpha is 1; give one between 0 and 1"),
        (lambda: Ewma(0.1, warm_up=1), "warm_up is 1; give at least 2"),
    ],
)
def test_parameters_out_of_range_are_refused(make: type[Detector], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make()
