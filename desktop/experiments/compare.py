"""`treering compare`: tree, ring and polling on the same field, with the same seeds, air and faults."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

from bridge.compare import cost_of, field_of, rows_of, trials_of
from bridge.compare_rows import conditions, csv_text, json_line, notes, table
from bridge.field_warnings import warnings_of
from bridge.new_file import write_new
from bridge.option_types import positive, whole
from bridge.pool import cores
from bridge.scenario_options import (
    add_field_arguments,
    add_node_arguments,
    add_radio_arguments,
    add_run_arguments,
)
from bridge.simulate import simulation_of
from desktop.experiments.experiment import PLOT_SUFFIXES, plotter, progress
from protocol.simulator.comparison import on_network
from protocol.simulator.networks import NETWORKS

HELP = "tree, ring and polling on the same field"
_WIDTH = 94  # of the table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering compare`."""
    parser.add_argument(
        "scenario",
        nargs="?",
        metavar="FIELD",
        help="a scenario (a file, or the name of one that comes along) or a topology file; options change"
        " what it says",
    )
    add_field_arguments(parser)
    add_radio_arguments(parser)
    add_node_arguments(parser)
    add_run_arguments(parser)
    trial = parser.add_argument_group("comparison")
    trial.add_argument(
        "--networks",
        type=_networks,
        default=tuple(NETWORKS),
        metavar="NAME,...",
        help=f"(default: {','.join(NETWORKS)})",
    )
    trial.add_argument(
        "--seeds", type=whole(1, 10_000), default=5, metavar="N", help="runs, from --seed on (default: 5)"
    )
    trial.add_argument(
        "--warm-up", type=_seconds, default=20.0, metavar="S", help="rounds before do not count (default: 20)"
    )
    trial.add_argument("--jobs", type=whole(1, 1_024), metavar="N", help="processes (default: every core)")
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="one JSON object a network")
    output.add_argument("--csv", metavar="FILE", type=Path, help="the same as CSV")
    output.add_argument("--plot", metavar="FILE", type=Path, help=f"a picture, as {', '.join(PLOT_SUFFIXES)}")


def run(args: argparse.Namespace) -> int:
    """Run it. Raises UsageError for what cannot be run, TreeringError if a network breaks a promise."""
    drawing = None if args.plot is None else plotter(args.plot, "desktop.experiments.compare_plot")
    scenario = field_of(args)
    trials = trials_of(scenario, args.networks, args.seeds, args.warm_up, args.command_line)
    for network in args.networks:
        of_network = on_network(scenario, network)
        for warning in warnings_of(of_network, simulation_of(of_network)):
            print(f"treering: {network}: {warning}", file=sys.stderr)
    with progress(trials, cost_of) as on_done:
        rows = rows_of(trials, args.jobs or cores(), on_done)
    caption = conditions(scenario, rows, args.warm_up)
    if args.json:
        for row in rows:
            print(json_line(row))
    else:
        print(f"{caption}.\n\n{table(rows)}\n")
        for note in notes(rows, simulation_of(on_network(scenario, "ring"))):
            print(textwrap.fill(note, _WIDTH, subsequent_indent="  "))
    if args.csv is not None:
        write_new(args.csv, lambda path: path.write_text(csv_text(rows), encoding="utf-8", newline=""))
    if drawing is not None:
        write_new(args.plot, lambda path: drawing.save_compare_plot(rows, caption, path))
    return 0


def _networks(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.split(",")))
    for name in found:
        if name not in NETWORKS:
            raise argparse.ArgumentTypeError(f"{name!r} is no network; there are {', '.join(NETWORKS)}")
    return found


def _seconds(text: str) -> float:
    return 0.0 if text == "0" else positive(text)
