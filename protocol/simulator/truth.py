"""What only a simulator knows: every reading, and whose readings a result counts.

Follows the nodes' own events, so it works for any node behind the seam, whatever language it is written in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from protocol.node import ChildLost, Event, ReportAccepted, ReportSealed

# Reports are of this round or the next; a few more for nodes whose clocks are behind.
KEPT_ROUNDS = 16
_Entry = TypeVar("_Entry")


def _keep(books: dict[int, _Entry], version: int, entry: _Entry) -> None:
    books[version] = entry
    while len(books) > KEPT_ROUNDS:
        del books[next(iter(books))]


@dataclass(slots=True)
class _Books:
    accepted: dict[int, int] = field(default_factory=dict)
    measured: dict[int, Mapping[int, int]] = field(default_factory=dict)
    counted: dict[int, bool] = field(default_factory=dict)
    sealed: dict[int, Counter[int]] = field(default_factory=dict)


class Truth:
    """Books kept beside each node. Versions are as on the wire."""

    def __init__(self) -> None:
        self._books: dict[int, _Books] = {}

    def restarted(self, node_id: int) -> None:
        """That node has no memory now."""
        self._books[node_id] = _Books()

    def measured(self, node_id: int, version: int, readings: Mapping[int, int], in_time: bool) -> None:
        """That node was given these raw readings by metric; `in_time` for its report or not."""
        _keep(self._books[node_id].measured, version, readings)
        if in_time:
            _keep(self._books[node_id].counted, version, True)

    def follow(self, node_id: int, event: Event) -> None:
        """Keep the books up to what that node says happened."""
        books = self._books[node_id]
        match event:
            case ReportAccepted(child, version):
                books.accepted[child] = version
            case ChildLost(child):
                books.accepted.pop(child, None)
            case ReportSealed(version):
                counted = Counter({node_id: 1} if version in books.counted else {})
                for child, of_version in books.accepted.items():
                    if of_version == version:
                        counted += self._books[child].sealed.get(version, Counter())
                _keep(books.sealed, version, counted)

    def contributors(self, root: int, version: int) -> list[int]:
        """Whose readings the root's result of that round counts; an id that stands twice is counted twice."""
        return sorted(self._books[root].sealed[version].elements())

    def readings(self, metric_id: int, version: int) -> dict[int, int]:
        """The raw readings of that metric that were measured in that round, by node."""
        found = {
            node: books.measured.get(version, {}).get(metric_id)
            for node, books in sorted(self._books.items())
        }
        return {node: raw for node, raw in found.items() if raw is not None}
