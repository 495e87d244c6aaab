"""One actuator as its controller sees it: idle, active, failed, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.settings import ActuatorSettings
from bridge.rules.switch import RETRY_FIRST_S, RETRY_LONGEST_S, WISH_LASTS_S, State, Switch
from protocol.letters import Cause

FAN = ActuatorSettings("fan", 7, on=200, hold_s=20)


def test_a_wish_is_commanded_once_and_renewed_in_half_of_its_hold() -> None:
    fan = Switch(FAN)
    assert (fan.state, fan.command(0)) == (State.UNKNOWN, None)
    fan.wish(True, 0)
    assert fan.command(0) == 200
    assert fan.command(1) is None  # its answer is awaited
    fan.done(200, 1)
    assert (fan.state, fan.value, fan.next_s()) == (State.ACTIVE, 200, 11)
    fan.wish(True, 10)
    assert fan.command(10.9) is None
    assert fan.command(11) == 200


def test_off_is_commanded_once_if_it_is_what_the_node_does_by_itself() -> None:
    fan = Switch(FAN)
    fan.wish(False, 0)
    assert fan.command(0) == 0
    fan.done(0, 1)
    assert (fan.state, fan.next_s()) == (State.IDLE, None)


def test_off_is_renewed_if_it_is_not() -> None:
    valve = Switch(ActuatorSettings("valve", 7, on=200, off=50, safe=0, hold_s=20))
    valve.wish(False, 0)
    assert valve.command(0) == 50
    valve.done(50, 1)
    assert (valve.state, valve.next_s()) == (State.IDLE, 11)


def test_nothing_is_renewed_when_nobody_wishes_any_more() -> None:
    fan = Switch(FAN)
    fan.wish(True, 0)
    fan.command(0)
    fan.done(200, 0)
    assert fan.command(WISH_LASTS_S) is None
    fan.wish(True, 30)
    assert fan.command(30) == 200


def test_a_wish_that_changes_while_an_answer_is_awaited_is_commanded_after_it() -> None:
    fan = Switch(FAN)
    fan.wish(True, 0)
    fan.command(0)
    fan.wish(False, 1)
    assert fan.command(1) is None
    fan.done(200, 2)
    assert fan.command(2) == 0


def test_what_failed_is_commanded_again_later_each_time_and_is_active_at_last() -> None:
    fan = Switch(FAN)
    now_s, pauses_s = 0.0, []
    for _ in range(6):
        fan.wish(True, now_s)
        assert fan.command(now_s) == 200
        fan.failed("node 7 does not answer", now_s)
        assert (fan.state, fan.problem) == (State.FAILED, "node 7 does not answer")
        due_s = fan.next_s()
        assert due_s is not None
        pauses_s.append(due_s - now_s)
        now_s = due_s
    assert pauses_s == [RETRY_FIRST_S, 10, 20, 40, RETRY_LONGEST_S, RETRY_LONGEST_S]
    fan.wish(True, now_s)
    fan.command(now_s)
    fan.done(200, now_s)
    assert (fan.state, fan.problem) == (State.ACTIVE, "")


def test_a_node_that_started_again_is_commanded_at_once() -> None:
    fan = Switch(FAN)
    fan.wish(True, 0)
    fan.command(0)
    fan.done(200, 1)
    fan.told(0, Cause.START, 2)
    assert (fan.state, fan.value, fan.command(2)) == (State.IDLE, 0, 200)


def test_an_output_that_fails_after_every_answer_is_tried_ever_more_seldom() -> None:
    fan = Switch(FAN)
    now_s, pauses_s = 0.0, []
    for _ in range(3):
        fan.wish(True, now_s)
        assert fan.command(now_s) == 200
        fan.done(200, now_s)
        fan.told(200, Cause.FAILED, now_s)
        assert (fan.state, fan.problem) == (State.FAILED, "its output has not taken 200")
        due_s = fan.next_s()
        assert due_s is not None
        pauses_s.append(due_s - now_s)
        now_s = due_s
    assert pauses_s == [5, 10, 20]


@pytest.mark.parametrize("cause", [Cause.SILENCE, Cause.START])
def test_a_node_that_is_not_safe_as_it_should_be_is_a_problem(cause: Cause) -> None:
    fan = Switch(FAN)
    fan.told(255, cause, 0)
    assert fan.problem == "by itself it goes to 255, not to safe = 0"


@given(st.lists(st.sampled_from(["on", "off", "done", "failed", "started", "wait"]), max_size=60))
def test_whatever_happens_in_the_end_it_does_what_is_wished(happenings: list[str]) -> None:
    fan = Switch(FAN)
    now_s = 0.0
    asked: int | None = None
    for happening in [*happenings, "on"]:
        now_s += 1
        if happening in ("on", "off"):
            fan.wish(happening == "on", now_s)
        elif happening == "started":
            fan.told(0, Cause.START, now_s)
        elif happening == "done" and asked is not None:
            fan.done(asked, now_s)
            asked = None
        elif happening == "failed" and asked is not None:
            fan.failed("refused", now_s)
            asked = None
        asked = asked if (value := fan.command(now_s)) is None else value
    for _ in range(10):  # from now on all works
        if asked is not None:
            fan.done(asked, now_s)
        now_s = max(now_s, fan.next_s() or 0.0)
        fan.wish(True, now_s)
        asked = fan.command(now_s)
    assert (fan.state, fan.value) == (State.ACTIVE, 200)
