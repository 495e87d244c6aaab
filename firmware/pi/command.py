"""`treering agent`: a node of any network on a Pi or a PC, over UDP."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from bridge.access import add_access_arguments
from bridge.driver import node_driver, timing_of
from bridge.event_loop import run_until_stopped
from bridge.link import LinkState
from bridge.options import (
    add_end_arguments,
    add_network_arguments,
    add_node_arguments,
    add_udp_arguments,
    check_alone,
    node_id,
    period,
)
from bridge.report import drops_text, log_to_stderr
from bridge.rows import found_text
from bridge.udp_link import UdpLink
from firmware.pi.actuators import KINDS as ACTUATOR_KINDS
from firmware.pi.actuators import Outputs
from firmware.pi.agent import run_agent
from firmware.pi.sensors.registry import KINDS
from firmware.pi.sensors.sensor_set import SensorBack, SensorMissing, SensorSet
from firmware.pi.settings import DEFAULT_PERIOD_S, Settings, read_settings, settings_of
from protocol.aggregate import metric_of
from protocol.node import (
    ActuatorSet,
    BecamePrimary,
    ChildJoined,
    ChildLost,
    ClaimMade,
    Event,
    FrameDropped,
    Joined,
    KeysChanged,
    ParentLost,
    PeerFound,
    PeerLost,
    PeerMissing,
    ReadingsAdded,
    ReportSealed,
    ResultLearned,
    RoundFinished,
    SteppedDown,
    TokenMade,
)
from protocol.packets import DropReason

HELP = "be one node of a tree, a ring or a polled network, over UDP"

_log = logging.getLogger(__name__)
_BESIDE_A_FILE = ("config", "json", "duration")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering agent`."""
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--id", type=node_id, help="of this node, unique in the network")
    who.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a configuration (TOML, mode 0600) that says all that the other options say of a node",
    )
    add_network_arguments(parser)
    parser.add_argument(
        "--period",
        type=period,
        default=DEFAULT_PERIOD_S,
        metavar="S",
        help="seconds a round, in a ring or a polled network; a tree's root tells it (default: 5)",
    )
    add_node_arguments(parser)
    parser.add_argument(
        "--sensor",
        action="append",
        default=[],
        metavar="KIND[:KEY=VALUE,...]",
        help=f"measures by {', '.join(KINDS)}; may be repeated (firmware/pi/README.md lists the keys)",
    )
    parser.add_argument(
        "--actuator",
        action="append",
        default=[],
        metavar="KIND:KEY=VALUE,...",
        help=f"is commanded by {', '.join(ACTUATOR_KINDS)}; may be repeated (firmware/pi/README.md)",
    )
    parser.add_argument(
        "--controller", type=node_id, metavar="ID", help="in an open network: who may command actuators"
    )
    add_udp_arguments(parser)
    add_access_arguments(parser)
    add_end_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run until a signal, or until the time is over."""
    log_to_stderr("%(asctime)s %(message)s")
    settings = settings_of(args) if args.config is None else _settings_in_file(args)
    link = UdpLink(settings.group, settings.udp_port, settings.interface, settings.access.reader())
    teller = _Teller(settings.node_id, as_json=args.json)
    if isinstance(settings.sensor, SensorSet):
        settings.sensor.on_health = teller.take_health
    outputs = Outputs(settings.actuators)

    def take(event: Event) -> None:
        outputs.heed(event)
        teller.take(event)

    node = node_driver(
        settings.network,
        f"node {settings.node_id}",
        settings.node_id,
        settings.sensor,
        timing=timing_of(settings.network, settings.period_s),
        metrics=settings.metrics,
        order=settings.order,
        readings_asked=settings.readings_asked,
        neighbours=settings.neighbours,
        access=settings.access,
        actuators=outputs.actuators,
        on_event=take,
    )

    async def main(stop: asyncio.Event) -> None:
        if args.duration:
            asyncio.get_running_loop().call_later(args.duration, stop.set)
        await run_agent(node, link, _tell_state, stop, outputs)

    run_until_stopped(main)
    teller.close()
    return 0


def _settings_in_file(args: argparse.Namespace) -> Settings:
    """Raises UsageError if options say something of the node, too."""
    check_alone(args, add_arguments, ["--config", ""], _BESIDE_A_FILE, "node")
    return read_settings(args.config)


def event_line(event: Event) -> str | None:
    """What happened to the node as people read it; None for what happens all the time."""
    match event:
        case Joined(parent, hop_count):
            return f"joined under {parent}, hop count {hop_count}"
        case ParentLost(parent, why):
            return f"lost its parent {parent}: {why}"
        case ChildJoined(child):
            return f"took {child} as a child"
        case ChildLost(child):
            return f"gave {child} up"
        case RoundFinished(version, _, items) | ResultLearned(version, items):
            found = (found_text(metric_of(metric_id), aggregate) for metric_id, aggregate in items.aggregates)
            return f"version {version}  {'; '.join(found)}"
    return _peers_line(event)


def _peers_line(event: Event) -> str | None:
    """What happened in a ring or a polled network."""
    match event:
        case PeerFound(peer):
            return f"found {peer}"
        case PeerLost(peer, why):
            return f"lost {peer}: {why}"
        case PeerMissing(peer, version):
            return f"{peer} is missing from the result of version {version}"
        case ClaimMade(epoch):
            return f"misses the token, and claims to make a new one (epoch {epoch})"
        case TokenMade(token, None):
            return f"made a new token (epoch {token.epoch})"
        case BecamePrimary(epoch):
            return f"is the primary (epoch {epoch})"
        case SteppedDown(epoch, why):
            return f"is a standby (epoch {epoch}): {why}"
        case KeysChanged(epoch, None):
            return f"uses the keys of epoch {epoch}"
        case KeysChanged(_, next_epoch):
            return f"was given the key of epoch {next_epoch}"
        case ActuatorSet(actuator, value, cause):
            return f"sets actuator {actuator} to {value} ({cause.name.lower()})"
    return None


class _Teller:
    """Logs what happens to the node, and counts the rest for the end."""

    def __init__(self, node_id: int, *, as_json: bool) -> None:
        self._node_id = node_id
        self._as_json = as_json
        self._drops: Counter[DropReason] = Counter()
        self._rounds = 0
        self._version: int | None = None  # of the last round that it took part in

    def take(self, event: Event) -> None:
        """The next event."""
        if isinstance(event, FrameDropped):
            self._drops[event.reason] += 1
        if isinstance(event, ReportSealed | ReadingsAdded) and event.version != self._version:
            self._version = event.version
            self._rounds += 1
        if line := event_line(event):
            _log.info("node %d: %s", self._node_id, line)
        if self._as_json:
            print(json.dumps(self._as_object(event)), flush=True)

    def take_health(self, change: SensorMissing | SensorBack) -> None:
        """A sensor gives no more readings, or does so again: the log has it, a script wants it too."""
        if self._as_json:
            print(json.dumps(self._as_object(change)), flush=True)

    def close(self) -> None:
        """The counts."""
        bad = drops_text(self._drops)
        _log.info("node %d: %d rounds%s", self._node_id, self._rounds, f"; dropped {bad}" if bad else "")

    def _as_object(self, event: Event | SensorMissing | SensorBack) -> dict[str, object]:
        fields = asdict(event)
        if isinstance(event, FrameDropped):
            fields["reason"] = event.reason.label
        return {"node": self._node_id, "event": type(event).__name__} | fields


def _tell_state(state: LinkState) -> None:
    _log.info("%s", state)
