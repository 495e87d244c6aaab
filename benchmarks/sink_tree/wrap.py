"""The version is a number of 16 bits: 65,536 rounds and their wrap bring no wrong result.

Short runs of many fields begin just before the wrap; long ones count through all 65,536 versions and beyond.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.claims import Claim, report
from benchmarks.cores import on_all_cores
from benchmarks.sink_tree.fields import connected_field, side_of
from protocol.simulator.faults import Fault, Kill, Revive
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.timing import Timing

VERSIONS = 1 << 16
RANGE_M = 15.0
NEIGHBOURS = 6
LOSSES = (0.0, 0.1)
SHORT_ROUNDS = 40
# A node dies now and then, and is back some rounds later.
ROUNDS_A_DEATH = 500
OUTAGE_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One run."""

    seed: int
    nodes: int
    first_version: int
    rounds: int
    loss: float


@dataclass(slots=True)
class Outcome:
    """`regressed` are results whose version is not the one after the last, though none was missing."""

    results: int = 0
    whole: int = 0
    wraps: int = 0
    last_version: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--seeds", type=int, default=100, help="short runs over the wrap (default: 100)")
    parser.add_argument(
        "--rounds", type=int, default=VERSIONS + 1_000, help="of the long runs (default: 66536)"
    )


def main(args: argparse.Namespace) -> int:
    """0 if no result was wrong: the checks of every round stop a run that has one."""
    claims: list[Claim] = []
    for loss in LOSSES:
        cases = [
            Case(seed, 8, VERSIONS - SHORT_ROUNDS // 2, SHORT_ROUNDS, loss)
            for seed in range(1, args.seeds + 1)
        ]
        outcomes = list(on_all_cores(run, cases, f"short, {loss:.0%} loss"))
        claims.append(
            _claim(outcomes, f"{len(cases)} x {SHORT_ROUNDS} rounds over the wrap, {loss:.0%} loss", cases)
        )
    cases = [Case(1, 5, 1, args.rounds, loss) for loss in LOSSES]
    for case, outcome in zip(cases, on_all_cores(run, cases, f"{args.rounds} rounds"), strict=True):
        claims.append(
            _claim([outcome], f"{args.rounds} rounds without a break, {case.loss:.0%} loss", [case])
        )
    return report(
        "version wrap, T = 5 s, a node dies now and then; a wrong result would stop the run", claims
    )


def _claim(outcomes: Sequence[Outcome], words: str, cases: Sequence[Case]) -> Claim:
    results = sum(outcome.results for outcome in outcomes)
    whole = sum(outcome.whole for outcome in outcomes)
    wraps = sum(outcome.wraps for outcome in outcomes)
    due = sum(case.rounds for case in cases)
    return Claim(
        f"{words}: a result in every round, none wrong",
        f"{results} results, {whole / max(1, results):.2%} count everybody, {wraps} wraps",
        results == due and wraps == len(cases),
    )


def run(case: Case) -> Outcome:
    """So many rounds, checked. Raises InvariantViolation."""
    field = connected_field(case.nodes, side_of(case.nodes, RANGE_M, NEIGHBOURS), RANGE_M, case.seed)
    outcome = Outcome()

    def on_round(summary: RoundSummary) -> None:
        outcome.results += 1
        outcome.whole += summary.counted >= summary.reachable
        outcome.wraps += summary.version < outcome.last_version
        outcome.last_version = summary.version

    simulation = Simulation(
        field,
        seed=case.seed,
        timing=Timing(),
        air=Air(quality=Quality(loss=case.loss)),
        faults=_deaths(case),
        on_round=on_round,
        first_version=case.first_version,
    )
    simulation.run(case.rounds)
    return outcome


def _deaths(case: Case) -> list[Fault]:
    rng = random.Random(f"deaths {case.seed}")
    faults: list[Fault] = []
    for round_number in range(10, case.rounds, min(ROUNDS_A_DEATH, case.rounds // 3)):
        node = rng.randint(2, case.nodes)
        faults += [Fault(round_number, Kill(node)), Fault(round_number + OUTAGE_ROUNDS, Revive(node))]
    return faults
