"""Rings and polled networks as fields: results, summaries, faults, slow sensors. Runs check themselves."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.aggregate import Aggregate
from protocol.node import (
    MeasurementDue,
    ReadingsAdded,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
    TokenMade,
    TokenPassed,
    TokenTaken,
)
from protocol.packets import BROADCAST, NO_ID, Frame, FrameType, Items, Sign, TokenId, decode, encode
from protocol.simulator.faults import Action, Fault, Freeze, Join, Kill, Merge, Partition, Revive, Thaw
from protocol.simulator.medium import Air, Quality
from protocol.simulator.radio import RADIOS
from protocol.simulator.simulation import HOST_LINK, Simulation
from protocol.simulator.summary import RoundSummary, TrafficMeter
from protocol.simulator.topology import Topology, scattered
from protocol.timing import AnyTiming, PollingTiming, RingTiming, Timing
from tests.protocol.simulator.scripted import Script, frame, play, row, staged

LAN = Air(radio=RADIOS["lan"])
ROOTLESS = ("ring", "polling")
TIMINGS = {"ring": RingTiming(period_ms=2_000), "polling": PollingTiming(period_ms=2_000)}


def room(count: int) -> Topology:
    return scattered(count, 20, 20, None, 1)


def run(
    network: str, rounds: int, *faults: tuple[int, Action], count: int = 6, **options: Any
) -> tuple[Simulation, list[RoundSummary]]:
    found: list[RoundSummary] = []
    options = {"air": LAN, "seed": 1, "timing": TIMINGS[network], **options}
    planned = [Fault(round_number, action) for round_number, action in faults]
    simulation = Simulation(room(count), network=network, faults=planned, on_round=found.append, **options)
    simulation.run(rounds)
    return simulation, found


# --- whole runs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ROOTLESS)
def test_every_round_counts_everybody(network: str) -> None:
    simulation, found = run(network, 8)
    assert simulation.rounds_finished == 8
    assert [(each.counted, each.count, each.alive, each.reachable) for each in found[1:]] == [
        (6, 6, 6, 6)
    ] * 7
    assert len({each.version for each in found}) == 8


@pytest.mark.parametrize("network", ROOTLESS)
@pytest.mark.parametrize("victim", range(1, 7))
def test_any_node_may_die_and_return(network: str, victim: int) -> None:
    """Whoever is home or primary among them: nobody's death ends the rounds."""
    simulation, found = run(network, 16, (5, Kill(victim)), (10, Revive(victim)))
    assert simulation.rounds_finished == 16
    assert {each.alive for each in found} == {5, 6}
    assert [each.counted for each in found[-3:]] == [6] * 3


@pytest.mark.parametrize("network", ROOTLESS)
@pytest.mark.parametrize("seed", range(3))
def test_promises_hold_on_bad_days(network: str, seed: int) -> None:
    days: tuple[Action, ...] = (
        *(Partition((frozenset({1, 2, 3}),)), Merge(), Freeze(2), Kill(4), Thaw(2), Revive(4)),
        *(Kill(1), Kill(6), Join(8), Revive(1)),
    )
    faults = [(3 * index + 4, action) for index, action in enumerate(days)]
    air = Air(radio=RADIOS["lan"], quality=Quality(loss=0.1, duplication=0.1, delay_ms=20))
    simulation, _ = run(network, 45, *faults, count=8, seed=seed, air=air, clock_ppm=100, metrics=(0, 1))
    assert simulation.rounds_finished > 30


@pytest.mark.parametrize("network", ROOTLESS)
def test_the_same_seed_gives_the_same_bytes(network: str) -> None:
    def records(seed: int) -> list[object]:
        kept: list[object] = []
        air = Air(radio=RADIOS["lan"], quality=Quality(loss=0.1))
        run(network, 6, (3, Kill(2)), seed=seed, air=air, on_record=kept.append)
        return kept

    assert records(1) == records(1)
    assert records(1) != records(2)


@pytest.mark.parametrize("network", ROOTLESS)
def test_a_slow_sensor_makes_readings_skewed_not_wrong(network: str) -> None:
    _, found = run(network, 6, measure_delay_ms={3: 120})
    last = found[-1]
    assert last.counted == 6
    assert last.skew_ms is not None
    assert last.oldest_ms is not None
    assert last.skew_ms >= (120 if network == "polling" else 0)
    assert 120 <= last.oldest_ms <= 500


def test_a_ring_goes_on_without_a_sensor_that_is_too_slow() -> None:
    _, found = run("ring", 6, measure_delay_ms={3: 600})
    assert [each.counted for each in found[2:]] == [5] * 4


def test_a_ring_in_an_order_sends_from_each_to_the_next() -> None:
    hops: set[tuple[int, int]] = set()

    def look(record: Any) -> None:
        got = decode(record.frame)
        if got.type is FrameType.TOKEN:
            hops.add((got.source, got.destination))

    run("ring", 5, count=4, order=(3, 1, 4, 2), on_record=look)
    assert {(3, 1), (1, 4), (4, 2), (2, 3)} <= hops


