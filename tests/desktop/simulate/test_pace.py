"""A simulated field follows the clock: as fast as wanted, or as fast as the computer is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.simulate.pace import CATCH_UP_S, SPEEDS, Pace, next_speed

STEP_S = 0.02


def run(pace: Pace, seconds: float, most_us: int = 1 << 60, start_us: int = 0) -> int:
    """A field that gets `most_us` further in a step at most; where it is then."""
    field_us = start_us
    for i in range(1, round(seconds / STEP_S) + 1):
        field_us = min(pace.due_us(i * STEP_S, field_us), field_us + most_us)
    return field_us


@pytest.mark.parametrize("speed", [0.1, 1.0, 50.0])
def test_so_many_seconds_of_the_field_pass_in_one_of_ours(speed: float) -> None:
    pace = Pace(speed, 0.0)
    assert run(pace, 4.0) == pytest.approx(4e6 * speed, rel=0.01)
    assert pace.measured == pytest.approx(speed, rel=0.02)
    assert not pace.is_late


def test_a_field_that_is_too_slow_is_late_and_does_not_pile_up() -> None:
    pace = Pace(10.0, 0.0)
    reached_us = run(pace, 4.0, most_us=60_000)
    assert reached_us == pytest.approx(4.0 / STEP_S * 60_000)
    assert pace.is_late
    assert pace.measured == pytest.approx(3.0, rel=0.05)
    assert pace.due_us(4.0 + STEP_S, reached_us) - reached_us <= CATCH_UP_S * 10e6


def test_paused_it_stands_and_then_goes_on_where_it_was() -> None:
    pace = Pace(1.0, 0.0)
    assert pace.due_us(0.1, 0) == 100_000
    pace.is_paused = True
    assert pace.due_us(5.0, 100_000) == 100_000
    pace.is_paused = False
    assert pace.due_us(5.1, 100_000) == pytest.approx(200_000)
    assert not pace.is_late


def test_after_a_sleep_of_the_computer_it_goes_on_where_it_was() -> None:
    assert Pace(1.0, 0.0).due_us(3_600.0, 0) <= CATCH_UP_S * 1e6


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 10**7), st.sampled_from(SPEEDS)), max_size=30))
def test_time_never_goes_back(steps: list[tuple[float, int, float]]) -> None:
    pace, now_s, field_us = Pace(1.0, 0.0), 0.0, 0
    for passed_s, most_us, speed in steps:
        pace.speed = speed
        now_s += passed_s
        due_us = pace.due_us(now_s, field_us)
        assert due_us >= field_us
        field_us = min(due_us, field_us + most_us)


def test_the_speeds_have_an_end_each_way() -> None:
    assert next_speed(1.0, 1) == 2.0
    assert next_speed(1.0, -1) == 0.5
    assert next_speed(3.0, -1) == 2.0
    assert next_speed(SPEEDS[-1], 1) == SPEEDS[-1]
    assert next_speed(SPEEDS[0], -1) == SPEEDS[0]
