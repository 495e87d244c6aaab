"""PROTOCOL.md section 1: a copy is known by its counter, among the last of its source."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from protocol.recent_counters import RECENT_FRAMES, RecentCounters

# Near each other, so that there are copies; and anywhere, as after a restart.
counters = st.lists(st.integers(0, 100) | st.integers(2**24 - 40, 2**24 - 1), max_size=300)


@given(counters)
def test_a_counter_is_known_while_it_is_among_the_last(heard: list[int]) -> None:
    recent, definition = RecentCounters(), deque[int](maxlen=RECENT_FRAMES)
    for counter in heard:
        is_new = counter not in definition
        assert recent.take(counter) == is_new
        if is_new:
            definition.append(counter)


def test_one_that_left_the_window_is_new_again() -> None:
    recent = RecentCounters()
    assert all(recent.take(counter) for counter in range(RECENT_FRAMES + 1))
    assert not recent.take(1)
    assert recent.take(0)
