"""Who has just sent: remembered for a moment, no tkinter."""

from __future__ import annotations

from collections.abc import Iterable

ACTIVE_S = 0.2


class Activity:
    """`nodes` sent within the last ACTIVE_S."""

    def __init__(self) -> None:
        self.nodes: dict[int, float] = {}  # and until when

    def note(self, nodes: Iterable[int], now_s: float) -> set[int]:
        """These have sent; which of them had not of late."""
        nodes = set(nodes)
        new = nodes - self.nodes.keys()
        self.nodes.update(dict.fromkeys(nodes, now_s + ACTIVE_S))
        return new

    def expire(self, now_s: float) -> set[int]:
        """Forget who has been silent since; who that is."""
        over = {node for node, until_s in self.nodes.items() if until_s <= now_s}
        for node in over:
            del self.nodes[node]
        return over
