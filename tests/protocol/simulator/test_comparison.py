"""The figures of a comparison against fields small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.packets import CRC_BYTES, HEADER_BYTES
from protocol.simulator.comparison import AWAY_ROUNDS, Figures, figures_of, on_network
from protocol.simulator.faults import Fault, Kill, Revive
from protocol.simulator.medium import Air, Quality
from protocol.simulator.propagation import MEDIA
from protocol.simulator.radio import RADIOS
from protocol.simulator.scenario import Given, Grid, Scenario
from protocol.simulator.topology import Place, Topology
from protocol.timing import PollingTiming

WARM_UP_MS = 12_000
N = 5
PERIOD_MS = 5_000
# Five nodes on a wire: what is sent takes a fraction of a millisecond, and nothing is lost.
BENCH = Scenario(
    field=Grid(N, 1), air=Air(MEDIA["ideal"](), RADIOS["lan"]), rounds=4, period_ms=PERIOD_MS, seed=3
)
# A root, a chain of three behind node 2, and a leaf: 5 - 1 - 2 - 3 - 4.
CHAIN = Topology(
    [Place(node, x_m, 0.0, 0.0, 12.0) for node, x_m in ((1, 0), (2, 10), (3, 20), (4, 30), (5, -10))]
)
FRAME = HEADER_BYTES + CRC_BYTES


def figures(network: str, scenario: Scenario = BENCH) -> Figures:
    return figures_of(on_network(scenario, network), WARM_UP_MS)


def test_a_tree_sends_a_report_and_its_ack_for_each_node_but_the_root() -> None:
    found = figures("tree")
    assert found.frames == 2 * (N - 1)
    assert found.bytes == (N - 1) * 2 * (FRAME + 11), "DATA: flags and 10 of the aggregate; its ack: 11 too"
    assert found.busiest == N - 1, "the root acknowledges all"
    assert (found.rounds, found.lost, found.coverage) == (4, 0, 1.0)
    assert found.skew_ms == 0, "all measure when the round begins"


def test_a_ring_sends_the_token_twice_round_with_a_sign_for_each_hop() -> None:
    found = figures("ring")
    tokens, signs = 2 * N, 2 * N + 1  # the home says where the token is when a round begins
    assert found.frames == tokens + signs
    assert found.bytes == tokens * (FRAME + 28 + 10) + signs * (FRAME + 15)
    assert found.busiest == 2 + 3, "the home's"
    assert (found.rounds, found.lost, found.coverage) == (4, 0, 1.0)
    hop_ms = found.oldest_ms / N if found.oldest_ms else 0.0
    assert found.latency_p50_ms == found.oldest_ms, "the home's own reading is the oldest"
    assert found.skew_ms == pytest.approx((N - 1) * hop_ms, rel=0.01), "one reading after the other"


def test_a_primary_polls_each_node_and_says_that_it_lives() -> None:
    found = figures("polling")
    beats = -(-PERIOD_MS // PollingTiming().beat_ms)
    assert found.frames == 2 * (N - 1) + beats
    of_beats = found.bytes - (N - 1) * (FRAME + 5 + FRAME + 7)
    assert beats * (FRAME + 12) <= of_beats <= beats * (FRAME + 20), "a beat may name standbys"
    assert found.busiest == N - 1 + beats
    assert (found.rounds, found.lost, found.coverage) == (4, 0, 1.0)
    assert found.skew_ms is not None
    assert found.latency_p99_ms is not None
    assert 0 < found.skew_ms < found.latency_p99_ms < 5


@pytest.mark.parametrize("network", ["tree", "ring", "polling"])
def test_the_same_seed_gives_the_same_figures(network: str) -> None:
    lossy = replace(BENCH, air=replace(BENCH.air, quality=Quality(loss=0.2)))
    assert figures(network, lossy) == figures(network, lossy)
    assert figures(network, lossy) != figures(network, replace(lossy, seed=4))


def test_who_is_missed_most_dies_after_the_rounds_that_count() -> None:
    ring, polling = figures("ring"), figures("polling")
    assert ring.recovery
    assert ring.recovery.whole_ms is not None
    assert ring.recovery.result_ms == ring.recovery.whole_ms < 1_000, "the survivors make another token"
    assert polling.recovery
    assert polling.recovery.whole_ms is not None
    assert 600 < polling.recovery.whole_ms < 2_000, "a lease has to run out first"
    assert (ring.root, polling.root) == (None, None)
    assert not ring.is_own


def test_of_a_tree_the_largest_branch_dies_and_then_the_root() -> None:
    """Node 2 has three nodes' readings, node 5 its own; who is behind node 2 is not reachable then."""
    found = figures("tree", replace(BENCH, field=Given(CHAIN), air=Air()))
    assert found.recovery
    assert found.recovery.died == (2,)
    assert found.recovery.result_ms
    assert found.recovery.whole_ms
    assert found.recovery.result_ms < PERIOD_MS, "the root waits for node 2 in vain, no longer than its round"
    assert found.root
    assert found.root.died == (1,)
    assert found.root.result_ms is not None
    assert found.root.lost == AWAY_ROUNDS, "nobody else can say what the field feels"
    assert AWAY_ROUNDS * PERIOD_MS < found.root.result_ms < (AWAY_ROUNDS + 2) * PERIOD_MS


def test_the_fields_own_deaths_are_taken_if_it_has_some() -> None:
    dying = replace(BENCH, rounds=6, changes=(Fault(5, Kill(1)), Fault(6, Kill(4)), Fault(7, Revive(1))))
    tree = figures("tree", dying)
    assert tree.is_own
    assert tree.recovery
    assert tree.root is None
    assert tree.recovery.died == (1, 4)
    assert tree.lost == 2, "while the root was away"
    assert tree.recovery.result_ms is not None
    assert tree.recovery.result_ms > 2 * PERIOD_MS
    assert tree.coverage <= 4 / 6
    ring = figures("ring", dying)
    assert ring.recovery
    assert ring.recovery.whole_ms
    assert ring.lost == 0


def test_a_death_after_the_rounds_that_count_is_refused() -> None:
    with pytest.raises(ValueError, match="node 3 dies before round 9, after the last that counts"):
        figures("tree", replace(BENCH, changes=(Fault(9, Kill(3)),)))


def test_one_node_is_no_network() -> None:
    with pytest.raises(ValueError, match="a field of one node is no network; give it more nodes"):
        figures("ring", replace(BENCH, field=Grid(1, 1)))


def test_all_networks_get_the_field_of_the_tree() -> None:
    """A ring's or a polled network's grid without a range is one room; here it has the tree's range."""
    for network in ("tree", "ring", "polling"):
        scenario = on_network(Scenario(field=Grid(3, 3), profile="classic"), network)
        assert scenario.topology().listeners[1] == (2, 4, 5)
        assert scenario.profile == ("classic" if network == "tree" else "default")


def test_polling_counts_only_who_hears_the_primary() -> None:
    """The ends of a chain of three do not hear each other, so one is missing where an end reports."""
    chain = replace(BENCH, field=Grid(3, 1, range_m=12.0), air=Air())
    assert figures("tree", chain).coverage == 1.0
    assert figures("polling", chain).coverage < 1.0
