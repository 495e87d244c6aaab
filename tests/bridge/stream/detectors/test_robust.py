"""Median and median absolute deviation by bisection: equal to numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.detectors.robust import DEVIATIONS_PER_MAD, RollingMedian, median, median_deviation
from tests.bridge.stream.detectors.judging import QUARTERS, SERIES


@given(values=SERIES.filter(len))
def test_median_is_numpys(values: list[float]) -> None:
    assert median(sorted(values)) == pytest.approx(np.median(values))


@given(values=SERIES.filter(len), centre=st.one_of(st.none(), QUARTERS))
def test_median_deviation_is_numpys_around_any_centre(values: list[float], centre: float | None) -> None:
    if centre is None:
        centre = float(np.median(values))
    expected = np.median(np.abs(np.array(values) - centre))
    assert median_deviation(sorted(values), centre) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(values=SERIES.filter(len), size=st.integers(1, 20))
def test_a_rolling_median_is_of_the_newest(values: list[float], size: int) -> None:
    rolling = RollingMedian(size)
    for value in values:
        rolling.push(value)
    centre, deviation = rolling.centre_and_deviation
    newest = np.array(values[-size:])
    assert centre == pytest.approx(np.median(newest))
    mad = np.median(np.abs(newest - np.median(newest)))
    assert deviation == pytest.approx(DEVIATIONS_PER_MAD * mad, rel=1e-9, abs=1e-9)


def test_of_normal_values_it_is_the_deviation() -> None:
    rolling = RollingMedian(20_000)
    for value in np.random.default_rng(1).normal(5, 2, 20_000):
        rolling.push(float(value))
    assert rolling.centre_and_deviation == pytest.approx((5, 2), rel=0.03)
