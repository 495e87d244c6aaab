"""A sink tree as its frames tell it (PROTOCOL.md 6.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol.aggregate import Aggregate
from protocol.observations import HelpHeard, NodeLost, Observation, ParentChanged, ReadingsSeen
from protocol.packets import (
    MAX_NODE_ID,
    NO_HOP_COUNT,
    Ack,
    Frame,
    FrameType,
    Help,
    Items,
    Link,
    Report,
    Result,
    Sync,
)

FIRST_HAND_RESULTS = 2  # after so many results, news handed on has overtaken what was heard directly


@dataclass(slots=True)
class NodeState:
    """What is known of a node; the observer alone changes it. None stands for unknown.

    `aggregates` by metric id are its last report's: its own subtree, or the whole field if it is the root.
    `has_left`: it has said goodbye, and was not heard since.
    """

    last_heard_us: int | None = None
    hop_count: int | None = None
    parent: int | None = None
    last_parent: int | None = None
    quality: int | None = None
    aggregates: Mapping[int, Aggregate] = field(default_factory=dict)
    has_left: bool = False

    @property
    def lost(self) -> bool:
        """Whether it had a parent and has none now."""
        return self.parent is None and self.last_parent is not None


class TreeObserver:
    """Keeps the places of `nodes` in their tree."""

    def __init__(self, nodes: dict[int, NodeState]) -> None:
        self.root: int | None = None
        self._nodes = nodes
        self._repaired: set[int] = set()
        self._results = 0
        # By node, `_results` when its place in the tree was heard directly, and when a parent confirmed it:
        self._first_hand: dict[int, int] = {}
        self._confirmed: dict[int, int] = {}

    def forget(self) -> None:
        """The nodes make another network, and no tree."""
        self.root = None
        for node in self._nodes.values():
            node.hop_count = node.parent = node.last_parent = node.quality = None
            node.aggregates = {}

    def end_round(self) -> int:
        """There was a result: how many nodes found another place since the last."""
        repairs = len(self._repaired)
        self._repaired.clear()
        self._results += 1
        return repairs

    def part(self, node_id: int, now_us: int) -> None:
        """That node has said goodbye."""
        self._hear_of(node_id)
        self._lose(node_id, now_us)
        if node_id == self.root:
            self.root = None

    def learn(self, frame: Frame, now_us: int) -> list[Observation]:
        """What a frame tells of the tree."""
        match frame.payload:
            case Sync() as sync:
                self._set_hop_count(frame.source, sync.hop_count)
                return self._take_as_child(frame, now_us) if frame.type is FrameType.DISC_ACK_ACK else []
            case Ack(_, sync):
                self._set_hop_count(frame.source, sync.hop_count)
                return self._take_as_child(frame, now_us)
            case Report(_, items):
                return self._read_items(frame.source, items, now_us)
            case Result(_, items):
                self._set_hop_count(frame.source, 0)
                return self._read_items(frame.source, items, now_us)
            case Help(version, hop_count) if frame.type is FrameType.HELP:
                self._hear_of(frame.source)
                help_heard = HelpHeard(now_us, frame.source, version, hop_count)
                return [*self._lose(frame.source, now_us), help_heard]
        return []

    def _set_hop_count(self, node_id: int, hop_count: int) -> None:
        node = self._node(node_id)
        node.hop_count = None if hop_count == NO_HOP_COUNT else hop_count
        if hop_count == 0:
            self.root = node_id
            node.parent = node.last_parent = node.quality = None

    def _take_as_child(self, confirmation: Frame, now_us: int) -> list[Observation]:
        self._hear_of(confirmation.destination)
        self._confirmed[confirmation.destination] = self._results
        return self._adopt(confirmation.destination, confirmation.source, now_us)

    def _read_items(self, source: int, items: Items, now_us: int) -> list[Observation]:
        found = _own_readings(source, items, now_us)
        if items.aggregates:
            self._node(source).aggregates = dict(items.aggregates)
        for link in items.links:
            found += self._read_link(source, link, now_us)
        return found

    def _read_link(self, source: int, link: Link, now_us: int) -> list[Observation]:
        is_news = True
        if link.parent == source:
            self._hear_of(link.child)
            # Since that report was put together the child may have gone elsewhere, and a frame told where.
            is_news = self._confirmed.get(link.child) != self._results
        elif self._results - self._first_hand.get(link.child, -FIRST_HAND_RESULTS) < FIRST_HAND_RESULTS:
            return []
        found = self._adopt(link.child, link.parent, now_us) if link.quality and is_news else []
        child = self._nodes.get(link.child)
        if child is None or child.parent != link.parent:
            return found
        child.quality = link.quality
        return found if link.quality else self._lose(link.child, now_us)

    def _hear_of(self, node_id: int) -> None:
        """The frame at hand tells of that node's place in the tree at first hand."""
        if node_id <= MAX_NODE_ID:
            self._first_hand[node_id] = self._results

    def _adopt(self, child: int, parent: int, now_us: int) -> list[Observation]:
        if child > MAX_NODE_ID or parent > MAX_NODE_ID or child in (parent, self.root):
            return []
        node, hop_count = self._node(child), self._node(parent).hop_count
        node.hop_count = None if hop_count is None else min(hop_count + 1, NO_HOP_COUNT - 1)
        if node.parent == parent:
            return []
        previous = node.last_parent
        node.parent = node.last_parent = parent
        node.quality = None
        if previous is not None:
            self._repaired.add(child)
        return [ParentChanged(now_us, child, parent, previous)]

    def _lose(self, node_id: int, now_us: int) -> list[Observation]:
        node = self._node(node_id)
        if node.parent is None:
            return []
        parent = node.parent
        node.parent = node.hop_count = node.quality = None
        return [NodeLost(now_us, node_id, parent)]

    def _node(self, node_id: int) -> NodeState:
        return self._nodes.get(node_id) or self._nodes.setdefault(node_id, NodeState())


def _own_readings(source: int, items: Items, now_us: int) -> list[Observation]:
    """What counts its sender alone, and nobody in doubt, is the sender's reading (6.4)."""
    version = items.version
    if version is None or items.doubt:
        return []
    pairs = [
        (metric, a.max)
        for metric, a in items.aggregates
        if a.count == 1 and a.max_id == source and a.total == a.max
    ]
    return [ReadingsSeen(now_us, source, version, tuple(sorted(pairs)))] if pairs else []
