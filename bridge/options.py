"""Options that the commands which run a node share: who it is, what it measures, whom it hears."""

from __future__ import annotations

import argparse
import logging
import math
from collections.abc import Callable, Collection, Sequence

from bridge.descriptions import NETWORKS
from bridge.errors import UsageError
from bridge.option_types import positive, whole
from bridge.scenarios import read_topology
from bridge.sensors import ConstantSensor, NoSensor, Sensor, SlowSensor, SyntheticSensor
from bridge.udp_link import GROUP, PORT
from protocol.aggregate import METRICS, TEMPERATURE
from protocol.packets import MAX_AGGREGATES, MAX_NODE_ID, Network
from protocol.timing import Timing

_log = logging.getLogger(__name__)
_METRIC_IDS = {metric.name: metric.id for metric in METRICS.values()}


def add_node_arguments(parser: argparse._ActionsContainer) -> None:
    """What it measures and whom it hears."""
    parser.add_argument(
        "--metrics",
        type=metrics,
        default=(TEMPERATURE.id,),
        metavar="NAME,...",
        help=f"what it measures, of {', '.join(_METRIC_IDS)} (default: {TEMPERATURE.name})",
    )
    sensor = parser.add_mutually_exclusive_group()
    sensor.add_argument("--synthetic", action="store_true", help="made-up readings, slow and noisy (default)")
    sensor.add_argument(
        "--constant",
        type=_values,
        metavar="VALUE,...",
        help="always these readings, in units, one for each of the metrics",
    )
    sensor.add_argument("--no-sensor", action="store_true", help="takes part without readings")
    parser.add_argument(
        "--sensor-delay", type=positive, metavar="S", help="a sensor that takes so long, to try slow nodes"
    )
    hears = parser.add_mutually_exclusive_group()
    hears.add_argument(
        "--neighbours",
        type=node_ids,
        metavar="ID,...",
        help="hears these nodes only, so that one room makes several hops",
    )
    hears.add_argument("--topology", metavar="FILE", help="hears whom it would hear in that field")


def add_network_arguments(parser: argparse._ActionsContainer) -> None:
    """Which network it is part of."""
    parser.add_argument("--network", choices=NETWORKS, default="tree", help="(default: tree)")
    parser.add_argument(
        "--order",
        type=order,
        default=(),
        metavar="ID,...",
        help="of the ring, or of standby primaries; the same at every node (default: by id)",
    )
    parser.add_argument(
        "--readings", action="store_true", help="ask a ring for the readings of every node, and print those"
    )


def network_of(args: argparse.Namespace) -> Network:
    """The network that was asked for. Raises UsageError for options of another one."""
    network = Network[args.network.upper()]
    if network is Network.TREE and (args.order or args.readings):
        raise UsageError("--order and --readings are for --network ring or polling; a tree has neither")
    return network


def add_udp_arguments(parser: argparse._ActionsContainer, default_port: int = PORT) -> None:
    """Where the other nodes are."""
    parser.add_argument(
        "--group",
        default=GROUP,
        metavar="ADDRESS",
        help=f"multicast group (default: {GROUP}), or a broadcast address where there is no multicast",
    )
    parser.add_argument(
        "--udp-port",
        type=whole(1, 65_535),
        default=default_port,
        metavar="PORT",
        help=f"(default: {default_port})",
    )
    parser.add_argument(
        "--interface", metavar="ADDRESS", help="of this computer; the default leads to the group"
    )


def add_end_arguments(parser: argparse.ArgumentParser) -> None:
    """When to end without a signal, and how to tell what happens."""
    parser.add_argument("--duration", type=positive, metavar="S", help="end after so many seconds")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def sensor_of(args: argparse.Namespace, node_id: int) -> Sensor:
    """The sensor that was asked for. Raises UsageError if values and metrics do not fit."""
    sensor = _prompt_sensor_of(args, node_id)
    return sensor if args.sensor_delay is None else SlowSensor(sensor, args.sensor_delay)


def _prompt_sensor_of(args: argparse.Namespace, node_id: int) -> Sensor:
    if args.no_sensor:
        return NoSensor()
    if args.constant is None:
        if not args.synthetic:
            _log.info("node %d measures made-up readings; --constant or --no-sensor ends that", node_id)
        return SyntheticSensor(node_id, args.metrics)
    if len(args.constant) != len(args.metrics):
        raise UsageError(
            f"--constant gives {len(args.constant)} values and --metrics {len(args.metrics)} metrics;"
            " give one value for each"
        )
    return ConstantSensor(dict(zip(args.metrics, args.constant, strict=True)))


def neighbours_of(args: argparse.Namespace, node_id: int) -> frozenset[int] | None:
    """Whom the node hears; None for everyone. Raises UsageError for a topology that cannot be used."""
    if args.topology is None:
        neighbours: frozenset[int] | None = args.neighbours
        return neighbours
    topology = read_topology(args.topology)
    if node_id not in topology.places:
        raise UsageError(f"{args.topology}: there is no node {node_id}; give --id one of those in the file")
    return topology.neighbours(node_id)


def check_alone(
    args: argparse.Namespace,
    add_arguments: Callable[[argparse.ArgumentParser], None],
    least: Sequence[str],
    beside: Collection[str],
    of_whom: str,
) -> None:
    """Raises UsageError if options besides --config, and those that may stand `beside` it, say something.

    `least` is the shortest command line that the parser of `add_arguments` takes.
    """
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for name, default in vars(parser.parse_args(least)).items():
        if name not in beside and getattr(args, name) != default:
            option = "--" + name.replace("_", "-")
            raise UsageError(
                f"--config says all of the {of_whom}; leave {option} out, or write it into {args.config}"
            )


node_id = whole(0, MAX_NODE_ID)


def period(text: str) -> float:
    """A parser of the time between two rounds, in seconds (PROTOCOL.md section 7)."""
    value = positive(text)
    try:
        Timing(period_ms=round(value * 1000))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} s: {error}") from None
    return value


def node_ids(text: str) -> frozenset[int]:
    """A parser of node ids."""
    return frozenset(node_id(part) for part in text.split(","))


def order(text: str) -> tuple[int, ...]:
    """A parser of ids in an order, each once."""
    ids = tuple(node_id(part) for part in text.split(","))
    if len(set(ids)) != len(ids):
        raise argparse.ArgumentTypeError(f"{text!r} names a node twice")
    return ids


def _values(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number, or numbers with commas")
    return values


def metrics(text: str) -> tuple[int, ...]:
    """A parser of names of metrics, each once."""
    names = text.split(",")
    for name in names:
        if name not in _METRIC_IDS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(_METRIC_IDS)}")
    if len(set(names)) != len(names) or len(names) > MAX_AGGREGATES:
        raise argparse.ArgumentTypeError(f"{text!r} names a metric twice")
    return tuple(_METRIC_IDS[name] for name in names)
