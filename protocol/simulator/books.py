"""What only a simulator knows, kept beside the nodes: every reading, and whose readings a result counts.

Books follow the nodes' own events, so they fit any node behind the seam, whatever language it is written in.

A set of nodes is a Python integer with a bit for each. Whose readings something counts is a tuple of such
sets: who is counted at all, who at least twice, and so on; as a rule there is only the first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, compress
from typing import Any, TypeVar

from protocol.node import Event

# Reports are of this round or the next, and nodes whose clocks were put forward are ahead of the others.
KEPT_ROUNDS = 16

Counted = tuple[int, ...]
# What to do with a node's event; it gets the node's id and the event.
Follow = Mapping[type[Event], Callable[[int, Any], None]]
_Key = TypeVar("_Key")
_Entry = TypeVar("_Entry")


def keep(book: dict[_Key, _Entry], key: _Key, entry: _Entry, most: int) -> None:
    """Enter it as the newest, forget the oldest beyond so many. A restarted node may use a version again."""
    book.pop(key, None)
    book[key] = entry
    if len(book) > most:
        del book[next(iter(book))]


def together(a: Counted, b: Counted) -> Counted:
    """Whom both count, a node that is in both once more."""
    layers = list(a)
    for nodes in b:
        carry = nodes
        for i, layer in enumerate(layers):
            layers[i], carry = layer | carry, layer & carry
            if not carry:
                break
        else:
            layers.append(carry)
    return tuple(layers)


class Books(ABC):
    """Of the nodes with these ids. Versions are as on the wire; a reporter is whoever has a result."""

    def __init__(self, node_ids: Iterable[int]) -> None:
        self._ids = sorted(node_ids)
        self._bit = {node_id: 1 << index for index, node_id in enumerate(self._ids)}
        # By version and node: when it measured, and its raw readings by metric.
        self._measured: dict[int, dict[int, tuple[int, Mapping[int, int]]]] = {}

    def measured(
        self, node_id: int, version: int, readings: Mapping[int, int], in_time: bool, now_us: int = 0
    ) -> None:
        """That node was given these raw readings by metric; `in_time` to be counted or not."""
        of_version = self._measured.get(version, {})
        of_version[node_id] = now_us, readings
        keep(self._measured, version, of_version, KEPT_ROUNDS)

    @abstractmethod
    def restarted(self, node_id: int) -> None:
        """That node has no memory now."""

    @abstractmethod
    def follow(self) -> Follow:
        """The events that the books are kept by."""

    @abstractmethod
    def _result(self, reporter: int, version: int) -> Counted:
        """Whom the reporter's result of that round counts."""

    def counted(self, reporter: int, version: int) -> int:
        """How many different nodes that result counts."""
        layers = self._result(reporter, version)
        return layers[0].bit_count() if layers else 0

    def contributors(self, reporter: int, version: int) -> list[int]:
        """Whose readings that result counts; an id that stands twice is counted twice."""
        layers = [self._members(nodes) for nodes in self._result(reporter, version)]
        return layers[0] if len(layers) == 1 else sorted(chain.from_iterable(layers))

    def readings(self, metric_id: int, version: int) -> dict[int, int]:
        """The raw readings of that metric that were measured in that round, by node."""
        return {
            node_id: readings[metric_id]
            for node_id, (_, readings) in sorted(self._measured.get(version, {}).items())
            if metric_id in readings
        }

    def times_us(self, reporter: int, version: int) -> list[int]:
        """When the readings that the result counts were measured."""
        of_version = self._measured.get(version, {})
        return [of_version[node][0] for node in self.contributors(reporter, version) if node in of_version]

    def _members(self, nodes: int) -> list[int]:
        return list(compress(self._ids, map(int, reversed(f"{nodes:b}"))))
