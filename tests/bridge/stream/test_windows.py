"""Windows over a stream: equal to pandas for every kind, and late samples handled as stated."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.compression import Point
from bridge.stream.windows import (
    Counted,
    Hopping,
    Keyed,
    Session,
    Sliding,
    Tumbling,
    Window,
    Windows,
    windows_of,
)

# Eighths of a second, which floats and pandas' milliseconds both hold exactly: also several samples at once,
# and silences of many windows.
gaps_ms = st.one_of(st.integers(0, 24).map(lambda eighths: 125 * eighths), st.sampled_from([5_000, 60_000]))
values = st.integers(-(2**20), 2**20).map(lambda step: 1e9 + step / 1024)


@st.composite
def streams(draw: st.DrawFn) -> list[Point]:
    gaps = draw(st.lists(gaps_ms, min_size=1, max_size=40))
    start_ms = draw(st.sampled_from([0, -7_250, 1_763_727_798_000]))
    return [(ms / 1000, draw(values)) for ms in accumulate(gaps, initial=start_ms)]


KINDS: list[Callable[[], Windows]] = [
    lambda: Tumbling(4.0),
    lambda: Hopping(4.0, 1.0),
    lambda: Sliding(4.0),
    lambda: Counted(3),
    lambda: Session(2.0),
]


def assert_equal(windows: Iterable[Window], expected: Iterable[tuple[float, float, Sequence[float]]]) -> None:
    """Each window has this start, end and these values, up to the rounding of the statistics."""
    given = list(windows)
    wanted = [
        (start_s, end_s, len(inside), np.mean(inside), np.std(np.subtract(inside, inside[0]), ddof=1))
        if len(inside) > 1
        else (start_s, end_s, 1, inside[0], math.nan)
        for start_s, end_s, inside in expected
    ]
    np.testing.assert_allclose(
        np.array([window[:5] for window in given]), np.array(wanted), rtol=1e-9, atol=0
    )
    assert [window[5:7] for window in given] == [(min(inside), max(inside)) for _, _, inside in expected]


def of_time(samples: Iterable[Point], begin_s: float, end_s: float) -> list[float]:
    return [value for time_s, value in samples if begin_s <= time_s < end_s]


@given(streams(), st.sampled_from([1.0, 1.5, 4.0, 60.0]))
def test_tumbling_windows_hold_what_their_interval_holds(samples: list[Point], size_s: float) -> None:
    starts = sorted({time_s // size_s * size_s for time_s, _ in samples})
    expected = [
        (start_s, start_s + size_s, of_time(samples, start_s, start_s + size_s)) for start_s in starts
    ]
    assert_equal(windows_of(samples, Tumbling(size_s)), expected)


@given(streams(), st.sampled_from([(4.0, 1.0), (3.0, 1.5), (5.0, 2.5), (6.0, 6.0), (0.5, 0.125)]))
def test_hopping_windows_hold_what_their_interval_holds(
    samples: list[Point], size_and_hop: tuple[float, float]
) -> None:
    size_s, hop_s = size_and_hop
    hops = {int(time_s // hop_s) - back for time_s, _ in samples for back in range(round(size_s / hop_s))}
    intervals = [(hop * hop_s, hop * hop_s + size_s) for hop in sorted(hops)]
    expected = [(begin_s, end_s, of_time(samples, begin_s, end_s)) for begin_s, end_s in intervals]
    assert_equal(windows_of(samples, Hopping(size_s, hop_s)), expected)


@given(streams(), st.sampled_from([0.5, 2.0, 7.0]))
def test_a_sliding_window_ends_with_each_sample(samples: list[Point], size_s: float) -> None:
    expected = [
        (now_s - size_s, now_s, [value for time_s, value in samples[:end] if time_s > now_s - size_s])
        for end, (now_s, _) in enumerate(samples, start=1)
    ]
    assert_equal(windows_of(samples, Sliding(size_s)), expected)


@given(streams(), st.integers(1, 8), st.integers(1, 8))
def test_counted_windows_are_full(samples: list[Point], one: int, other: int) -> None:
    hop, size = sorted((one, other))
    parts = [samples[begin : begin + size] for begin in range(0, len(samples) - size + 1, hop)]
    expected = [(part[0][0], part[-1][0], [value for _, value in part]) for part in parts]
    assert_equal(windows_of(samples, Counted(size, hop)), expected)


@given(streams(), st.sampled_from([0.5, 1.0, 2.999]))
def test_a_session_ends_with_a_gap(samples: list[Point], gap_s: float) -> None:
    sessions: list[list[Point]] = []
    for sample in samples:
        if not sessions or sample[0] - sessions[-1][-1][0] > gap_s:
            sessions.append([])
        sessions[-1].append(sample)
    expected = [(session[0][0], session[-1][0], [value for _, value in session]) for session in sessions]
    assert_equal(windows_of(samples, Session(gap_s)), expected)


@given(streams(), st.sampled_from([1, 4]), st.sampled_from([1.0, 4.0]))
def test_pandas_resamples_to_the_same_windows(samples: list[Point], hops: int, hop_s: float) -> None:
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(
        [value for _, value in samples],
        pandas.to_datetime([round(time_s * 1000) for time_s, _ in samples], unit="ms"),
    )
    bins = column.resample(pandas.Timedelta(seconds=hop_s), origin="epoch")
    panes = bins.agg(["count", "sum", "min", "max"])
    rolled = panes.rolling(hops, min_periods=1)
    # A hopping window is named by its last pane; those that reach beyond the last sample are left out.
    counts = rolled["count"].sum()
    last_s = [when.timestamp() for when in panes.index]
    expected = [
        (round(end_s + hop_s - hops * hop_s, 6), int(count), low, high)
        for end_s, count, low, high in zip(
            last_s, counts, rolled["min"].min(), rolled["max"].max(), strict=True
        )
        if count
    ]
    given_windows = list(windows_of(samples, Hopping(hops * hop_s, hop_s)))
    given = [(window.start_s, window.count, window.minimum, window.maximum) for window in given_windows]
    assert given[: len(expected)] == expected
    if hops == 1:
        means, deviations = bins.mean().dropna(), (column - 1e9).resample(f"{hop_s}s", origin="epoch").std()
        assert [window.mean for window in given_windows] == pytest.approx(list(means), rel=1e-15)
        expected_deviations = deviations[panes["count"] > 0]
        assert [window.deviation for window in given_windows] == pytest.approx(
            list(expected_deviations), rel=1e-9, nan_ok=True
        )


@given(streams(), st.sampled_from([2.0, 3.5]))
def test_pandas_rolls_over_the_same_windows(samples: list[Point], size_s: float) -> None:
    pandas = pytest.importorskip("pandas")
    near = pandas.Series(
        [value - 1e9 for _, value in samples],
        pandas.to_datetime([round(time_s * 1000) for time_s, _ in samples], unit="ms"),
    )
    rolled = near.rolling(pandas.Timedelta(seconds=size_s))
    windows = list(windows_of(samples, Sliding(size_s)))
    assert [window.count for window in windows] == list(rolled.count())
    assert [window.minimum - 1e9 for window in windows] == list(rolled.min())
    assert [window.maximum - 1e9 for window in windows] == list(rolled.max())
    assert [window.mean - 1e9 for window in windows] == pytest.approx(list(rolled.mean()), abs=3e-7)


def test_a_window_of_one_sample_has_no_deviation() -> None:
    for kind in (Tumbling(1.0), Sliding(1.0), Counted(1), Session(1.0)):
        (window,) = windows_of([(0.5, 3.0)], kind)
        assert (window.count, window.mean, window.minimum, window.maximum) == (1, 3.0, 3.0, 3.0)
        assert math.isnan(window.deviation)


def test_a_window_is_given_as_soon_as_a_sample_ends_it() -> None:
    tumbling = Tumbling(10.0)
    assert tumbling.push(9.9, 1.0) == ()
    ((start_s, end_s, count, *_),) = tumbling.push(10.0, 2.0)
    assert (start_s, end_s, count) == (0.0, 10.0, 1)


def test_time_ends_windows_without_a_sample() -> None:
    tumbling, session = Tumbling(10.0), Session(5.0)
    for kind in (tumbling, session):
        assert not kind.push(3.0, 1.0)
        assert not kind.advance(8.0)
    assert [window.start_s for window in session.advance(8.1)] == [3.0]
    assert [window.start_s for window in tumbling.advance(1e6)] == [0.0]
    assert not tumbling.close()
    assert not session.close()


def test_a_silence_of_years_costs_no_window() -> None:
    hopping = Hopping(10.0, 1.0)
    hopping.push(0.0, 1.0)
    assert len(hopping.push(1e9, 2.0)) == 10
    assert len(hopping.close()) == 10


def test_samples_out_of_order_within_open_windows_are_not_late() -> None:
    tumbling = Tumbling(10.0)
    assert not tumbling.push(8.0, 1.0)
    assert not tumbling.push(2.0, 5.0)
    (window,) = tumbling.close()
    assert (window.count, window.maximum, tumbling.late) == (2, 5.0, 0)


@pytest.mark.parametrize("make", KINDS)
def test_a_late_sample_is_counted_and_left_out(make: Callable[[], Windows]) -> None:
    samples = [(0.0, 1.0), (1.0, 2.0), (20.0, 3.0)]
    kind = make()
    with_late = list(windows_of([*samples, (0.5, 100.0)], kind))
    assert kind.late == 1
    np.testing.assert_equal(with_late, list(windows_of(samples, make())))


def test_a_sample_can_be_late_for_some_of_its_windows_alone() -> None:
    """At 4.0, [0, 4) has been given and [2, 6) has not."""
    hopping = Hopping(4.0, 2.0)
    for time_s in (0.0, 4.0):
        hopping.push(time_s, 1.0)
    assert not hopping.push(3.0, 9.0)
    assert hopping.late == 1
    assert [(window.start_s, window.maximum) for window in hopping.close()] == [(2.0, 9.0), (4.0, 1.0)]


def test_within_the_allowed_lateness_a_window_is_given_again() -> None:
    tumbling = Tumbling(10.0, lateness_s=5.0)
    tumbling.push(1.0, 1.0)
    (first,) = tumbling.push(14.9, 1.0)
    assert (first.start_s, first.count, first.revision) == (0.0, 1, 0)
    (second,) = tumbling.push(2.0, 4.0)
    assert (second.start_s, second.count, second.mean, second.revision) == (0.0, 2, 2.5, 1)
    (third,) = tumbling.push(3.0, 4.0)
    assert (third.count, third.revision, tumbling.late) == (3, 2, 0)
    tumbling.advance(20.0)
    assert not tumbling.push(4.0, 4.0)
    assert tumbling.late == 1


def test_a_window_that_was_empty_is_given_late_for_the_first_time() -> None:
    tumbling = Tumbling(10.0, lateness_s=100.0)
    tumbling.push(35.0, 1.0)
    (window,) = tumbling.push(12.0, 2.0)
    assert (window.start_s, window.count, window.revision) == (10.0, 1, 0)


@given(streams(), st.randoms(use_true_random=False))
def test_with_lateness_enough_the_last_revisions_are_those_of_sorted_samples(
    samples: list[Point], random: Random
) -> None:
    shuffled = list(samples)
    random.shuffle(shuffled)
    kind = Hopping(4.0, 2.0, lateness_s=1e7)
    last = {window.start_s: window for window in windows_of(shuffled, kind)}
    assert kind.late == 0
    plain = [window._replace(revision=0) for window in map(last.__getitem__, sorted(last))]
    expected = list(windows_of(samples, Hopping(4.0, 2.0)))
    np.testing.assert_allclose(np.array(plain), np.array(expected), rtol=1e-12)


def test_each_key_has_windows_of_its_own() -> None:
    keyed = Keyed[tuple[int, str]](lambda: Tumbling(10.0))
    assert not keyed.push((7, "temperature"), 1.0, 20.0)
    assert not keyed.push((8, "temperature"), 99.0, 30.0)
    assert not keyed.push((7, "temperature"), 2.0, 22.0)  # what another key is at makes nothing late
    ((key, window),) = keyed.advance(10.0)
    assert (key, window.mean) == ((7, "temperature"), 21.0)
    assert [window.mean for window in keyed.forget((8, "temperature"))] == [30.0]
    assert not keyed.push((7, "temperature"), 3.0, 1.0)
    assert keyed.late == 1
    keyed.push((9, "wind"), 0.0, 4.0)
    assert [(key, window.mean) for key, window in keyed.close()] == [((9, "wind"), 4.0)]
    assert keyed.late == 1
    with pytest.raises(KeyError):
        keyed.forget((9, "wind"))


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("sample", [(math.nan, 1.0), (math.inf, 1.0), (3.0, math.nan), (3.0, -math.inf)])
def test_what_is_not_finite_is_refused(make: Callable[[], Windows], sample: Point) -> None:
    """Also in the middle of a window, which stays as it was."""
    kind = make()
    before = list(kind.push(2.9, 1.0))
    with pytest.raises(ValueError, match="finite"):
        kind.push(*sample)
    np.testing.assert_equal([*before, *kind.close()], list(windows_of([(2.9, 1.0)], make())))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Tumbling(0.0), "multiple of its hop"),
        (lambda: Hopping(5.0, 2.0), "multiple of its hop"),
        (lambda: Hopping(2.0, 5.0), "multiple of its hop"),
        (lambda: Hopping(math.inf, 5.0), "multiple of its hop"),
        (lambda: Tumbling(5.0, -1.0), "lateness"),
        (lambda: Tumbling(5.0, math.nan), "lateness"),
        (lambda: Sliding(0.0), "longer than 0 s"),
        (lambda: Session(math.nan), "longer than 0 s"),
        (lambda: Counted(0), "1 at least"),
        (lambda: Counted(3, 4), "its size at most"),
    ],
)
def test_windows_that_cannot_be(make: Callable[[], Windows], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()
