"""`treering command`: tells one actuator what to do, as its network's controller, and what became of it."""

from __future__ import annotations

import argparse
import asyncio
import json

from bridge.access import Access, access_of, add_access_arguments
from bridge.driver import watcher_driver
from bridge.errors import UsageError
from bridge.event_loop import failures_raised, run_until_stopped, wait_for_stop
from bridge.link import Link, LinkState, one_by_one
from bridge.option_types import whole
from bridge.options import add_udp_arguments, node_id
from bridge.report import log_to_stderr
from bridge.serial_link import BAUD, SerialLink
from bridge.udp_link import UdpLink
from protocol.aggregate import MAX_RAW
from protocol.letters import Kind, Status
from protocol.node import Event, LetterAnswered, LetterUnanswered

HELP = "tell an actuator of a node what to do"
DEFAULT_ID = 1
MAX_HOLD_S = 0xFFFF


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering command`."""
    parser.add_argument("node", type=node_id, metavar="NODE", help="whose actuator it is")
    parser.add_argument(
        "actuator", type=whole(0, MAX_RAW), metavar="ACTUATOR", help="which one: 0 is the first"
    )
    parser.add_argument("value", type=whole(0, MAX_RAW), metavar="VALUE", help=f"0 to {MAX_RAW}")
    parser.add_argument(
        "--hold",
        type=whole(1, MAX_HOLD_S),
        default=0,
        metavar="S",
        help="seconds until it goes back to its safe value (default: what the node is set to, 60 at first)",
    )
    parser.add_argument(
        "--id",
        type=node_id,
        metavar="ID",
        help=f"of the controller (default: the one that the keys name; in an open network {DEFAULT_ID})",
    )
    parser.add_argument("--port", metavar="PORT", help="of a board, instead of UDP")
    parser.add_argument(
        "--baud", type=whole(50, 4_000_000), default=BAUD, metavar="N", help=f"(default: {BAUD})"
    )
    add_udp_arguments(parser)
    add_access_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """0: the node has done it. 1: it refused, or did not answer."""
    log_to_stderr()
    access = access_of(args)
    own_id = _own_id(args, access)
    access = access.for_controller(own_id)
    link: Link = (
        UdpLink(args.group, args.udp_port, args.interface, access.reader())
        if args.port is None
        else SerialLink(args.port, args.baud)
    )

    async def main(stop: asyncio.Event) -> LetterAnswered | LetterUnanswered | None:
        return await _ask(args, own_id, access, link, stop)

    answer = run_until_stopped(main)
    if answer is None:  # by a signal
        return 1
    status = "unanswered" if isinstance(answer, LetterUnanswered) else _status_text(answer.status)
    if args.json:
        asked = {"node": args.node, "actuator": args.actuator, "value": args.value, "status": status}
        print(json.dumps(asked, separators=(",", ":")))
    else:
        print(_told(args, status))
    return 0 if status == Status.DONE.label else 1


def _own_id(args: argparse.Namespace, access: Access) -> int:
    if args.id is not None:
        return int(args.id)
    if access.keys is None:
        return DEFAULT_ID
    if access.keys.controller is None:
        raise UsageError(
            f"the keys of {access.keys.name!r} name no controller; provision the network with one"
        )
    return access.keys.controller


async def _ask(
    args: argparse.Namespace, own_id: int, access: Access, link: Link, stop: asyncio.Event
) -> LetterAnswered | LetterUnanswered | None:
    """The end of it; None if `stop` was set before."""
    answers: list[LetterAnswered | LetterUnanswered] = []

    def heed(event: Event) -> None:
        if isinstance(event, LetterAnswered | LetterUnanswered) and event.kind is Kind.COMMAND:
            answers.append(event)
            stop.set()

    node = watcher_driver(f"node {own_id}", own_id, access, heed)
    with failures_raised(stop):
        try:
            await link.start(one_by_one(node.send), _ignore)
            await node.start(one_by_one(link.send), _ignore)
            node.command(args.node, args.actuator, args.value, args.hold)
            await wait_for_stop(stop)
        finally:
            await node.close()
            await link.close()
    return answers[0] if answers else None


def _told(args: argparse.Namespace, status: str) -> str:
    who = f"actuator {args.actuator} of node {args.node}"
    if status == Status.DONE.label:
        return f"{who} is {args.value}"
    if status == "unanswered":
        return f"node {args.node} does not answer; is it running, and does it know this controller?"
    if status == Status.NOT_THIS_ROLE.label:
        return f"node {args.node} has no actuator {args.actuator}"
    return f"{who}: {status}"


def _status_text(status: int) -> str:
    return Status(status).label if status in list(Status) else f"status {status}"


def _ignore(state: LinkState) -> None:
    """A port that is down is opened again; the letters are repeated meanwhile."""
