"""Nodes glide to their new places: positions over time, no tkinter."""

from __future__ import annotations

from collections.abc import Callable, Mapping

MOVE_S = 0.45
FLIGHT_S = 0.06  # of the token to its holder: it lags little behind one that is passed every 50 ms

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


class Flight:
    """A token on its way to whom it was last aimed at; aimed anew on the way, it goes on from where it is."""

    def __init__(self) -> None:
        self.moving = False
        self._at: int | None = None
        self._origin: Place = (0.0, 0.0)
        self._target: Place = (0.0, 0.0)
        self._now: Place = (0.0, 0.0)
        self._began_s = 0.0

    def aim(self, node: int, target: Place, now_s: float) -> None:
        """Fly to that node, which is at `target` now; the first aim is reached at once."""
        if self._at is None:
            self._now = self._origin = target
        elif node != self._at:
            self._origin, self._began_s, self.moving = self._now, now_s, True
        self._at, self._target = node, target

    def place(self, between: Callable[[Place, Place, float], Place], now_s: float) -> Place:
        """Where it is; `between` gives the place at a share of the way from one to the other."""
        if self.moving:
            passed = (now_s - self._began_s) / FLIGHT_S
            self.moving = passed < 1
            self._now = between(self._origin, self._target, min(1.0, passed))
        if not self.moving:
            self._now = self._target
        return self._now
