"""PROTOCOL.md section 2: aggregates merge in any order, never wrap, and mean values in a unit."""

from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.aggregate import METRICS, NO_NODE, SATURATED, Aggregate, Metric, metric_of
from protocol.wire_format import AGGREGATE
from tests.protocol import vectors

VERSION = 12
readings = st.builds(
    Aggregate.of_reading, st.just(VERSION), raw=st.integers(0, 255), node_id=st.integers(0, 0xFFFD)
)
totals = st.one_of(st.integers(0, SATURATED), st.integers(SATURATED - 300, SATURATED))
large = st.builds(
    Aggregate, st.just(VERSION), st.integers(0, 255), st.integers(0, 0xFFFD), totals, totals.filter(bool)
)
aggregates = st.one_of(readings, large, st.just(Aggregate.empty(VERSION)))


@pytest.mark.parametrize("row", vectors.rows("aggregates", "bytes"), ids=lambda row: row[0])
def test_nine_bytes_are_an_aggregate(row: list[str]) -> None:
    _, word, *fields = row
    version, maximum, max_id, total, count = map(int, fields)
    assert AGGREGATE.sizeof() == 9
    assert vectors.aggregate(word) == Aggregate(version, maximum, max_id, total, count)
    built = AGGREGATE.build(
        {"version": version, "max": maximum, "max_id": max_id, "total": total, "count": count}
    )
    assert built.hex() == word


@pytest.mark.parametrize(("name", "a", "b", "merged"), vectors.rows("aggregates", "merge"))
def test_a_merge_vector(name: str, a: str, b: str, merged: str) -> None:
    first, second = vectors.aggregate(a), vectors.aggregate(b)
    assert first.merge(second) == second.merge(first) == vectors.aggregate(merged)


@given(aggregates, aggregates)
def test_merging_is_commutative(a: Aggregate, b: Aggregate) -> None:
    assert a.merge(b) == b.merge(a)


@given(aggregates, aggregates, aggregates)
def test_merging_is_associative(a: Aggregate, b: Aggregate, c: Aggregate) -> None:
    assert a.merge(b).merge(c) == a.merge(b.merge(c))


@given(aggregates)
def test_the_empty_aggregate_changes_nothing(a: Aggregate) -> None:
    assert a.merge(Aggregate.empty(VERSION)) == a


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 0xFFFD)), min_size=1, max_size=400))
def test_merged_readings_equal_the_arithmetic(pairs: list[tuple[int, int]]) -> None:
    merged = reduce(Aggregate.merge, (Aggregate.of_reading(VERSION, raw, node) for raw, node in pairs))
    raws = [raw for raw, _ in pairs]
    assert merged.max == max(raws)
    assert merged.max_id == min(node for raw, node in pairs if raw == max(raws))
    assert merged.total == min(SATURATED, sum(raws))
    assert merged.count == len(pairs)


def test_of_equal_maxima_the_lowest_id_is_kept_in_any_order() -> None:
    tied = [Aggregate.of_reading(VERSION, 61, node_id) for node_id in (9, 3, 7)]
    assert {reduce(Aggregate.merge, order).max_id for order in permutations(tied)} == {3}


def test_a_total_beyond_its_limit_saturates_and_stays_so() -> None:
    field = reduce(Aggregate.merge, (Aggregate.of_reading(VERSION, 255, node_id) for node_id in range(257)))
    assert field.total == 257 * 255 == SATURATED
    assert field.saturated
    assert field.merge(Aggregate.of_reading(VERSION, 255, 999)).total == SATURATED


def test_an_aggregate_below_its_limits_is_not_saturated() -> None:
    assert not Aggregate(VERSION, 255, 1, SATURATED - 1, SATURATED - 1).saturated
    assert Aggregate(VERSION, 255, 1, 0, SATURATED).saturated


def test_aggregates_of_two_rounds_do_not_merge() -> None:
    with pytest.raises(ValueError, match="cannot merge version 13 into 12"):
        Aggregate.empty(12).merge(Aggregate.empty(13))


@pytest.mark.parametrize("raw", [-1, 256])
def test_a_reading_beyond_a_byte_is_refused(raw: int) -> None:
    with pytest.raises(ValueError, match=f"0 to 255, not {raw}"):
        Aggregate.of_reading(VERSION, raw, 7)


def test_without_readings_there_is_no_average() -> None:
    empty = Aggregate.empty(VERSION)
    assert empty.average_raw is None
    assert empty.max_id == NO_NODE
    assert Aggregate(VERSION, 61, 9, 201, 4).average_raw == 50.25


@pytest.mark.parametrize(
    ("metric_id", "raw", "value", "unit"),
    [
        (0, 0, -40.0, "degC"),
        (0, 61, -9.5, "degC"),
        (0, 255, 87.5, "degC"),
        (1, 200, 100.0, "%"),
        (2, 1, 0.5, "%"),
        (3, 80, 0.0, "degC"),
        (4, 255, 63.75, "m/s"),
    ],
)
def test_a_raw_reading_means_a_value_in_its_unit(metric_id: int, raw: int, value: float, unit: str) -> None:
    metric = metric_of(metric_id)
    assert (metric.scaled(raw), metric.unit) == (value, unit)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_raw_reading_comes_back_from_its_value(metric: Metric) -> None:
    assert [metric.raw(metric.scaled(raw)) for raw in range(256)] == list(range(256))
    assert metric.raw(-1000.0) == 0
    assert metric.raw(1000.0) == 255


def test_an_unknown_metric_is_shown_raw() -> None:
    metric = metric_of(63)
    assert (metric.name, metric.scaled(7), metric.unit) == ("metric_63", 7.0, "raw")
