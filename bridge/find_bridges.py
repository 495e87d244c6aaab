"""`treering bridges`: the bridges that can be reached from here, found by mDNS."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from bridge.addresses import address_text
from bridge.discovery import Browser, FoundBridge
from bridge.errors import TreeringError
from bridge.option_types import positive

HELP = "list the bridges in this local network"
LOOK_S = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering bridges`."""
    parser.add_argument(
        "--wait", type=positive, default=LOOK_S, metavar="S", help=f"for answers (default: {LOOK_S:g})"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a bridge")


def run(args: argparse.Namespace) -> int:
    """Print the bridges. Raises TreeringError without mDNS."""
    newest: list[Sequence[FoundBridge]] = [()]
    browser = Browser(lambda found: newest.__setitem__(0, found))
    try:
        browser.start()
        time.sleep(args.wait)
    except OSError as error:
        raise TreeringError(f"there is no mDNS here ({error}); name a bridge by its address") from error
    finally:
        browser.close()
    for bridge in newest[0]:
        print(json.dumps(_as_object(bridge)) if args.json else _as_line(bridge))
    if not newest[0]:
        print(
            "treering: no bridge; one is found if its [tcp] listen is an address that others reach",
            file=sys.stderr,
        )
    return 0


def _as_object(bridge: FoundBridge) -> dict[str, object]:
    info = bridge.info
    return {
        "name": info.name,
        "network": info.network,
        "address": address_text(bridge.address),
        "node": info.node,
        "sealed": info.is_sealed,
    }


def _as_line(bridge: FoundBridge) -> str:
    info = bridge.info
    node = "" if info.node is None else f", node {info.node}"
    kind = "sealed" if info.is_sealed else "OPEN"
    return f"{address_text(bridge.address)}  {info.name}  ({kind} network {info.network}{node})"
