"""`treering agent`: a node on a Pi or a PC, over UDP."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from collections import Counter
from dataclasses import asdict

from bridge.driver import sink_tree_driver
from bridge.event_loop import run_until_stopped
from bridge.link import LinkState
from bridge.options import (
    add_end_arguments,
    add_node_arguments,
    add_udp_arguments,
    neighbours_of,
    node_id,
    sensor_of,
)
from bridge.report import drops_text, log_to_stderr
from bridge.udp_link import UdpLink
from firmware.pi.agent import run_agent
from protocol.node import (
    ChildJoined,
    ChildLost,
    Event,
    FrameDropped,
    Joined,
    ParentLost,
    ReportSealed,
)
from protocol.packets import DropReason

HELP = "be one node of a tree, over UDP"

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering agent`."""
    parser.add_argument("--id", type=node_id, required=True, help="of this node, unique in the network")
    add_node_arguments(parser)
    add_udp_arguments(parser)
    add_end_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run until a signal, or until the time is over."""
    log_to_stderr("%(asctime)s %(message)s")
    link = UdpLink(args.group, args.udp_port, args.interface)
    teller = _Teller(args.id, as_json=args.json)

    node = sink_tree_driver(
        f"node {args.id}",
        args.id,
        sensor_of(args, args.id),
        metrics=args.metrics,
        neighbours=neighbours_of(args, args.id),
        on_event=teller.take,
    )

    async def main(stop: asyncio.Event) -> None:
        if args.duration:
            asyncio.get_running_loop().call_later(args.duration, stop.set)
        await run_agent(node, link, _tell_state, stop)

    run_until_stopped(main)
    teller.close()
    return 0


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
    return None


class _Teller:
    """Logs what happens to the node, and counts the rest for the end."""

    def __init__(self, node_id: int, *, as_json: bool) -> None:
        self._node_id = node_id
        self._as_json = as_json
        self._drops: Counter[DropReason] = Counter()
        self._rounds = 0

    def take(self, event: Event) -> None:
        """The next event."""
        if isinstance(event, FrameDropped):
            self._drops[event.reason] += 1
        self._rounds += isinstance(event, ReportSealed)
        if line := event_line(event):
            _log.info("node %d: %s", self._node_id, line)
        if self._as_json:
            print(json.dumps(self._as_object(event)), flush=True)

    def close(self) -> None:
        """The counts."""
        bad = drops_text(self._drops)
        _log.info("node %d: %d rounds%s", self._node_id, self._rounds, f"; dropped {bad}" if bad else "")

    def _as_object(self, event: Event) -> dict[str, object]:
        fields = asdict(event)
        if isinstance(event, FrameDropped):
            fields["reason"] = event.reason.label
        return {"node": self._node_id, "event": type(event).__name__} | fields


def _tell_state(state: LinkState) -> None:
    _log.info("%s", state)
