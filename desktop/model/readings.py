"""Who read what in a finished round, as far as the frames tell.

A token ring tells readings on request, some of them after the result, and a polled network all of them; in a
sink tree a report that counts one node is a reading.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from protocol.aggregate import Aggregate
from protocol.observer import RoundRow
from protocol.packets import Pairs

_KEPT_VERSIONS = 8  # readings come in the round that they are of, or soon after

Readings = Mapping[int, Mapping[int, int]]  # node: metric: raw


@dataclass(frozen=True, slots=True)
class RoundReadings:
    """One finished round: its results by metric, the readings, and the nodes that told none."""

    round: int
    rows: Mapping[int, RoundRow]
    readings: Readings
    missing: tuple[int, ...]

    @property
    def nodes(self) -> list[int]:
        """All of them, by id."""
        return sorted({*self.readings, *self.missing})


class ReadingsByRound:
    """Collects readings until a round is settled: everybody present has told, or the next round is over."""

    def __init__(self) -> None:
        self._by_version: dict[int, dict[int, dict[int, int]]] = {}
        self._open: Sequence[RoundRow] = ()

    def add(self, version: int, node: int, pairs: Pairs) -> None:
        """A node's readings in that round."""
        self._by_version.setdefault(version, {}).setdefault(node, {}).update(pairs)
        while len(self._by_version) > _KEPT_VERSIONS:
            del self._by_version[next(iter(self._by_version))]

    def finish(self, rows: Sequence[RoundRow], sensors: Collection[int]) -> RoundReadings | None:
        """A round has a result: the one before it, if it was not settled yet, is so now."""
        before = self._settle(sensors) if self._open else None
        self._open = rows
        return before

    @property
    def is_awaited(self) -> bool:
        """Whether a round is finished that is not settled."""
        return bool(self._open)

    def settle_if_told(self, sensors: Collection[int], absent: Collection[int]) -> RoundReadings | None:
        """The round that is finished, once all sensors that are not absent have told their readings."""
        if not self._open:
            return None
        told = self._told()
        if len(told) < len(sensors) - len(absent) or not told.keys() >= set(sensors) - set(absent):
            return None
        return self._settle(sensors)

    def _settle(self, sensors: Collection[int]) -> RoundReadings:
        told = self._told()
        rows, self._open = self._open, ()
        missing = sorted(set(sensors) - told.keys())
        return RoundReadings(rows[0].round, {row.metric_id: row for row in rows}, told, tuple(missing))

    def _told(self) -> Readings:
        return self._by_version.get(self._open[0].version, {})


def readings_in_tree(
    rows: Sequence[RoundRow], aggregates: Iterable[Mapping[int, Aggregate]]
) -> RoundReadings:
    """What the last reports of a tree tell of the round: each that counts one node is that node's reading."""
    readings: dict[int, dict[int, int]] = {}
    for by_metric in aggregates:
        for metric_id, aggregate in by_metric.items():
            if aggregate.count == 1 and aggregate.version == rows[0].version:
                readings.setdefault(aggregate.max_id, {})[metric_id] = aggregate.max
    return RoundReadings(rows[0].round, {row.metric_id: row for row in rows}, readings, ())
