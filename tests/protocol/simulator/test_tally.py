"""Many rounds in a few numbers."""

from __future__ import annotations

import pytest

from protocol.simulator.summary import RoundSummary, Traffic
from protocol.simulator.tally import Tally


def row(counted: int, reachable: int, duration_ms: int = 100) -> RoundSummary:
    data, acks, control = Traffic(3, 60, 900, 0.5), Traffic(2, 40, 600, 0.25), Traffic(1, 10, 100, 0.25)
    return RoundSummary(
        *(1, 1, 10, reachable, counted, counted, 0, duration_ms, 300, 100, data, acks, control),
        busiest=2,
        collided=0,
        queue_full=0,
    )


def test_coverage_is_the_mean_over_rounds_and_a_round_without_a_result_counts_nobody() -> None:
    tally = Tally([row(10, 10), row(5, 10)], due=3)
    assert tally.coverage == pytest.approx(0.5)
    assert tally.whole == 1


def test_a_node_that_reported_and_died_does_not_make_more_than_all() -> None:
    assert Tally([row(10, 9)], due=1).coverage == 1.0


def test_nobody_is_reachable_without_a_root() -> None:
    assert Tally([row(3, 0)], due=1).coverage == 0.0


def test_latencies() -> None:
    tally = Tally([row(1, 1, ms) for ms in (50, 10, 20, 40, 30)], due=5)
    assert [tally.latency_ms(share) for share in (0, 0.5, 0.95, 1)] == [10, 30, 50, 50]


def test_traffic_by_kind_and_of_a_node_and_round() -> None:
    tally = Tally([row(1, 1), row(1, 1)], due=2)
    assert tally.data == Traffic(6, 120, 1800, 1.0)
    assert tally.acks.frames == 4
    assert tally.control.bytes == 20
    assert tally.traffic == Traffic(12, 220, 3200, 2.0)
    assert tally.node_rounds == 20
