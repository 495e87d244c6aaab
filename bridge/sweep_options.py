"""The options of a sweep, and the fields and periods that they ask for."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import TypeVar

from bridge.errors import UsageError
from bridge.option_types import positive, whole
from bridge.options import period
from bridge.scenario_options import (
    add_node_arguments,
    add_radio_arguments,
    add_scenario_argument,
    area,
    grid_size,
    probability,
)
from bridge.scenarios import read_scenario
from bridge.sweep import Case, number_text
from protocol.aggregate import METRICS
from protocol.packets import MAX_NODE_ID
from protocol.simulator.scenario import Grid, Scattered, Scenario

SPACING_M = 10.0
# A random field without a range: each node is heard by about a dozen.
RANGE_SPACINGS = 2.0
_Value = TypeVar("_Value")


def add_case_arguments(parser: argparse.ArgumentParser) -> None:
    """The fields, their radio and their nodes."""
    add_scenario_argument(parser)
    field = parser.add_argument_group("fields", "lists, in all combinations")
    kind = field.add_mutually_exclusive_group()
    kind.add_argument(
        "--nodes",
        type=_list_of(whole(2, MAX_NODE_ID)),
        metavar="N,...",
        help="random connected fields of so many nodes (default, without a scenario: 10,20,50)",
    )
    kind.add_argument("--grid", type=_list_of(grid_size), metavar="4x4,...", help="grids, columns x rows")
    size = field.add_mutually_exclusive_group()
    size.add_argument(
        "--spacing",
        type=_list_of(positive),
        metavar="M,...",
        help=f"of a grid; N random nodes have N times M x M of area (default: {SPACING_M:g})",
    )
    size.add_argument("--area", type=area, metavar="WxH", help="of random nodes, however many there are")
    field.add_argument(
        "--range",
        type=_list_of(positive),
        metavar="M,...",
        help=f"radio range of the disk (default: {RANGE_SPACINGS:g} spacings; in a grid 1.5)",
    )
    field.add_argument("--loss", type=_list_of(probability), metavar="P,...", help="of a frame (default: 0)")
    add_radio_arguments(parser)
    add_node_arguments(parser)


def add_trial_arguments(parser: argparse.ArgumentParser) -> None:
    """What is tried, and how often."""
    sweep = parser.add_argument_group("trials")
    sweep.add_argument(
        "--period",
        type=_list_of(period),
        default=(1.0, 2.0, 5.0, 10.0),
        metavar="S,...",
        help="the values of T to try (default: 1,2,5,10)",
    )
    sweep.add_argument(
        "--seeds",
        type=whole(1, 10_000),
        default=5,
        metavar="N",
        help="runs of each, with seeds 1 to N (default: 5)",
    )
    sweep.add_argument(
        "--rounds", type=whole(1, 1_000_000), default=20, metavar="N", help="that count (default: 20)"
    )
    sweep.add_argument(
        "--warm-up", type=_seconds, default=20.0, metavar="S", help="rounds before do not count (default: 20)"
    )
    sweep.add_argument(
        "--target",
        type=probability,
        default=0.99,
        metavar="P",
        help="the mean share of reachable nodes that is enough (default: 0.99)",
    )
    sweep.add_argument("--jobs", type=whole(1, 1_024), metavar="N", help="processes (default: every core)")


def cases_of(args: argparse.Namespace) -> list[Case]:
    """Every combination of field, range, loss and period. Raises UsageError."""
    base = Scenario() if args.scenario is None else read_scenario(args.scenario)
    shared = (*(() if args.scenario is None else (args.scenario,)), *_shared_options(args))
    cases = []
    for layout, range_m, loss in product(_layouts(args, base), args.range or (None,), args.loss or (None,)):
        options = [*shared, *layout]
        if range_m is not None:
            options += ["--range", number_text(range_m)]
        if loss is not None:
            options += ["--loss", number_text(loss)]
        cases += [Case(tuple(options), period_s) for period_s in args.period]
    return cases


def _layouts(args: argparse.Namespace, base: Scenario) -> Iterator[tuple[str, ...]]:
    """The fields without their range, as options of `simulate`."""
    if args.nodes is None and args.grid is None and args.scenario is not None:
        if args.spacing or args.area:
            raise UsageError("--spacing and --area need a list of fields; give --nodes or --grid as well")
        yield ()
    elif args.grid is not None:
        if args.area is not None:
            raise UsageError("--area is of random fields; give --nodes instead of --grid")
        default_m = base.field.spacing_m if isinstance(base.field, Grid) else SPACING_M
        for (columns, rows), spacing_m in product(args.grid, args.spacing or (default_m,)):
            yield ("--grid", f"{columns}x{rows}", "--spacing", number_text(spacing_m))
    else:
        for count, spacing_m in product(args.nodes or (10, 20, 50), args.spacing or (None,)):
            yield from _random_layout(args, base, count, spacing_m)


def _random_layout(
    args: argparse.Namespace, base: Scenario, count: int, spacing_m: float | None
) -> Iterator[tuple[str, ...]]:
    field = base.field if args.scenario is not None and isinstance(base.field, Scattered) else None
    if args.area is not None:
        width_m, height_m = args.area
    elif spacing_m is None and field is not None:  # as dense as the scenario's
        width_m, height_m = (
            side * math.sqrt(count / field.count) for side in (field.width_m, field.height_m)
        )
    else:
        width_m = height_m = (spacing_m or SPACING_M) * math.sqrt(count)
    layout = ("--random", str(count), "--area", f"{width_m:.6g}x{height_m:.6g}", "--connected")
    if args.range or (field is not None and field.range_m is not None):
        yield layout
    else:
        range_m = RANGE_SPACINGS * math.sqrt(width_m * height_m / count)
        yield (*layout, "--range", f"{range_m:.3g}")


def _shared_options(args: argparse.Namespace) -> Iterator[str]:
    """What is the same in every run, as `simulate` takes it."""
    names = (
        *("medium", "radio", "duplication", "delay", "bit_flips"),
        *("profile", "max_children", "first_version", "clock_drift"),
    )
    for name in names:
        if (value := getattr(args, name)) is not None:
            yield from (f"--{name.replace('_', '-')}", str(value))
    if args.collisions is not None:
        yield "--collisions" if args.collisions else "--no-collisions"
    if args.metrics is not None:
        yield from ("--metrics", ",".join(METRICS[metric].name for metric in args.metrics))


def _list_of(parse: Callable[[str], _Value]) -> Callable[[str], tuple[_Value, ...]]:
    def parse_list(text: str) -> tuple[_Value, ...]:
        return tuple(dict.fromkeys(parse(part) for part in text.split(",")))

    return parse_list


def _seconds(text: str) -> float:
    return 0.0 if text == "0" else positive(text)
