"""A protocol that breaks its promises is found out, in the round in which it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.node import ChildJoined, Event, Joined, LinkName, RoundFinished
from protocol.node_base import MAX_EVENTS
from protocol.packets import Frame, FrameType, Items, Report, decode, encode
from protocol.simulator.faults import Action, Fault, Freeze, Kill, Thaw
from protocol.simulator.invariants import InvariantViolation
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import grid
from protocol.sink_tree import SinkTreeNode
from tests.protocol.simulator.scripted import Script, frame, play, row

ROUNDS = 6


class LyingRoot(SinkTreeNode):
    """Tells another result than it found; `lie` is what changes in the aggregate, or the doubt."""

    lie: dict[str, int]

    def next_event(self) -> Event | None:
        event = super().next_event()
        if isinstance(event, RoundFinished) and event.version == 4:
            return replace(event, items=self._lied(event.items))
        return event

    def _lied(self, items: Items) -> Items:
        if "doubt" in self.lie:
            return replace(items, doubt=self.lie["doubt"])
        ((metric, aggregate),) = items.aggregates
        changes = {name: getattr(aggregate, name) + by for name, by in self.lie.items()}
        return replace(items, aggregates=((metric, replace(aggregate, **changes)),))


class Forger(SinkTreeNode):
    """Sends reports of one degree more than it measured."""

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        return [(link, self._forged(decode(sent))) for link, sent in super().frames_to_send(now_ms)]

    def _forged(self, sent: Frame) -> bytes:
        if sent.type is not FrameType.DATA:
            return encode(sent)
        assert isinstance(sent.payload, Report)
        ((metric, aggregate),) = sent.payload.items.aggregates
        forged = replace(aggregate, total=aggregate.total + 1)
        items = replace(sent.payload.items, aggregates=((metric, forged),))
        return encode(replace(sent, payload=replace(sent.payload, items=items)))


class Stutterer(SinkTreeNode):
    """Counts every child's report twice and says nothing of it."""

    def next_event(self) -> Event | None:
        event = super().next_event()
        if isinstance(event, RoundFinished):
            ((metric, one),) = event.items.aggregates
            twice = replace(one, count=2 * one.count, total=2 * one.total)
            return replace(event, items=replace(event.items, aggregates=((metric, twice),)))
        return event


def run(liar: type[SinkTreeNode], liar_id: int, **options: Any) -> Simulation:
    def make_node(node_id: int, **its: Any) -> SinkTreeNode:
        return (liar if node_id == liar_id else SinkTreeNode)(node_id, **its)

    simulation = Simulation(grid(3, 2, 10, 15), seed=5, make_node=make_node, **options)
    simulation.run(ROUNDS)
    return simulation


@pytest.mark.parametrize(
    ("lie", "what"),
    [
        ({"count": 1}, "metric 0 is"),
        ({"count": -1}, "metric 0 is"),
        ({"total": 1}, "metric 0 is"),
        ({"max": 1}, "metric 0 is"),
        ({"max_id": 1}, "metric 0 is"),
    ],
    ids=str,
)
def test_a_wrong_result_stops_the_run_and_names_its_seed(lie: dict[str, int], what: str) -> None:
    with pytest.raises(InvariantViolation, match="seed 5, round 4: the result of version 4 is") as error:
        run(type("Liar", (LyingRoot,), {"lie": lie}), 1)
    assert what in error.value.what
    assert (error.value.seed, error.value.round) == (5, 4)


def test_doubt_without_need_is_no_lie() -> None:
    assert run(type("Doubter", (LyingRoot,), {"lie": {"doubt": 2}}), 1).rounds_finished == ROUNDS


def test_a_forged_report_is_found_in_the_result() -> None:
    with pytest.raises(InvariantViolation, match="is wrong without saying so"):
        run(Forger, 4)


def test_readings_counted_twice_are_found() -> None:
    with pytest.raises(InvariantViolation, match="is wrong without saying so"):
        run(Stutterer, 1)


def test_without_checks_a_run_goes_on() -> None:
    assert run(Forger, 4, checks=False).rounds_finished == ROUNDS


RING: dict[int, Script] = {
    2: [(10, Joined(3, 2))],
    3: [(20, Joined(4, 2))],
    4: [(7_000, Joined(2, 2))],
}


def ring(*faults: tuple[int, Action]) -> None:
    play(row(0, 5, 10, 15), RING, faults=[Fault(round_number, action) for round_number, action in faults])


def test_a_loop_of_parents_stops_the_run() -> None:
    with pytest.raises(InvariantViolation, match="a loop of parents: 4 -> 2 -> 3 -> 4"):
        ring()


def test_a_node_is_not_its_own_parent() -> None:
    with pytest.raises(InvariantViolation, match="a loop of parents: 2 -> 2"):
        play(row(0, 5), {2: [(10, Joined(2, 2))]})


@pytest.mark.parametrize("victim", [2, 3])
def test_who_lost_its_memory_has_no_children_and_no_parent(victim: int) -> None:
    ring((1, Kill(victim)))
    ring((1, Freeze(victim)), (1, Kill(victim)))


def test_who_is_frozen_keeps_its_parent() -> None:
    with pytest.raises(InvariantViolation, match="a loop of parents"):
        ring((1, Freeze(3)), (2, Thaw(3)))


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ([(10, ChildJoined(3))] * MAX_EVENTS, "one call caused 256 events at node 2"),
        ([(10, frame(2))] * 17, "node 2 gave out 17 frames at once"),
    ],
)
def test_queues_have_bounds(script: Script, what: str) -> None:
    play(row(0, 5), {2: script[1:]})
    with pytest.raises(InvariantViolation, match=what):
        play(row(0, 5), {2: script})
