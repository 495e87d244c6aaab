"""`treering bridge`: runs a bridge as a configuration or as options say, and asks a running one how it is."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bridge.access import Access, access_of, add_access_arguments, unread_text
from bridge.addresses import STATUS_PORT, STREAM_PORT
from bridge.capture_file import CaptureFile
from bridge.config import DEFAULT_NAME, BridgeConfig, LinkSettings, default_folder, read_config
from bridge.driver import NodeDriver
from bridge.errors import UsageError
from bridge.event_loop import run_until_stopped
from bridge.link import LinkCounts
from bridge.link_settings import SerialSettings, UdpSettings
from bridge.log.settings import LogSettings
from bridge.node_settings import DEFAULT_ID, DEFAULT_PERIOD_S, NodeSettings
from bridge.option_types import address, whole
from bridge.options import (
    add_end_arguments,
    add_network_arguments,
    add_node_arguments,
    add_udp_arguments,
    check_alone,
    neighbours_of,
    network_of,
    node_id,
    node_ids,
    period,
    sensor_of,
)
from bridge.ports import PortInfo, find_port, list_ports
from bridge.rekeying import Rekeying, offered
from bridge.report import Report, drops_text, log_to_stderr
from bridge.serial_link import BAUD
from bridge.service import Service
from bridge.service_unit import unit_text
from bridge.status_server import DEFAULT_ADDRESS
from bridge.status_view import show_status
from bridge.tcp_link import ConnectSettings
from protocol.capture import Record
from protocol.node import Event

HELP = "gather from serial ports, UDP and other bridges; record, store, act on it and hand it on"
ACTIONS = ("run", "status", "check", "unit")
_BESIDE_A_FILE = ("action", "config", "at", "log", "rounds", "duration", "json", "quiet", "command_line")

_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering bridge`."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=ACTIONS,
        default="run",
        help="run it (default), show how one that runs is, check a configuration, or print a systemd unit",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a configuration (TOML); SIGHUP reads it again: docs/bridge.md",
    )
    parser.add_argument(
        "--at",
        type=address(STATUS_PORT),
        default=DEFAULT_ADDRESS,
        metavar="HOST:PORT",
        help="with status: where the bridge answers",
    )
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
    links.add_argument(
        "--connect",
        action="append",
        type=address(STREAM_PORT),
        default=[],
        metavar="HOST:PORT",
        help="another bridge to be joined with; may be repeated",
    )
    add_udp_arguments(links)
    root = parser.add_argument_group("its node, the root of a tree")
    add_network_arguments(root)
    root.add_argument("--id", type=node_id, default=DEFAULT_ID, help=f"(default: {DEFAULT_ID})")
    root.add_argument("--no-root", action="store_true", help="only relay; the bridge has no node")
    root.add_argument(
        "--period", type=period, default=DEFAULT_PERIOD_S, metavar="S", help="seconds a round (default: 5)"
    )
    add_node_arguments(root)
    parser.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="of its log and store (default: the system's place for state)",
    )
    parser.add_argument("--log", metavar="FILE", help="write every frame to this packet log (pcapng) as well")
    parser.add_argument("--quiet", action="store_true", help="do not print the rounds")
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
    """Do what was asked for."""
    if args.action == "status":
        return show_status(args)
    if args.action == "run":
        log_to_stderr()
        return _Run(args).run()
    if args.config is None:
        raise UsageError(f"name the configuration: treering bridge {args.action} --config FILE")
    if args.action == "check":
        return _check(args.config)
    try:
        print(unit_text(Path(sys.argv[0]).absolute(), args.config.absolute()), end="")
    except ValueError as error:
        raise UsageError(str(error)) from error
    return 0


def _check(path: Path) -> int:
    """Read the configuration, and look whether its ports are there. Raises UsageError."""
    config = read_config(path)
    there = list_ports()
    for link in config.links:
        if isinstance(link, SerialSettings) and not _is_there(link.port, there):
            names = ", ".join(port.device for port in there) or "none"
            raise UsageError(
                f"{link.place}: there is no {link.port}; plug it in, or name one of these: {names}"
            )
    sealed = "sealed" if config.access.keys else "OPEN"
    print(
        f"{path}: well; {sealed} network {config.name}, {len(config.links)} links, {len(config.sinks)} sinks"
    )
    return 0


def _is_there(port: str, ports: list[PortInfo]) -> bool:
    return "://" in port or find_port(port, ports) is not None or Path(port).exists()


class _Run:
    """One run of `treering bridge`."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Raises UsageError for what cannot be."""
        self._args = args
        self._rekeying: Rekeying | None = None
        self._config = self._configured()
        self._report = Report(as_json=args.json, readings=args.readings)
        self._log: CaptureFile | None = None
        self._stop: asyncio.Event | None = None

    def run(self) -> int:
        """Until a signal, or until enough rounds or time; 1 if rounds are missing, or records in the log."""
        args, config = self._args, self._config
        on_event = _ignore if self._rekeying is None else self._rekeying.heed
        service = Service(config, on_records=self._record, on_opened=self._take_opened, on_event=on_event)
        with ExitStack() as stack:
            if args.log is not None:
                self._log = CaptureFile(args.log)
                stack.callback(self._log.close)
                _log.info("recording to %s", self._log.path)

            async def main(stop: asyncio.Event) -> None:
                self._stop = stop
                if args.duration:
                    asyncio.get_running_loop().call_later(args.duration, stop.set)
                read_again = None if args.config is None else self._configured
                await service.run(stop, read_again, lambda: self._begin_rekeying(service))

            run_until_stopped(main)
            is_kept = self._log is None or self._log.is_recording
        self._sum_up(service)
        is_short = args.rounds and self._report.rounds < args.rounds and args.duration
        is_old = self._rekeying is not None and not self._rekeying.succeeded
        return 1 if is_short or is_old or not is_kept else 0

    def _record(self, records: Sequence[Record]) -> None:
        if self._log is not None:
            for record in records:
                self._log.write(record)

    def _take_opened(self, records: Sequence[Record]) -> None:
        if not self._args.quiet:
            for record in records:
                self._report.take(record)
        if self._rekeying is not None:
            for record in records:
                self._rekeying.take(record)
        if self._args.rounds and self._report.rounds >= self._args.rounds and self._stop is not None:
            self._stop.set()

    def _sum_up(self, service: Service) -> None:
        if not self._args.quiet:
            _log.info("%s", self._report.summary())
            if remark := unread_text(service.opener, self._report.observer.dropped):
                _log.warning("%s", remark)
        for counts in service.losses.values():
            if lost := _lost_text(counts):
                _log.info("%s: %s", counts.link, lost)

    def _begin_rekeying(self, service: Service) -> None:
        if self._rekeying is not None:
            links = (segment.link for segment in service.links.segments)
            node = next(link for link in links if isinstance(link, NodeDriver))
            self._rekeying.start(node, self._config.node.period_s)

    # --- what is to be run ---------------------------------------------------------------------------------

    def _configured(self) -> BridgeConfig:
        args = self._args
        if args.quiet and args.rounds:
            raise UsageError("--rounds counts what is printed; leave --quiet out")
        if args.config is None:
            return self._of_options()
        check_alone(args, add_arguments, [], _BESIDE_A_FILE, "bridge")
        return read_config(args.config)

    def _of_options(self) -> BridgeConfig:
        args = self._args
        access = self._access()
        name = access.keys.name if access.keys else DEFAULT_NAME
        links: list[LinkSettings] = [SerialSettings(port, args.baud) for port in args.port]
        links += [UdpSettings(args.group, args.udp_port, args.interface)] if args.udp else []
        links += [ConnectSettings(address) for address in args.connect]
        if not links:
            raise UsageError("there is nothing to bridge; give --port, or leave out --no-udp")
        folder = args.folder or default_folder(name)
        return BridgeConfig(
            name=name,
            access=access,
            folder=folder,
            log=LogSettings(folder / "log"),
            node=NodeSettings(
                args.id,
                network_of(args),
                args.no_root,
                args.period,
                args.metrics,
                None if args.no_root else sensor_of(args, args.id),
                order=args.order,
                readings_asked=args.readings,
                neighbours=neighbours_of(args, args.id),
            ),
            links=tuple(links),
            is_patient=False,
        )

    def _access(self) -> Access:
        args = self._args
        access = access_of(args)
        if args.rekey:
            access = offered(access, args.keys, args.id)
            self._rekeying = Rekeying(access, args.keys, args.id, args.revoke)
        elif args.revoke:
            raise UsageError("--revoke leaves nodes out when keys are renewed; give --rekey as well")
        return access


def _ignore(event: Event) -> None:
    """The node's events are in the frames, too."""


def _lost_text(counts: LinkCounts) -> str:
    unsent = f"{counts.unsent} frames not sent" if counts.unsent else ""
    return "; ".join(filter(None, [drops_text(counts.drops), unsent]))