@pytest.mark.parametrize("network", ROOTLESS)
def test_the_record_of_a_result_tells_who_is_alive_and_heard_by_the_reporter(network: str) -> None:
    known: list[tuple[int, str | None]] = []

    def look(record: Any) -> None:
        if record.link == HOST_LINK:
            known.append((decode(record.frame).source, record.comment))

    run(network, 20, (4, Partition((frozenset({1, 2}),))), on_record=look)
    part = dict(known[6:])
    assert len(part) == 2, "each part has its own results"
    assert sorted(str(comment) for comment in part.values()) == [
        '{"alive": 6, "reachable": 2}',
        '{"alive": 6, "reachable": 4}',
    ]


# --- counting and measuring, by script -------------------------------------------------------------------


def result(version: int) -> RoundFinished:
    return RoundFinished(version, 0, Items(((0, Aggregate.empty(version)),)))


def test_a_version_that_two_nodes_report_is_one_round() -> None:
    scripts: dict[int, Script] = {
        1: [(1_000, result(7)), (2_000, result(8))],
        2: [(1_500, result(7)), (2_500, result(9)), (9_000, result(10))],
    }
    _, simulation = staged(row(0, 5), scripts, network="ring", checks=False)
    simulation.run(3)
    assert simulation.rounds_finished == 3
    assert simulation.clock.now_ms == 2_500


@pytest.mark.parametrize(
    ("network", "timing", "first_ms"),
    [
        ("tree", Timing(period_ms=9_000, discovery_ms=3_000), 3_000),
        ("ring", RingTiming(period_ms=9_000, listen_ms=600), 600),
        ("polling", PollingTiming(period_ms=9_000, lease_ms=800), 800),
        ("ring", RingTiming(period_ms=500, listen_ms=600), 500),
    ],
)
def test_the_first_round_begins_when_nodes_have_listened(
    network: str, timing: AnyTiming, first_ms: int
) -> None:
    _, simulation = staged(row(0, 5), {}, network=network, timing=timing)
    assert [simulation.round_start_ms(n) for n in (1, 2)] == [first_ms, first_ms + timing.period_ms]


REPORTS: dict[int, Script] = {
    1: [(1_000, MeasurementDue(7)), (1_500, ReportAccepted(2, 7)), (1_500, ReportSealed(7))],
    2: [(1_000, MeasurementDue(7)), (1_450, ReportSealed(7))],
}
TOKENS: dict[int, Script] = {
    1: [
        (1_000, TokenMade(TokenId(1, 1, 0), None)),
        (1_000, MeasurementDue(7)),
        (1_000, ReadingsAdded(7, TokenId(1, 1, 0))),
        (1_000, TokenPassed(2, TokenId(1, 1, 1))),
        (1_500, TokenTaken(2, TokenId(1, 1, 2), 7, 0)),
    ],
    2: [
        (1_000, TokenTaken(1, TokenId(1, 1, 1), 7, 0)),
        (1_000, MeasurementDue(7)),
        (1_400, ReadingsAdded(7, TokenId(1, 1, 1))),
        (1_400, TokenPassed(1, TokenId(1, 1, 2))),
    ],
}


@pytest.mark.parametrize(("network", "scripts"), [("tree", REPORTS), ("polling", REPORTS), ("ring", TOKENS)])
def test_age_and_skew_are_of_the_counted_readings(network: str, scripts: dict[int, Script]) -> None:
    """The sensor of node 2 takes 400 ms; node 3 measures and is not counted."""
    everybody: dict[int, Script] = {
        **scripts,
        1: [*scripts[1], (1_600, result(7))],
        3: [(500, MeasurementDue(7))],
    }
    found: list[RoundSummary] = []
    options: dict[str, Any] = {"checks": False, "measure_delay_ms": {2: 400}, "on_round": found.append}
    play(row(0, 5, 6), everybody, network=network, **options)
    assert [(each.counted, each.oldest_ms, each.skew_ms) for each in found] == [(2, 600, 400)]


def test_an_empty_result_has_no_age() -> None:
    found: list[RoundSummary] = []
    play(row(0), {1: [(1_000, result(7))]}, network="ring", checks=False, on_round=found.append)
    assert [(each.counted, each.oldest_ms, each.skew_ms) for each in found] == [(0, None, None)]


def test_the_busiest_node_is_who_sent_most_since_the_last_result() -> None:
    scripts: dict[int, Script] = {
        1: [(1_000, frame(1)), (2_000, result(7)), (4_000, result(8))],
        2: [*((1_000 + n, frame(2, counter=n)) for n in range(5)), (3_000, frame(2))],
    }
    found: list[RoundSummary] = []
    play(row(0, 5), scripts, network="ring", checks=False, on_round=found.append)
    assert [each.busiest for each in found] == [5, 1]


def test_frames_of_rings_and_polls_are_told_apart_by_kind() -> None:
    meter = TrafficMeter(RADIOS["lan"])
    sign = encode(Frame(FrameType.SIGN, 1, BROADCAST, 0, Sign(TokenId(1, 1, 1), 1, NO_ID, 0)))
    for kind in (FrameType.TOKEN, FrameType.READING, FrameType.SIGN, FrameType.POLL, FrameType.BEAT):
        meter.count(1, bytes([sign[0] & 0xE0 | kind]) + sign[1:])
    data, acks, control = meter.take()
    assert (data.frames, acks.frames, control.frames) == (2, 1, 2)
