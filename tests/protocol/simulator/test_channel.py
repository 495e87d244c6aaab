"""The shared channel: queues, carrier sense, collisions, half duplex, and what bad links do to frames."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import pytest

from protocol.packets import FrameError, decode
from protocol.simulator.channel import MAX_QUEUED
from protocol.simulator.faults import Fault, Join, Kill
from protocol.simulator.medium import Air, Quality
from protocol.simulator.propagation import Ideal
from protocol.simulator.radio import RADIOS
from protocol.simulator.topology import scattered
from tests.protocol.simulator.scripted import Scripts, Stage, frame, play, row, staged

CC1000 = RADIOS["cc1000"]
# Senses at once: what is due in the same millisecond is sensed in the same microsecond.
EAGER = Air(radio=replace(CC1000, first_backoff_us=0), collisions=True)
# As the HC-12: whoever has something sends it.
DEAF = Air(radio=replace(CC1000, carrier_sense=False, sense_delay_us=0), collisions=True)
AIRTIME_MS = 9  # of a frame of 10 bytes, rounded up

TOGETHER = row(0, 5, 10)
# 1 and 3 do not hear each other, 2 hears both.
HIDDEN = row(0, 10, 20)


def test_without_collisions_everybody_hears_what_is_sent_at_once() -> None:
    stage = play(TOGETHER, {1: [(5, frame(1))], 3: [(5, frame(3))]})
    assert sorted(stage.pairs()) == [(1, 2), (1, 3), (3, 1), (3, 2)]
    assert {each.time_ms for each in stage.heard} == {5 + 8}


def test_only_the_destination_hears_a_frame_that_has_one() -> None:
    assert play(TOGETHER, {1: [(5, frame(1, 3))]}).pairs() == [(1, 3)]


def test_a_frame_to_somebody_out_of_range_is_heard_by_nobody() -> None:
    assert play(HIDDEN, {1: [(5, frame(1, 3))]}).pairs() == []


def test_a_node_in_range_is_sensed_and_waited_for() -> None:
    stage = play(TOGETHER, {1: [(5, frame(1))], 3: [(7, frame(3))]}, air=EAGER)
    assert stage.pairs() == [(1, 2), (1, 3), (3, 1), (3, 2)]
    assert stage.heard[-1].time_ms >= 5 + 2 * AIRTIME_MS - 1


def test_a_hidden_terminal_collides() -> None:
    assert play(HIDDEN, {1: [(5, frame(1))], 3: [(7, frame(3))]}, air=EAGER).pairs() == []


def test_hidden_terminals_that_take_turns_are_heard() -> None:
    scripts: Scripts = {1: [(5, frame(1))], 3: [(5 + AIRTIME_MS, frame(3))]}
    assert play(HIDDEN, scripts, air=EAGER).pairs() == [(1, 2), (3, 2)]


def test_nobody_senses_a_radio_that_turns_round() -> None:
    """Both find the channel clear in the same moment."""
    assert play(TOGETHER, {1: [(5, frame(1))], 3: [(5, frame(3))]}, air=EAGER).pairs() == []


def test_random_backoffs_keep_most_frames_apart() -> None:
    scripts: Scripts = {node: [(100 * turn, frame(node, 2, turn)) for turn in range(200)] for node in (1, 3)}
    stage = play(TOGETHER, scripts, air=Air(collisions=True))
    assert 0.93 * 400 < len(stage.heard) < 400, "a few begin within the turning time of each other"


def test_a_node_does_not_hear_while_it_sends() -> None:
    stage = play(row(0, 10), {1: [(5, frame(1))], 2: [(9, frame(2))]}, air=DEAF)
    assert stage.pairs() == []


def test_who_is_out_of_range_of_the_receiver_does_no_harm() -> None:
    stage = play(row(0, 10, 20, 30), {1: [(5, frame(1, 2))], 4: [(5, frame(4, 3))]}, air=DEAF)
    assert sorted(stage.pairs()) == [(1, 2), (4, 3)]


@pytest.mark.parametrize("air", [DEAF, Air(collisions=True)], ids=["ALOHA", "CSMA"])
@pytest.mark.parametrize("seed", range(3))
def test_a_frame_is_heard_if_nothing_else_reached_the_receiver_meanwhile(air: Air, seed: int) -> None:
    """Held against a second look at all that was on the air, at every receiver."""
    rng = random.Random(seed)
    field = scattered(12, 40, 40, 18, seed)
    scripts: Scripts = {
        node: [
            (rng.randrange(3_000), frame(node, counter=turn, depth=rng.choice([None, 1])))
            for turn in range(15)
        ]
        for node in field.places
    }
    stage = play(field, scripts, air=air, seed=seed)
    spans = [
        (record.timestamp_us - air.radio.airtime_us(len(record.frame)), record.timestamp_us, record.frame)
        for record in stage.records
    ]
    expected = set()
    for start_us, end_us, sent in spans:
        source = decode(sent).source
        for listener in field.listeners[source]:
            at_listener = field.neighbours(listener) | {listener}
            if not any(
                other_start_us < end_us and other_end_us > start_us and other != sent
                for other_start_us, other_end_us, other in spans
                if decode(other).source in at_listener
            ):
                expected.add((listener, sent))
    assert {(each.node_id, each.frame) for each in stage.heard} == expected
    assert 0 < len(expected) < sum(len(field.listeners[decode(sent).source]) for _, _, sent in spans)


def test_frames_of_a_node_leave_in_order_one_after_the_other() -> None:
    stage = play(row(0, 10), {1: [(5, frame(1, counter=n)) for n in range(8)]}, air=Air(collisions=True))
    assert [decode(each.frame).counter for each in stage.heard] == list(range(8))
    ends_us = [record.timestamp_us for record in stage.records]
    assert all(b - a >= CC1000.airtime_us(10) for a, b in pairwise(ends_us))


def test_a_radio_holds_so_many_frames_and_no_more() -> None:
    scripts: Scripts = {1: [(5, frame(1, counter=n)) for n in range(MAX_QUEUED + 5)]}
    stage = play(row(0, 10), scripts, air=Air(collisions=True), checks=False)
    assert len(stage.heard) == MAX_QUEUED


def test_a_frame_breaks_off_with_its_senders_power() -> None:
    """The first of two frames is half sent."""
    stage, simulation = staged(row(0, 10), {1: [(1, frame(1)), (2, frame(1))]})
    simulation.advance_to(4_000)
    simulation.apply(Kill(1))
    simulation.advance_to(100_000)
    assert stage.pairs() == []
    assert stage.records == []


def test_who_comes_while_a_frame_is_on_the_air_does_not_hear_it() -> None:
    scripts: Scripts = {1: [(5, frame(1, counter=1)), (20, frame(1, counter=2))]}
    stage, simulation = staged(row(0, 10), scripts, faults=[Fault(1_000, Join(2))])
    simulation.advance_to(9_000)
    simulation.apply(Join(2))
    simulation.advance_to(100_000)
    assert [decode(each.frame).counter for each in stage.heard] == [2]


class TestQuality:
    """Of links, each receiver of a frame for itself."""

    SCRIPTS: ClassVar[Scripts] = {1: [(20 * n, frame(1, counter=n)) for n in range(1, 501)]}

    def heard(self, **options: float) -> Stage:
        return play(row(0, 5, 10), self.SCRIPTS, air=Air(quality=Quality(**options)))  # type: ignore[arg-type]

    def test_loss_takes_its_share_at_each_receiver(self) -> None:
        stage = self.heard(loss=0.2)
        at = {node: {each.frame for each in stage.heard if each.node_id == node} for node in (2, 3)}
        assert all(350 < len(frames) < 450 for frames in at.values())
        assert at[2] != at[3]

    def test_duplication_gives_a_second_copy(self) -> None:
        assert 1_000 + 150 < len(self.heard(duplication=0.2).heard) < 1_000 + 250

    def test_delay_lets_frames_overtake_each_other(self) -> None:
        counters = [
            decode(each.frame).counter for each in self.heard(delay_ms=100).heard if each.node_id == 2
        ]
        assert counters != sorted(counters) == list(range(1, 501))

    def test_bit_flips_never_pass_the_checks_of_a_frame(self) -> None:
        stage = self.heard(bit_flips=1.0)
        assert len(stage.heard) == 1_000
        for each in stage.heard:
            with pytest.raises(FrameError):
                decode(each.frame)

    def test_a_link_may_be_worse_than_the_others_and_in_one_direction(self) -> None:
        scripts: Scripts = {**self.SCRIPTS, 2: [(20 * n + 10, frame(2, 1, n)) for n in range(1, 501)]}
        stage = play(row(0, 5, 10), scripts, air=Air(link_loss={(1, 2): 0.5}))
        pairs = stage.pairs()
        assert 200 < pairs.count((1, 2)) < 300
        assert pairs.count((1, 3)) == pairs.count((2, 1)) == 500

    def test_a_link_that_loses_all_is_none(self) -> None:
        stage, simulation = staged(row(0, 5, 10), self.SCRIPTS, air=Air(link_loss={(1, 2): 1.0}))
        simulation.advance_to(1_000_000)
        assert simulation.listeners == {1: (3,), 2: (1, 3), 3: (1, 2)}
        assert {each.node_id for each in stage.heard} == {3}

    @pytest.mark.parametrize(
        "bad", [{"loss": 1.1}, {"duplication": -0.1}, {"bit_flips": 2}, {"delay_ms": -1}], ids=str
    )
    def test_no_link_is_like_that(self, bad: dict[str, float]) -> None:
        with pytest.raises(ValueError, match=next(iter(bad))):
            Quality(**bad)  # type: ignore[arg-type]

    def test_no_single_link_is_like_that(self) -> None:
        with pytest.raises(ValueError, match="the loss of 1 -> 2 is from 0 to 1"):
            Air(link_loss={(1, 2): 1.5})


def test_ideal_air_has_no_distance() -> None:
    assert play(row(0, 5_000), {1: [(5, frame(1))]}, air=Air(Ideal())).pairs() == [(1, 2)]
