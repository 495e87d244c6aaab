"""Who has just sent, and over which links: remembered for a moment, no tkinter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ACTIVE_S = 0.2


class Activity:
    """`nodes` sent within the last ACTIVE_S; `links` carried a frame, and are named by their children."""

    def __init__(self) -> None:
        self.nodes: dict[int, float] = {}  # and until when
        self.links: dict[int, float] = {}

    def note(self, sent: Iterable[tuple[int, int]], under: Mapping[int, int | None], now_s: float) -> None:
        """Frames went from source to destination, in a tree whose nodes hang under others."""
        until_s = now_s + ACTIVE_S
        for source, destination in sent:
            self.nodes[source] = until_s
            if under.get(source) == destination:
                self.links[source] = until_s
            elif under.get(destination) == source:
                self.links[destination] = until_s

    def expire(self, now_s: float) -> None:
        """Forget what is over."""
        self.nodes = {node: until_s for node, until_s in self.nodes.items() if until_s > now_s}
        self.links = {node: until_s for node, until_s in self.links.items() if until_s > now_s}
