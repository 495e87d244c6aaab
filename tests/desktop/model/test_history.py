"""What was measured over time: slices, gaps, bounds of memory, and bounds of an average."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.model import history
from desktop.model.history import NodeHistories, NodeSeries, Series, average_bounds
from desktop.model.model import Model
from protocol.aggregate import TEMPERATURE, Aggregate
from protocol.capture import Record
from protocol.observer import RoundRow


def row(raws: list[int], doubt: int = 0, alive: int | None = None) -> RoundRow:
    aggregate = Aggregate.empty(1)
    for node, raw in enumerate(raws, 1):
        aggregate = aggregate.merge(Aggregate.of_reading(1, raw, node))
    return RoundRow(0, 1, 0, aggregate, doubt, 300, 20, 500, 0, alive)


def series_of(times_s: list[float], values: list[float]) -> NodeSeries:
    series = NodeSeries()
    series.extend(np.array(times_s), np.array(values, np.float32))
    return series


@settings(max_examples=200)
@given(
    intervals_s=st.lists(st.sampled_from([0.001, 0.01, 0.1, 0.1, 5.0, 900.0]), min_size=1, max_size=60),
    seed=st.integers(0, 1000),
    most_points=st.sampled_from([4, 16, 100]),
    data=st.data(),
)
def test_a_slice_has_the_extremes_of_what_it_stands_for(
    intervals_s: list[float], seed: int, most_points: int, data: st.DataObject
) -> None:
    times = np.cumsum(np.resize(intervals_s, 41 * len(intervals_s)))
    values = np.random.default_rng(seed).normal(size=len(times)).astype(np.float32)
    series = series_of(list(times), list(values))
    start_s = data.draw(st.floats(-1, float(times[-1]) + 1))
    end_s = data.draw(st.floats(start_s, float(times[-1]) + 2))
    first, last = series.index_range(start_s, end_s)
    found = series.slice("value", start_s, end_s, most_points)
    inside = values[first:last]
    if not len(inside):
        assert not len(found.time_s)
        return
    assert list(found.time_s) == sorted(found.time_s)
    seen = values[np.searchsorted(times, found.time_s[0]) : last]
    assert len(seen) >= len(inside)
    assert (found.low.min(), found.high.max()) == (seen.min(), seen.max())
    if found.is_whole:
        np.testing.assert_array_equal(found.low, inside)
    else:
        assert len(found.time_s) <= 3 * most_points + 3


def test_a_burst_does_not_hide_what_is_rare() -> None:
    """Ten a second for an hour, then one in ten minutes for a day."""
    times = [i / 10 for i in range(36_000)] + [3_600.0 + 600 * i for i in range(1, 144)]
    series = series_of(times, [0.0] * 36_000 + [1.0] * 143)
    found = series.slice("value", 0, 90_000, 1000)
    rare = found.time_s > 3_600
    assert rare.sum() >= 140
    assert (found.high[rare] == 1).all()


@pytest.mark.parametrize("most_points", [10, 1000])
def test_silence_is_a_gap_and_a_usual_interval_is_none(most_points: int) -> None:
    times = [0.1 * i for i in range(300)] + [60 + 0.1 * i for i in range(300)]
    found = series_of(times, [1.0] * 600).slice("value", 0, 100, most_points)
    assert found.time_s[found.breaks] == pytest.approx([60.0])


def test_a_series_is_bounded_and_remembers_how_much_it_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_SAMPLES", 1000)
    series = NodeSeries()
    for i in range(1001):
        series.append(i, i)
    assert len(series) == 1000 - 1000 // 8
    assert series.forgotten + len(series) == 1001
    assert series.time_s[-1] == series.value[-1] == 1000
    early = series.prefix(500)
    assert early.value[-1] == 499
    assert early.time_s[0] == series.forgotten


def test_all_nodes_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_NODE_SAMPLES", 4 * 2048)
    nodes = NodeHistories()
    for i in range(3000):
        for node in range(4):
            nodes.append(node, 0, i, 100)
    assert all(len(series) <= 2048 for series in nodes.values())
    assert nodes[3, 0].value[-1] == TEMPERATURE.scaled(100)


def test_time_never_goes_back() -> None:
    series = NodeSeries()
    for time_s in (1.0, 3.0, 2.0, 4.0):
        series.append(time_s, 0)
    assert list(series.time_s) == [1, 3, 3, 4]


RAWS = st.lists(st.integers(0, 255), min_size=1, max_size=12)


@given(counted=RAWS, missing=st.lists(st.floats(0, 1), max_size=5), told=st.integers(0, 12))
def test_the_bounds_hold_the_average_of_all_who_read_within_the_extremes(
    counted: list[int], missing: list[float], told: int
) -> None:
    found = row(counted, alive=len(counted) + len(missing))
    least = min(counted[:told], default=None)
    low, high = average_bounds(found, least)
    floor = min(counted) if least is None else least
    everybody = counted + [round(floor + share * (max(counted) - floor)) for share in missing]
    assert low - 1e-9 <= TEMPERATURE.scaled(sum(everybody) / len(everybody)) <= high + 1e-9


@given(counted=RAWS, data=st.data())
def test_the_bounds_hold_the_average_without_what_was_counted_twice(
    counted: list[int], data: st.DataObject
) -> None:
    twice = data.draw(st.lists(st.sampled_from(counted), max_size=4))
    low, high = average_bounds(row(counted + twice, doubt=len(twice)), min(counted))
    assert low - 1e-9 <= TEMPERATURE.scaled(sum(counted) / len(counted)) <= high + 1e-9


def test_an_exact_round_of_all_leaves_no_doubt_and_one_of_none_tells_nothing() -> None:
    low, high = average_bounds(row([100, 110, 120], alive=3), None)
    assert low == high == TEMPERATURE.scaled(110)
    assert all(math.isnan(bound) for bound in average_bounds(row([]), None))


def test_the_series_of_a_run_tell_the_least_of_the_leaves_and_the_maximum_by_node(
    demo_records: list[Record],
) -> None:
    model = Model()
    model.feed(demo_records)
    series = model.series[0]
    assert isinstance(series, Series)
    told = np.isfinite(series.minimum)
    assert told.sum() > len(series) / 2
    assert (series.minimum[told] <= series.average[told]).all() or (
        series.minimum[told] <= series.maximum[told]
    ).all()
    row = model.rows[-2]
    assert row.max_id is not None
    own = model.node_series[row.max_id, row.metric_id]
    assert own.value[-1] == pytest.approx(row.maximum)
    assert own.time_s[-1] == model.seconds(row.timestamp_us)
    early = series.prefix(5)
    assert early == series.prefix(5)
    assert len(early) == 5
    assert np.shares_memory(early.maximum, series.maximum)
