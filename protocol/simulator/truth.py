"""What only a simulator knows: every reading, and whose readings a result counts.

Follows the nodes' own events, so it works for any node behind the seam, whatever language it is written in.

A set of nodes is a Python integer with a bit for each. Whose readings a report counts is a tuple of such
sets: who is counted at all, who at least twice, and so on; as a rule there is only the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, compress
from typing import TypeVar

# Reports are of this round or the next, and nodes whose clocks were put forward are ahead of the others.
KEPT_ROUNDS = 16
# A node's report reaches its parent within the round, or a few rounds late.
KEPT_REPORTS = 4

Counted = tuple[int, ...]
_Entry = TypeVar("_Entry")


def _keep(book: dict[int, _Entry], version: int, entry: _Entry, most: int) -> None:
    """Enter it as the newest, forget the oldest beyond so many. A restarted root may use a version again."""
    book.pop(version, None)
    book[version] = entry
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


class _Books:
    """What is known of one node. `reports` outlive a restart: a frame may still be on its way."""

    __slots__ = ("accepted", "measured", "reports")

    def __init__(self) -> None:
        self.accepted: dict[int, tuple[int, Counted]] = {}
        self.measured: int | None = None
        self.reports: dict[int, Counted] = {}


class Truth:
    """Books kept beside the nodes of these ids. Versions are as on the wire."""

    def __init__(self, node_ids: Iterable[int]) -> None:
        self._ids = sorted(node_ids)
        self._bit = {node_id: 1 << index for index, node_id in enumerate(self._ids)}
        self._books = {node_id: _Books() for node_id in self._ids}
        self._readings: dict[int, dict[int, Mapping[int, int]]] = {}

    def restarted(self, node_id: int) -> None:
        """That node has no memory now."""
        books = self._books[node_id]
        books.accepted.clear()
        books.measured = None

    def measured(self, node_id: int, version: int, readings: Mapping[int, int], in_time: bool) -> None:
        """That node was given these raw readings by metric; `in_time` for its report or not."""
        of_version = self._readings.get(version, {})
        of_version[node_id] = readings
        _keep(self._readings, version, of_version, KEPT_ROUNDS)
        if in_time:
            self._books[node_id].measured = version

    def accepted(self, node_id: int, child: int, version: int) -> None:
        """The child's report of that round now stands for it at its parent `node_id`."""
        self._books[node_id].accepted[child] = version, self._books[child].reports.get(version, ())

    def child_lost(self, node_id: int, child: int) -> None:
        """`node_id` counts that child no more."""
        self._books[node_id].accepted.pop(child, None)

    def sealed(self, node_id: int, version: int) -> None:
        """`node_id` has put its report of that round together."""
        books = self._books[node_id]
        counted: Counted = (self._bit[node_id],) if books.measured == version else ()
        for of_version, of_child in books.accepted.values():
            if of_version == version:
                counted = together(counted, of_child)
        _keep(books.reports, version, counted, KEPT_REPORTS)

    def counted(self, root: int, version: int) -> int:
        """How many different nodes the root's result of that round counts."""
        layers = self._books[root].reports.get(version)
        return layers[0].bit_count() if layers else 0

    def contributors(self, root: int, version: int) -> list[int]:
        """Whose readings the root's result of that round counts; an id that stands twice is counted twice."""
        layers = [self._members(nodes) for nodes in self._books[root].reports.get(version, ())]
        return layers[0] if len(layers) == 1 else sorted(chain.from_iterable(layers))

    def readings(self, metric_id: int, version: int) -> dict[int, int]:
        """The raw readings of that metric that were measured in that round, by node."""
        return {
            node_id: readings[metric_id]
            for node_id, readings in sorted(self._readings.get(version, {}).items())
            if metric_id in readings
        }

    def _members(self, nodes: int) -> list[int]:
        return list(compress(self._ids, map(int, reversed(f"{nodes:b}"))))
