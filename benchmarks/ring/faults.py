"""Rings of 3 to 200 nodes under loss, duplication, delay, partitions, crashes and restarts."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count

from benchmarks.claims import Claim, quantile, report
from benchmarks.cores import until
from benchmarks.ring.faulted_ring import RingOutcome, faulted_ring, run_faulted

ROUNDS_A_RUN = 100
COLD_START_MS = 2_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--rounds", type=int, default=5_000, help="rounds to check at least (default: 5000)")
    parser.add_argument("--from-seed", type=int, default=1, help="the first seed (default: 1)")
    parser.add_argument("--rounds-a-run", type=int, default=ROUNDS_A_RUN, help="(default: 100)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="show and run that seed alone")


def main(args: argparse.Namespace) -> int:
    """0 if every promise of the ring was kept."""
    if args.replay is not None:
        return replay(args.replay, args.rounds_a_run)
    outcomes: list[RingOutcome] = []
    for outcome in _outcomes(args):
        outcomes.append(outcome)
        if outcome.broken:
            print(
                f"{outcome.broken}\n  replay: python -m benchmarks.ring faults"
                f" --rounds-a-run {args.rounds_a_run} --replay {outcome.seed}",
                flush=True,
            )
    return report(_title(outcomes), _claims(outcomes, args.rounds))


def _title(outcomes: list[RingOutcome]) -> str:
    faults = sum((outcome.faults for outcome in outcomes), Counter[str]())
    sizes = sorted(outcome.nodes for outcome in outcomes)
    return (
        f"{len(outcomes)} rings of {sizes[0]} to {sizes[-1]} nodes (median {sizes[len(sizes) // 2]}), seeds"
        f" {min(o.seed for o in outcomes)} to {max(o.seed for o in outcomes)}; "
        + ", ".join(f"{number} {name}" for name, number in sorted(faults.items()))
    )


def _claims(outcomes: list[RingOutcome], wanted: int) -> Iterator[Claim]:
    results = sum(outcome.results for outcome in outcomes)
    whole = sum(outcome.whole for outcome in outcomes)
    broken = sum(outcome.broken is not None for outcome in outcomes)
    yield Claim("rounds, each result held against the truth", f"{results}", results >= wanted)
    yield Claim(
        "two tokens for more than a rotation, a reading twice, a stop of more than 3 rotations",
        f"{broken}",
        not broken,
    )
    yield Claim("results that count every living node in reach", f"{whole} ({whole / results:.2%})")
    for name, some in (
        ("without loss", [o for o in outcomes if o.is_ideal]),
        ("with loss or delay", [o for o in outcomes if not o.is_ideal]),
    ):
        tokens_ms = [o.token_ms for o in some if o.token_ms is not None]
        results_ms = [o.result_ms for o in some if o.result_ms is not None]
        if not tokens_ms or not results_ms:
            continue
        late = sum(token_ms > COLD_START_MS for token_ms in tokens_ms)
        yield Claim(
            f"cold start {name}: the token after, ms (p50, p99, most)",
            f"{_spread(tokens_ms)}, {late} of {len(some)} after {COLD_START_MS}",
            not late and len(tokens_ms) == len(some),
        )
        yield Claim(f"cold start {name}: the first result after, ms", _spread(results_ms))


def _spread(values: list[int]) -> str:
    return f"{quantile(values, 0.5):.0f}, {quantile(values, 0.99):.0f}, {max(values)}"


def _outcomes(args: argparse.Namespace) -> Iterator[RingOutcome]:
    """Runs of one seed after the other until there are so many results."""
    work = partial(_run, args.rounds_a_run)
    return until(work, count(args.from_seed), "faulted rings", args.rounds, lambda outcome: outcome.results)


def _run(rounds: int, seed: int) -> RingOutcome:
    return run_faulted(faulted_ring(seed, rounds))


def replay(seed: int, rounds: int) -> int:
    """Run one seed here and say what happened."""
    run = faulted_ring(seed, rounds)
    print(run)
    outcome = run_faulted(run)
    print(outcome)
    return int(outcome.broken is not None)
