"""The report's four nodes: counts 4,4,3,3,4,4,3,3, at most one incomplete round after each change.

Node 2 is dead in rounds 3 and 4, node 3 in rounds 7 and 8; either can be the parent of node 4.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.claims import Claim, report
from benchmarks.cores import on_all_cores
from protocol.simulator.faults import Fault, Kill, Revive
from protocol.simulator.medium import Air
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Place, Topology
from protocol.timing import PROFILES

DIAMOND = Topology(
    (Place(1, 0, 0, 0, 12), Place(2, 10, 5, 0, 12), Place(3, 10, -5, 0, 12), Place(4, 20, 0, 0, 12))
)
FAULTS = (Fault(3, Kill(2)), Fault(5, Revive(2)), Fault(7, Kill(3)))
COUNTS = (4, 4, 3, 3, 4, 4, 3, 3)
CHANGED = (3, 5, 7)


@dataclass(frozen=True, slots=True)
class Case:
    """One run."""

    seed: int
    collisions: bool
    profile: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--seeds", type=int, default=1_000, help="(default: 1000)")


def main(args: argparse.Namespace) -> int:
    """0 if the default profile never has a second incomplete round."""
    claims: list[Claim] = []
    for profile in ("default", "classic"):
        for collisions in (False, True):
            cases = [Case(seed, collisions, profile) for seed in range(1, args.seeds + 1)]
            runs = list(on_all_cores(counts_of, cases, f"diamond, {profile}"))
            claims += _claims(runs, f"{profile}, {'with' if collisions else 'without'} collisions", profile)
    return report(
        f"diamond, T = 5 s, 19.2 kbit/s, {args.seeds} seeds; every result is exact or flagged", claims
    )


def _claims(runs: list[tuple[int, ...]], what: str, profile: str) -> list[Claim]:
    late = [(seed, counts) for seed, counts in enumerate(runs, 1) if not recovers_in_a_round(counts)]
    exact = sum(counts == COUNTS for counts in runs)
    first_round = [sum(counts[r - 1] == COUNTS[r - 1] for counts in runs) / len(runs) for r in CHANGED]
    worst = f"; seed {late[0][0]}: {late[0][1]}" if late else ""
    return [
        Claim(
            f"{what}: at most one incomplete round after each change",
            f"{len(runs) - len(late)} of {len(runs)}{worst}",
            not late if profile == "default" else None,
        ),
        Claim(f"{what}: no incomplete round at all", f"{exact} of {len(runs)}"),
        Claim(
            f"{what}: whole in the very round of the change (rounds 3, 5, 7)",
            ", ".join(f"{share:.1%}" for share in first_round),
        ),
    ]


def counts_of(case: Case) -> tuple[int, ...]:
    """The counts of rounds 1 to 8; -1 for a round without a result."""
    counts = dict.fromkeys(range(1, len(COUNTS) + 1), -1)
    simulation = Simulation(
        DIAMOND,
        seed=case.seed,
        timing=PROFILES[case.profile],
        air=Air(collisions=case.collisions),
        faults=FAULTS,
        on_round=lambda summary: counts.update({summary.round: summary.count}),
    )
    simulation.run(len(COUNTS))
    return tuple(counts.values())


def recovers_in_a_round(counts: tuple[int, ...]) -> bool:
    """Whether only rounds in which a node died or returned miss anybody."""
    pairs = enumerate(zip(counts, COUNTS, strict=True), 1)
    return all(got == expected or number in CHANGED for number, (got, expected) in pairs)
