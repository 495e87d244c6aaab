"""What people write into files for a program to read, and what they are told is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.errors import MissingError, UsageError
from protocol.packets import MAX_NODE_ID, Network
from protocol.simulator.toml_tables import DescriptionError, Table
from protocol.timing import MAX_PERIOD_MS

NETWORKS = tuple(network.name.lower() for network in Network)


def read_text(path: Path, remedy: str) -> str:
    """The file's text. Raises UsageError, MissingError if there is no such file."""
    with unreadable(path, remedy):
        return path.read_text(encoding="utf-8-sig")


@contextmanager
def unreadable(path: Path, remedy: str) -> Iterator[None]:
    """What a file that cannot be read raises becomes a UsageError, a MissingError if there is none."""
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        kind = MissingError if isinstance(error, FileNotFoundError) else UsageError
        raise kind(f"{path}: {reason}; {remedy}") from error


@contextmanager
def unusable() -> Iterator[None]:
    """A DescriptionError becomes a UsageError: what was given is bad."""
    try:
        yield
    except DescriptionError as error:
        raise UsageError(str(error)) from error


def network_in(table: Table, *of_others: str) -> Network:
    """The network that the table names. Raises DescriptionError for a tree with a key that is of others."""
    network = Network[table.choice("network", "tree", NETWORKS).upper()]
    for key in of_others:
        if network is Network.TREE and key in table.values:
            raise table.error(
                key, f"{key} is of a ring or a polled network", "remove it, or name the network"
            )
    return network


def period_s_in(table: Table, default_s: float) -> float:
    """The time of a round that the table names. Raises DescriptionError for what no network can have."""
    return table.number("period_s", default_s, least=0.001, most=MAX_PERIOD_MS / 1000, unit="seconds a round")


def ids_in(table: Table, key: str) -> tuple[int, ...]:
    """A list of node ids, each once; an empty one if there is no such key. Raises DescriptionError."""
    ids = table.values.get(key, [])
    if not isinstance(ids, list) or not all(type(n) is int and 0 <= n <= MAX_NODE_ID for n in ids):
        raise table.error(key, f"{key} is no list of node ids", f"write numbers: {key} = [1, 2]")
    if len(set(ids)) != len(ids):
        raise table.error(key, f"{key} names a node twice", "name each node once")
    return tuple(ids)
