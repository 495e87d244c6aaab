"""`treering bridge`: the root of a tree, or a member of a ring or a polled network, and the relay between
the links on which the nodes are."""

from __future__ import annotations

import argparse
import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from bridge.access import Access, RecordOpener, access_of, add_access_arguments, unread_text
from bridge.capture_file import CaptureFile
from bridge.driver import NodeDriver, node_driver, timing_of, watcher_driver
from bridge.errors import UsageError
from bridge.event_loop import run_until_stopped
from bridge.link import Link, LinkCounts, LinkState
from bridge.link_set import run_bridge
from bridge.options import (
    add_end_arguments,
    add_network_arguments,
    add_node_arguments,
    add_udp_arguments,
    neighbours_of,
    network_of,
    node_id,
    node_ids,
    period,
    sensor_of,
    whole,
)
from bridge.rekeying import Rekeying, offered
from bridge.report import Report, drops_text, log_to_stderr
from bridge.serial_link import BAUD, SerialLink
from bridge.udp_link import UdpLink
from protocol.capture import Record
from protocol.node import Event
from protocol.packets import Network

HELP = "be the root of a tree, or a node of a ring or of polling, across serial ports and UDP"

_log = logging.getLogger(__name__)


# --- the command -----------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering bridge`."""
    links = parser.add_argument_group("links")
    links.add_argument(
        "--port", action="append", default=[], help="a serial port with a board on it; may be repeated"
    )
    links.add_argument(
        "--baud", type=whole(50, 4_000_000), default=BAUD, metavar="N", help=f"(default: {BAUD})"
    )
    links.add_argument(
        "--udp",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="nodes on the network (default: yes)",
    )
    add_udp_arguments(links)
    root = parser.add_argument_group("its node, the root of a tree")
    add_network_arguments(root)
    root.add_argument("--id", type=node_id, default=1, help="(default: 1)")
    root.add_argument("--no-root", action="store_true", help="only relay; the bridge has no node")
    root.add_argument("--period", type=period, default=5.0, metavar="S", help="seconds a round (default: 5)")
    add_node_arguments(root)
    parser.add_argument("--log", metavar="FILE", help="write every frame to this packet log (pcapng)")
    parser.add_argument("--rounds", type=whole(1, 1 << 31), metavar="N", help="end after so many rounds")
    add_access_arguments(parser)
    parser.add_argument("--rekey", action="store_true", help="renew the network's keys, once all are heard")
    parser.add_argument(
        "--revoke",
        type=node_ids,
        default=frozenset(),
        metavar="ID,...",
        help="with --rekey: these get no new key, and so are left out",
    )
    add_end_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run until a signal, or until enough rounds or time; 1 if rounds are missing, or records in the log."""
    log_to_stderr()
    access, rekeying = _access(args)
    links = _links(args, access, _ignore if rekeying is None else rekeying.heed)
    report = Report(as_json=args.json, readings=args.readings)
    opener = RecordOpener(access)

    def tell(record: Record) -> None:
        if (opened := opener.open(record)) is not None:
            report.take(opened)
            if rekeying is not None:
                rekeying.take(opened)

    with ExitStack() as stack:
        takers: list[Callable[[Record], None]] = [tell]
        if args.log is not None:
            log = CaptureFile(args.log)
            stack.callback(log.close)
            takers.insert(0, log.write)
            _log.info("recording to %s", log.path)

        async def main(stop: asyncio.Event) -> None:
            if rekeying is not None:
                rekeying.start(next(link for link in links if isinstance(link, NodeDriver)), args.period)
            await _run(args, access, links, takers, report, stop)

        run_until_stopped(main)
        is_kept = args.log is None or log.is_recording
    _log.info("%s", report.summary())
    if remark := unread_text(opener, report.observer.dropped):
        _log.warning("%s", remark)
    for link in links:
        if lost := _lost_text(link):
            _log.info("%s: %s", link.name, lost)
    is_short = args.rounds and report.rounds < args.rounds and args.duration
    is_old = rekeying is not None and not rekeying.succeeded
    return 1 if is_short or is_old or not is_kept else 0


def _access(args: argparse.Namespace) -> tuple[Access, Rekeying | None]:
    access = access_of(args)
    if args.rekey:
        access = offered(access, args.keys, args.id)
        return access, Rekeying(access, args.keys, args.id, args.revoke)
    if args.revoke:
        raise UsageError("--revoke leaves nodes out when keys are renewed; give --rekey as well")
    return access, None


def _ignore(event: Event) -> None:
    """The node's events are in the frames, too."""


async def _run(
    args: argparse.Namespace,
    access: Access,
    links: Sequence[Link],
    takers: Sequence[Callable[[Record], None]],
    report: Report,
    stop: asyncio.Event,
) -> None:
    def on_records(records: Sequence[Record]) -> None:
        for record in records:
            for take in takers:
                take(record)
        if args.rounds and report.rounds >= args.rounds:
            stop.set()

    if args.duration:
        asyncio.get_running_loop().call_later(args.duration, stop.set)
    await run_bridge(links, on_records, _tell, stop, access)


def _links(args: argparse.Namespace, access: Access, on_event: Callable[[Event], None]) -> list[Link]:
    links: list[Link] = [SerialLink(port, args.baud) for port in args.port]
    if args.udp:
        links.append(UdpLink(args.group, args.udp_port, args.interface, access.reader()))
    if not links:
        raise UsageError("there is nothing to bridge; give --port, or leave out --no-udp")
    network = network_of(args)
    if args.no_root:
        if access.keys is not None:
            links.append(watcher_driver(f"node {args.id}", args.id, access, on_event))
    else:
        links.append(
            node_driver(
                network,
                "root" if network is Network.TREE else f"node {args.id}",
                args.id,
                sensor_of(args, args.id),
                root=True,
                timing=timing_of(network, args.period),
                metrics=args.metrics,
                order=args.order,
                readings_asked=args.readings,
                neighbours=neighbours_of(args, args.id),
                access=access,
                on_event=on_event,
            )
        )
    return links


def _tell(status: LinkState | LinkCounts) -> None:
    if isinstance(status, LinkState):
        _log.log(logging.INFO if status.is_up else logging.WARNING, "%s", status)


def _lost_text(link: Link) -> str:
    unsent = f"{link.unsent} frames not sent" if link.unsent else ""
    return "; ".join(filter(None, [drops_text(link.drops), unsent]))
