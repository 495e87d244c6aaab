"""What must hold in every round of every field; a run that breaks it stops.

The rule over all: a result is exact for the set of nodes that it counts, or it says that it is not.
"""

from __future__ import annotations

from collections.abc import Iterable

from protocol.aggregate import SATURATED, Aggregate
from protocol.packets import Items
from protocol.simulator.truth import Truth

# A node's queue of events loses the oldest when it is full, so one call may not cause that many.
MAX_EVENTS = 256


class InvariantViolation(Exception):  # noqa: N818 - the name of what happened
    """The protocol broke a promise; the same field, options and `seed` replay it."""

    def __init__(self, seed: int, round_number: int, what: str) -> None:
        super().__init__(f"seed {seed}, round {round_number}: {what}; the same field and seed replay it")
        self.seed = seed
        self.round = round_number
        self.what = what


class Parents:
    """Who is whose parent, as the nodes say. A loop can only be closed by who takes a parent.

    A parent that began anew (5.4) does not know its former children, and their reports find no place in it:
    those links are none. It begins anew when it lost its memory, and perhaps when its clock is put forward.
    """

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def loop_through(self, node_id: int, parent: int) -> list[int] | None:
        """`node_id` takes that parent: the loop that it closes, or None."""
        self._parent[node_id] = parent
        path = [node_id]
        above: int | None = parent
        while above is not None and above != node_id:
            path.append(above)
            above = self._parent.get(above)
        return path if above == node_id else None

    def lost(self, node_id: int) -> None:
        """`node_id` has no parent."""
        self._parent.pop(node_id, None)

    def may_begin_anew(self, node_id: int) -> None:
        """`node_id` may not know its children any more."""
        for child in [child for child, parent in self._parent.items() if parent == node_id]:
            del self._parent[child]


def wrong_in_result(items: Items, root: int, version: int, truth: Truth) -> str | None:
    """What the root's result of that round says and is not so; None if it is right."""
    contributors = truth.contributors(root, version)
    for metric_id, aggregate in items.aggregates:
        readings = truth.readings(metric_id, version)
        expected = _aggregate_of(version, [(readings[n], n) for n in contributors if n in readings])
        if aggregate != expected:
            return f"metric {metric_id} is {aggregate} and should be {expected}"
        distinct = len({node for node in contributors if node in readings})
        if aggregate.count < SATURATED and not aggregate.count - items.doubt <= distinct <= aggregate.count:
            return f"metric {metric_id} counts {aggregate.count}, {items.doubt} in doubt, of {distinct} nodes"
    return None


def _aggregate_of(version: int, readings: Iterable[tuple[int, int]]) -> Aggregate:
    readings = list(readings)
    if not readings:
        return Aggregate.empty(version)
    most = max(raw for raw, _ in readings)
    most_id = min(node for raw, node in readings if raw == most)
    total = min(SATURATED, sum(raw for raw, _ in readings))
    return Aggregate(version, most, most_id, total, min(SATURATED, len(readings)))
