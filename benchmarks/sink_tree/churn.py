"""Nodes die at once and others come: how soon is everybody counted again?

Random connected fields of 50 to 100 nodes (19 m, about 9 neighbours), T = 5 s without collisions and 10 s
with them. Up to a tenth of the nodes dies in one moment, just before a round or at any time in it, never
the root. Who still has a way to the root must be counted again. A late joiner comes at any time.

Two measures of the repair: the results that miss anybody, whatever for, and those until every survivor has
been in one. With collisions a result can miss somebody at any time; only the second then tells of the
repair. Judged are rounds that begin after the death: who dies in a round may take with it what it has
acknowledged and not yet handed on, and its children learn of that in the next.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import and_
from typing import Any

from benchmarks.claims import Claim, mean, quantile, report
from benchmarks.cores import on_all_cores
from benchmarks.sink_tree.fields import connected_field, side_of
from protocol.node import Event, Joined
from protocol.simulator.faults import Kill, Revive
from protocol.simulator.medium import Air
from protocol.simulator.simulation import FAULT_LEAD_MS, Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import Topology
from protocol.timing import PROFILES, Timing

RANGE_M = 19.0
NEIGHBOURS = 9
SETTLED_ROUNDS = 6
WATCHED_ROUNDS = 12
MOST_DEAD = 0.1


@dataclass(frozen=True, slots=True)
class Case:
    """One run; `at_the_start` of a round, or at any time in it."""

    seed: int
    profile: str
    collisions: bool
    at_the_start: bool

    def simulation(self, field: Topology, **callbacks: Any) -> Simulation:
        """The field before anything happened."""
        return Simulation(
            field, seed=self.seed, timing=self.timing, air=Air(collisions=self.collisions), **callbacks
        )

    @property
    def timing(self) -> Timing:
        """The profile, with more time where frames collide."""
        return replace(PROFILES[self.profile], period_ms=10_000 if self.collisions else 5_000)


@dataclass(frozen=True, slots=True)
class Outcome:
    """After the deaths: whether the result of the running round misses somebody; of later ones, how many miss
    somebody, and how many pass until every survivor was in one (0: the first has them all); periods until
    the last child of the dead has another parent."""

    running_is_incomplete: bool
    incomplete: int
    until_all_counted: int
    repair_periods: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--seeds", type=int, default=400, help="(default: 400)")


def main(args: argparse.Namespace) -> int:
    """0 if the default profile repairs within a round and counts who is new within two."""
    claims: list[Claim] = []
    seeds = range(1, args.seeds + 1)
    for profile in ("default", "classic"):
        for collisions in (False, True):
            words = f"{profile}, {'with' if collisions else 'no'} collisions"
            for at_the_start in (True, False):
                cases = [Case(seed, profile, collisions, at_the_start) for seed in seeds]
                when = "just before a round" if at_the_start else "at any time"
                outcomes = list(on_all_cores(some_die, cases, f"{words}, deaths {when}"))
                claims += _repairs(outcomes, cases[0], f"{words}, deaths {when}")
            cases = [Case(seed, profile, collisions, at_the_start=False) for seed in seeds]
            claims.append(
                _joiners(list(on_all_cores(one_joins, cases, f"{words}, joiners")), words, cases[0])
            )
    return report(f"random fields of 50 to 100 nodes, up to 10 % die at once, {args.seeds} seeds", claims)


def _repairs(outcomes: Sequence[Outcome], case: Case, words: str) -> list[Claim]:
    incomplete = [outcome.incomplete for outcome in outcomes]
    until_all = [outcome.until_all_counted for outcome in outcomes]
    periods = [outcome.repair_periods for outcome in outcomes]

    def claim(what: str, values: list[int], judge: bool) -> Claim:
        p99 = quantile(values, 0.99)
        return Claim(
            f"{words}: {what}, p99 is 1", f"p99 {p99:g}; {_shares(values)}", p99 <= 1 if judge else None
        )

    is_default = case.profile == "default"
    return [
        claim("later results that miss anybody", incomplete, is_default and not case.collisions),
        claim("later results until all survivors were in one", until_all, is_default),
        Claim(
            f"{words}: the running round misses anybody",
            f"{mean([outcome.running_is_incomplete for outcome in outcomes]):.1%} of the runs",
        ),
        Claim(
            f"{words}: until the children of the dead have a parent",
            f"median {quantile(periods, 0.5):.2f} T, p99 {quantile(periods, 0.99):.2f} T",
        ),
    ]


def _shares(values: Sequence[int]) -> str:
    return ", ".join(f"{n}: {values.count(n) / len(values):.1%}" for n in sorted(set(values)))


def _joiners(rounds: Sequence[int], words: str, case: Case) -> Claim:
    in_time = sum(n <= 2 for n in rounds)
    return Claim(
        f"{words}: a late joiner is counted in the second round that begins after it came, or before",
        f"{in_time} of {len(rounds)}; rounds {_shares(rounds)}",
        in_time == len(rounds) if case.profile == "default" else None,
    )


def field_of(seed: int) -> Topology:
    """50 to 100 nodes."""
    count = random.Random(f"size {seed}").randint(50, 100)
    return connected_field(count, side_of(count, RANGE_M, NEIGHBOURS), RANGE_M, seed)


def some_die(case: Case) -> Outcome:
    """Kill up to a tenth of a field whose tree stands, and watch."""
    rng = random.Random(f"deaths {case.seed}")
    field = field_of(case.seed)
    others = [node for node in field.places if node != field.root]
    dead = rng.sample(others, rng.randint(1, int(MOST_DEAD * len(field.places))))
    counted: dict[int, set[int]] = {}
    parent: dict[int, int] = {}
    orphans: set[int] = set()
    repaired_ms: list[int] = []

    def on_round(summary: RoundSummary) -> None:
        counted[summary.round] = set(simulation.truth.contributors(field.root, summary.version))

    def on_event(node_id: int, event: Event) -> None:
        if isinstance(event, Joined):
            parent[node_id] = event.parent
            if node_id in orphans:
                orphans.remove(node_id)
                repaired_ms.append(simulation.clock.now_ms)

    simulation = case.simulation(field, on_round=on_round, on_event=on_event)
    died_us = _change_us(simulation, rng, case)
    simulation.advance_to(died_us)
    counted.clear()
    simulation.apply(*[Kill(node) for node in dead])
    survivors = simulation.reachable
    orphans |= {node for node in survivors if parent.get(node) in dead}
    simulation.advance_to(simulation.round_start_ms(SETTLED_ROUNDS + WATCHED_ROUNDS + 1) * 1000)
    later = [survivors - counted.get(SETTLED_ROUNDS + n, set()) for n in range(1, WATCHED_ROUNDS + 1)]
    not_yet_counted: Iterable[frozenset[int]] = accumulate(later, and_)
    repair_ms = max(repaired_ms, default=died_us // 1000) - died_us // 1000
    return Outcome(
        running_is_incomplete=not survivors <= counted.get(SETTLED_ROUNDS, survivors),
        incomplete=sum(map(bool, later)),
        until_all_counted=sum(map(bool, not_yet_counted)),
        repair_periods=repair_ms / case.timing.period_ms,
    )


def one_joins(case: Case) -> int:
    """A node comes at any time; which round that begins afterwards is the first to count it?"""
    rng = random.Random(f"joiner {case.seed}")
    field = field_of(case.seed)
    late = rng.choice([node for node in field.places if node != field.root])
    counted_in: list[int] = []

    def on_round(summary: RoundSummary) -> None:
        if late in simulation.truth.contributors(field.root, summary.version):
            counted_in.append(summary.round)

    simulation = case.simulation(field, on_round=on_round)
    came_us = _change_us(simulation, rng, case)
    simulation.advance_to(0)
    simulation.apply(Kill(late))
    simulation.advance_to(came_us)
    simulation.apply(Revive(late))
    simulation.advance_to(simulation.round_start_ms(SETTLED_ROUNDS + WATCHED_ROUNDS + 1) * 1000)
    return min(counted_in, default=SETTLED_ROUNDS + WATCHED_ROUNDS) - SETTLED_ROUNDS


def _change_us(simulation: Simulation, rng: random.Random, case: Case) -> int:
    """In the last round in which the field settles, or just before the next."""
    if case.at_the_start:
        return (simulation.round_start_ms(SETTLED_ROUNDS + 1) - FAULT_LEAD_MS) * 1000
    period_us = simulation.timing.period_ms * 1000
    return simulation.round_start_ms(SETTLED_ROUNDS) * 1000 + rng.randrange(period_us)
