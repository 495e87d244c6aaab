"""What a round cost and brought."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.aggregate import Aggregate
from protocol.node import MeasurementDue, ReportAccepted, ReportSealed, RoundFinished
from protocol.packets import Ack, Frame, FrameType, Items, Report, Sync, encode
from protocol.simulator.channel import MAX_QUEUED
from protocol.simulator.faults import Fault, Kill, Revive
from protocol.simulator.medium import Air
from protocol.simulator.radio import RADIOS
from protocol.simulator.summary import RoundSummary, Traffic, TrafficMeter
from protocol.simulator.topology import grid
from protocol.timing import Timing
from tests.protocol.simulator.scripted import Script, Scripts, frame, play, row
from tests.protocol.worlds import run_checked

CC1000 = RADIOS["cc1000"]
TIMING = Timing(period_ms=1_000)
EMPTY = Items(((0, Aggregate.empty(1)),))
DATA = encode(Frame(FrameType.DATA, 2, 1, 0, Report(0, EMPTY)))
DATA_ACK = encode(Frame(FrameType.DATA_ACK, 1, 2, 0, Ack(1, Sync(1, 0, 0, 1_000))))


def result(version: int, count: int, doubt: int = 0, duration_ms: int = 600) -> RoundFinished:
    items = Items(((0, Aggregate(version, 0, 0, 0, count)),), (), doubt)
    return RoundFinished(version, duration_ms, items)


def summaries(scripts: Scripts, **options: Any) -> list[RoundSummary]:
    found: list[RoundSummary] = []
    play(row(0, 10, 20, 30), scripts, timing=TIMING, on_round=found.append, checks=False, **options)
    return found


def test_frames_are_told_apart_by_kind() -> None:
    """A meter of CC1000's: 10 bytes of overhead, 19,200 bit/s, 80 mW."""
    meter = TrafficMeter(CC1000)
    for sent in (DATA, DATA, DATA_ACK, frame(3), frame(3, depth=1)):
        meter.count(sent[2], sent)
    assert meter.take_busiest() == 2
    assert meter.take_busiest() == 0
    data, acks, control = meter.take()
    assert (data.frames, acks.frames, control.frames) == (2, 1, 2)
    assert (data.bytes, data.airtime_us) == (2 * 21, 25_833)
    assert data.energy_mj == pytest.approx(25_833 * 80 / 1e6)
    assert control.bytes == 10 + 11
    assert meter.take() == (Traffic(), Traffic(), Traffic())


def test_a_round_sums_up_what_was_sent_since_the_last() -> None:
    root: Script = [(1_600, result(7, 2, doubt=1)), (2_700, result(8, 2))]
    first, second = summaries({1: root, 2: [(1_100, DATA), (2_000, frame(2)), (2_100, DATA)]})
    assert (first.version, first.round, first.duration_ms) == (7, 1, 600)
    assert (first.count, first.doubt, first.counted) == (2, 1, 0), "nobody measured"
    assert (first.data.frames, first.acks.frames, first.control.frames) == (1, 0, 0)
    assert (second.data.frames, second.control.frames, second.round) == (1, 1, 2)
    assert second.traffic.frames == 2
    assert second.traffic.bytes == len(DATA) + 10
    assert second.traffic.energy_mj == pytest.approx(80 * second.traffic.airtime_us / 1e6)


def test_counted_are_the_different_nodes_in_the_result() -> None:
    root: Script = [
        (1_000, MeasurementDue(7)),
        *((1_500, ReportAccepted(child, 7)) for child in (2, 3)),
        (1_600, ReportSealed(7)),
        (1_600, result(7, 4, doubt=1)),
    ]
    both: Script = [(1_000, MeasurementDue(7)), (1_100, ReportAccepted(4, 7)), (1_200, ReportSealed(7))]
    leaf: Script = [(1_000, MeasurementDue(7)), (1_050, ReportSealed(7))]
    (summary,) = summaries({1: root, 2: both, 3: both, 4: leaf})
    assert summary.counted == 4


def test_alive_and_reachable_are_those_of_the_moment() -> None:
    root: Script = [(n * 1_000 + 600, result(n, 1)) for n in (1, 2, 3)]
    found = summaries({1: root}, faults=[Fault(2, Kill(2)), Fault(3, Revive(2))])
    assert [(each.alive, each.reachable) for each in found] == [(4, 4), (3, 1), (4, 4)]


def test_what_is_lost_on_the_way_is_counted() -> None:
    """1 and 3 do not hear each other; 2 does not hear either, nor 4 what 3 sends to 2."""
    scripts: Scripts = {
        1: [(1_000, frame(1, 2)), (1_600, result(1, 1)), (1_700, result(2, 1))],
        3: [(1_000, frame(3, 2))],
        4: [(1_300, frame(4, 3))] * (MAX_QUEUED + 3),
    }
    air = Air(radio=RADIOS["hc12-236k"], collisions=True)
    first, second = summaries(scripts, air=air)
    assert (first.collided, first.queue_full) == (2, 3)
    assert (second.collided, second.queue_full) == (0, 0)


def test_a_round_is_the_one_that_faults_name_though_its_version_is_not() -> None:
    run = run_checked(grid(2, 2, 10, 15), 12, seed=1, first_version=65_530, faults=[Fault(6, Kill(4))])
    assert [each.round for each in run.rounds] == list(range(1, 13))
    assert [each.version for each in run.rounds][4:8] == [65_534, 65_535, 0, 1]
    assert [each.alive for each in run.rounds] == [4] * 5 + [3] * 7
    assert [each.count for each in run.rounds] == run.counts


def test_a_field_of_four_sends_three_reports_and_three_acks() -> None:
    run = run_checked(grid(2, 2, 10, 15), 6, seed=1)
    assert [(each.data.frames, each.acks.frames) for each in run.rounds[1:]] == [(3, 3)] * 5
