"""Whole columns: equal to pandas and numpy, and to the same statistics taken sample by sample."""

import math
import subprocess
import sys
from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.stream import columns
from bridge.stream.columns import (
    Rolled,
    WindowTable,
    ewma,
    hopping,
    rolling,
    rolling_time,
    sessions,
    tumbling,
)
from bridge.stream.detectors import Ewma, ZScore
from bridge.stream.statistics import RollingExtremes, RollingStatistics, RollingTime
from bridge.stream.windows import Hopping, Session, Tumbling, Windows, windows_of

Column = NDArray[np.float64]

# Steps of 2^-10 around 1e9, and magnitudes from 1e-9 to 1e16 in one column.
lifted = st.integers(-4096, 4096).map(lambda step: 1e9 + step / 1024)
mixed = st.builds(
    lambda digits, power: digits * 10.0**power, st.integers(-999_999, 999_999), st.integers(-9, 10)
)
value_columns = st.one_of(st.lists(lifted, max_size=80), st.lists(mixed, max_size=80)).map(np.array)
spans_s = st.sampled_from([0.125, 1.0, 3.5, 20.0])


@st.composite
def sample_columns(draw: st.DrawFn) -> tuple[Column, Column]:
    """Times in eighths of a second, which floats and pandas both hold exactly, several at once too."""
    values = draw(value_columns)
    gaps = st.one_of(st.integers(0, 12), st.sampled_from([0, 8, 400]))
    eighths = list(accumulate(draw(st.lists(gaps, min_size=len(values), max_size=len(values)))))
    return np.array(eighths, float) / 8 + draw(st.sampled_from([0.0, -7.25, 1.7e9])), values


def assert_is_sample_by_sample(rolled: Rolled, values: Column, push: Callable[[int, float], Any]) -> None:
    """Bit by bit; `push` returns the statistics and the extremes after a sample."""
    expected = []
    for index, value in enumerate(values.tolist()):
        statistics, extremes = push(index, value)
        expected.append(
            (
                statistics.count,
                statistics.mean,
                statistics.variance,
                statistics.deviation,
                extremes.minimum,
                extremes.maximum,
            )
        )
    names = ("count", "mean", "variance", "deviation", "minimum", "maximum")
    got = np.array([getattr(rolled, name) for name in names])
    np.testing.assert_array_equal(got, np.array(expected).reshape(-1, len(names)).T)


@given(value_columns, st.integers(1, 100))
def test_by_count_all_is_as_sample_by_sample(values: Column, size: int) -> None:
    statistics, extremes = RollingStatistics(size), RollingExtremes(size)

    def push(_: int, value: float) -> tuple[RollingStatistics, RollingExtremes]:
        statistics.push(value)
        extremes.push(value)
        return statistics, extremes

    assert_is_sample_by_sample(rolling(values, size), values, push)


@given(sample_columns(), spans_s)
def test_by_time_all_is_as_sample_by_sample(samples: tuple[Column, Column], span_s: float) -> None:
    times_s, values = samples
    statistics, extremes = RollingStatistics(), RollingExtremes()
    recent = RollingTime(span_s, statistics, extremes)

    def push(index: int, value: float) -> tuple[RollingStatistics, RollingExtremes]:
        recent.push(float(times_s[index]), value)
        return statistics, extremes

    assert_is_sample_by_sample(rolling_time(times_s, values, span_s), values, push)


@pytest.mark.parametrize("size", [1, 2, 7, 1_000, 16_384, 30_000, 70_000])
def test_long_columns_are_worked_on_in_parts_and_come_out_whole(size: int) -> None:
    values = 1e9 + np.random.default_rng(size).normal(0.0, 1.0, 60_001)
    rolled, statistics = rolling(values, size), RollingStatistics(size)
    by_time = rolling_time(np.arange(len(values)), values, size)
    expected = np.empty((2, len(values)))
    for index, value in enumerate(values.tolist()):
        statistics.push(value)
        expected[:, index] = statistics.mean, statistics.variance
    for of in (rolled, by_time):
        np.testing.assert_array_equal(of.mean, expected[0])
        np.testing.assert_array_equal([of.variance, of.mean], expected[::-1])  # computed with the variance


