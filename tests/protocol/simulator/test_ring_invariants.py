"""What a ring must not do is found out, and what it may is let pass. Nodes by script, a period of 1 s."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.aggregate import Aggregate
from protocol.node import (
    MeasurementDue,
    ReadingsAdded,
    RoundFinished,
    TokenDropped,
    TokenMade,
    TokenPassed,
    TokenTaken,
    TurnFinished,
)
from protocol.packets import Items, TokenId
from protocol.simulator.faults import Action, Cut, Fault, Freeze, Kill, Partition, Revive
from protocol.simulator.field import reading
from protocol.simulator.invariants import InvariantViolation, Limits
from protocol.simulator.topology import Topology
from protocol.timing import RingTiming
from tests.protocol.simulator.scripted import Script, play, row

FIELD = row(0, 5, 10)
TIMING = RingTiming(period_ms=1_000, listen_ms=700)


def token(sequence: int, epoch: int) -> TokenId:
    return TokenId(epoch, 1, sequence)


def ring(scripts: dict[int, Script], until_ms: int, *faults: tuple[int, Action], **options: Any) -> None:
    """Of three nodes that hear each other, unless told otherwise."""
    planned = [Fault(round_number, action) for round_number, action in faults]
    options = {"topology": FIELD, "network": "ring", "timing": TIMING, "faults": planned, **options}
    play(scripts=scripts, until_ms=until_ms, **options)


def going_round(at: int, epoch: int, since_ms: int, until_ms: int) -> Script:
    """Takes that token and passes it, every half a second."""
    script: Script = [(since_ms, TokenMade(token(0, epoch), None))]
    for time_ms in range(since_ms, until_ms, 500):
        sequence = time_ms - since_ms
        script.append((time_ms, TokenTaken(at, token(sequence, epoch), 1, 0)))
        script.append((time_ms, TokenPassed(at, token(sequence + 1, epoch))))
    return script


def results_of(node_id: int, every_ms: int, until_ms: int) -> Script:
    return [
        (time_ms, RoundFinished(version, 0, Items(((0, Aggregate.empty(version)),))))
        for version, time_ms in enumerate(range(every_ms, until_ms, every_ms), 1)
    ]


# --- two tokens ------------------------------------------------------------------------------------------

ALIVE = {3: results_of(3, 1_000, 20_000)}


def two_tokens(until_ms: int, *faults: tuple[int, Action], **options: Any) -> None:
    """One from 1 s on at node 1, another from 2 s on at node 2."""
    scripts = {1: going_round(1, 1, 1_000, until_ms), 2: going_round(2, 2, 2_000, until_ms)}
    ring(ALIVE | scripts, until_ms, *faults, **options)


def test_two_tokens_for_more_than_a_rotation_stop_the_run() -> None:
    two_tokens(3_000)
    with pytest.raises(InvariantViolation, match=r"two tokens for 1500 ms: epoch . made by 1, at node"):
        two_tokens(5_000)


def test_the_limit_is_a_parameter() -> None:
    two_tokens(5_000, limits=Limits(two_tokens=3))
    with pytest.raises(InvariantViolation, match="two tokens for 500 ms"):
        two_tokens(3_000, limits=Limits(two_tokens=0.2))


def test_a_rotation_is_as_long_as_turns_take() -> None:
    slow: Script = [
        (100, TokenMade(token(0, 9), None)),
        (100, TokenPassed(1, token(1, 9))),
        (2_500, TokenTaken(1, token(2, 9), 1, 0)),
        (2_500, TurnFinished(1, 0)),
        (2_500, TokenDropped(token(2, 9), token(0, 10))),
    ]
    scripts = {1: going_round(1, 11, 3_000, 7_000), 2: going_round(2, 12, 4_000, 7_000), 3: slow}
    ring(scripts, 6_400, limits=Limits(stop=9))
    with pytest.raises(InvariantViolation, match=r"two tokens for 2500 ms.* a rotation is 2462 ms"):
        ring(scripts, 6_600, limits=Limits(stop=9))


def test_a_token_at_rest_lives() -> None:
    scripts: dict[int, Script] = {1: [(1_000, TokenMade(token(0, 1), None))]}
    with pytest.raises(InvariantViolation, match="two tokens"):
        ring(ALIVE | scripts | {2: going_round(2, 2, 2_000, 4_000)}, 5_000)


@pytest.mark.parametrize("action", [Kill(1), Freeze(1)])
def test_a_token_of_who_has_no_power_does_not_live(action: Action) -> None:
    scripts: dict[int, Script] = {1: [(1_000, TokenMade(token(0, 1), None))]}
    ring(ALIVE | scripts | {2: going_round(2, 2, 2_000, 9_000)}, 9_000, (2, action))


def test_a_token_that_was_given_up_does_not_live() -> None:
    old: Script = [(1_000, TokenMade(token(0, 1), None)), (2_500, TokenDropped(token(0, 1), token(0, 2)))]
    ring(ALIVE | {1: old, 2: going_round(2, 2, 2_000, 9_000)}, 9_000)


def test_parts_have_a_token_each() -> None:
    parted = (1, Partition((frozenset({1}), frozenset({2, 3}))))
    two_tokens(9_000, parted)


def test_time_counts_from_the_last_fault_on() -> None:
    two_tokens(5_500, (4, Revive(3)), limits=Limits(two_tokens=2))
    with pytest.raises(InvariantViolation, match="two tokens for 2"):
        two_tokens(7_500, (4, Revive(3)), limits=Limits(two_tokens=2))


def test_nothing_is_promised_where_a_node_does_not_hear_the_next() -> None:
    two_tokens(9_000, topology=row(0, 10, 20))


def test_a_line_is_a_ring_in_no_order_and_a_diamond_in_that_of_its_sides() -> None:
    def diamond(order: tuple[int, ...]) -> None:
        cuts = ((1, Cut(1, 2)), (1, Cut(3, 4)))
        two_tokens(9_000, *cuts, topology=row(0, 5, 6, 7), order=order)

    diamond((1, 2, 3, 4))
    with pytest.raises(InvariantViolation, match="two tokens"):
        diamond((1, 3, 2, 4))


# --- stops -----------------------------------------------------------------------------------------------


def test_no_result_for_three_rotations_stops_the_run() -> None:
    ring({2: results_of(2, 3_000, 13_000)}, 14_000)
    with pytest.raises(InvariantViolation, match="no result for 4000 ms from nodes 1, 2, 3, who hear"):
        ring({2: results_of(2, 3_000, 10_000)}, 14_000)


def test_a_node_alone_may_be_silent() -> None:
    ring({}, 20_000, (1, Kill(2)), (1, Kill(3)))
    ring({2: results_of(2, 1_000, 20_000)}, 20_000, (1, Partition((frozenset({1}),))))


def test_who_was_disturbed_has_time_to_mend() -> None:
    once = {2: results_of(2, 1_000, 2_000)}
    ring(once, 5_900, (3, Kill(1)))
    with pytest.raises(InvariantViolation, match="no result for 3301 ms from nodes 2, 3, who"):
        ring(once, 9_000, (3, Kill(1)))


def test_a_ring_that_never_had_a_result_has_the_time_of_a_cold_start_beside() -> None:
    ring({}, 5_000)
    with pytest.raises(InvariantViolation, match="no result for 6000 ms from nodes 1, 2, 3, who"):
        ring({}, 9_000)


# --- results ---------------------------------------------------------------------------------------------


def gathered(counts: int) -> dict[int, Script]:
    """Nodes 1 and 2 add their readings of round 7; the result says that it counts so many times node 2."""
    raw = [reading(FIELD.places[node_id], 0, 7, 1) for node_id in (1, 2)]
    sums = Aggregate.of_reading(7, raw[0], 1)
    for _ in range(counts):
        sums = sums.merge(Aggregate.of_reading(7, raw[1], 2))
    home: Script = [
        (1_000, TokenMade(token(0, 1), None)),
        (1_000, MeasurementDue(7)),
        (1_000, ReadingsAdded(7, token(0, 1))),
        (1_000, TokenPassed(2, token(1, 1))),
    ]
    other: Script = [(1_100, TokenTaken(1, token(1, 1), 7, 0)), (1_100, MeasurementDue(7))]
    other += [(1_100, ReadingsAdded(7, token(1, 1)))] * counts
    other.append((1_100, TokenPassed(1, token(2, 1))))
    home.append((1_200, TokenTaken(2, token(2, 1), 7, 0)))
    home.append((1_200, RoundFinished(7, 200, Items(((0, sums),)))))
    return {1: home, 2: other}


def test_a_result_of_who_added_is_right() -> None:
    ring(gathered(1), 2_000)


def test_a_reading_twice_in_a_round_stops_the_run() -> None:
    with pytest.raises(InvariantViolation, match="metric 0 counts 3, 0 in doubt, of 2 nodes"):
        ring(gathered(2), 2_000)


def test_a_wrong_sum_stops_the_run() -> None:
    lying = gathered(1)
    lying[2] = [entry for entry in lying[2] if not isinstance(entry[1], ReadingsAdded)]
    with pytest.raises(InvariantViolation, match="the result of version 7 is wrong without saying so"):
        ring(lying, 2_000)


def test_the_order_names_nodes_of_the_field() -> None:
    with pytest.raises(ValueError, match="the order names node 9: no node 9 in the field"):
        ring({}, 1, order=(1, 9), topology=Topology(FIELD.places.values()))
