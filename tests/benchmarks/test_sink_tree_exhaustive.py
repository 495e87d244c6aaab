"""Every order of single link failures in every topology of up to 4 nodes; the command does 5."""

from __future__ import annotations

import pytest

from benchmarks.sink_tree.exhaustive import PACES, TOPOLOGIES, Case, explore, topologies
from protocol import tree_joining
from protocol.simulator.invariants import InvariantViolation


@pytest.mark.parametrize("nodes", TOPOLOGIES)
def test_the_topologies_are_all_there_are(nodes: int) -> None:
    assert len(list(topologies(nodes))) == TOPOLOGIES[nodes]


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("nodes", [1, 2, 3, 4])
def test_no_order_of_link_failures_closes_a_loop(nodes: int, pace: str) -> None:
    for links in topologies(nodes):
        outcome = explore(Case(nodes, links, pace))
        assert outcome.unrepaired == 0
        # From where the tree first stands, each link can be the first to fail.
        assert outcome.failures >= len(links)


def test_a_protocol_that_takes_any_parent_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_joining, "is_better", lambda a, b: True)
    with pytest.raises(InvariantViolation, match="a loop of parents"):
        explore_all(4)


def explore_all(nodes: int) -> None:
    for links in topologies(nodes):
        for pace in PACES:
            explore(Case(nodes, links, pace))