@given(value_columns, st.integers(2, 20))
def test_rolling_equals_pandas(values: Column, size: int) -> None:
    """Of steps of 2^-10, which pandas' removal does not spoil; it is told them without the 1e9."""
    pandas = pytest.importorskip("pandas")
    near = np.round(np.clip(values, -1e6, 1e6) * 1024) / 1024
    theirs, ours = pandas.Series(near).rolling(size, min_periods=1), rolling(near + 1e9, size)
    np.testing.assert_allclose(ours.mean - 1e9, theirs.mean(), rtol=0, atol=3e-7)
    np.testing.assert_allclose(ours.deviation, theirs.std(), rtol=1e-6, atol=1e-4)
    np.testing.assert_array_equal(ours.minimum - 1e9, theirs.min())
    np.testing.assert_array_equal(ours.maximum - 1e9, theirs.max())


@given(sample_columns(), spans_s)
def test_rolling_by_time_equals_pandas(samples: tuple[Column, Column], span_s: float) -> None:
    pandas = pytest.importorskip("pandas")
    times_s, values = samples
    near = np.round(np.clip(values, -1e6, 1e6) * 1024) / 1024
    index = pandas.to_datetime((times_s * 1000).astype(np.int64), unit="ms")
    theirs = pandas.Series(near, index).rolling(pandas.Timedelta(seconds=span_s))
    ours = rolling_time(times_s, near + 1e9, span_s)
    np.testing.assert_array_equal(ours.count, theirs.count())
    np.testing.assert_allclose(ours.mean - 1e9, theirs.mean(), rtol=0, atol=3e-7)
    np.testing.assert_allclose(ours.deviation, theirs.std(), rtol=1e-6, atol=1e-4)
    np.testing.assert_array_equal(ours.minimum - 1e9, theirs.min())
    np.testing.assert_array_equal(ours.maximum - 1e9, theirs.max())


@given(value_columns, st.integers(2, 20))
def test_z_scores_are_those_of_the_detector(values: Column, size: int) -> None:
    detector = ZScore(size, warm_up=2)
    expected = []
    for value in values.tolist():
        detector.update(0.0, value)
        expected.append(detector.score)
    np.testing.assert_array_equal(np.abs(rolling(values, size).z_score), expected)


def test_z_scores_of_level_columns() -> None:
    scores = rolling([5.0, 5.0, 5.0, 6.0, 4.0], 3).z_score
    np.testing.assert_array_equal(scores[:4], [math.nan, math.nan, 0.0, math.inf])
    assert scores[4] < 0


@given(value_columns, st.sampled_from([0.01, 0.1, 0.5, 0.99]))
def test_ewma_equals_pandas(values: Column, alpha: float) -> None:
    pandas = pytest.importorskip("pandas")
    near = np.clip(values, -1e6, 1e6)
    mean, deviation = ewma(near, alpha)
    weighted = pandas.Series(near).ewm(alpha=alpha, adjust=False)
    np.testing.assert_allclose(mean, weighted.mean(), rtol=1e-12, atol=1e-8)
    if len(values):
        np.testing.assert_allclose(deviation, weighted.std(bias=True), rtol=1e-6, atol=1e-1)


def test_ewma_is_what_the_detector_expects() -> None:
    """Over more values than are worked on at once."""
    values = 1e9 + np.random.default_rng(3).normal(0.0, 1.0, 40_000)
    mean, deviation = ewma(values, 0.01)
    detector = Ewma(0.01, warm_up=2)
    scores = []
    for value in values.tolist():
        detector.update(0.0, value)
        scores.append(detector.score)
    np.testing.assert_allclose(
        np.abs(values[1:] - mean[:-1])[10:] / deviation[10:-1], scores[11:], rtol=1e-4, atol=1e-6
    )


