"""An order for a ring where not all nodes hear each other: a closed walk in which each hears the next.

Such a walk is a Hamiltonian cycle. Pósa's rotations (1976) find one in most fields that have one: a path
grows at its end, and where it cannot, it is turned around from a neighbour of its end on, which gives another
end.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from protocol.simulator.propagation import Listeners

STARTS = 20
# Rotations of one path, for each node. A path that is whole, or stuck, by then is given up.
ROTATIONS = 30
# Keeps these draws apart from others of the same seed.
_ORDER = "order"

_Neighbours = Mapping[int, Sequence[int]]


def hears_all(listeners: Listeners) -> bool:
    """Whether every node hears every other."""
    return all(len(others) == len(listeners) - 1 for others in listeners.values())


def ring_order(listeners: Listeners, seed: int) -> tuple[int, ...]:
    """The order to configure, beginning with the lowest id; the same for the same field and seed.

    Empty if none is needed, since every node hears every other, or none was found.
    """
    if hears_all(listeners):
        return ()
    both_ways = {
        node: [other for other in others if node in listeners[other]] for node, others in listeners.items()
    }
    least = 1 if len(both_ways) == 2 else 2
    if any(len(others) < least for others in both_ways.values()):
        return ()
    rng = random.Random(f"{seed}/{_ORDER}")
    for start in rng.choices(sorted(both_ways), k=STARTS):
        if walk := _closed_walk(both_ways, start, rng):
            first = walk.index(min(walk))
            return (*walk[first:], *walk[:first])
    return ()


def _closed_walk(neighbours: _Neighbours, start: int, rng: random.Random) -> list[int]:
    """One from that node; empty if its rotations are used up."""
    path, visited = [start], {start}
    for _ in range(ROTATIONS * len(neighbours)):
        while ahead := [node for node in neighbours[path[-1]] if node not in visited]:
            # First those that are soon cut off (Warnsdorff's rule).
            ways = {node: sum(other not in visited for other in neighbours[node]) for node in ahead}
            fewest = min(ways.values())
            path.append(rng.choice([node for node in ahead if ways[node] == fewest]))
            visited.add(path[-1])
        if len(path) == len(neighbours) and path[0] in neighbours[path[-1]]:
            return path
        turn = path.index(rng.choice(neighbours[path[-1]])) + 1
        path[turn:] = reversed(path[turn:])
    return []
