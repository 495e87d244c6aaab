"""Playback: where in a log the views are to be, whatever a person does and however the clock goes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from desktop.replay.playback import SPEEDS, Playback
from desktop.replay.times import Times


def times_of(*seconds: float) -> Times:
    times = Times()
    times.follow(np.array([round(s * 1e6) for s in seconds], np.int64))
    return times


def test_it_follows_the_newest_until_a_person_has_chosen_a_place() -> None:
    times = times_of(0, 1, 2)
    playback = Playback(times)
    assert playback.due(0.0) == 3
    times.follow(np.array([0, 1_000_000, 2_000_000, 3_000_000], np.int64))
    assert playback.due(1.0) == 4
    playback.seek(2, 1.0)
    assert playback.due(9.0) == 2
    playback.follow()
    assert playback.due(9.0) == 4


@pytest.mark.parametrize("speed", [0.1, 1.0, 1000.0])
def test_at_any_speed_records_are_due_at_their_time(speed: float) -> None:
    playback = Playback(times_of(100, 101, 103, 110))
    playback.seek(1, 0.0)
    playback.set_speed(speed, 0.0)
    playback.play(0.0)
    assert playback.due(0.99 / speed) == 1
    assert playback.due(1.01 / speed) == 2
    assert playback.due(3.01 / speed) == 3
    assert playback.is_playing
    assert playback.due(10.01 / speed) == 4
    assert not playback.is_playing, "the end is the end"


def test_a_change_of_speed_goes_on_from_where_it_is() -> None:
    playback = Playback(times_of(*range(100)))
    playback.seek(1, 0.0)
    playback.play(0.0)
    assert playback.due(10.0) == 11
    playback.set_speed(10.0, 10.0)
    assert playback.due(11.0) == 21
    playback.pause()
    assert playback.due(50.0) == 21


def test_at_the_end_it_begins_again() -> None:
    playback = Playback(times_of(0, 1, 2))
    assert playback.due(0.0) == 3
    playback.play(5.0)
    assert playback.due(5.0) == 1
    assert playback.due(6.1) == 2


def test_a_loop_is_seen_to_its_end_and_begins_again() -> None:
    playback = Playback(times_of(*range(20)))
    playback.set_loop(5, 8)
    playback.play(0.0)
    seen = [playback.due(step / 10) for step in range(100)]
    assert set(seen) == {5, 6, 7, 8}
    assert seen.count(8) >= 2
    assert seen[-1] in (5, 6, 7, 8)
    assert playback.is_playing
    playback.seek(15, 10.0)
    assert playback.loop is None, "who leaves the loop has left it"


def test_a_loop_of_nothing_is_none() -> None:
    playback = Playback(times_of(0, 1, 2))
    playback.set_loop(2, 2)
    assert playback.loop is None
    playback.set_loop(9, 1)
    assert playback.loop == (1, 3)


def test_the_real_speed_is_that_of_what_was_shown() -> None:
    playback = Playback(times_of(*range(1000)))
    playback.seek(1, 0.0)
    playback.set_speed(100.0, 0.0)
    playback.play(0.0)
    assert playback.real_speed is None
    for step in range(40):  # what is shown gets on at ten times only
        playback.due(step / 10)
        playback.note_shown(1 + step, step / 10)
    assert playback.real_speed == pytest.approx(10.0, rel=0.05)


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=60), st.data())
@settings(max_examples=60)
def test_times_that_go_back_are_the_newest_so_far_in_pieces_of_any_size(
    raw: list[int], data: st.DataObject
) -> None:
    times, at = Times(), 0
    while at < len(raw):
        at = data.draw(st.integers(at + 1, len(raw)))
        assert times.follow(np.array(raw[:at], np.int64))
    newest = [max(raw[: i + 1]) for i in range(len(raw))]
    assert [times.at(i + 1) for i in range(len(raw))] == newest
    when = data.draw(st.integers(-10, 1_010))
    assert times.records_until(when) == sum(time <= when for time in newest)


def test_times_of_another_log_are_taken_instead() -> None:
    times = times_of(5, 3, 9)
    assert not times.follow(np.array([1, 2], np.int64))
    assert (len(times), times.start_us, times.end_us) == (2, 1, 2)


class AnyPlayback(RuleBasedStateMachine):
    """Whatever is done, the place is in the log, in the loop while that plays, and the time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = [0]
        self.times = Times()
        self.times.follow(np.array(self.raw, np.int64))
        self.playback = Playback(self.times)
        self.now_s = 0.0

    @rule(more=st.lists(st.integers(0, 5_000_000), min_size=1, max_size=10))
    def grow(self, more: list[int]) -> None:
        for step in more:
            self.raw.append(self.raw[-1] + step)
        self.times.follow(np.array(self.raw, np.int64))

    @rule(passed_s=st.floats(0, 10))
    def wait(self, passed_s: float) -> None:
        before = self.playback.wanted
        self.now_s += passed_s
        due = self.playback.due(self.now_s)
        if self.playback.loop is None:
            assert due >= before
        elif self.playback.is_playing:
            assert self.playback.loop[0] <= due <= self.playback.loop[1]

    @rule()
    def toggle(self) -> None:
        self.playback.toggle(self.now_s)

    @rule(place=st.integers(-3, 100))
    def seek(self, place: int) -> None:
        self.playback.seek(place, self.now_s)
        assert self.playback.wanted == max(0, min(place, len(self.raw)))

    @rule(speed=st.sampled_from(SPEEDS) | st.floats(0.001, 1e6))
    def hurry(self, speed: float) -> None:
        before = self.playback.cursor_us(self.now_s)
        self.playback.set_speed(speed, self.now_s)
        assert self.playback.cursor_us(self.now_s) == pytest.approx(before, abs=1.0)
        assert SPEEDS[0] <= self.playback.speed <= SPEEDS[-1]

    @rule(first=st.integers(-3, 60), last=st.integers(-3, 60))
    def loop(self, first: int, last: int) -> None:
        self.playback.set_loop(first, last)

    @rule()
    def follow(self) -> None:
        self.playback.follow()
        assert self.playback.due(self.now_s) == len(self.raw)

    @invariant()
    def is_within_the_log(self) -> None:
        assert 0 <= self.playback.wanted <= len(self.raw)


TestAnyPlayback = AnyPlayback.TestCase
TestAnyPlayback.settings = settings(max_examples=60, stateful_step_count=30)
