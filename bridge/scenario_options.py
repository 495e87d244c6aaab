"""The options that make a scenario, and those that change one: shared by `simulate` and `sweep`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bridge.errors import UsageError
from bridge.option_types import positive, whole
from bridge.options import metrics, node_id, period
from bridge.scenarios import read_scenario, read_topology
from protocol.packets import MAX_NODE_ID
from protocol.simulator.fault_tables import POWER
from protocol.simulator.faults import Cut, Fault, Heal
from protocol.simulator.medium import Air, Quality
from protocol.simulator.networks import NETWORKS
from protocol.simulator.propagation import MEDIA
from protocol.simulator.radio import RADIOS
from protocol.simulator.scenario import (
    CORES,
    GATEWAYS,
    MAX_CLOCK_PPM,
    MAX_DELAY_MS,
    MAX_ROUNDS,
    Field,
    Given,
    Grid,
    Scattered,
    Scenario,
    parse_size,
)
from protocol.timing import PROFILES

MAX_SEED = (1 << 63) - 1
_POWER_HELP = {
    "kill": "take a node's power before a round",
    "leave": "let a node say goodbye before a round, and be gone",
    "revive": "give it back",
    "join": "a node that is not there before",
    "reboot": "restart a node without its memory",
    "freeze": "take a node's power, but not its memory",
    "thaw": "give a frozen node its power back",
}


def add_scenario_argument(parser: argparse.ArgumentParser) -> None:
    """What the options change."""
    parser.add_argument(
        "scenario",
        nargs="?",
        metavar="SCENARIO",
        help="a file, or the name of one that comes along (see scenarios/); options change what it says",
    )


def add_radio_arguments(parser: argparse.ArgumentParser) -> None:
    """The air between the nodes."""
    radio = parser.add_argument_group("radio")
    radio.add_argument(
        "--medium",
        choices=MEDIA,
        help="ideal: every node hears every other; disk: within its range (default); free-space: by power",
    )
    radio.add_argument("--radio", choices=RADIOS, help=f"(default: {Air().radio.name})")
    radio.add_argument(
        "--collisions",
        action=argparse.BooleanOptionalAction,
        help="carrier sense, backoff, collisions and hidden terminals (default: no)",
    )
    radio.add_argument(
        "--duplication", type=probability, metavar="P", help="of a frame at a receiver, 0 to 1 (default: 0)"
    )
    radio.add_argument(
        "--delay", type=whole(0, MAX_DELAY_MS), metavar="MS", help="at most this much, at random (default: 0)"
    )
    radio.add_argument(
        "--bit-flips", type=probability, metavar="P", help="wrong bits in a frame, 0 to 1 (default: 0)"
    )


def add_node_arguments(parser: argparse.ArgumentParser) -> None:
    """What the nodes are and do."""
    nodes = parser.add_argument_group("nodes")
    nodes.add_argument(
        "--core",
        choices=CORES,
        help="what runs them: Python (default), the C core, or the C core on emulated boards",
    )
    nodes.add_argument(
        "--sealed",
        action="store_true",
        default=None,
        help="they seal their frames, with keys made up for them",
    )
    nodes.add_argument(
        "--gateway",
        choices=GATEWAYS,
        help="the root of emulated boards: a node on the host (default), or a board with a line to it",
    )
    nodes.add_argument(
        "--profile", choices=PROFILES, help="timers and policies; classic is the report of 2005"
    )
    nodes.add_argument("--metrics", type=metrics, metavar="NAME,...", help="(default: temperature)")
    nodes.add_argument("--max-children", type=whole(1, MAX_NODE_ID), metavar="N", help="(default: 32)")
    nodes.add_argument(
        "--first-version", type=whole(0, 0xFFFF), metavar="V", help="of the first round (default: 1)"
    )
    nodes.add_argument(
        "--clock-drift", type=_clock_ppm, metavar="PPM", help="of any clock, at most (default: 0)"
    )


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """What the nodes form."""
    network = parser.add_argument_group("network")
    network.add_argument("--network", choices=NETWORKS, help="what the nodes form (default: tree)")
    network.add_argument(
        "--order", type=node_order, metavar="ID,...", help="of the ring, or of standbys (default: by id)"
    )
    network.add_argument(
        "--readings",
        action="store_const",
        const=True,
        help="of a ring or a polled network: print every node's readings as well",
    )


def add_field_arguments(parser: argparse.ArgumentParser) -> None:
    """One field."""
    field = parser.add_argument_group("field")
    kind = field.add_mutually_exclusive_group()
    kind.add_argument("--topology", metavar="FILE", help="TOML, SOS topo.def or Avrora rows")
    kind.add_argument("--grid", type=grid_size, metavar="4x4", help="columns x rows (default: 4x4)")
    kind.add_argument(
        "--random", type=whole(1, MAX_NODE_ID), metavar="N", help="N nodes placed at random from the seed"
    )
    field.add_argument("--spacing", type=positive, metavar="M", help="of the grid (default: 10)")
    field.add_argument("--area", type=area, metavar="WxH", help="in metres (default: 50x50)")
    field.add_argument(
        "--connected",
        action=argparse.BooleanOptionalAction,
        help="the first field of the seed in which every node has a way to the root (default: no)",
    )
    field.add_argument("--range", type=positive, metavar="M", help="of the disk, for every node")
    field.add_argument(
        "--loss", type=probability, metavar="P", help="of a frame at a receiver, 0 to 1 (default: 0)"
    )


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """One run and its faults."""
    running = parser.add_argument_group("run")
    running.add_argument("--rounds", type=whole(1, MAX_ROUNDS), metavar="N", help="(default: 20)")
    running.add_argument("--period", type=period, metavar="S", help="seconds a round, T (default: 5)")
    running.add_argument("--seed", type=_seed, metavar="S", help="the same seed gives the same bytes")
    faults = parser.add_argument_group("faults", "beside those of the scenario")
    for name, action in POWER.items():
        _add_fault(faults, name, _node_fault(action), "ID@ROUND", _POWER_HELP[name])
    _add_fault(faults, "cut", _link_fault(Cut), "A-B@ROUND", "break the link between two nodes")
    _add_fault(faults, "heal", _link_fault(Heal), "A-B@ROUND", "mend it")


def scenario_of(args: argparse.Namespace) -> Scenario:
    """The scenario with the options' changes. Raises UsageError for what cannot be."""
    scenario = Scenario() if args.scenario is None else read_scenario(args.scenario)
    given: Mapping[str, Any] = {name: value for name, value in vars(args).items() if value is not None}
    air = scenario.air
    if "medium" in given and not isinstance(air.propagation, MEDIA[args.medium]):
        air = replace(air, propagation=MEDIA[args.medium]())
    if "radio" in given:
        air = replace(air, radio=RADIOS[args.radio])
    air = replace(
        air, quality=_quality(air.quality, given), collisions=given.get("collisions", air.collisions)
    )
    names = (
        *("rounds", "seed", "profile", "metrics", "max_children", "first_version"),
        *("network", "order", "readings", "core", "sealed", "gateway"),
    )
    changes: dict[str, Any] = {name: given[name] for name in names if name in given}
    if "period" in given:
        changes["period_ms"] = round(args.period * 1000)
    if "clock_drift" in given:
        changes["clock_ppm"] = args.clock_drift
    faults = tuple(given.get("faults", ()))
    scenario = replace(
        scenario, field=_field(scenario.field, given), air=air, changes=scenario.changes + faults, **changes
    )
    _check_network(scenario, given)
    return scenario


