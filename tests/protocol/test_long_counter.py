"""No long counter is used twice, whenever the power goes (PROTOCOL.md 10.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.long_counter import RESERVED_AHEAD, LongCounter


def test_numbers_are_reserved_before_they_are_used() -> None:
    reserved: list[int] = []
    counter = LongCounter(5 << 24, reserved.append)
    assert reserved == []
    assert counter.next() == 5 << 24
    assert reserved == [(5 << 24) + RESERVED_AHEAD]
    for _ in range(RESERVED_AHEAD):
        counter.next()
    assert reserved == [(5 << 24) + RESERVED_AHEAD, (5 << 24) + 2 * RESERVED_AHEAD]


def test_the_life_grows_when_the_counter_is_used_up() -> None:
    counter = LongCounter((5 << 24) + 0xFFFFFF)
    assert [counter.next(), counter.next()] == [(5 << 24) + 0xFFFFFF, 6 << 24]


def test_a_number_that_could_not_be_reserved_is_not_used() -> None:
    class DiskFullError(Exception):
        pass

    kept: list[int] = []

    def reserve(limit: int) -> None:
        if len(kept) == 1:
            kept.append(0)
            raise DiskFullError
        kept.append(limit)

    counter = LongCounter(0, reserve)
    assert [counter.next() for _ in range(RESERVED_AHEAD)] == list(range(RESERVED_AHEAD))
    with pytest.raises(DiskFullError):
        counter.next()
    assert counter.next() == RESERVED_AHEAD


@given(st.lists(st.integers(0, 3 * RESERVED_AHEAD), max_size=20), st.integers(0, (1 << 56) - 1))
def test_no_number_is_used_twice_over_power_cuts(uses: list[int], first: int) -> None:
    memory = [first]
    used: set[int] = set()
    for count in uses:
        counter = LongCounter(memory[0], lambda limit: memory.__setitem__(0, limit))
        numbers = {counter.next() for _ in range(count)}
        assert len(numbers) == count
        assert not numbers & used
        used |= numbers
