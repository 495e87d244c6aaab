"""What can be done to nodes and links, and when it happens."""

from __future__ import annotations

import pytest

from protocol.packets import decode
from protocol.simulator.faults import (
    Action,
    Cut,
    Fault,
    Freeze,
    Heal,
    Join,
    Kill,
    Leave,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetLinkLoss,
    SetQuality,
    StepClock,
    Thaw,
)
from protocol.simulator.medium import Quality
from protocol.timing import Timing
from tests.protocol.simulator.scripted import (
    GOODBYE_COUNTER,
    Script,
    Scripts,
    Stage,
    frame,
    play,
    row,
    staged,
)

PERIOD_MS = 1_000
TIMING = Timing(period_ms=PERIOD_MS)
ROUNDS = 8
TRIANGLE = row(0, 5, 10)


def beacon(node_id: int) -> Script:
    """A broadcast in the middle of each round, the round being its counter."""
    return [(n * PERIOD_MS + PERIOD_MS // 2, frame(node_id, counter=n)) for n in range(1, ROUNDS + 1)]


BEACONS: Scripts = {node_id: beacon(node_id) for node_id in (1, 2, 3)}


def heard(stage: Stage, speaker: int, listener: int) -> list[int]:
    """The rounds in which `listener` heard `speaker`."""
    counters = [(each.source, each.node_id, decode(each.frame).counter) for each in stage.heard]
    return [counter for source, node, counter in counters if (source, node) == (speaker, listener)]


def act(*faults: tuple[int, Action]) -> Stage:
    planned = [Fault(round_number, action) for round_number, action in faults]
    return play(TRIANGLE, BEACONS, timing=TIMING, faults=planned)


def test_nothing_happens_without_a_fault() -> None:
    stage = act()
    for pair in ((1, 2), (2, 1), (1, 3), (3, 1)):
        assert heard(stage, *pair) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_killed_node_is_silent_and_deaf_until_it_is_revived_without_memory() -> None:
    stage = act((3, Kill(2)), (6, Revive(2)))
    assert heard(stage, 1, 2) == [1, 2, 6, 7, 8]
    assert stage.born == [1, 2, 3, 2]


def test_a_node_that_leaves_is_heard_once_more_then_silent_and_deaf() -> None:
    stage = act((3, Leave(2)))
    assert heard(stage, 2, 1) == heard(stage, 2, 3) == [1, 2, GOODBYE_COUNTER]
    assert heard(stage, 1, 2) == [1, 2]
    assert act((3, Leave(2)), (6, Revive(2))).born == [1, 2, 3, 2]


def test_a_node_that_joins_was_not_there() -> None:
    stage = act((4, Join(2)))
    assert heard(stage, 1, 2) == [4, 5, 6, 7, 8]
    assert stage.born == [1, 3, 2]


def test_to_revive_who_lives_is_harmless() -> None:
    assert act((3, Revive(2))).born == [1, 2, 3]


def test_a_reboot_takes_the_memory_and_no_time() -> None:
    stage = act((3, Reboot(2)))
    assert stage.born == [1, 2, 3, 2]
    assert heard(stage, 1, 2) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_to_reboot_who_has_no_power_is_harmless() -> None:
    assert act((3, Kill(2)), (4, Reboot(2))).born == [1, 2, 3]


def test_a_frozen_node_keeps_its_memory_and_its_clock_runs_on() -> None:
    """What was due meanwhile it does when it is back, a little before round 6."""
    stage = act((3, Freeze(2)), (6, Thaw(2)))
    assert stage.born == [1, 2, 3]
    assert heard(stage, 1, 2) == [1, 2, 6, 7, 8]
    assert heard(stage, 2, 1) == [1, 2, 3, 4, 5, 6, 7, 8]
    back_ms = [each.time_ms for each in stage.heard if each.source == 2 and each.node_id == 1][2]
    assert 6 * PERIOD_MS - 1 < back_ms < 6 * PERIOD_MS + 50


def test_a_frozen_node_that_is_killed_or_revived_has_no_memory() -> None:
    assert act((3, Freeze(2)), (4, Kill(2)), (5, Thaw(2))).born == [1, 2, 3]
    assert act((3, Freeze(2)), (5, Revive(2)), (6, Thaw(2))).born == [1, 2, 3, 2]


def test_a_cut_link_fails_both_ways_or_one_way_until_it_heals() -> None:
    stage = act((3, Cut(1, 2)), (5, Heal(2, 1)))
    assert heard(stage, 1, 2) == heard(stage, 2, 1) == [1, 2, 5, 6, 7, 8]
    assert heard(stage, 1, 3) == [1, 2, 3, 4, 5, 6, 7, 8]
    stage = act((3, Cut(1, 2, one_way=True)), (5, Heal(2, 1)))
    assert heard(stage, 1, 2) == [1, 2, 5, 6, 7, 8]
    assert heard(stage, 2, 1) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_partition_keeps_groups_apart_and_those_in_none_are_one_more() -> None:
    stage = act((3, Partition((frozenset({2}),))), (6, Merge()))
    assert heard(stage, 1, 2) == heard(stage, 2, 3) == [1, 2, 6, 7, 8]
    assert heard(stage, 1, 3) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_merge_leaves_what_is_cut() -> None:
    stage = act((2, Cut(1, 2)), (3, Partition((frozenset({2}),))), (6, Merge()))
    assert heard(stage, 1, 2) == [1]


def test_a_node_is_in_one_group_only() -> None:
    with pytest.raises(ValueError, match="each node in one group"):
        Partition((frozenset({1, 2}), frozenset({2})))


def test_the_quality_of_all_links_changes() -> None:
    stage = act((3, SetQuality(Quality(loss=1.0))), (5, SetQuality(Quality())))
    assert heard(stage, 1, 2) == [1, 2, 5, 6, 7, 8]


def test_the_loss_of_one_link_changes_both_ways_and_no_other() -> None:
    stage = act((3, SetLinkLoss(1, 2, 0.999999)), (5, SetLinkLoss(2, 1, 0.0)))
    assert heard(stage, 1, 2) == heard(stage, 2, 1) == [1, 2, 5, 6, 7, 8]
    assert heard(stage, 1, 3) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_link_that_loses_all_is_cut_instead() -> None:
    with pytest.raises(ValueError, match="cut it"):
        SetLinkLoss(1, 2, 1.0)


def test_a_field_tells_what_was_done_to_it() -> None:
    _, simulation = staged(row(0, 10, 20), {}, timing=TIMING)
    simulation.advance_to(1_000)
    simulation.apply(Freeze(2), SetQuality(Quality(loss=0.5)), SetLinkLoss(1, 3, 0.25))
    assert simulation.frozen == {2}
    assert simulation.quality == Quality(loss=0.5)
    assert (simulation.link_loss(3, 1), simulation.link_loss(1, 2)) == (0.25, 0.0)
    parting = Partition((frozenset({1}),))
    simulation.apply(Cut(1, 2), Cut(2, 3, one_way=True), parting)
    assert simulation.cut == {(1, 2), (2, 1), (2, 3)}
    assert simulation.partition == parting
    simulation.apply(Heal(1, 2), Merge())
    assert simulation.cut == {(2, 3)}
    assert simulation.partition is None


def test_a_clock_that_is_put_forward_skips_time() -> None:
    """Node 2's next deeds come 2 s earlier, and some at once."""
    stage = act((3, StepClock(2, 2_000)))
    times_ms = [each.time_ms for each in stage.heard if (each.source, each.node_id) == (2, 1)]
    assert [time_ms // 500 for time_ms in times_ms] == [3, 5, 6, 6, 7, 9, 11, 13]


def test_a_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="a clock goes forward"):
        StepClock(1, -5)


def test_clocks_drift_apart_within_their_limit() -> None:
    """Over ten hours at 100 ppm: up to 3,600 ms."""
    ten_hours_ms = 36_000_000
    scripts: Scripts = {node_id: [(ten_hours_ms, frame(node_id))] for node_id in range(1, 31)}
    stage, simulation = staged(row(*[0.0] * 30), scripts, clock_ppm=100)
    simulation.advance_to((ten_hours_ms + 5_000) * 1000)
    gained_ms = [ten_hours_ms - (record.timestamp_us - 8_333) / 1000 for record in stage.records]
    assert len(gained_ms) == 30
    assert -3_601 < min(gained_ms) < -2_000
    assert 2_000 < max(gained_ms) < 3_601


def test_reachable_follows_power_and_links() -> None:
    _, simulation = staged(row(0, 10, 20, 30), {}, timing=TIMING)
    seen = []
    for action in (
        *(Cut(2, 3, one_way=True), Heal(2, 3), Kill(2), Revive(2), Freeze(3), Thaw(3)),
        *(Partition((frozenset({1, 2, 3}),)), Merge(), Kill(1)),
    ):
        simulation.advance_to(simulation.clock.now_us + 1_000)
        simulation.apply(action)
        seen.append(len(simulation.reachable))
    assert seen == [2, 4, 1, 4, 2, 4, 3, 4, 0]
    assert simulation.alive == {2, 3, 4}


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (Kill(99), "kill 99@1: no node 99 in the field"),
        (StepClock(99, 1), "step-clock 99@1: no node 99 in the field"),
        (Cut(1, 99), "cut 99@1: no node 99 in the field"),
        (Partition((frozenset({1, 99}),)), "partition 99@1: no node 99 in the field"),
    ],
    ids=str,
)
def test_a_fault_needs_a_node_of_the_field(action: Action, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        staged(TRIANGLE, {}, faults=[Fault(1, action)])


def test_a_fault_that_names_no_node_changes_nothing() -> None:
    _, simulation = staged(TRIANGLE, {})
    simulation.advance_to(0)
    with pytest.raises(ValueError, match="kill 99: no node 99"):
        simulation.apply(Kill(1), Kill(99))
    assert simulation.alive == {1, 2, 3}


def test_faults_begin_with_round_1() -> None:
    with pytest.raises(ValueError, match="before round 1 or a later one, not 0"):
        Fault(0, Kill(1))