def _check_network(scenario: Scenario, given: Mapping[str, Any]) -> None:
    if scenario.kind.has_root:
        for name in ("order", "readings"):
            if name in given:
                raise UsageError(f"--{name} is not of a {scenario.network}; give --network ring or polling")
    elif "max_children" in given:
        raise UsageError(f"--max-children is of a tree, not of a {scenario.network}; leave it out")
    try:
        _ = scenario.timing
    except ValueError as error:
        raise UsageError(str(error)) from error


def _quality(quality: Quality, given: Mapping[str, Any]) -> Quality:
    options = {"loss": "loss", "duplication": "duplication", "delay": "delay_ms", "bit_flips": "bit_flips"}
    return replace(quality, **{name: given[option] for option, name in options.items() if option in given})


def _field(field: Field, given: Mapping[str, Any]) -> Field:
    """The scenario's field, or that of the options, with its range, spacing and area."""
    if "topology" in given:
        field = Given(read_topology(given["topology"]))
    elif "random" in given:
        field = replace(field if isinstance(field, Scattered) else Scattered(1), count=given["random"])
    elif "grid" in given:
        columns, rows = given["grid"]
        field = replace(field if isinstance(field, Grid) else Grid(), columns=columns, rows=rows)
    if "range" in given:
        field = replace(field, range_m=given["range"])
    if "spacing" in given:
        if not isinstance(field, Grid):
            raise UsageError("--spacing is of a grid; give --grid as well")
        field = replace(field, spacing_m=given["spacing"])
    for option in ("area", "connected"):
        if option in given and not isinstance(field, Scattered):
            raise UsageError(f"--{option} is of a random field; give --random as well")
    if isinstance(field, Scattered):
        width_m, height_m = given.get("area", (field.width_m, field.height_m))
        connected = given.get("connected", field.connected)
        field = replace(field, width_m=width_m, height_m=height_m, connected=connected)
    return field


