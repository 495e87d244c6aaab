"""The file that holds a network's keys: TOML that only its owner may read (PROTOCOL.md 10.4).

name = "garden"
controller = 1                 # who may command; may be left out
gateways = [1]                 # who may be root; anybody without this
epoch = 0
offered_epoch = 1              # the newest whose key any member was sent (PROTOCOL.md 10.4)
master_key = "..."             # 32 hex digits: of a controller, who makes everybody's keys
lives = { 7 = 3735928559 }     # the lives that nodes began with, for who reads logs; may be left out

or, of a member, instead of the master key:

id = 7
network_key = "..."
node_key = "..."
next_epoch = 1                 # with next_network_key, while the keys are being renewed
next_network_key = "..."
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge import keyring_store
from bridge.descriptions import unusable
from bridge.errors import MissingError, UsageError
from bridge.private_file import read_private, write_private
from protocol.keys import KEY_BYTES, MAX_EPOCH, Keys, Membership
from protocol.packets import MAX_NODE_ID
from protocol.simulator.toml_tables import Table

KEYRING = keyring_store.KEYRING
_REMEDY = "name a file that `treering provision` wrote"
_KEYS = (
    *("name", "controller", "gateways", "epoch", "offered_epoch", "master_key", "lives"),
    *("id", "network_key", "node_key", "next_epoch", "next_network_key"),
)
_ALL_IDS = frozenset(range(MAX_NODE_ID + 1))


@dataclass(frozen=True, slots=True)
class NetworkKeys:
    """A network's keys as somebody holds them: with `master` all, else those of the member `member_id`."""

    name: str
    epoch: int
    gateways: frozenset[int] = frozenset()
    controller: int | None = None
    master: bytes | None = field(default=None, repr=False)
    member_id: int | None = None
    member: Keys | None = None
    lives: Mapping[int, int] = field(default_factory=dict)
    offered_epoch: int | None = None

    def membership_of(self, node_id: int) -> Membership:
        """What that node knows of its network. Raises UsageError if these are another member's keys.

        Only the controller itself gets the master key.
        """
        if self.master is not None:
            keys = Keys.of_master(self.master, node_id, self.epoch)
            if node_id != self.controller:
                keys = keys.of_member(node_id)
        elif self.member is not None and node_id == self.member_id:
            keys = self.member
        else:
            raise UsageError(
                f"the keys of {self.name!r} are those of node {self.member_id}, not of node {node_id};"
                f" give --id {self.member_id}, or node {node_id} its own keys"
            )
        return Membership(keys, self.gateways, self.controller)

    def for_member(self, node_id: int) -> NetworkKeys:
        """What is given to that node. Raises UsageError without the master key."""
        member = self.membership_of(node_id).keys
        assert member is not None
        if member.master is not None:
            return self
        return NetworkKeys(
            self.name, self.epoch, self.gateways, self.controller, member_id=node_id, member=member
        )


# --- reading ---------------------------------------------------------------------------------------------


def load_keys(where: str) -> NetworkKeys:
    """The keys in a file, or in the system's keyring: `keyring:NAME`.

    Raises UsageError, MissingError if there are none.
    """
    if where.startswith(KEYRING):
        return _parse(_from_keyring(where.removeprefix(KEYRING)), where)
    return read_keys(Path(where))


def read_keys(path: Path) -> NetworkKeys:
    """Raises UsageError for a file that cannot be used, or that others may read; MissingError without one."""
    return _parse(read_private(path, "it holds keys", _REMEDY), str(path))


def _parse(text: str, name: str) -> NetworkKeys:
    with unusable():
        return _keys_in(Table.parse(text, name, _REMEDY))