def assert_are_windows(table: WindowTable, samples: tuple[Column, Column], kind: Windows) -> None:
    """The same windows as sample by sample, up to rounding."""
    times_s, values = samples
    expected = list(windows_of(zip(times_s.tolist(), values.tolist(), strict=True), kind))
    assert len(expected) == len(table.start_s)
    for name, column in table._asdict().items():
        theirs = np.array([getattr(window, name) for window in expected])
        if name in ("mean", "deviation"):
            within = 1e-12 * max(
                (abs(window.minimum) + abs(window.maximum) for window in expected), default=0.0
            )
            np.testing.assert_allclose(column, theirs, rtol=1e-9, atol=within if name == "mean" else 0.0)
        else:
            np.testing.assert_array_equal(column, theirs)


@given(sample_columns(), spans_s)
def test_tumbling_windows_are_as_sample_by_sample(samples: tuple[Column, Column], size_s: float) -> None:
    assert_are_windows(tumbling(*samples, size_s), samples, Tumbling(size_s))


@given(sample_columns(), spans_s, st.integers(1, 7))
def test_hopping_windows_are_as_sample_by_sample(
    samples: tuple[Column, Column], hop_s: float, panes: int
) -> None:
    assert_are_windows(hopping(*samples, panes * hop_s, hop_s), samples, Hopping(panes * hop_s, hop_s))


@given(sample_columns(), spans_s)
def test_sessions_are_as_sample_by_sample(samples: tuple[Column, Column], gap_s: float) -> None:
    assert_are_windows(sessions(*samples, gap_s), samples, Session(gap_s))


@given(sample_columns(), st.sampled_from([1.0, 3.5, 20.0]))
def test_tumbling_windows_equal_pandas(samples: tuple[Column, Column], size_s: float) -> None:
    pandas = pytest.importorskip("pandas")
    times_s, values = samples
    index = pandas.to_datetime((times_s * 1000).astype(np.int64), unit="ms")
    if not len(values) or times_s[-1] - times_s[0] > 10_000 * size_s:
        return  # pandas makes a row for each empty window
    bins = pandas.Series(values, index).resample(pandas.Timedelta(seconds=size_s), origin="epoch")
    theirs = bins.agg(["count", "mean", "min", "max"])
    theirs = theirs[theirs["count"] > 0]
    ours = tumbling(times_s, values, size_s)
    np.testing.assert_array_equal(ours.start_s, [when.timestamp() for when in theirs.index])
    np.testing.assert_array_equal(ours.count, theirs["count"])
    np.testing.assert_allclose(ours.mean, theirs["mean"], rtol=1e-9, atol=1e-12 * np.abs(values).max())
    np.testing.assert_array_equal(ours.minimum, theirs["min"])
    np.testing.assert_array_equal(ours.maximum, theirs["max"])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rolling([1.0], 0), "at least 1 value"),
        (lambda: rolling([[1.0]], 1), "2 dimensions"),
        (lambda: rolling([1.0, math.nan], 1), r"values\[1\] is nan"),
        (lambda: rolling_time([0.0], [1.0, 2.0], 1.0), "1 times cannot belong to 2 values"),
        (lambda: rolling_time([1.0, 0.5], [1.0, 2.0], 1.0), r"times\[1\] is before"),
        (lambda: rolling_time([1.0], [1.0], 0.0), "longer than 0 s"),
        (lambda: tumbling([math.inf], [1.0], 1.0), r"times\[0\] is inf"),
        (lambda: hopping([1.0], [1.0], 5.0, 2.0), "multiple of its hop"),
        (lambda: sessions([1.0], [1.0], 0.0), "longer than 0 s"),
        (lambda: ewma([1.0], 1.0), "between 0 and 1"),
    ],
)
def test_columns_that_cannot_be(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_without_numpy_the_message_names_the_extra() -> None:
    program = f"import sys; sys.modules['numpy'] = None; import {columns.__name__}"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert result.stderr.rstrip().endswith("pip install 'treering[columns]'")