# --- parsers of single values ----------------------------------------------------------------------------


def probability(text: str) -> float:
    """A parser of numbers from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no probability; give 0 to 1")
    return value


def node_order(text: str) -> tuple[int, ...]:
    """A parser of node ids in an order, each once."""
    ids = tuple(node_id(part) for part in text.split(","))
    if len(set(ids)) != len(ids):
        raise argparse.ArgumentTypeError(f"{text!r} names a node twice")
    return ids


def grid_size(text: str) -> tuple[int, int]:
    """A parser of columns and rows."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def area(text: str) -> tuple[float, float]:
    """A parser of width and height in metres."""
    width, cross, height = text.lower().partition("x")
    with suppress(argparse.ArgumentTypeError):
        if cross:
            return positive(width), positive(height)
    raise argparse.ArgumentTypeError(f"{text!r} is not like 50x50")


def _clock_ppm(text: str) -> float:
    value = 0.0 if text == "0" else positive(text)
    if value > MAX_CLOCK_PPM:
        raise argparse.ArgumentTypeError(f"{text!r} is beyond any clock; give 0 to {MAX_CLOCK_PPM:g}")
    return value


def _seed(text: str) -> int:
    try:
        value = int(text) if len(text) <= 20 else MAX_SEED + 1
    except ValueError:
        value = MAX_SEED + 1
    if abs(value) > MAX_SEED:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of up to 63 bits")
    return value


def _add_fault(
    group: argparse._ArgumentGroup, name: str, parse: Callable[[str], Fault], metavar: str, text: str
) -> None:
    group.add_argument(f"--{name}", dest="faults", action="append", type=parse, metavar=metavar, help=text)


def _node_fault(action: Callable[[int], Any]) -> Callable[[str], Fault]:
    def parse(text: str) -> Fault:
        node, at, round_number = text.partition("@")
        with suppress(argparse.ArgumentTypeError):
            return Fault(whole(1, MAX_ROUNDS)(round_number if at else ""), action(node_id(node)))
        raise argparse.ArgumentTypeError(f"{text!r} is not like 7@3 (node 7, before round 3)")

    return parse


def _link_fault(action: Callable[[int, int], Any]) -> Callable[[str], Fault]:
    def parse(text: str) -> Fault:
        link, at, round_number = text.partition("@")
        a, dash, b = link.partition("-")
        with suppress(argparse.ArgumentTypeError):
            if at and dash and a != b:
                return Fault(whole(1, MAX_ROUNDS)(round_number), action(node_id(a), node_id(b)))
        raise argparse.ArgumentTypeError(f"{text!r} is not like 1-2@3 (nodes 1 and 2, before round 3)")

    return parse
