"""Who would hear whom in a field: by radio, and by the neighbours that nodes are restricted to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from desktop.editor.document import FieldDocument, PlanNode
from protocol.simulator.propagation import FreeSpace, Ideal
from protocol.simulator.survey import hop_counts
from protocol.simulator.topology import Place, Topology

GOOD_MARGIN_DB = 10.0
MOST_LINKS = 10_000
_STAND_INS = 1 << 20  # ids, beyond all, for nodes whose id is another's, too


class LinkKind(Enum):
    """What becomes of a link that the radio gives."""

    BOTH_WAYS = "both ways"
    ONE_WAY = "one way"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True)
class Link:
    """Two nodes (keys) near enough; of one that works one way, only `b` hears `a`.

    `quality` is 0 to 1, of a model that tells how much stronger than needed a frame arrives; else None.
    """

    a: int
    b: int
    kind: LinkKind
    quality: float | None


class Hearing:
    """All that follows from a document about who hears whom, by key. Nothing in it changes."""

    def __init__(self, document: FieldDocument) -> None:
        self.document = document
        self._by_key = document.by_key
        first = document.by_id
        self._stand_ins = {
            node.key: node.id if first[node.id] is node else _STAND_INS + node.key for node in document.nodes
        }
        self.listeners = self._listeners()
        self.heard: Mapping[int, frozenset[int]] = _turned(self.listeners)
        self.working = {
            speaker: tuple(key for key in listeners if self.permits(speaker, key))
            for speaker, listeners in self.listeners.items()
        }

    def permits(self, speaker: int, listener: int) -> bool:
        """Whether the listener is not restricted to others."""
        neighbours = self._by_key[listener].neighbours
        return neighbours is None or self._by_key[speaker].id in neighbours

    def hears(self, listener: int, speaker: int) -> bool:
        """Whether it would hear that node: by radio, and it may."""
        return speaker in self.heard[listener] and self.permits(speaker, listener)

    @cached_property
    def link_count(self) -> int:
        """How many pairs hear each other, both ways."""
        return sum(1 for a, b in self._pairs() if self.hears(a, b) and self.hears(b, a))

    @cached_property
    def hops(self) -> dict[int, int]:
        """The hops to the root, of every node that has a way to it."""
        root = self.document.root
        return {} if root is None else hop_counts(root.key, self.working)

    @cached_property
    def hops_by_radio(self) -> dict[int, int]:
        """The same if no node were restricted."""
        root = self.document.root
        return (
            {}
            if root is None
            else hop_counts(root.key, {key: tuple(others) for key, others in self.listeners.items()})
        )

    @property
    def is_room(self) -> bool:
        """Whether every node hears every other."""
        return all(len(others) == len(self.working) - 1 for others in self.working.values())

    def links_of(self, key: int) -> Iterator[Link]:
        """Those of one node."""
        others = self.heard[key].union(self.listeners[key])
        return (self._link(min(key, other), max(key, other)) for other in sorted(others))

    @cached_property
    def links(self) -> Mapping[tuple[int, int], Link]:
        """All of them, by the two keys in their order; none if it `is_crowded`."""
        return {} if self.is_crowded else {pair: self._link(*pair) for pair in self._pairs()}

    @cached_property
    def is_crowded(self) -> bool:
        """Whether there are more links than one could tell apart, or draw."""
        return sum(map(len, self.listeners.values())) > 2 * MOST_LINKS

    def range_of(self, node: PlanNode) -> float | None:
        """How far it is heard, in metres; None if everywhere."""
        medium = self.document.medium
        if isinstance(medium, FreeSpace):
            return medium.range_m
        return None if isinstance(medium, Ideal) else _disk_range(self.document, node)

    def _pairs(self) -> Iterator[tuple[int, int]]:
        for a, others in self.listeners.items():
            for b in others:
                if a < b or a not in self.listeners[b]:
                    yield min(a, b), max(a, b)

    def _link(self, a: int, b: int) -> Link:
        b_hears, a_hears = b in self.listeners[a], a in self.listeners[b]
        if not (b_hears and a_hears):
            a, b = (a, b) if b_hears else (b, a)
            kind = LinkKind.ONE_WAY if self.permits(a, b) else LinkKind.RESTRICTED
        elif self.permits(a, b) and self.permits(b, a):
            kind = LinkKind.BOTH_WAYS
        elif self.permits(a, b):
            kind = LinkKind.ONE_WAY
        elif self.permits(b, a):
            a, b, kind = b, a, LinkKind.ONE_WAY
        else:
            kind = LinkKind.RESTRICTED
        return Link(a, b, kind, self._quality(a, b))

    def _quality(self, a: int, b: int) -> float | None:
        medium = self.document.medium
        if not isinstance(medium, FreeSpace):
            return None
        reach_m = medium.range_m
        if medium.shadowing_db:
            first, second = sorted((self._stand_ins[a], self._stand_ins[b]))
            reach_m = medium.reach_between_m(self.document.seed, first, second)
        distance_m = distance(self._by_key[a], self._by_key[b])
        margin_db = 20 * math.log10(reach_m / distance_m) if distance_m > 0 else math.inf
        return max(0.0, min(1.0, margin_db / GOOD_MARGIN_DB))

    def _listeners(self) -> dict[int, frozenset[int]]:
        if not self.document.nodes:
            return {}
        keys = {stand_in: key for key, stand_in in self._stand_ins.items()}
        places = (
            Place(self._stand_ins[node.key], node.x_m, node.y_m, node.z_m, _disk_range(self.document, node))
            for node in self.document.nodes
        )
        found = self.document.medium.listeners(Topology(places), self.document.seed)
        return {
            keys[speaker]: frozenset(keys[listener] for listener in listeners)
            for speaker, listeners in found.items()
        }


def distance(a: PlanNode, b: PlanNode) -> float:
    """Metres."""
    return math.dist((a.x_m, a.y_m, a.z_m), (b.x_m, b.y_m, b.z_m))


def _disk_range(document: FieldDocument, node: PlanNode) -> float | None:
    return document.range_m if node.range_m is None else node.range_m


def _turned(listeners: Mapping[int, frozenset[int]]) -> dict[int, frozenset[int]]:
    heard: dict[int, set[int]] = {key: set() for key in listeners}
    for speaker, others in listeners.items():
        for listener in others:
            heard[listener].add(speaker)
    return {key: frozenset(others) for key, others in heard.items()}
