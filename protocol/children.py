"""A parent's children and the accounting of their reports (PROTOCOL.md 6.2 to 6.5).

One place per child: a report replaces what an earlier one of the same round put there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocol import serial_number
from protocol.aggregate import SATURATED, Aggregate
from protocol.packets import MAX_AGGREGATES, MAX_LINKS, Items, Link

HISTORY_ROUNDS = 8
ALL_ROUNDS = (1 << HISTORY_ROUNDS) - 1
FULL_QUALITY = 255
RENEWAL_ROUNDS = 16
# A burst of changes in the subtree; what does not fit comes with the next renewal.
LINK_QUEUE = 8


@dataclass(slots=True)
class Child:
    """`expected_from` is the first round that it owes; `history` has a bit per round, newest lowest."""

    id: int
    expected_from: int
    depth: int = 0
    version: int | None = None
    aggregates: tuple[tuple[int, Aggregate], ...] = ()
    doubt: int = 0
    missed_rounds: int = 0
    history: int = ALL_ROUNDS
    announce: bool = True

    def owes(self, version: int) -> bool:
        """Whether the report of that round is missing."""
        return self.version != version and not serial_number.is_newer(self.expected_from, version)

    def link(self, parent: int) -> Link:
        """The link item for this child."""
        return Link(self.id, parent, max(1, self.history.bit_count() * FULL_QUALITY // HISTORY_ROUNDS))


class Children:
    """The child table of node `node_id`, with at most `capacity` children in the order they came."""

    def __init__(self, node_id: int, capacity: int) -> None:
        self._node_id = node_id
        self._capacity = capacity
        self._children: dict[int, Child] = {}
        self._links: list[Link] = []

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._children

    def __iter__(self) -> Iterator[Child]:
        return iter(list(self._children.values()))

    def __len__(self) -> int:
        return len(self._children)

    def get(self, node_id: int) -> Child | None:
        """That child, or None."""
        return self._children.get(node_id)

    def has_room_for(self, node_id: int) -> bool:
        """Whether the node is a child or could become one."""
        return node_id in self._children or len(self._children) < self._capacity

    def add(self, node_id: int, expected_from: int) -> Child:
        """A new child; the caller has checked `has_room_for`."""
        child = self._children[node_id] = Child(node_id, expected_from)
        return child

    def remove(self, node_id: int) -> bool:
        """Whether that node was a child; it is none now."""
        return self._children.pop(node_id, None) is not None

    def give_up(self, node_id: int) -> bool:
        """Whether that node was a child; it is none now, and the next report says so."""
        was_child = self.remove(node_id)
        if was_child:
            self._hand_on(Link(node_id, self._node_id, 0))
        return was_child

    def forget_all(self) -> None:
        """No children and nothing to hand on."""
        self._children.clear()
        self._links.clear()

    @property
    def depth(self) -> int:
        """Hops to the furthest leaf; 0 without children."""
        if not self._children:
            return 0
        return min(255, 1 + max([child.depth for child in self._children.values()]))

    def owing(self, version: int) -> bool:
        """Whether any child still owes its report of that round."""
        return any(child.owes(version) for child in self._children.values())

    def store(self, child: Child, items: Items) -> None:
        """Let a report stand for the child in its round; its links are handed on once."""
        if child.version != items.version:
            for link in items.links:
                self._hand_on(link)
        child.version, child.aggregates, child.doubt = items.version, items.aggregates, items.doubt

    def close_round(self, version: int, missed_rounds_limit: int) -> list[int]:
        """Keep the books of a round that is over; gives up and returns the children that missed too many."""
        lost = []
        renew = (version + self._node_id) % RENEWAL_ROUNDS == 0
        for child in self:
            arrived = child.version == version
            if arrived or child.owes(version):
                child.history = (child.history << 1 | arrived) & ALL_ROUNDS
            child.announce |= renew and arrived
            if child.owes(version):
                child.missed_rounds += 1
                if child.missed_rounds >= missed_rounds_limit:
                    self.give_up(child.id)
                    lost.append(child.id)
        return lost

    def compose(self, version: int, own: Mapping[int, int], empty_metric: int) -> Items:
        """This node's report: own raw readings by metric and the children's reports of that round."""
        merged = {metric: Aggregate.of_reading(version, raw, self._node_id) for metric, raw in own.items()}
        doubt = 0
        for child in self._children.values():
            if child.version != version:
                continue
            doubt = min(SATURATED, doubt + child.doubt)
            for metric, aggregate in child.aggregates:
                before = merged.get(metric)
                merged[metric] = before.merge(aggregate) if before else aggregate
        aggregates = sorted(merged.items())[:MAX_AGGREGATES] or [(empty_metric, Aggregate.empty(version))]
        return Items(tuple(aggregates), tuple(self._take_links()), doubt)

    def announce_all(self) -> None:
        """Report every child again: the report that told of them may not have arrived."""
        for child in self._children.values():
            child.announce = True

    def _hand_on(self, link: Link) -> None:
        self._links = [w for w in self._links if (w.child, w.parent) != (link.child, link.parent)]
        if len(self._links) < LINK_QUEUE:
            self._links.append(link)

    def _take_links(self) -> list[Link]:
        taken, self._links = self._links[:MAX_LINKS], self._links[MAX_LINKS:]
        for child in self._children.values():
            if child.announce and len(taken) < MAX_LINKS:
                child.announce = False
                taken.append(child.link(self._node_id))
        return taken
