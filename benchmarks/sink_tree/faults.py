"""Over a million faulted rounds: no result silently wrong, no loop."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count

from benchmarks.claims import Claim, report
from benchmarks.cores import until
from benchmarks.sink_tree.faulted_run import FaultedOutcome, faulted_run, run_faulted

ROUNDS_A_RUN = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument(
        "--rounds", type=int, default=20_000, help="results to check at least (default: 20000)"
    )
    parser.add_argument(
        "--from-seed", type=int, default=1, help="the first seed: where to go on (default: 1)"
    )
    parser.add_argument("--rounds-a-run", type=int, default=ROUNDS_A_RUN, help="(default: 200)")
    parser.add_argument(
        "--replay", type=int, metavar="SEED", help="show what that run does, and run it alone"
    )


def main(args: argparse.Namespace) -> int:
    """0 if every result was right or said that it was not."""
    if args.replay is not None:
        return replay(args.replay, args.rounds_a_run)
    results = rounds = doubtful = whole = runs = 0
    faults: Counter[str] = Counter()
    broken: list[FaultedOutcome] = []
    last_seed = args.from_seed - 1
    for outcome in _outcomes(args):
        runs += 1
        last_seed = max(last_seed, outcome.seed)
        results += outcome.results
        rounds += outcome.rounds
        doubtful += outcome.doubtful
        whole += outcome.whole
        faults += outcome.faults
        if outcome.broken:
            broken.append(outcome)
            print(
                f"{outcome.broken}\n  replay: python -m benchmarks.sink_tree faults "
                f"--rounds-a-run {args.rounds_a_run} --replay {outcome.seed}",
                flush=True,
            )
    return report(
        f"{runs} random fields of 4 to 14 nodes, seeds {args.from_seed} to {last_seed}; "
        + ", ".join(f"{number} {name}" for name, number in sorted(faults.items())),
        [
            Claim(
                "results, each held against the truth",
                f"{results} of {rounds} rounds",
                results >= args.rounds,
            ),
            Claim(
                "results wrong without saying so, loops, queues beyond their bounds",
                f"{len(broken)}",
                not broken,
            ),
            Claim(
                "results that say that they may count a node twice",
                f"{doubtful} ({doubtful / max(1, results):.2%})",
            ),
            Claim("results that count all reachable nodes", f"{whole} ({whole / max(1, results):.2%})"),
        ],
    )


def _outcomes(args: argparse.Namespace) -> Iterator[FaultedOutcome]:
    """Runs of one seed after the other until there are so many results."""
    work = partial(_run, args.rounds_a_run)
    return until(work, count(args.from_seed), "faulted rounds", args.rounds, lambda outcome: outcome.results)


def _run(rounds: int, seed: int) -> FaultedOutcome:
    return run_faulted(faulted_run(seed, rounds))


def replay(seed: int, rounds: int) -> int:
    """Run one seed here and say what happened."""
    run = faulted_run(seed, rounds)
    print(run)
    outcome = run_faulted(run)
    print(outcome)
    return int(outcome.broken is not None)
