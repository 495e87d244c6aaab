"""A polled network reports no round twice: nodes by script, a period of 1 s."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.aggregate import Aggregate
from protocol.node import MeasurementDue, ReportAccepted, ReportSealed, RoundFinished
from protocol.packets import Items
from protocol.simulator.faults import Action, Fault, Freeze, Kill, Merge, Partition, Revive
from protocol.simulator.field import reading
from protocol.simulator.invariants import InvariantViolation, Limits
from protocol.timing import PollingTiming
from tests.protocol.simulator.scripted import Deed, Script, play, row

FIELD = row(0, 5, 10)
TIMING = PollingTiming(period_ms=1_000)


def result(version: int) -> RoundFinished:
    return RoundFinished(version, 0, Items(((0, Aggregate.empty(version)),)))


def polled(scripts: dict[int, Script], *faults: tuple[int, Action], **options: Any) -> None:
    """Three nodes that hear each other, unless told otherwise, for 9 s."""
    planned = [Fault(round_number, action) for round_number, action in faults]
    play(FIELD, scripts, 9_000, network="polling", timing=TIMING, faults=planned, **options)


def test_each_version_once_is_right() -> None:
    polled({1: [(1_000, result(7)), (2_000, result(8))], 2: [(3_000, result(9))]})


def test_two_nodes_with_a_result_of_one_round_stop_the_run() -> None:
    with pytest.raises(InvariantViolation, match="version 7 was reported by node 1 and node 2"):
        polled({1: [(1_000, result(7)), (2_000, result(8))], 2: [(3_000, result(7))]})


def test_a_node_that_repeats_itself_stops_the_run() -> None:
    with pytest.raises(InvariantViolation, match="version 7 was reported by node 1, twice"):
        polled({1: [(1_000, result(7)), (2_000, result(7))]})


def test_parts_may_report_the_same_round() -> None:
    parted = (1, Partition((frozenset({1}),)))
    polled({1: [(1_000, result(7))], 2: [(3_000, result(7))]}, parted)


def test_what_a_part_knows_it_knows_after_the_merger() -> None:
    parted = (1, Partition((frozenset({1}),)))
    with pytest.raises(InvariantViolation, match="version 7 was reported by node 1 and node 2"):
        polled({1: [(1_000, result(7))], 2: [(4_000, result(7))]}, parted, (3, Merge()))


def test_rounds_that_began_before_parts_heard_of_each_other_may_be_the_same() -> None:
    parted = (1, Partition((frozenset({1}),)))
    scripts: dict[int, Script] = {1: [(3_000, result(7)), (5_000, result(9))], 2: [(3_100, result(7))]}
    polled(scripts, parted, (3, Merge()))
    with pytest.raises(InvariantViolation, match="version 9 was reported by node 1 and node 2"):
        polled({**scripts, 2: [(3_100, result(7)), (6_000, result(9))]}, parted, (3, Merge()))


def test_a_frozen_node_that_begins_anew_remembers_nothing() -> None:
    """A node by script does it all again then."""
    alone = ((1, Kill(2)), (1, Kill(3)))
    with pytest.raises(InvariantViolation, match="version 7 was reported by node 1, twice"):
        polled({1: [(2_000, result(7)), (6_000, result(7))]}, *alone)
    anew = ((3, Freeze(1)), (4, Revive(1)))
    polled({1: [(2_000, result(7))]}, *alone, *anew, limits=Limits(settle_ms=0))


def test_where_nobody_remembers_versions_begin_again() -> None:
    everybody = [(2, Kill(node_id)) for node_id in (1, 2, 3)] + [(3, Revive(node_id)) for node_id in (2, 3)]
    scripts: dict[int, Script] = {1: [(1_000, result(7))], 2: [(4_000, result(7))]}
    polled(scripts, *everybody)
    with pytest.raises(InvariantViolation, match="version 7"):
        polled(scripts, *everybody[:2], *everybody[3:])


def gathered(total: int) -> dict[int, Script]:
    """The primary, node 1, with its own reading and that of node 2; the result may differ from the truth."""
    raw = [reading(FIELD.places[node_id], 0, 7, 1) for node_id in (1, 2)]
    sums = Aggregate.of_reading(7, raw[0], 1).merge(Aggregate.of_reading(7, raw[1], 2))
    items = Items(((0, replace(sums, total=sums.total + total)),))
    primary: list[Deed] = [
        MeasurementDue(7),
        ReportAccepted(2, 7),
        ReportSealed(7),
        RoundFinished(7, 200, items),
    ]
    return {
        1: [(1_200, deed) for deed in primary],
        2: [(1_100, MeasurementDue(7)), (1_100, ReportSealed(7))],
    }


def test_a_result_is_that_of_the_readings_that_came() -> None:
    polled(gathered(0))
    with pytest.raises(InvariantViolation, match="the result of version 7 is wrong without saying so"):
        polled(gathered(1))
