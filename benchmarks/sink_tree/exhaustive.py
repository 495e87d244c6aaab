"""All connected topologies of up to 5 nodes, every order of single link failures: loop-free at every instant.

What is enumerated. Topologies: all connected graphs of 1 to 5 nodes with one of them marked as the root,
one of each class that differs in node numbers only (1, 1, 3, 11 and 58 of them). From each, a tree is set
up, and then links fail one after the other until none is left, in every order, at two paces:

- settled: the next link fails when the tree stands again (everybody who has a path to the root has a
  parent, and a whole round has gone by, so that who lost its link knows) or has had twelve rounds to do so;
- hasty: it fails half a round later, while the field still repairs the one before.

Loops are looked for by the simulation's own check, whenever a node takes a parent: nothing else can close
one. So every instant of a run is covered, not only those at which links fail.

What is merged. K5 alone has 10! orders. Two orders that lead to the same situation have the same future
failures, so each situation is entered once: the links that are left and, of every node, its state, parent,
hop count, how many rounds its way lags behind the root's, and its children. These are all that decides
whether an offer is made and taken (PROTOCOL.md 5.1, 5.3, 5.4). Frames on the air, running timers and ETX
are left out: they decide when something happens and which of several feasible parents is taken, not whether
a loop can form. For those the merging is a reduction, made up for by seeds, which draw other jitter, and by
the random runs of `faults`. At the settled pace there is nothing on the air and no request running when
situations are compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

from benchmarks.claims import Claim, report
from benchmarks.cores import on_all_cores
from protocol import serial_number
from protocol.simulator.faults import Cut
from protocol.simulator.medium import Air
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Place, Topology
from protocol.sink_tree import SinkTreeNode
from protocol.timing import PROFILES
from protocol.tree_parts import State

Link = tuple[int, int]
Links = frozenset[Link]
# How many there are (OEIS A126100).
TOPOLOGIES = {1: 1, 2: 1, 3: 3, 4: 11, 5: 58}
ROOT = 1
PACES = ("settled", "hasty")
SETTLED_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Case:
    """One topology, one pace, one seed."""

    nodes: int
    links: Links
    pace: str
    seed: int = 1
    profile: str = "default"


@dataclass(slots=True)
class Outcome:
    """`situations` were entered, and out of each every link failed once: `failures`. At the settled pace
    `unrepaired` of these left a node that had a path to the root without a parent."""

    situations: int = 0
    failures: int = 0
    unrepaired: int = 0
    slowest_rounds: int = 0

    def count(self, field: Field) -> None:
        """Count what the last failure did."""
        if field.failed:
            self.failures += 1
            self.unrepaired += not field.is_repaired
            self.slowest_rounds = max(self.slowest_rounds, field.rounds)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--nodes", type=int, default=5, choices=range(2, 6), help="at most (default: 5)")
    parser.add_argument("--seeds", type=int, default=1, help="for each topology (default: 1)")


def main(args: argparse.Namespace) -> int:
    """0 if there was no loop: one stops the run."""
    claims: list[Claim] = []
    for nodes in range(1, args.nodes + 1):
        rooted = list(topologies(nodes))
        found = len(rooted)
        claims.append(Claim(f"{nodes} nodes: topologies", f"{found}", found == TOPOLOGIES[nodes]))
        for pace in PACES:
            cases = [Case(nodes, links, pace, seed) for links in rooted for seed in range(1, args.seeds + 1)]
            cases.sort(key=lambda case: -len(case.links))  # those that take longest first
            outcomes = list(on_all_cores(explore, cases, f"{nodes} nodes, {pace}"))
            claims += _claims(outcomes, f"{nodes} nodes, {pace}", pace)
    return report("every order of single link failures, T = 5 s; a loop would stop the run", claims)


def _claims(outcomes: Iterable[Outcome], words: str, pace: str) -> list[Claim]:
    outcomes = list(outcomes)
    failures = sum(outcome.failures for outcome in outcomes)
    situations = sum(outcome.situations for outcome in outcomes)
    claims = [Claim(f"{words}: no loop", f"{failures} failures in {situations} situations", True)]
    if pace == "settled":
        unrepaired = sum(outcome.unrepaired for outcome in outcomes)
        slowest = max(outcome.slowest_rounds for outcome in outcomes)
        claims.append(
            Claim(
                f"{words}: everybody with a path to the root finds it",
                f"{failures - unrepaired} of {failures}, after {slowest} rounds at most",
                unrepaired == 0,
            )
        )
    return claims


def topologies(nodes: int) -> Iterator[Links]:
    """The connected graphs of these nodes, 1 being the root: one of each class of renumbered others."""
    pairs = list(combinations(range(1, nodes + 1), 2))
    seen: set[Links] = set()
    for number in range(1 << len(pairs)):
        links = frozenset(pair for bit, pair in enumerate(pairs) if number >> bit & 1)
        if links in seen or not _connects(links, nodes):
            continue
        for order in permutations(range(2, nodes + 1)):
            name = dict(zip(range(1, nodes + 1), (ROOT, *order), strict=True))
            seen.add(frozenset((min(name[a], name[b]), max(name[a], name[b])) for a, b in links))
        yield links


def _connects(links: Links, nodes: int) -> bool:
    return len(_reached(links)) == nodes


def _reached(links: Links) -> set[int]:
    reached, edge = {ROOT}, [ROOT]
    while edge:
        node = edge.pop()
        near = {a + b - node for a, b in links if node in (a, b)} - reached
        reached |= near
        edge += near
    return reached


class Field:
    """A field from its set-up on, and the links that failed in it since. Raises InvariantViolation."""

    def __init__(self, case: Case, failed: tuple[Link, ...]) -> None:
        self._case = case
        self._nodes: dict[int, SinkTreeNode] = {}
        self._simulation = Simulation(
            Topology(Place(node, node, 0) for node in range(1, case.nodes + 1)),
            seed=case.seed,
            timing=PROFILES[case.profile],
            air=Air(link_loss=_dead_links(case)),
            make_node=self._make_node,
        )
        self._period_us = self._simulation.timing.period_ms * 1000
        self.links = case.links
        self.failed: tuple[Link, ...] = ()
        self._time_us = 0
        self.rounds = 0
        self.is_repaired = self._settle()
        for link in failed:
            self.fail(link)

    def _make_node(self, node_id: int, **options: Any) -> SinkTreeNode:
        node = self._nodes[node_id] = SinkTreeNode(node_id, **options)
        return node

    def fail(self, link: Link) -> None:
        """Cut that link."""
        self._simulation.apply(Cut(*link))
        self.failed += (link,)
        self.links -= {link}
        if self._case.pace == "settled":
            self.is_repaired = self._settle()
        else:
            self._advance(self._period_us // 2)

    def _advance(self, by_us: int) -> None:
        self._time_us += by_us
        self._simulation.advance_to(self._time_us)

    def _settle(self) -> bool:
        """Whole rounds until everybody who can has a way; false if that takes too many."""
        for rounds in range(1, SETTLED_ROUNDS + 1):
            self._advance(self._period_us)
            if rounds > 1 and self._stands():
                self.rounds = rounds
                return True
        self.rounds = SETTLED_ROUNDS
        return False

    def _stands(self) -> bool:
        """Whether everybody with a path to the root has a parent at the other end of a link that works."""
        return all(
            self._nodes[n].state is State.JOINED
            and (min(n, self._nodes[n].parent or 0), max(n, self._nodes[n].parent or 0)) in self.links
            for n in _reached(self.links) - {ROOT}
        )

    @property
    def situation(self) -> tuple[object, ...]:
        """What decides who may become whose parent (see above)."""
        root_way = self._nodes[ROOT].way
        assert root_way is not None
        now_ms = self._simulation.clock.now_ms
        version = root_way.version_at(now_ms)
        nodes = []
        for _, node in sorted(self._nodes.items()):
            lag = node.way and serial_number.distance(version, node.way.version)
            hops = node.way and node.way.hop_count
            nodes.append((node.state, node.parent, hops, lag, frozenset(child.id for child in node.children)))
        return self.links, tuple(nodes)


def _dead_links(case: Case) -> dict[tuple[int, int], float]:
    """Everyone would hear everyone: all pairs that are no link."""
    pairs = combinations(range(1, case.nodes + 1), 2)
    none = [pair for pair in pairs if pair not in case.links]
    return dict.fromkeys([*none, *((b, a) for a, b in none)], 1.0)


def explore(case: Case) -> Outcome:
    """Let every link fail in every situation. Raises InvariantViolation at a loop.

    A field goes on with one of the links that are left; for each of the others it is replayed later.
    """
    outcome = Outcome()
    seen: set[tuple[object, ...]] = set()
    orders: list[tuple[Link, ...]] = [()]
    while orders:
        field = Field(case, orders.pop())
        while True:
            outcome.count(field)
            situation = field.situation
            if situation in seen:
                break
            seen.add(situation)
            links = sorted(field.links)
            if not links:
                break
            orders += [(*field.failed, link) for link in links[1:]]
            field.fail(links[0])
    outcome.situations = len(seen)
    return outcome
