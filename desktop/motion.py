"""Nodes glide to their new places: positions over time, no tkinter."""

from __future__ import annotations

from collections.abc import Mapping

MOVE_S = 0.45

Place = tuple[float, float]


class Motion:
    """`places` is where nodes are now. Those that are new come out of the node that they hang under."""

    def __init__(self) -> None:
        self.places: dict[int, Place] = {}
        self.moving = False
        self._origins: Mapping[int, Place] = {}
        self._targets: Mapping[int, Place] = {}
        self._began_s = 0.0

    def aim(self, targets: Mapping[int, Place], under: Mapping[int, int | None], now_s: float | None) -> None:
        """Let every node glide to its target from now on; without a time, stand there at once."""
        if now_s is None:
            self.places, self.moving = dict(targets), False
            return
        old = self.places

        def origin(node: int) -> Place:
            above = under[node]
            start = node if node in old or above is None else above
            return old.get(start, targets[node])

        self._origins = {node: origin(node) for node in targets}
        self._targets = targets
        self._began_s = now_s
        self.moving = True
        self.advance(now_s)

    def advance(self, now_s: float) -> None:
        """Move on to the time."""
        passed = min(1.0, (now_s - self._began_s) / MOVE_S)
        share = passed * passed * (3 - 2 * passed)  # smoothstep: starts and ends gently
        self.moving = passed < 1
        self.places = {
            node: (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
            for node, (x1, y1) in self._targets.items()
            for x0, y0 in [self._origins[node]]
        }
