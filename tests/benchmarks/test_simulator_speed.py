"""The benchmark measures what it says; how fast that is depends on the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks import simulator_speed
from benchmarks.simulator_speed import Measurement, Peer, measure, rows_of

SCRIPT = Path(simulator_speed.__file__)


def a_measurement(nodes: int, cpu_s: float) -> Measurement:
    return Measurement(
        nodes=nodes,
        neighbours=15.0,
        rounds=10,
        warm_s=1.0,
        wall_s=2 * cpu_s,
        cpu_s=cpu_s,
        coverage=1.0,
        frames=2 * 10 * nodes,
    )


def a_peer(nodes: int, cpu_s: float) -> Peer:
    return Peer(
        nodes=nodes,
        neighbours=15.0,
        simulated_s=10.0,
        set_up_s=0.1,
        wall_s=2 * cpu_s,
        cpu_s=cpu_s,
        events=1,
        frames_sent=nodes,
        frames_received=15 * nodes,
    )


def test_a_measured_field_reports_its_readings_and_sends_at_least_a_report_a_node() -> None:
    measured = measure(20, seed=1, rounds=3, checks=True)

    assert 0.9 < measured.coverage <= 1
    assert measured.frames >= 3 * 19
    assert measured.times_real_time > 1


def test_the_invariants_do_not_change_what_happens() -> None:
    with_checks, without = (measure(20, seed=1, rounds=3, checks=checks) for checks in (True, False))

    assert (with_checks.coverage, with_checks.frames) == (without.coverage, without.frames)


def test_the_table_compares_with_ns3_and_with_the_first_field() -> None:
    ours = [a_measurement(100, cpu_s=0.5), a_measurement(1_000, cpu_s=10.0)]

    header, small, large = rows_of(ours, {1_000: a_peer(1_000, cpu_s=2.0)})

    of_small, of_large = dict(zip(header, small, strict=True)), dict(zip(header, large, strict=True))
    assert (of_small["x real time"], of_small["ns-3"], of_small["ours : ns-3"]) == ("200", "-", "-")
    assert (of_large["x real time"], of_large["ns-3"], of_large["ours : ns-3"]) == ("10", "5", "2.00")
    assert (of_small["us/node/round"], of_large["us/node/round"]) == ("500", "1000")
    assert (of_small["cost : 100"], of_large["cost : 100"]) == ("1.00", "2.00")


def test_a_number_of_nodes_that_cannot_be_is_bad_usage() -> None:
    ran = subprocess.run([sys.executable, str(SCRIPT), "0"], capture_output=True, text=True, timeout=30)

    assert ran.returncode == 2
    assert "'0' is no number of nodes" in ran.stderr
