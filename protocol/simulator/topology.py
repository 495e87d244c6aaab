"""Where the nodes stand and who can hear whom, with generators of fields. All distances are metres."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from protocol.simulator.cells import Cells


@dataclass(frozen=True, slots=True)
class Place:
    """One node: where it stands, and how far its radio reaches (None: everywhere)."""

    id: int
    x_m: float
    y_m: float
    z_m: float = 0.0
    range_m: float | None = None


class Topology:
    """Places by id, the root (the first node unless told otherwise), and the order of a ring or of standbys.

    Raises ValueError for a root that is no node, and an order that names one twice or one that is none.
    """

    def __init__(self, places: Iterable[Place], root: int | None = None, order: Sequence[int] = ()) -> None:
        self.places: Mapping[int, Place] = {place.id: place for place in places}
        if not self.places:
            raise ValueError("a topology needs at least one node")
        self.root = next(iter(self.places)) if root is None else root
        if self.root not in self.places:
            raise ValueError(f"the root {self.root} is none of the nodes; name one of their ids")
        self.order = tuple(order)
        if strangers := [node_id for node_id in self.order if node_id not in self.places]:
            raise ValueError(f"the order names {strangers[0]}, none of the nodes; name their ids")
        if len(set(self.order)) != len(self.order):
            raise ValueError("the order names a node twice; name each once")

    def neighbours(self, node_id: int) -> frozenset[int]:
        """The nodes that `node_id` hears."""
        return frozenset(other for other in self.places if node_id in self.listeners[other])

    @cached_property
    def listeners(self) -> Mapping[int, tuple[int, ...]]:
        """For every node the nodes within its range (unit disk), in id order."""
        ids = sorted(self.places)
        ranges_m = [place.range_m for place in self.places.values() if place.range_m is not None]
        cells = Cells(self.places.values(), max(ranges_m, default=1.0))
        return {speaker: self._listeners_of(self.places[speaker], ids, cells) for speaker in ids}

    def _listeners_of(self, speaker: Place, ids: list[int], cells: Cells) -> tuple[int, ...]:
        if speaker.range_m is None:
            return tuple(node for node in ids if node != speaker.id)
        return tuple(sorted(node for node, _ in cells.near(speaker, speaker.range_m)))

    def with_range(self, range_m: float | None) -> Topology:
        """The same places with one radio range for all."""
        places = (Place(p.id, p.x_m, p.y_m, p.z_m, range_m) for p in self.places.values())
        return Topology(places, self.root, self.order)


def grid(columns: int, rows: int, spacing_m: float, range_m: float | None) -> Topology:
    """Nodes 1 to columns x rows, row by row; node 1, the root, in a corner."""
    return Topology(
        Place(row * columns + column + 1, column * spacing_m, row * spacing_m, 0.0, range_m)
        for row in range(rows)
        for column in range(columns)
    )


def scattered(count: int, width_m: float, height_m: float, range_m: float | None, seed: int) -> Topology:
    """Nodes 1 to `count`, uniformly at random from `seed`; the same seed gives the same field."""
    rng = random.Random(seed)
    return Topology(
        Place(node_id, rng.uniform(0, width_m), rng.uniform(0, height_m), 0.0, range_m)
        for node_id in range(1, count + 1)
    )
