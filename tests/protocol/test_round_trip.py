"""How long a node waits for an answer: PROTOCOL.md section 7, RFC 6298."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.round_trip import AckTimeouts, RoundTrip

TIMEOUTS = AckTimeouts(first_ms=150, least_ms=25, limit_ms=1_000, least_margin_ms=20)
UNLIMITED = AckTimeouts(first_ms=150, least_ms=0, limit_ms=10**9, least_margin_ms=0)
# The integers lose less than 2 ms of the smoothed time, and 12 of the margin (a geometric series of 3/4).
ROUNDING_MS = 14


def measured(*round_trips_ms: int, timeouts: AckTimeouts = TIMEOUTS) -> RoundTrip:
    made = RoundTrip(timeouts)
    for round_trip_ms in round_trips_ms:
        made.answered(round_trip_ms)
    return made


def test_before_any_answer_the_first_timeout_counts() -> None:
    new = RoundTrip(TIMEOUTS)
    assert (new.timeout_ms, new.one_way_ms, new.is_measured, new.is_known) == (150, 0, False, False)


def test_the_first_answer_is_waited_for_three_times_as_long() -> None:
    once = measured(40)
    assert (once.timeout_ms, once.one_way_ms, once.is_measured, once.is_known) == (120, 20, True, True)


def test_answers_that_take_the_same_time_leave_the_least_margin() -> None:
    assert measured(*[40] * 50).timeout_ms == 40 + TIMEOUTS.least_margin_ms


def test_a_late_answer_widens_the_margin_and_many_prompt_ones_narrow_it() -> None:
    steady = measured(*[40] * 50)
    steady.answered(200)
    assert steady.timeout_ms > 40 + 150
    for _ in range(60):
        steady.answered(40)
    assert steady.timeout_ms <= 40 + TIMEOUTS.least_margin_ms + 2


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=60))
def test_it_is_the_estimator_of_the_rfc(round_trips_ms: list[int]) -> None:
    smoothed_ms, variation_ms = float(round_trips_ms[0]), round_trips_ms[0] / 2
    for round_trip_ms in round_trips_ms[1:]:
        variation_ms = 0.75 * variation_ms + 0.25 * abs(smoothed_ms - round_trip_ms)
        smoothed_ms = 0.875 * smoothed_ms + 0.125 * round_trip_ms
    found = measured(*round_trips_ms, timeouts=UNLIMITED)
    assert abs(found.timeout_ms - (smoothed_ms + 4 * variation_ms)) <= ROUNDING_MS
    assert abs(2 * found.one_way_ms - smoothed_ms) <= 3


def test_every_silence_waits_a_little_longer_up_to_the_limit() -> None:
    silent = measured(*[40] * 50)
    waits_ms = []
    for _ in range(100):
        silent.not_answered()
        waits_ms.append(silent.timeout_ms)
    assert waits_ms == sorted(waits_ms)
    assert waits_ms[2] > waits_ms[0]
    assert waits_ms[-1] == TIMEOUTS.limit_ms


class TestGuess:
    def test_a_guess_counts_until_an_answer_is_measured(self) -> None:
        slow = RoundTrip(TIMEOUTS)
        slow.guess(400)
        assert (slow.timeout_ms, slow.is_known, slow.is_measured) == (400 + 20, True, False)
        slow.answered(200)
        assert slow.timeout_ms == measured(200).timeout_ms

    def test_a_guess_after_a_measurement_counts_for_nothing(self) -> None:
        known = measured(40)
        known.guess(900)
        assert known.timeout_ms == measured(40).timeout_ms


def test_what_was_forgotten_is_as_new() -> None:
    known = measured(40)
    known.guess(3)
    known.not_answered()
    known.forget()
    assert (known.timeout_ms, known.one_way_ms, known.is_known) == (150, 0, False)


@pytest.mark.parametrize("round_trip_ms", [-(10**9), -1, 0, 10**12])
def test_what_no_clock_can_have_measured_is_taken_within_limits(round_trip_ms: int) -> None:
    assert TIMEOUTS.least_ms <= measured(round_trip_ms).timeout_ms <= TIMEOUTS.limit_ms


steps = st.one_of(
    st.integers(-(10**9), 10**9).map(lambda ms: lambda link: link.answered(ms)),
    st.integers(-(10**9), 10**9).map(lambda ms: lambda link: link.guess(ms)),
    st.just(RoundTrip.not_answered),
    st.just(RoundTrip.forget),
)


@given(st.lists(steps, max_size=60))
def test_whatever_happens_the_timeout_stays_within_its_limits(
    happenings: list[Callable[[RoundTrip], None]],
) -> None:
    link = RoundTrip(TIMEOUTS)
    for happening in happenings:
        happening(link)
        assert TIMEOUTS.least_ms <= link.timeout_ms <= TIMEOUTS.limit_ms
        assert 0 <= link.one_way_ms <= TIMEOUTS.limit_ms // 2
