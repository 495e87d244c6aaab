"""`treering desktop`, and `treering` alone: what the app begins with."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.addresses import STATUS_PORT, STREAM_PORT
from bridge.errors import UsageError
from bridge.option_types import address, whole

if TYPE_CHECKING:
    from bridge.access import Access

HELP = "open the app"
NETWORKS = ("tree", "ring", "polling")  # of Network: what knows that takes longer than the window


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering desktop`."""
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument("--demo", action="store_true", help="with a simulated network")
    begin.add_argument(
        "--port", action="append", default=[], help="with the boards on a serial port; may be repeated"
    )
    begin.add_argument(
        "--connect",
        type=address(STREAM_PORT),
        metavar="HOST[:PORT]",
        help=f"with what a bridge hears (port: {STREAM_PORT}); `treering bridges` finds them",
    )
    begin.add_argument("--open", metavar="FILE", type=Path, help="with a packet log, or a field")
    begin.add_argument("file", metavar="FILE", nargs="?", type=Path, help="the same")
    parser.add_argument(
        "--status",
        type=address(STATUS_PORT),
        metavar="HOST[:PORT]",
        help=f"where the bridge of --connect tells how it is (default: there, at port {STATUS_PORT})",
    )
    parser.add_argument(
        "--network", choices=NETWORKS, default="tree", help="of the demo or the ports (default: tree)"
    )
    parser.add_argument("--log", metavar="FILE", type=Path, help="record to this packet log (pcapng)")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--keys", metavar="FILE", help="the network's keys, for --port, --connect and --open")
    keys.add_argument(
        "--open-network",
        action="store_true",
        help="the network of --port or --connect has no keys: anybody may take part",
    )
    parser.add_argument("--theme", choices=("light", "dark"), help="(default: the system's)")
    headless = parser.add_argument_group("without a display", "the demo runs as text")
    headless.add_argument("--rounds", type=whole(1, 100_000), default=20, metavar="N", help="(default: 20)")
    headless.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("out"), help="for log and picture (default: out)"
    )


def _access(args: argparse.Namespace) -> Access | None:
    """None: an open network. Raises UsageError for a live network without a word on keys."""
    if args.keys is not None:
        from bridge.access import load_access

        return load_access(args.keys)
    if (args.port or args.connect) and not args.open_network:
        raise UsageError(
            "give --keys FILE (`treering provision` makes keys), or --open-network for a network without"
        )
    return None


def run(args: argparse.Namespace) -> int:
    """Open it; see desktop.app.main."""
    if args.status and not args.connect:
        raise UsageError("--status is of the bridge of --connect HOST: give that, too")
    try:
        from desktop.app import Options, main
    except ImportError as error:  # a Pi needs the bridge and the agent alone
        raise UsageError(f"{error}; install the app with `pip install treering[desktop]`") from error
    return main(
        Options(
            demo=args.demo,
            network=args.network,
            ports=tuple(args.port),
            bridge=args.connect,
            status=args.status,
            log=args.open or args.file,
            access=_access(args),
            recording=args.log,
            rounds=args.rounds,
            out_dir=args.out,
            mode=args.theme,
        )
    )
