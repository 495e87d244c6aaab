"""`treering sweep`: which T can a field of N nodes, spacing d and range R afford?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bridge.new_file import write_new
from bridge.pool import cores
from bridge.sweep import cost_of, outcomes_of, row_of, smallest
from bridge.sweep_options import add_case_arguments, add_trial_arguments, cases_of
from bridge.sweep_rows import conditions, csv_text, json_line, table
from desktop.experiments.experiment import PLOT_SUFFIXES, plotter, progress

HELP = "find the smallest period that a field can afford"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering sweep`."""
    add_case_arguments(parser)
    add_trial_arguments(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON object for every field and period")
    output.add_argument("--csv", metavar="FILE", type=Path, help="the same as CSV")
    output.add_argument(
        "--plot",
        metavar="FILE",
        type=Path,
        help=f"coverage and latency over T, as {', '.join(PLOT_SUFFIXES)}",
    )


def run(args: argparse.Namespace) -> int:
    """Run it. Raises UsageError for what cannot be run, TreeringError if the protocol breaks a promise."""
    drawing = None if args.plot is None else plotter(args.plot, "desktop.experiments.sweep_plot")
    cases = cases_of(args)
    runs = [case.runs(args.seeds, args.rounds, args.warm_up) for case in cases]
    every = [one for of_case in runs for one in of_case]
    with progress(every, cost_of) as on_done:
        outcomes = iter(outcomes_of(every, args.jobs or cores(), on_done))
    rows = [
        row_of(case, [next(outcomes) for _ in of_case]) for case, of_case in zip(cases, runs, strict=True)
    ]
    best = smallest(rows, args.target)
    caption = conditions(runs[0][0].scenario, rows, args.warm_up)
    for row in best:
        if row.connected < row.nodes:
            who = f"of {row.nodes} nodes on {row.field} only {row.connected:.4g} have a way to the root"
            print(f"treering: {who}; raise --range, or move nodes closer", file=sys.stderr)
    enough = [row for row in best if row.coverage >= args.target]
    if args.json:
        for row in rows:
            print(json_line(row, is_smallest=row in enough))
    else:
        print(f"The smallest T that covers {100 * args.target:g} % of the reachable nodes:\n")
        print(table(best, args.target))
        print(f"\n{caption}.\nFrames, bytes and mJ are those of a node and round.")
    if args.csv is not None:
        write_new(
            args.csv, lambda path: path.write_text(csv_text(rows, enough), encoding="utf-8", newline="")
        )
    if drawing is not None:
        write_new(args.plot, lambda path: drawing.save_sweep_plot(rows, args.target, caption, path))
    return 0
