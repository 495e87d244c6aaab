"""What a sink tree promises beside: its parents never form a loop (PROTOCOL.md 5.3)."""

from __future__ import annotations

from protocol.node import Joined, ParentLost
from protocol.simulator.books import Books, Follow
from protocol.simulator.invariants import Invariants, Limits, World


class TreeInvariants(Invariants):
    """See Invariants."""

    def __init__(self, world: World, books: Books, limits: Limits) -> None:
        super().__init__(world, books, limits)
        self._parent: dict[int, int] = {}

    def follow(self) -> Follow:
        """See Invariants."""
        return {
            **super().follow(),
            Joined: lambda node_id, event: self.joined(node_id, event.parent),
            ParentLost: lambda node_id, event: self.parent_lost(node_id),
        }

    def joined(self, node_id: int, parent: int) -> None:
        """`node_id` takes that parent. Only who takes a parent can close a loop."""
        self._parent[node_id] = parent
        path = [node_id]
        above: int | None = parent
        while above is not None and above != node_id:
            path.append(above)
            above = self._parent.get(above)
        if above == node_id:
            self._stop(f"a loop of parents: {' -> '.join(map(str, [*path, node_id]))}")

    def parent_lost(self, node_id: int) -> None:
        """`node_id` has no parent."""
        self._parent.pop(node_id, None)

    def forgot(self, node_id: int) -> None:
        """See Invariants."""
        self.parent_lost(node_id)
        self._begins_anew(node_id)

    def stepped(self, node_id: int) -> None:
        """See Invariants. After a jump a node may forget its way (5.4)."""
        self._begins_anew(node_id)

    def _begins_anew(self, node_id: int) -> None:
        """A parent that began anew does not know its former children, and their reports find no place in it:
        those links are none."""
        for child in [child for child, parent in self._parent.items() if parent == node_id]:
            del self._parent[child]
