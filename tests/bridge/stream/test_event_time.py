"""Samples out of order: within the bound, results are identical to those of sorted samples."""

import math
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.compression import Point
from bridge.stream.event_time import EventTime, Reorder, in_order
from bridge.stream.windows import Counted, Hopping, Session, Sliding, Tumbling, Windows, windows_of

BOUND_S = 3.0

KINDS: list[Callable[[], Windows]] = [
    lambda: Tumbling(4.0),
    lambda: Hopping(4.0, 1.0),
    lambda: Sliding(4.0),
    lambda: Counted(3, 2),
    lambda: Session(2.0),
]


@st.composite
def arrivals(draw: st.DrawFn) -> list[Point]:
    """Each sample is underway for at most the bound."""
    steps = draw(st.lists(st.integers(0, 40), min_size=1, max_size=50))
    times_s = [step / 8 for step in accumulate(steps)]
    samples = [(time_s, draw(st.floats(-1e6, 1e6, width=32))) for time_s in times_s]
    delays_s = [draw(st.integers(0, int(BOUND_S * 8))) / 8 for _ in samples]
    order = sorted(range(len(samples)), key=lambda index: samples[index][0] + delays_s[index])
    return [samples[index] for index in order]


@pytest.mark.parametrize("make", KINDS)
@given(arrived=arrivals())
def test_the_order_of_arrival_within_the_bound_changes_nothing(
    make: Callable[[], Windows], arrived: list[Point]
) -> None:
    ours = EventTime(make(), BOUND_S)
    np.testing.assert_equal(list(windows_of(arrived, ours)), list(windows_of(sorted(arrived), make())))
    assert ours.late == 0


@given(arrivals())
def test_samples_come_out_sorted_and_complete(arrived: list[Point]) -> None:
    assert list(in_order(arrived, BOUND_S)) == sorted(arrived)


@given(arrivals(), st.floats(0, BOUND_S))
def test_with_any_bound_what_comes_out_is_sorted_and_the_rest_is_counted(
    arrived: list[Point], bound_s: float
) -> None:
    reorder = Reorder(bound_s)
    out = [sample for time_s, value in arrived for sample in reorder.push(time_s, value)]
    out += reorder.close()
    assert out == sorted(out)
    assert len(out) + reorder.late == len(arrived)


def test_a_sample_waits_for_the_watermark() -> None:
    reorder = Reorder(bound_s=2.0)
    assert reorder.push(10.0, 1.0) == []
    assert reorder.push(9.0, 2.0) == []
    assert reorder.push(11.5, 3.0) == [(9.0, 2.0)]
    assert (reorder.watermark_s, reorder.held) == (9.5, 2)
    assert reorder.push(9.4, 4.0) == []
    assert (reorder.late, reorder.held) == (1, 2)
    assert reorder.close() == [(10.0, 1.0), (11.5, 3.0)]


def test_a_window_waits_for_the_watermark() -> None:
    windows = EventTime(Tumbling(10.0), bound_s=2.0)
    assert not windows.push(9.0, 1.0)
    assert not windows.push(11.0, 1.0)
    assert not windows.push(9.5, 1.0)
    (window,) = windows.push(12.0, 1.0)
    assert (window.start_s, window.count, windows.watermark_s) == (0.0, 2, 10.0)


def test_silence_ends_windows_once_the_clock_has_gone_on() -> None:
    windows = EventTime(Tumbling(10.0), bound_s=2.0, idle_s=30.0)
    windows.push(9.0, 1.0)
    assert not windows.advance(39.9)
    (window,) = windows.advance(40.0)
    assert (window.count, windows.watermark_s) == (1, 10.0)
    assert not windows.push(9.9, 1.0)
    assert windows.late == 1


def test_without_an_idle_time_the_clock_ends_nothing() -> None:
    windows = EventTime(Tumbling(10.0), bound_s=2.0)
    windows.push(9.0, 1.0)
    assert not windows.advance(1e12)
    assert len(windows.close()) == 1


def test_a_clock_that_goes_back_takes_nothing_back() -> None:
    reorder = Reorder(bound_s=0.0, idle_s=5.0)
    reorder.advance(105.0)
    reorder.advance(5.0)
    assert reorder.watermark_s == 100.0


def test_late_samples_revise_within_the_lateness_that_the_windows_allow() -> None:
    windows = EventTime(Tumbling(10.0, lateness_s=5.0), bound_s=2.0)
    windows.push(9.0, 1.0)
    (first,) = windows.push(13.0, 1.0)
    (second,) = windows.push(8.0, 3.0)
    assert (first.revision, second.revision, second.mean, windows.late) == (0, 1, 2.0, 0)
    windows.push(17.0, 1.0)
    assert not windows.push(7.0, 1.0)
    assert windows.late == 1


@pytest.mark.parametrize("sample", [(math.nan, 1.0), (math.inf, 1.0), (5.0, math.nan)])
def test_what_is_not_finite_is_refused(sample: Point) -> None:
    windows = EventTime(Tumbling(10.0), bound_s=2.0)
    windows.push(5.0, 1.0)
    with pytest.raises(ValueError, match="finite"):
        windows.push(*sample)
    (window,) = windows.close()
    assert window.count == 1


@pytest.mark.parametrize(
    ("bound_s", "idle_s"), [(-1.0, 5.0), (6.0, 5.0), (math.inf, math.inf), (math.nan, 5.0)]
)
def test_bounds_that_cannot_be(bound_s: float, idle_s: float) -> None:
    with pytest.raises(ValueError, match="out of order"):
        Reorder(bound_s, idle_s)
