"""What must hold in every round of every field; a run that breaks it stops.

The rule over all: a result is exact for the set of nodes that it counts, or it says that it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from protocol.aggregate import SATURATED, Aggregate
from protocol.node_base import MAX_EVENTS
from protocol.outbox import CAPACITY
from protocol.packets import Items
from protocol.simulator.truth import Truth


class InvariantViolation(Exception):  # noqa: N818 - the name of what happened
    """The protocol broke a promise; the same field, options and `seed` replay it."""

    def __init__(self, seed: int, round_number: int, what: str) -> None:
        super().__init__(f"seed {seed}, round {round_number}: {what}; the same field and seed replay it")
        self.seed = seed
        self.round = round_number
        self.what = what


class Invariants:
    """Follows one run; `running_round` tells which round it is. Its methods raise InvariantViolation."""

    def __init__(self, seed: int, truth: Truth, running_round: Callable[[], int]) -> None:
        self._seed = seed
        self._truth = truth
        self._running_round = running_round
        self._parent: dict[int, int] = {}

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

    def may_begin_anew(self, node_id: int) -> None:
        """`node_id` lost its memory, or its clock jumped, after which it may forget its way (5.4).

        A parent that began anew does not know its former children, and their reports find no place in it:
        those links are none.
        """
        for child in [child for child, parent in self._parent.items() if parent == node_id]:
            del self._parent[child]

    def caused(self, node_id: int, events: int) -> None:
        """One call of that node caused so many events. A full queue of them may have lost the oldest."""
        if events >= MAX_EVENTS:
            self._stop(f"one call caused {events} events at node {node_id}, which keeps {MAX_EVENTS}")

    def gave_out(self, node_id: int, frames: int) -> None:
        """That node gave out so many frames at once."""
        if frames > CAPACITY:
            self._stop(f"node {node_id} gave out {frames} frames at once and keeps {CAPACITY}")

    def found(self, root: int, version: int, items: Items) -> None:
        """The root has that result."""
        if what := wrong_in_result(items, root, version, self._truth):
            self._stop(f"the result of version {version} is wrong without saying so: {what}")

    def _stop(self, what: str) -> None:
        raise InvariantViolation(self._seed, self._running_round(), what)


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
