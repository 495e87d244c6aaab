"""Which link passes a point: pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from desktop.network import bezier
from desktop.network.motion import Place
from desktop.network.scene import Link

_STEPS = 12  # of each curve


class LinkFinder:
    """Remembers the points of the links that it was given last."""

    def __init__(self) -> None:
        self._links: Mapping[int, Link] | None = None
        self._nodes: list[int] = []
        self._starts: NDArray[np.float64] = np.empty((0, 2))
        self._steps: NDArray[np.float64] = np.empty((0, 2))

    def at(self, links: Mapping[int, Link], place: Place, reach_px: float) -> int | None:
        """The key of the link that passes there closest, within `reach_px`."""
        if links is not self._links:
            self._links = links
            self._learn(links)
        if not self._nodes:
            return None
        away = np.array(place) - self._starts
        squared = np.maximum((self._steps**2).sum(axis=1), 1e-9)
        along = np.clip((away * self._steps).sum(axis=1) / squared, 0, 1)
        distance = np.hypot(*(away - along[:, None] * self._steps).T)
        nearest = int(distance.argmin())
        return self._nodes[nearest] if distance[nearest] <= reach_px else None

    def points(self, link: Link) -> list[Place]:
        """Points along the link, from its start to its end."""
        return [(float(x), float(y)) for x, y in _points(link)]

    def _learn(self, links: Mapping[int, Link]) -> None:
        ways = {node: _points(link) for node, link in links.items()}
        self._nodes = [node for node, way in ways.items() for _ in range(len(way) - 1)]
        if ways:
            self._starts = np.concatenate([way[:-1] for way in ways.values()])
            self._steps = np.concatenate([np.diff(way, axis=0) for way in ways.values()])


def _points(link: Link) -> NDArray[np.float64]:
    points = np.array(link.points)
    weights = bezier.weights(np.linspace(0, 1, _STEPS + 1))
    curves = [weights @ points[i : i + 4] for i in range(0, len(points) - 1, 3)]
    return np.concatenate(curves)
