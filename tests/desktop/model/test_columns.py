"""Columns with tiers: however they were filled, a step's least and greatest are those of its samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.model.columns import FAN, Column, MinMaxColumn

VALUES = st.one_of(st.floats(-1e6, 1e6, width=32), st.just(float("nan")))


def lengthened(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Many from few, so that there are tiers above tiers."""
    return np.resize(np.array(values, np.float32), len(values) * 97)


@given(
    pieces=st.lists(st.lists(VALUES, min_size=1, max_size=40), min_size=1, max_size=4),
    power=st.integers(0, 11),
    data=st.data(),
)
def test_every_step_tells_the_extremes_of_its_samples(
    pieces: list[list[float]], power: int, data: st.DataObject
) -> None:
    column, step = MinMaxColumn(), 1 << power
    raw = np.empty(0, np.float32)
    for piece in pieces:
        more = lengthened(piece)
        column.extend(more)
        raw = np.concatenate((raw, more))
        first = data.draw(st.integers(0, len(raw) // step)) * step
        last = data.draw(st.integers(first, len(raw)))
        low, high = column.extremes(first, last, step)
        steps = [raw[i : min(i + step, last)] for i in range(first, last, step)]
        np.testing.assert_array_equal(low, np.array([np.fmin.reduce(one) for one in steps], np.float32))
        np.testing.assert_array_equal(high, np.array([np.fmax.reduce(one) for one in steps], np.float32))


def test_a_value_told_later_is_in_the_tiers() -> None:
    column = MinMaxColumn()
    column.extend(np.zeros(FAN**3))
    column.extremes(0, FAN**3, FAN**2)
    column.put(-1, 7.0)
    column.put(5, -7.0)
    low, high = column.extremes(0, FAN**3, FAN**2)
    assert (low[0], low[1], high[0], high[-1]) == (-7.0, 0.0, 0.0, 7.0)


def test_the_beginning_of_a_column_shares_memory_and_goes_its_own_way() -> None:
    column = MinMaxColumn()
    column.extend(np.arange(1000))
    column.extremes(0, 992, 16)
    early = column.prefix(500)
    assert np.shares_memory(early.values, column.values)
    early.extend([-1.0] * 100)
    column.append(1000.0)
    column.put(3, -5.0)
    assert list(early.values[:4]) == [0, 1, 2, 3]
    assert list(early.values[499:502]) == [499, -1, -1]
    assert list(column.values[[3, 499, 500, 1000]]) == [-5, 499, 500, 1000]
    assert early.extremes(496, 512, 16)[0] == [-1]
    assert column.extremes(496, 512, 16)[0] == [496]


def test_of_two_that_share_memory_the_first_to_grow_goes_on_in_it() -> None:
    column = MinMaxColumn()
    column.extend(np.arange(100))
    column.append(100)
    held = column.prefix(101)
    follower = held.prefix(101)
    follower.append(1.0)
    assert np.shares_memory(follower.values, column.values)
    column.append(2.0)
    held.append(3.0)
    assert [one.values[101] for one in (follower, column, held)] == [1, 2, 3]
    assert list(column.values[:101]) == list(held.values[:101]) == list(range(101))


def test_a_sample_takes_little_more_than_itself() -> None:
    column = MinMaxColumn()
    column.extend(np.zeros(1 << 18))
    column.extremes(0, 1 << 18, 1 << 12)
    assert column.size_bytes / (1 << 18) < 4.6


@given(st.lists(st.integers(0, 30), max_size=20))
def test_a_column_keeps_what_it_is_given(sizes: list[int]) -> None:
    column, expected = Column(np.float64), []
    for size in sizes:
        column.extend(np.arange(size))
        column.append(size)
        expected += [*range(size), size]
    assert list(column.values) == expected
    column.forget(len(expected) // 2)
    assert list(column.values) == pytest.approx(expected[len(expected) // 2 :])
