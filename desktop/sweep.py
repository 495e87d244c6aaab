"""`treering sweep`: which T can a field of N nodes, spacing d and range R afford?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bridge.errors import UsageError
from bridge.sweep import Row, Run, cores, cost_of, outcomes_of, row_of, smallest
from bridge.sweep_options import add_case_arguments, add_trial_arguments, cases_of
from bridge.sweep_rows import conditions, csv_text, json_line, table

HELP = "find the smallest period that a field can afford"
PLOT_SUFFIXES = (".png", ".svg", ".pdf")
_SavePlot = Callable[[Sequence[Row], float, str, Path], None]


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
    save_plot = None if args.plot is None else _plotter(args.plot)
    cases = cases_of(args)
    runs = [case.runs(args.seeds, args.rounds, args.warm_up) for case in cases]
    every = [one for of_case in runs for one in of_case]
    with _progress(every) as on_done:
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
        _write(args.csv, lambda: args.csv.write_text(csv_text(rows, enough), encoding="utf-8", newline=""))
    if save_plot is not None:
        _write(args.plot, lambda: save_plot(rows, args.target, caption, args.plot))
    return 0


@contextmanager
def _progress(runs: Sequence[Run]) -> Iterator[Callable[[Run], None]]:
    """A bar on stderr, if that is a terminal."""
    columns = (
        TextColumn("{task.fields[done]} of {task.fields[runs]} runs"),
        BarColumn(),
        TaskProgressColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not sys.stderr.isatty()
    ) as progress:
        task = progress.add_task("", total=sum(map(cost_of, runs)), done=0, runs=len(runs))
        done = 0

        def on_done(run: Run) -> None:
            nonlocal done
            done += 1
            progress.update(task, advance=cost_of(run), done=done)

        yield on_done


def _plotter(path: Path) -> _SavePlot:
    """What draws the plot, found before hours of work. Raises UsageError."""
    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise UsageError(f"{path}: no picture format; end the name in {', '.join(PLOT_SUFFIXES)}")
    try:
        from desktop.sweep_plot import save_sweep_plot
    except ImportError as error:  # matplotlib comes with the desktop extra
        raise UsageError(f"{error}; install it with `pip install treering[desktop]`") from error
    return save_sweep_plot


def _write(path: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a file that you may write") from error
