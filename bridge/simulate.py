"""`treering simulate`: a field in virtual time, a line for every finished round."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from bridge.capture_file import CaptureFile
from bridge.errors import UsageError
from bridge.options import node_id, period, positive, read_topology, whole
from bridge.report import log_to_stderr
from bridge.rows import print_row
from protocol.capture import Record
from protocol.observer import Observer, RoundRow
from protocol.packets import MAX_NODE_ID
from protocol.simulator.faults import Fault, Join, Kill, Revive
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Topology, grid, scattered
from protocol.timing import Timing

HELP = "run a field in virtual time"
# A grid without a range: a node hears its eight neighbours, as in the report of 2005.
GRID_RANGE_SPACINGS = 1.5
MAX_ROUNDS = 1 << 31


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering simulate`."""
    field = parser.add_mutually_exclusive_group()
    field.add_argument("--topology", metavar="FILE", help="TOML, SOS topo.def or Avrora rows")
    field.add_argument("--grid", type=_grid, metavar="4x4", help="columns x rows (default: 4x4)")
    field.add_argument(
        "--random", type=whole(1, MAX_NODE_ID), metavar="N", help="N nodes placed at random from the seed"
    )
    parser.add_argument(
        "--spacing", type=positive, default=10.0, metavar="M", help="of the grid (default: 10)"
    )
    parser.add_argument(
        "--area", type=_area, default=(50.0, 50.0), metavar="WxH", help="in metres (default: 50x50)"
    )
    parser.add_argument("--range", type=positive, metavar="M", help="radio range in metres, for every node")
    parser.add_argument(
        "--medium",
        choices=("ideal", "disk"),
        default="disk",
        help="ideal: every node hears every other; disk: within its range (default)",
    )
    parser.add_argument(
        "--loss", type=_probability, default=0.0, metavar="P", help="of a frame at a receiver, 0 to 1"
    )
    parser.add_argument("--rounds", type=whole(1, MAX_ROUNDS), default=20, metavar="N", help="(default: 20)")
    parser.add_argument(
        "--period", type=period, default=5.0, metavar="S", help="seconds a round (default: 5)"
    )
    for kind, text in (
        (Kill, "take a node's power before a round"),
        (Revive, "give it back"),
        (Join, "a node that is not there before"),
    ):
        parser.add_argument(
            f"--{kind.__name__.lower()}",
            dest="faults",
            action="append",
            default=[],
            type=_fault(kind),
            metavar="ID@ROUND",
            help=text,
        )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed gives the same bytes")
    parser.add_argument("--capture", metavar="FILE", help="write every frame to this packet log (pcapng)")
    parser.add_argument(
        "--truth", action="store_true", help="add every reading and whose are counted (with --json)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a round and metric")


def run(args: argparse.Namespace) -> int:
    """Run it; 1 if rounds are missing, or records in the log. Raises UsageError for what cannot be run."""
    log_to_stderr()
    if args.truth and not args.json:
        raise UsageError("--truth adds to the JSON objects; give --json as well")
    topology = _topology(args)
    takers: list[Callable[[Record], None]] = []
    try:
        simulation = Simulation(
            topology,
            seed=args.seed,
            timing=Timing(period_ms=round(args.period * 1000)),
            air=Air(quality=Quality(loss=args.loss)),
            faults=args.faults,
            on_record=lambda record: _hand_to(takers, record),
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    with ExitStack() as stack:
        if args.capture is not None:
            log = _open_log(args.capture, stack)
            takers.append(log.write)
        takers.append(partial(_print_rounds, args, simulation, Observer()))
        simulation.run(args.rounds)
        is_kept = args.capture is None or log.is_recording
    if simulation.rounds_finished < args.rounds:
        missing = args.rounds - simulation.rounds_finished
        print(
            f"treering: {missing} of {args.rounds} rounds did not finish; was the root killed?",
            file=sys.stderr,
        )
        return 1
    return 0 if is_kept else 1


def _truth(simulation: Simulation, row: RoundRow) -> dict[str, object]:
    readings = simulation.truth.readings(row.metric_id, row.version)
    contributors = simulation.truth.contributors(simulation.topology.root, row.version)
    return {"readings": {str(node): raw for node, raw in readings.items()}, "contributors": contributors}


def _topology(args: argparse.Namespace) -> Topology:
    if args.topology is not None:
        topology = read_topology(args.topology)
        topology = topology.with_range(args.range) if args.range else topology
    elif args.random:
        width_m, height_m = args.area
        range_m = args.range or max(width_m, height_m) / 2
        topology = scattered(args.random, width_m, height_m, range_m, args.seed)
    else:
        columns, rows = args.grid or (4, 4)
        topology = grid(columns, rows, args.spacing, args.range or GRID_RANGE_SPACINGS * args.spacing)
    if args.medium == "ideal":
        return topology.with_range(None)
    _warn_of_the_unreachable(topology)
    return topology


def _warn_of_the_unreachable(topology: Topology) -> None:
    lost = sorted(topology.places.keys() - topology.reachable())
    if lost:
        names = ", ".join(map(str, lost[:10])) + (", ..." if len(lost) > 10 else "")
        who = f"node {names} has" if len(lost) == 1 else f"nodes {names} have"
        print(
            f"treering: {who} no way to the root {topology.root}; move nodes closer or raise --range",
            file=sys.stderr,
        )


def _open_log(path: str, stack: ExitStack) -> CaptureFile:
    log = CaptureFile(path)
    stack.callback(log.close)
    if log.path != Path(path):
        print(f"treering: {path} exists and is kept; the log is {log.path}", file=sys.stderr)
    return log


def _hand_to(takers: Iterable[Callable[[Record], None]], record: Record) -> None:
    for take in takers:
        take(record)


def _print_rounds(
    args: argparse.Namespace, simulation: Simulation, observer: Observer, record: Record
) -> None:
    for observation in observer.observe(record):
        if isinstance(observation, RoundRow):
            extra = _truth(simulation, observation) if args.truth else {}
            print_row(observation, as_json=args.json, extra=extra)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability; give 0 to 1")
    return value


def _pair(text: str, kind: Callable[[str], float], example: str) -> tuple[float, float]:
    first, cross, second = text.lower().partition("x")
    with suppress(argparse.ArgumentTypeError):
        if cross:
            return kind(first), kind(second)
    raise argparse.ArgumentTypeError(f"{text!r} is not like {example}")


def _grid(text: str) -> tuple[int, int]:
    columns, rows = (int(side) for side in _pair(text, whole(0, MAX_NODE_ID), "4x4"))
    if columns < 1 or rows < 1:
        raise argparse.ArgumentTypeError(f"{text!r} holds no node")
    if columns * rows > MAX_NODE_ID:
        raise argparse.ArgumentTypeError(f"{text!r} holds more than the {MAX_NODE_ID} nodes that have an id")
    return columns, rows


def _area(text: str) -> tuple[float, float]:
    return _pair(text, positive, "50x50")


def _fault(kind: type[Kill] | type[Revive] | type[Join]) -> Callable[[str], Fault]:
    def parse(text: str) -> Fault:
        node, at, round_number = text.partition("@")
        try:
            return Fault(whole(1, MAX_ROUNDS)(round_number if at else ""), kind(node_id(node)))
        except argparse.ArgumentTypeError:
            raise argparse.ArgumentTypeError(f"{text!r} is not like 7@3 (node 7, before round 3)") from None

    return parse
