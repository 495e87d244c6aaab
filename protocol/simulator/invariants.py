"""What must hold in every round of every field; a run that breaks it stops.

The rule over all: a result is exact for the set of nodes that it counts, or it says that it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from protocol.aggregate import SATURATED, Aggregate
from protocol.node import RoundFinished
from protocol.node_base import MAX_EVENTS
from protocol.outbox import CAPACITY
from protocol.packets import Items
from protocol.simulator.books import Books, Follow
from protocol.simulator.propagation import Listeners


class InvariantViolation(Exception):  # noqa: N818 - the name of what happened
    """The protocol broke a promise; the same field, options and `seed` replay it."""

    def __init__(self, seed: int, round_number: int, what: str) -> None:
        super().__init__(f"seed {seed}, round {round_number}: {what}; the same field and seed replay it")
        self.seed = seed
        self.round = round_number
        self.what = what


@dataclass(frozen=True, slots=True)
class Limits:
    """What networks are allowed.

    A ring in rotations (see ring_invariants.py), and longer by `cold_start_ms` where there never was a
    result; a polled network the time in which its nodes hear of each other after a fault.
    """

    two_tokens: float = 1.0
    stop: float = 3.0
    cold_start_ms: int = 2_000
    settle_ms: int = 1_000


class World(Protocol):
    """What invariants ask of the simulation whose nodes they follow."""

    @property
    def seed(self) -> int:
        """Of the run."""

    @property
    def now_us(self) -> int:
        """The time."""

    @property
    def period_ms(self) -> int:
        """The time between two rounds."""

    @property
    def order(self) -> Sequence[int]:
        """That of the ring or of the standbys, if it is configured."""

    @property
    def listeners(self) -> Listeners:
        """For every node the nodes that hear it now."""

    @property
    def alive(self) -> frozenset[int]:
        """The nodes that have power."""

    def component_of(self, node_id: int) -> frozenset[int]:
        """The living nodes with a path of links that work both ways to that living node."""

    def hop_us(self) -> int:
        """The longest that a token needs from one node to the next if nothing is lost."""

    def running_round(self) -> int:
        """The round that runs, by the world's clock."""


class Invariants:
    """Follows one run, and what every network promises. Its methods raise InvariantViolation.

    One that `watches` has `watch` called once a period.
    """

    watches = False

    def __init__(self, world: World, books: Books, limits: Limits) -> None:
        self._world = world
        self._books = books
        self._limits = limits

    def follow(self) -> Follow:
        """The events that tell."""
        return {RoundFinished: self.found}

    def forgot(self, node_id: int) -> None:
        """`node_id` has no memory now."""

    def stepped(self, node_id: int) -> None:
        """The clock of `node_id` jumped."""

    def changed(self) -> None:
        """Something happened to nodes or links."""

    def watch(self) -> None:
        """A period has passed."""

    def caused(self, node_id: int, events: int) -> None:
        """One call of that node caused so many events. A full queue of them may have lost the oldest."""
        if events >= MAX_EVENTS:
            self._stop(f"one call caused {events} events at node {node_id}, which keeps {MAX_EVENTS}")

    def gave_out(self, node_id: int, frames: int) -> None:
        """That node gave out so many frames at once."""
        if frames > CAPACITY:
            self._stop(f"node {node_id} gave out {frames} frames at once and keeps {CAPACITY}")

    def found(self, reporter: int, result: RoundFinished) -> None:
        """The reporter has that result."""
        if what := wrong_in_result(result.items, reporter, result.version, self._books):
            self._stop(f"the result of version {result.version} is wrong without saying so: {what}")

    def _stop(self, what: str) -> None:
        raise InvariantViolation(self._world.seed, self._world.running_round(), what)


def wrong_in_result(items: Items, reporter: int, version: int, books: Books) -> str | None:
    """What the reporter's result of that round says and is not so; None if it is right."""
    contributors = books.contributors(reporter, version)
    for metric_id, aggregate in items.aggregates:
        readings = books.readings(metric_id, version)
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
