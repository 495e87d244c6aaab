"""A grid of 400 nodes that loses every tenth frame counts 99.9 % of its readings; every hundredth, 99.99 %.

20 x 20 nodes, 10 m apart, heard for 15 m (8 neighbours), the root in a corner: 19 hops. Each receiver loses
each frame by itself. No collisions: what T they need is `treering sweep`'s subject.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.claims import Claim, mean, report
from benchmarks.cores import on_all_cores
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.tally import Tally
from protocol.simulator.topology import grid
from protocol.timing import PROFILES, Timing

PERIODS_S = (5, 10, 15, 30)
COVERAGE = {0.1: 0.999, 0.01: 0.9999}
# Until every node has joined, whatever the period.
WARM_UP_S = 60


@dataclass(frozen=True, slots=True)
class Case:
    """One run."""

    seed: int
    profile: str
    period_s: int
    loss: float
    rounds: int

    @property
    def timing(self) -> Timing:
        """The profile with that period."""
        return replace(PROFILES[self.profile], period_ms=1000 * self.period_s)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--seeds", type=int, default=4, help="(default: 4)")
    parser.add_argument(
        "--rounds", type=int, default=50, help="that count, after a minute of set-up (default: 50)"
    )
    parser.add_argument(
        "--periods", type=int, nargs="+", default=PERIODS_S, metavar="S", help="(default: 5 10 15 30)"
    )


def main(args: argparse.Namespace) -> int:
    """0 if the shortest period that should do does."""
    seeds = range(1, args.seeds + 1)
    claims: list[Claim] = []
    for loss, target in COVERAGE.items():
        for profile in ("default", "classic"):
            for period_s in args.periods:
                cases = [Case(seed, profile, period_s, loss, args.rounds) for seed in seeds]
                tallies = list(on_all_cores(run, cases, f"{loss:.0%} loss, T = {period_s} s, {profile}"))
                claims.append(_claim(tallies, cases[0], target))
    return report(
        f"400 nodes, 19 hops, no collisions; {args.rounds} rounds after {WARM_UP_S} s, {args.seeds} seeds",
        claims,
    )


def _claim(tallies: Sequence[Tally], case: Case, target: float) -> Claim:
    coverage = mean([tally.coverage for tally in tallies])
    every = Tally([row for tally in tallies for row in tally.rounds], 0)
    doubtful = sum(row.doubt > 0 for row in every.rounds)
    frames = every.data.frames / every.node_rounds
    return Claim(
        f"{case.profile}, {case.loss:.0%} loss, T = {case.period_s} s: at least {target:.2%} of the readings",
        f"{coverage:.4%}; rounds: {every.whole} of {len(every.rounds)} whole, {doubtful} in doubt; "
        f"{frames:.2f} DATA a node and round; p95 {every.latency_ms(0.95)} ms",
        coverage >= target if case.profile == "default" else None,
    )


def run(case: Case) -> Tally:
    """Set up, then so many rounds."""
    summaries: list[RoundSummary] = []
    simulation = Simulation(
        grid(20, 20, 10, 15),
        seed=case.seed,
        timing=case.timing,
        air=Air(quality=Quality(loss=case.loss)),
        on_round=summaries.append,
    )
    warm_up = WARM_UP_S // case.period_s
    simulation.advance_to(simulation.round_start_ms(warm_up + case.rounds + 1) * 1000)
    return Tally([s for s in summaries if s.round > warm_up], case.rounds)
