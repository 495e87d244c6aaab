"""50 nodes that collide at 19.2 kbit/s on a random field of depth 3 or more: set up within 20 s, T = 5 s.

The field: 76 m x 76 m (the report's largest), free space at 433 MHz and 10 dBm, so a node is heard for 19
m; the first of each seed in which every node has a way to the root and the furthest needs at least 3 hops.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.claims import Claim, mean, quantile, report
from benchmarks.cores import on_all_cores
from benchmarks.sink_tree.fields import connected_field
from protocol.node import Event, Joined
from protocol.simulator.medium import Air
from protocol.simulator.propagation import FreeSpace
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.survey import Survey
from protocol.simulator.tally import Tally
from protocol.timing import PROFILES

NODES = 50
SIDE_M = 76.0
LEAST_DEPTH = 3
SET_UP_MS = 20_000
COVERAGE = 0.99
PROPAGATION = FreeSpace()


@dataclass(frozen=True, slots=True)
class Case:
    """One run."""

    seed: int
    profile: str
    rounds: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """`set_up_ms` is when the last node was in the tree for the first time, None if one never was."""

    depth: int
    neighbours: float
    set_up_ms: int | None
    all_rounds: Tally
    after_set_up: Tally


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--seeds", type=int, default=20, help="(default: 20)")
    parser.add_argument("--rounds", type=int, default=100, help="that count, after the set-up (default: 100)")


def main(args: argparse.Namespace) -> int:
    """0 if the default profile is set up and covers what it should."""
    claims: list[Claim] = []
    outcomes: list[Outcome] = []
    for profile in ("default", "classic"):
        cases = [Case(seed, profile, args.rounds) for seed in range(1, args.seeds + 1)]
        outcomes = list(on_all_cores(run, cases, f"collisions, {profile}"))
        claims += _claims(outcomes, profile)
    depths = [outcome.depth for outcome in outcomes]
    return report(
        f"{NODES} nodes on {SIDE_M:g} m x {SIDE_M:g} m, free space, 19.2 kbit/s, CSMA, collisions, T = 5 s; "
        f"{args.seeds} fields {min(depths)} to {max(depths)} hops deep, "
        f"{mean([o.neighbours for o in outcomes]):.1f} neighbours; {args.rounds} rounds after 20 s",
        claims,
    )


def _claims(outcomes: Sequence[Outcome], profile: str) -> list[Claim]:
    def judged(holds: bool) -> bool | None:
        return holds if profile == "default" else None

    set_ups_ms = [outcome.set_up_ms for outcome in outcomes if outcome.set_up_ms is not None]
    never = len(outcomes) - len(set_ups_ms)
    slowest_ms = max(set_ups_ms, default=0)
    coverages = [outcome.after_set_up.coverage for outcome in outcomes]
    rounds = Tally([row for o in outcomes for row in o.after_set_up.rounds], 0)
    return [
        Claim(
            f"{profile}: all nodes in the tree within 20 s of power-on",
            f"{slowest_ms / 1000:.1f} s at most, median {quantile(set_ups_ms or [0], 0.5) / 1000:.1f} s"
            + (f"; never: {never} fields" if never else ""),
            judged(not never and slowest_ms <= SET_UP_MS),
        ),
        Claim(
            f"{profile}: mean coverage at least 99 % after the set-up",
            f"{mean(coverages):.3%}, worst field {min(coverages):.3%}",
            judged(mean(coverages) >= COVERAGE),
        ),
        Claim(
            f"{profile}: mean coverage from the first round on",
            f"{mean([o.all_rounds.coverage for o in outcomes]):.3%}",
        ),
        Claim(f"{profile}: rounds that count everybody", f"{rounds.whole / max(1, len(rounds.rounds)):.1%}"),
        Claim(
            f"{profile}: frames a node and round (data, acks, control)",
            ", ".join(
                f"{traffic.frames / max(1, rounds.node_rounds):.3f}"
                for traffic in (rounds.data, rounds.acks, rounds.control)
            ),
        ),
        Claim(
            f"{profile}: duration of a round, median and p99",
            f"{rounds.latency_ms(0.5)} ms, {rounds.latency_ms(0.99)} ms" if rounds.rounds else "no results",
        ),
    ]


def run(case: Case) -> Outcome:
    """Power on, set up, and so many rounds."""
    field = connected_field(NODES, SIDE_M, None, case.seed, PROPAGATION, LEAST_DEPTH)
    summaries: list[RoundSummary] = []
    missing = set(field.places) - {field.root}
    set_up_ms: list[int] = []

    def on_event(node_id: int, event: Event) -> None:
        if isinstance(event, Joined) and node_id in missing:
            missing.remove(node_id)
            if not missing:
                set_up_ms.append(simulation.clock.now_ms)

    simulation = Simulation(
        field,
        seed=case.seed,
        timing=PROFILES[case.profile],
        air=Air(propagation=PROPAGATION, collisions=True),
        on_event=on_event,
        on_round=summaries.append,
    )
    warm_up = next(n for n in range(1, 100) if simulation.round_start_ms(n) >= SET_UP_MS) - 1
    simulation.advance_to(simulation.round_start_ms(warm_up + case.rounds + 1) * 1000)
    survey = Survey(field.root, simulation.listeners)
    return Outcome(
        depth=survey.depth,
        neighbours=survey.neighbours,
        set_up_ms=set_up_ms[0] if set_up_ms else None,
        all_rounds=Tally(summaries, warm_up + case.rounds),
        after_set_up=Tally([s for s in summaries if s.round > warm_up], case.rounds),
    )
