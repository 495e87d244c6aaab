"""`treering pair`: a new machine gets its keys from one that holds the network's (PROTOCOL.md 10.7).

Nobody types a key, and no option says yes for a person: a script reads the code at both machines (--json) and
writes its answer to their stdin.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import secrets
from pathlib import Path

from bridge.answers import ask
from bridge.errors import TreeringError, UsageError
from bridge.event_loop import run_until_stopped
from bridge.keys_file import NetworkKeys, load_keys, read_keys, write_keys
from bridge.options import add_udp_arguments, node_id
from bridge.pair_driver import PairDriver, now_ms
from bridge.report import log_to_stderr
from bridge.udp_link import UdpLink
from protocol.keys import Keys
from protocol.pairing import (
    RANDOM_BYTES,
    Cause,
    Ended,
    KeyHolder,
    NewMachine,
)
from protocol.pairing_gift import Gift
from protocol.settings import Settings

HELP = "give a new machine its keys; people compare a code at both"
PAIR_PORT = 28540  # no relay and no node is there
KEYS_OUT = Path("keys.toml")

_log = logging.getLogger(__name__)

# --- what people read ------------------------------------------------------------------------------------


class Words:
    """Says what happens at one of the machines: results on stdout, the rest on stderr."""

    def __init__(self, new_id: int, *, as_json: bool) -> None:
        self._new_id = new_id
        self._as_json = as_json

    def show_code(self, code: str) -> None:
        """Ask the person to compare."""
        if self._as_json:
            print(json.dumps({"event": "code", "code": code}), flush=True)
        else:
            shown = f"{code[:3]} {code[3:]}"
            print(f"code {shown}\nDoes the other machine show {shown}, too? Type yes or no.", flush=True)

    def tell_other(self, other_id: int) -> None:
        """A machine that is not answered."""
        if other_id == self._new_id:
            text = f"a second machine asks as node {other_id}: the first is answered; say no if codes differ"
        else:
            text = f"node {other_id} asks too, and is not admitted: this is for node {self._new_id}"
        _log.warning("%s", text)

    def tell_paired(self, network: str, path: Path | None = None) -> None:
        """It is done; `path` at the new machine."""
        if self._as_json:
            row = {"event": "paired", "node": self._new_id, "network": network}
            print(json.dumps(row if path is None else row | {"keys": str(path)}))
        elif path is None:
            print(f"node {self._new_id} has its keys of {network}")
        else:
            print(
                f"node {self._new_id} has its keys of {network}; next:"
                f" treering agent --id {self._new_id} --keys {path}"
            )


def failure(
    ended: Ended, new_id: int, other: str, other_options: str, is_giving: bool = False
) -> TreeringError:
    """Why there is no new member, and what to do; `other` is the other machine, as it is called here."""
    match ended.cause, ended.by_other:
        case Cause.SILENCE, _:
            command = f"treering pair {other_options}"
            text = f"nothing is heard of {other}; run `{command}` there, in the same local network"
        case Cause.REFUSED, by_other:
            who = f"the person at {other}" if by_other else "you"
            text = f"{who} said that the codes differ; see who else is in this network, and start both again"
        case Cause.NO_ANSWER, by_other:
            who = f"at {other}" if by_other else "here"
            text = f"nobody {who} said yes or no; start both again, and compare the codes"
        case Cause.UNUSABLE, True:
            text = f"{other} could not store its keys; it says why there"
        case Cause.UNUSABLE, False:
            text = f"{other} gave keys that are not those of node {new_id}; check --admit there"
        case _, by_other:
            text = f"{other if by_other else 'this machine'} was stopped; start both again"
    if is_giving:
        text += "; its keys were sent: if the codes differed, provision the network anew"
    return TreeringError(f"node {new_id} is not paired: {text}")


# --- the command -----------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `treering pair`."""
    parser.add_argument(
        "--id", type=node_id, metavar="ID", help="of this machine; with --admit: the controller without this"
    )
    new = parser.add_argument_group("at the new machine")
    new.add_argument(
        "--out", type=Path, metavar="FILE", help=f"where its keys are written (default: {KEYS_OUT})"
    )
    holder = parser.add_argument_group("at the machine that has the network's keys")
    holder.add_argument("--keys", metavar="FILE", help="the file with the master key, or keyring:NAME")
    holder.add_argument("--admit", type=node_id, metavar="ID", help="the node that is to get its keys")
    add_udp_arguments(parser.add_argument_group("the network"), PAIR_PORT)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Pair; 0 if the new machine has its keys."""
    log_to_stderr()
    if (args.keys is None) != (args.admit is None):
        raise UsageError("--keys and --admit go together: whose keys to give, and to which node")
    if args.admit is None:
        _run_new(args)
    else:
        _run_holder(args)
    return 0


def _run_new(args: argparse.Namespace) -> None:
    if args.id is None:
        raise UsageError("give --id, the node that this machine is to be; or --keys and --admit")
    path = args.out or KEYS_OUT
    _check_new_file(path)

    def store(gift: Gift) -> None:
        write_keys(path, keys_of(gift))

    _log.info("run `treering pair --keys FILE --admit %d` where the network's keys are", args.id)
    words = Words(args.id, as_json=args.json)

    async def pair(stop: asyncio.Event) -> None:
        machine = NewMachine(args.id, secrets.token_bytes(RANDOM_BYTES), now_ms())
        outcome = await PairDriver(machine, _link(args), words, ask, store).run(stop)
        if isinstance(outcome, Ended):
            raise failure(outcome, args.id, "the machine with the keys", f"--keys FILE --admit {args.id}")

    run_until_stopped(pair)
    words.tell_paired(read_keys(path).name, path)


def _run_holder(args: argparse.Namespace) -> None:
    if args.out is not None:
        raise UsageError("--out is for the new machine; with --admit nothing is written")
    keys = load_keys(args.keys)
    own_id = keys.controller if args.id is None else args.id
    if own_id is None:
        raise UsageError(f"{args.keys}: names no controller; give --id, the node that this machine is")
    gift = gift_of(keys, args.admit, args.keys)
    if own_id == args.admit:
        raise UsageError(f"--admit {args.admit}: this machine is that node; give the new one's id")
    _log.info("run `treering pair --id %d` at the new machine", args.admit)
    words = Words(args.admit, as_json=args.json)

    async def pair(stop: asyncio.Event) -> None:
        try:
            machine = KeyHolder(own_id, args.admit, gift, secrets.token_bytes(RANDOM_BYTES), now_ms())
        except ValueError as error:
            raise UsageError(f"{args.keys}: {error}; provision the network anew") from error
        outcome = await PairDriver(machine, _link(args), words, ask).run(stop)
        if isinstance(outcome, Ended):
            raise failure(outcome, args.admit, f"node {args.admit}", f"--id {args.admit}", machine.is_giving)

    run_until_stopped(pair)
    words.tell_paired(keys.name)


def _link(args: argparse.Namespace) -> UdpLink:
    return UdpLink(args.group, args.udp_port, args.interface)


def _check_new_file(path: Path) -> None:
    """Before people compare anything. Raises UsageError."""
    if path.exists():
        raise UsageError(f"{path}: exists, and keys are never written over; name another file: --out FILE")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{path}: no folder that you may write to; name another file: --out FILE")


def gift_of(keys: NetworkKeys, new_id: int, where: str) -> Gift:
    """What node `new_id` is given of the keys in `where`. Raises UsageError."""
    if keys.master is None:
        raise UsageError(f"{where}: a member's keys, without the master key; name the network's own")
    if new_id == keys.controller:
        raise UsageError(f"{where}: node {new_id} is the controller, who holds the master key; copy the file")
    member = keys.for_member(new_id).member
    assert member is not None  # as it is not the controller
    return Gift(
        keys.name,
        Settings(
            node_id=new_id,
            epoch=member.epoch,
            network_key=member.network,
            node_key=member.node,
            controller=keys.controller,
            gateways=tuple(sorted(keys.gateways)),
        ),
    )


def keys_of(gift: Gift) -> NetworkKeys:
    """As the new member keeps them. The gift names its keys, as a machine has checked."""
    settings = gift.settings
    assert settings.network_key is not None
    assert settings.node_key is not None
    epoch = settings.epoch or 0
    return NetworkKeys(
        gift.name,
        epoch,
        frozenset(settings.gateways),
        settings.controller,
        member_id=settings.node_id,
        member=Keys(epoch, settings.network_key, settings.node_key),
    )