def _keys_in(table: Table) -> NetworkKeys:
    table.expect(_KEYS)
    table.need("name", "epoch")
    network = table.text("name", "")
    epoch = table.whole("epoch", 0, 0, MAX_EPOCH)
    gateways = frozenset(table.each_once("gateways", _ALL_IDS))
    controller = table.whole("controller", None, 0, MAX_NODE_ID)
    if "master_key" in table.values:
        for key in ("id", "network_key", "node_key", "next_epoch", "next_network_key"):
            if key in table.values:
                raise table.error(key, f"{key} is a member's, and the file holds the master key", "remove it")
        master = _key(table, "master_key")
        lives, offered = _lives(table.table("lives")), table.whole("offered_epoch", None, 0, MAX_EPOCH)
        return NetworkKeys(network, epoch, gateways, controller, master, lives=lives, offered_epoch=offered)
    table.need("id", "network_key", "node_key")
    keys = Keys(epoch, _key(table, "network_key"), _key(table, "node_key"))
    if "next_network_key" in table.values:
        table.need("next_epoch")
        keys = keys.with_next(table.whole("next_epoch", 0, 0, MAX_EPOCH), _key(table, "next_network_key"))
    member_id = table.whole("id", 0, 0, MAX_NODE_ID)
    return NetworkKeys(network, epoch, gateways, controller, None, member_id, keys)


def _key(table: Table, name: str) -> bytes:
    """The message of an error does not show what is there."""
    value = table.values[name]
    try:
        key = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise table.error(name, f"{name} is no key", f"write {2 * KEY_BYTES} hex digits, or provision anew")
    return key


def _lives(table: Table) -> dict[int, int]:
    lives = {}
    for key in table.values:
        if not key.isdecimal() or int(key) > MAX_NODE_ID:
            raise table.error(key, f"{key} is no node id", f"write 0 to {MAX_NODE_ID}")
        lives[int(key)] = table.whole(key, 0, 0, 0xFFFFFFFF)
    return lives


# --- writing ---------------------------------------------------------------------------------------------


def keys_text(keys: NetworkKeys) -> str:
    """The file's text."""
    lines = [
        f"# Keys of the Treering network {json.dumps(keys.name)}: who reads this file can take part in it.",
        f"name = {json.dumps(keys.name)}",
    ]
    if keys.gateways:
        lines.append(f"gateways = {sorted(keys.gateways)}")
    if keys.controller is not None:
        lines.append(f"controller = {keys.controller}")
    if keys.master is not None:
        lines += [f"epoch = {keys.epoch}", f'master_key = "{keys.master.hex()}"']
        if keys.offered_epoch is not None:
            lines.append(f"offered_epoch = {keys.offered_epoch}")
    if keys.member is not None:
        lines += _member_lines(keys.member_id, keys.member)
    if keys.lives:
        lives = ", ".join(f"{node_id} = {life}" for node_id, life in sorted(keys.lives.items()))
        lines.append(f"lives = {{ {lives} }}")
    return "\n".join(lines) + "\n"


def _member_lines(node_id: int | None, keys: Keys) -> list[str]:
    lines = [
        f"epoch = {keys.epoch}",
        f"id = {node_id}",
        f'network_key = "{keys.network.hex()}"',
        f'node_key = "{keys.node.hex()}"',
    ]
    if keys.next_network is not None:
        lines += [f"next_epoch = {keys.next_epoch}", f'next_network_key = "{keys.next_network.hex()}"']
    return lines


def write_keys(path: Path, keys: NetworkKeys) -> None:
    """Write the file whole or not at all, in place of one that is there; only its owner may read it.

    Raises UsageError.
    """
    write_private(path, keys_text(keys).encode())


# --- the keyring -----------------------------------------------------------------------------------------


def keep_in_keyring(keys: NetworkKeys) -> str:
    """Put the keys into the system's keyring; the result is what `load_keys` takes. Raises UsageError."""
    keyring_store.keep(keys.name, keys_text(keys))
    return KEYRING + keys.name


def _from_keyring(name: str) -> str:
    text = keyring_store.fetch(name)
    if text is None:
        raise MissingError(f"{KEYRING}{name}: no such keys; run `treering provision`, or give --keys a file")
    return text
