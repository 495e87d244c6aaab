"""Which frames a relay takes for copies: of single and of stalled ways, and of nodes that start anew."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from bridge.copies import OLD_FOR_US, OLD_FRAMES, WINDOW_FRAMES, HeardCounters
from protocol.wire_format import COUNTER_MODULUS

SECOND_US = 1_000_000


def test_a_copy_is_known_and_so_is_a_frame_that_comes_late() -> None:
    heard = HeardCounters()
    assert [heard.take(counter, 0) for counter in (5, 5, 8, 7, 7, 5, 6)] == [
        *(True, False, True, True, False, False, True)
    ]


@given(
    st.integers(0, COUNTER_MODULUS - 1), st.integers(1, 4 * WINDOW_FRAMES), st.randoms(use_true_random=False)
)
def test_every_frame_is_new_once_however_often_all_of_them_come_again(
    first: int, count: int, draw: random.Random
) -> None:
    """Also if more come again than the window holds: a stream has stalled in a circle of bridges."""
    counters = [(first + n) % COUNTER_MODULUS for n in range(count)]
    heard = HeardCounters()
    assert all(heard.take(counter, 0) for counter in counters)
    for _ in range(3):
        again = counters[draw.randrange(count) :]
        assert not any(heard.take(counter, OLD_FOR_US - 1) for counter in again)


@given(st.lists(st.integers(0, WINDOW_FRAMES - 1), min_size=1, max_size=100, unique=True))
def test_within_the_window_the_order_means_nothing(counters: list[int]) -> None:
    heard = HeardCounters()
    assert all(heard.take(counter, 0) for counter in counters)
    assert not any(heard.take(counter, 0) for counter in counters)


def test_a_node_that_starts_anew_is_heard_at_once_nearly_wherever_it_begins() -> None:
    heard = HeardCounters()
    heard.take(5_000_000, 0)
    for begins in (5_000_000 + OLD_FRAMES + 1, 9_000_000, 17, 5_000_000 - OLD_FRAMES - 1):
        assert heard.take(begins, SECOND_US)
        assert not heard.take(begins, SECOND_US)


def test_one_that_begins_a_little_behind_is_heard_after_a_while() -> None:
    heard = HeardCounters()
    heard.take(5_000, 0)
    assert not heard.take(4_000, OLD_FOR_US - 1)
    assert heard.take(4_001, OLD_FOR_US)
    assert heard.take(4_002, OLD_FOR_US)
    assert not heard.take(4_001, OLD_FOR_US)


def test_frames_of_the_life_before_that_still_come_are_copies_and_the_new_ones_are_not() -> None:
    heard = HeardCounters()
    before = list(range(1_000, 1_000 + 3 * WINDOW_FRAMES))
    for counter in before:
        heard.take(counter, 0)
    for n, counter in enumerate(before):
        assert heard.take(9_000_000 + n, SECOND_US)
        assert not heard.take(counter, SECOND_US)
        assert not heard.take(9_000_000 + n, SECOND_US)


@given(st.lists(st.tuples(st.integers(0, COUNTER_MODULUS - 1), st.integers(0, OLD_FOR_US)), max_size=200))
def test_any_frame_that_was_just_heard_is_a_copy(frames: list[tuple[int, int]]) -> None:
    heard = HeardCounters()
    time_us = 0
    for counter, later_us in frames:
        time_us += later_us
        heard.take(counter, time_us)
        assert not heard.take(counter, time_us)
