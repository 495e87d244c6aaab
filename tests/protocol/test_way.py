"""Feasibility and freshness: PROTOCOL.md 5.3 and 5.4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.packets import MAX_U24
from protocol.timing import MAX_PERIOD_MS
from protocol.way import Way, age_unit_ms, is_better

distances = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 254))


@pytest.mark.parametrize(
    ("a", "b", "better"),
    [((7, 3), (6, 1), True), ((6, 1), (6, 2), True), ((6, 2), (6, 2), False), ((0, 9), (0xFFFF, 0), True)],
)
def test_a_newer_version_or_the_same_and_nearer_is_better(
    a: tuple[int, int], b: tuple[int, int], better: bool
) -> None:
    assert is_better(a, b) is better


@given(distances, distances)
def test_of_two_distances_at_most_one_is_better(a: tuple[int, int], b: tuple[int, int]) -> None:
    assert not (is_better(a, b) and is_better(b, a))
    assert not is_better(a, a)


def test_the_running_round_follows_from_version_and_age() -> None:
    way = Way(0xFFFE, 2, origin_ms=1_000, period_ms=500)
    assert way.version_at(1_499) == 0xFFFE
    assert way.version_at(2_000) == 0
    assert way.start_ms(1) == 2_500
    assert way.start_ms(0xFFFD) == 500


def test_a_way_is_fresh_for_4_periods_beyond_its_hops_and_lost_after_8() -> None:
    way = Way(10, 3, origin_ms=0, period_ms=100)
    assert way.is_fresh(700)
    assert not way.is_fresh(701)
    assert not way.is_lost(1_100)
    assert way.is_lost(1_101)


@given(st.integers(1, MAX_PERIOD_MS))
def test_256_periods_fit_the_age_at_every_period(period_ms: int) -> None:
    assert 256 * period_ms // age_unit_ms(period_ms) <= MAX_U24
    assert age_unit_ms(period_ms) == 1 or age_unit_ms(period_ms) <= period_ms / 65_536 + 1
