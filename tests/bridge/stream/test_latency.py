"""Latencies by stage: quantiles within the stated error, whatever is recorded."""

from __future__ import annotations

import math
import random
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.latency import RELATIVE_ERROR, LatencyHistogram, LatencyRecorder, Stage
from tests.bridge.stream.lists import lists_of

WITHIN_S = st.one_of(
    st.floats(1e-6, 1e6),
    st.integers(-19, 19).map(lambda octave: math.ldexp(1, octave)),
    st.integers(-19, 19).map(lambda octave: math.nextafter(math.ldexp(1, octave), 0)),
)


def histogram_of(latencies_s: list[float]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for latency_s in latencies_s:
        histogram.record(latency_s)
    return histogram


@given(latencies_s=lists_of(WITHIN_S, 100, least=1), percent=st.integers(0, 100))
def test_quantiles_are_numpys_within_the_stated_error(latencies_s: list[float], percent: int) -> None:
    """The rank is percent * n / 100 rounded up; floating point may round it to either side of a whole one."""
    said = histogram_of(latencies_s).quantile(percent / 100)
    shares = [min(max(percent / 100 + nudge, 0), 1) for nudge in (-1e-12, 0, 1e-12)]
    exact = np.quantile(latencies_s, shares, method="inverted_cdf")
    assert any(abs(said - value) <= RELATIVE_ERROR * value for value in exact)


def test_a_large_sample_agrees_with_numpy() -> None:
    draw = random.Random(7)
    latencies_s = [draw.lognormvariate(-6, 1.5) for _ in range(50_000)]
    histogram = histogram_of(latencies_s)
    for share in (0.01, 0.5, 0.9, 0.99, 0.999):
        exact = np.quantile(latencies_s, share, method="inverted_cdf")
        assert histogram.quantile(share) == pytest.approx(exact, rel=RELATIVE_ERROR)
    assert histogram.mean_s == pytest.approx(np.mean(latencies_s))


@given(latencies_s=lists_of(st.floats(0, 1e300), 50, least=1))
def test_extremes_are_exact_and_bound_the_quantiles(latencies_s: list[float]) -> None:
    histogram = histogram_of(latencies_s)
    assert (histogram.min_s, histogram.max_s) == (min(latencies_s), max(latencies_s))
    quantiles = [histogram.quantile(share / 20) for share in range(21)]
    assert quantiles == sorted(quantiles)
    assert min(latencies_s) <= quantiles[0]
    assert quantiles[-1] <= max(latencies_s)


def test_memory_is_bounded_whatever_is_recorded() -> None:
    histogram = LatencyHistogram()
    for octave in range(-25, 25):
        for part in range(64):
            histogram.record(math.ldexp(1 + part / 64, octave), 10**12)
    assert sys.getsizeof(histogram._buckets) < 21_000


def test_what_is_out_of_range_is_counted_at_its_ends() -> None:
    histogram = histogram_of([0.0, 1e-9, 2.0**20, 1.5e6, 1e8])
    assert histogram.quantile(0.4) < 1e-6
    assert histogram.quantile(0.6) == histogram.quantile(1)
    assert histogram.quantile(1) == pytest.approx(2**20, rel=RELATIVE_ERROR)
    assert histogram.max_s == 1e8


def test_latencies_that_cannot_be_are_refused_and_counted() -> None:
    histogram = histogram_of([-0.001, math.nan, math.inf, -math.inf, 0.25])
    assert (histogram.refused, histogram.count, histogram.max_s) == (4, 1, 0.25)


def test_an_empty_histogram_tells_nothing() -> None:
    summary = LatencyHistogram().summary()
    assert summary.count == 0
    assert all(map(math.isnan, (summary.mean_s, summary.p50_s, summary.p99_s, summary.max_s)))


def test_a_histogram_begins_anew() -> None:
    histogram = histogram_of([5.0, -1.0])
    histogram.clear()
    histogram.record(0.5)
    assert (histogram.count, histogram.refused) == (1, 0)
    assert (histogram.summary().p99_s, histogram.summary().max_s) == (0.5, 0.5)


def test_a_batch_is_its_items() -> None:
    one, batch = histogram_of([0.125] * 3 + [2.0]), LatencyHistogram()
    batch.record(0.125, 3)
    batch.record(2.0)
    assert one.summary() == batch.summary()


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_quantile_is_of_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        LatencyHistogram().quantile(share)


def test_each_stage_counts_from_the_one_before_it() -> None:
    recorder = LatencyRecorder()
    recorder.trace({Stage.MEASURED: 10.0, Stage.SEEN: 10.5, Stage.DECODED: 10.75, Stage.STORED: 12.75})
    recorder.trace({Stage.STORED: 24.0, Stage.SEEN: 20.0})
    recorder.record(Stage.SHOWN, 0.0625, count=2)
    assert {
        str(stage): (summary.count, summary.max_s) for stage, summary in recorder.summaries().items()
    } == {
        "seen": (1, 0.5),
        "decoded": (1, 0.25),
        "stored": (2, 4.0),
        "shown": (2, 0.0625),
    }
