"""Whole fields: PROTOCOL.md's promises over ideal, lossy, delaying and duplicating links."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from hashlib import sha256

import pytest

from protocol.node import Joined
from protocol.packets import FrameType
from protocol.simulator.faults import (
    Action,
    Cut,
    Fault,
    Freeze,
    Heal,
    Join,
    Kill,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetQuality,
    StepClock,
    Thaw,
)
from protocol.simulator.medium import Air, Quality
from protocol.simulator.propagation import FreeSpace
from protocol.simulator.survey import reachable_from
from protocol.simulator.topology import Topology, grid, scattered
from protocol.simulator.topology_files import load_topology
from protocol.timing import MAX_PERIOD_MS, Timing
from tests.protocol.simulator.scripted import Scripts, frame, play
from tests.protocol.worlds import Run, run_checked

DIAMOND = load_topology("4\n1 0 0 12\n2 10 5 12\n3 10 -5 12\n4 20 0 12\n", "diamond")
LINKS = {
    "ideal": Quality(),
    "lossy": Quality(loss=0.1),
    "delaying": Quality(delay_ms=80),
    "duplicating": Quality(duplication=0.3),
    "damaging": Quality(bit_flips=0.1),
    "bad in every way": Quality(loss=0.1, duplication=0.2, delay_ms=300, bit_flips=0.05),
}


@pytest.mark.parametrize("seed", range(5))
def test_a_grid_of_16_counts_16_in_every_round(seed: int) -> None:
    run = run_checked(grid(4, 4, 10, 15), 20, seed=seed)
    assert run.counts == [16] * 20
    assert all(outcome.doubt == 0 for outcome in run.outcomes)


def test_a_single_node_is_a_field() -> None:
    assert run_checked(grid(1, 1, 10, 15), 3, seed=1).counts == [1, 1, 1]


def test_a_line_of_20_is_as_deep_as_it_is_long() -> None:
    run = run_checked(grid(20, 1, 10, 15), 5, seed=1)
    assert run.counts[0] >= 18, "the last may join too shortly before round 1"
    assert run.counts[1:] == [20] * 4
    assert max(event.hop_count for _, _, event in run.of(Joined)) == 19


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("quality", LINKS.values(), ids=LINKS.keys())
def test_results_are_exact_or_say_that_they_are_not(quality: Quality, seed: int) -> None:
    """run_checked holds every result against the truth; nodes die and return meanwhile."""
    rng = random.Random(seed)
    field = scattered(30, 70, 70, 25, seed)
    faults = []
    for victim in rng.sample(range(1, 31), 6):
        killed = rng.randrange(2, 12)
        faults += [Fault(killed, Kill(victim)), Fault(killed + rng.randrange(1, 5), Revive(victim))]
    run = run_checked(field, 25, seed=seed, quality=quality, faults=faults)
    assert len(run.outcomes) > 15


@pytest.mark.parametrize("seed", range(4))
def test_the_diamond_recovers_within_one_round(seed: int) -> None:
    """Node 2 is dead in rounds 3 and 4, node 3 in rounds 7 and 8 (the report's experiment)."""
    faults = [Fault(3, Kill(2)), Fault(5, Revive(2)), Fault(7, Kill(3)), Fault(9, Revive(3))]
    run = run_checked(DIAMOND, 11, seed=seed, faults=faults)
    for version, (outcome, alive) in enumerate(
        zip(run.outcomes, (4, 4, 3, 3, 4, 4, 3, 3, 4, 4, 4), strict=True), 1
    ):
        if version not in (3, 5, 7, 9):
            assert outcome.count == alive, f"round {version}"


@pytest.mark.parametrize("seed", range(6))
def test_all_survivors_are_counted_within_3_rounds_of_a_death(seed: int) -> None:
    field = connected_field(40, seed)
    victim = random.Random(seed).randrange(2, 41)
    run = run_checked(field, 12, seed=seed, faults=[Fault(6, Kill(victim))])
    assert [o.count for o in run.outcomes[7:]] == [o.reachable for o in run.outcomes[7:]]


@pytest.mark.parametrize("seed", range(6))
def test_a_subtree_whose_only_way_out_is_at_its_leaf_is_counted_within_3_rounds(seed: int) -> None:
    """Node 3 comes late and may join under 4; then 4's parent dies, and only 3 hears the root."""
    run = run_checked(DIAMOND, 8, seed=seed, faults=[Fault(2, Join(3)), Fault(4, Kill(2))])
    assert run.counts[6:] == [3, 3]


def test_a_death_is_noticed_when_the_period_is_short() -> None:
    run = run_checked(DIAMOND, 12, seed=1, faults=[Fault(5, Kill(3))], timing=Timing(period_ms=600))
    assert run.counts[:4] == [4] * 4
    assert run.counts[9:] == [3] * 3


@pytest.mark.parametrize("period_ms", [70_000, 600_000, MAX_PERIOD_MS])
def test_long_periods_lose_nobody(period_ms: int) -> None:
    run = run_checked(grid(12, 1, 10, 15), 30, seed=1, timing=Timing(period_ms=period_ms))
    assert run.counts[0] >= 3, "clocks may be further apart when a round is long: the last join too late"
    assert run.counts[1:] == [12] * 29


def test_a_late_node_is_counted_within_two_rounds() -> None:
    run = run_checked(grid(4, 4, 10, 15), 8, seed=1, faults=[Fault(4, Join(16))])
    assert run.counts[:3] == [15] * 3
    assert run.counts[5:] == [16] * 3


def test_the_field_comes_back_after_its_root_restarted() -> None:
    run = run_checked(grid(4, 4, 10, 15), 25, seed=3, faults=[Fault(10, Kill(1)), Fault(12, Revive(1))])
    assert run.counts[-10:] == [16] * 10


def test_most_readings_arrive_at_10_percent_loss() -> None:
    run = run_checked(grid(10, 10, 10, 15), 40, seed=1, quality=Quality(loss=0.1))
    assert sum(run.counts) >= 0.99 * 100 * 40


def test_a_node_sends_one_data_frame_a_round_when_nothing_is_lost() -> None:
    run = run_checked(grid(4, 4, 10, 15), 20, seed=1)
    assert run.frames[FrameType.DATA] == 15 * 20


ALL_FAULTS: tuple[Action, ...] = (
    *(Cut(1, 2, one_way=True), Cut(6, 7), Kill(11), Reboot(6), Freeze(10), StepClock(5, 3_000)),
    *(Partition((frozenset({1, 2, 5, 6}), frozenset({15, 16}))), Merge(), Heal(1, 2), Heal(6, 7)),
    *(Revive(11), Thaw(10), Join(16), SetQuality(Quality()), Kill(1), Revive(1)),
)
BAD_AIR = Air(collisions=True, quality=LINKS["bad in every way"], link_loss={(2, 1): 0.4})


def bad_days(seed: int) -> Run:
    """Every fault there is, one every other round."""
    faults = [Fault(2 * index + 2, action) for index, action in enumerate(ALL_FAULTS)]
    return run_checked(
        grid(4, 4, 10, 15),
        2 * len(ALL_FAULTS) + 10,
        seed=seed,
        air=BAD_AIR,
        faults=faults,
        clock_ppm=100,
        metrics=(0, 1),
        first_version=65_520,
    )


@pytest.mark.parametrize("seed", range(3))
def test_results_are_exact_or_say_so_whatever_happens(seed: int) -> None:
    assert len(bad_days(seed).outcomes) > 20


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    assert bad_days(1).records == bad_days(1).records
    assert bad_days(1).records != bad_days(2).records


def test_a_seed_gives_the_same_bytes_on_every_machine() -> None:
    """Nodes by script, so that only a change of the simulator itself changes the digest: then renew it."""
    field = scattered(20, 60, 60, 20, 4)
    scripts: Scripts = {
        node: [(500 * turn + 7 * node % 50, frame(node, counter=turn)) for turn in range(20)]
        for node in field.places
    }
    stage = play(field, scripts, air=replace(BAD_AIR, propagation=FreeSpace(shadowing_db=4)), clock_ppm=500)
    digest = sha256()
    for record in stage.records:
        digest.update(struct.pack(">Q", record.timestamp_us) + record.frame)
    for heard in stage.heard:
        digest.update(struct.pack(">QH", heard.time_ms, heard.node_id) + heard.frame)
    assert len(stage.heard) > 500
    assert digest.hexdigest()[:16] == "b2bd9c585454b6e6"


def connected_field(count: int, seed: int) -> Topology:
    """A random field in which every node has a path to the root; the first of its seeds that has."""
    for attempt in range(100):
        field = scattered(count, 70, 70, 22, 1000 * seed + attempt)
        if len(reachable_from(field.root, field.listeners)) == count:
            return field
    raise AssertionError(f"no connected field of {count} nodes from seed {seed}")
