"""What holds for every detector of single values."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.detectors import (
    Cusum,
    Detector,
    Ewma,
    Hampel,
    MedianDeviation,
    PageHinkley,
    RateOfChange,
    Stuck,
    ZScore,
)
from tests.bridge.stream.detectors.judging import QUARTERS, STEP_S, judged, places, same
from tests.bridge.stream.lists import lists_of

MAKERS: dict[str, Callable[[], Detector]] = {
    "z-score": lambda: ZScore(12, 2.1),
    "median deviation": lambda: MedianDeviation(12, 2.1),
    "EWMA": lambda: Ewma(0.3, 2.1),
    "CUSUM": lambda: Cusum(2.9, warm_up=8),
    "Page-Hinkley": lambda: PageHinkley(20.1, 0.3, warm_up=4),
    "stuck": lambda: Stuck(20.0, tolerance=5),
    "rate of change": lambda: RateOfChange(1.03),
    "Hampel": lambda: Hampel(2, 2.1),
}
EACH = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
VALUES = lists_of(QUARTERS, 40)


@EACH
@given(values=VALUES)
def test_an_offset_of_a_billion_changes_nothing(make: Callable[[], Detector], values: list[float]) -> None:
    scores, anomalies = judged(make(), values)
    far_scores, far = judged(make(), values, 1e9)
    assert far_scores == same(scores)
    assert [anomaly.time_s for anomaly in far] == [anomaly.time_s for anomaly in anomalies]
    assert [anomaly.expected - 1e9 for anomaly in far] == pytest.approx(
        [anomaly.expected for anomaly in anomalies], abs=1e-6
    )


@EACH
def test_an_offset_of_a_billion_changes_nothing_in_the_long_run(make: Callable[[], Detector]) -> None:
    noise = random.Random(23)
    values = [round(80 + 4 * noise.gauss(0, 1)) / 4 for _ in range(5_000)]
    scores, anomalies = judged(make(), values)
    far_scores, far = judged(make(), values, 1e9)
    assert far_scores == same(scores)
    assert places(far) == places(anomalies)


@EACH
@given(
    values=VALUES,
    bad=st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from([math.nan, math.inf, -math.inf, 1e200])), max_size=6
    ),
)
def test_what_is_not_finite_is_skipped_and_leaves_no_trace(
    make: Callable[[], Detector], values: list[float], bad: list[tuple[int, float]]
) -> None:
    detector, scores = make(), []
    for place, value in enumerate(values):
        for at, wrong in bad:
            if at == place:
                assert detector.update(place * STEP_S - 1, wrong) is None
                assert math.isnan(detector.score)
        detector.update(place * STEP_S, value)
        scores.append(detector.score)
    assert scores == pytest.approx(judged(make(), values)[0], rel=0, abs=0, nan_ok=True)
    assert detector.skipped == sum(at < len(values) for at, _ in bad)


@EACH
@given(before=VALUES, values=VALUES)
def test_reset_forgets_everything_but_the_count_of_what_was_skipped(
    make: Callable[[], Detector], before: list[float], values: list[float]
) -> None:
    detector = make()
    judged(detector, [math.nan, *before])
    detector.reset()
    assert math.isnan(detector.score)
    scores, anomalies = judged(detector, values)
    new_scores, new_anomalies = judged(make(), values)
    assert scores == pytest.approx(new_scores, rel=0, abs=0, nan_ok=True)
    assert anomalies == new_anomalies
    assert detector.skipped == 1


@EACH
@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e9 + 0.1, 1e-300, 1e149])
def test_a_series_that_never_changes_alarms_only_as_stuck(make: Callable[[], Detector], value: float) -> None:
    scores, anomalies = judged(make(), [value] * 1000)
    if isinstance(make(), Stuck):
        assert len(anomalies) == 998
    else:
        assert anomalies == []
        assert {score for score in scores if not math.isnan(score)} == {0.0}


@EACH
def test_a_value_as_large_as_may_be_spoils_nothing_for_good(make: Callable[[], Detector]) -> None:
    """1e150 in a window of small values: when it has left, what follows is judged as if it had not been."""
    detector = make()
    judged(detector, [1e150, -1e150])
    detector.reset()
    judged(detector, [20.0, 20.25, 1e150, *[20.0, 20.25] * 4_000])
    assert not math.isnan(detector.score)
    assert detector.score < 1e6


@EACH
def test_an_anomaly_has_the_value_and_a_score(make: Callable[[], Detector]) -> None:
    values = [20.0, 20.25] * 20 + [90.0] * 10 + [20.0, 20.25, 90.0] + [20.0, 20.25] * 5
    scores, anomalies = judged(make(), values)
    assert anomalies
    for anomaly in anomalies:
        assert anomaly.value == values[round(anomaly.time_s / STEP_S)]
        assert anomaly.score in scores
        assert math.isfinite(anomaly.expected)
