"""Questions to a store, beside whoever writes it.

An answer of many rows comes as one row of JSON that SQLite puts together: after each row that it steps to
another thread may keep the interpreter for 5 ms, and in a busy bridge a plot of 500 points took seconds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bridge.store.marks import Marks
from bridge.store.rows import ActuatorRow, EventRow, PeerRow, ReadingRow, node_and_metric, series_of
from bridge.store.schema import (
    HOUR_US,
    MINUTE_US,
    READINGS,
    ROUNDS,
    Family,
    StoreError,
    open_reader,
    trouble_text,
)
from protocol.aggregate import Aggregate
from protocol.observations import RoundRow

MOST_ROWS = 10_000  # of an answer; who wants more asks for the next span, or for buckets
MOST_POINTS = 1_000

_ROUND_COLUMNS = (
    "series, time_us, version, round, max, max_id, total, count, doubt, duration_ms, frames, bytes, repairs,"
    " alive, reachable"
)
# One bucket after the other, each by a seek; GROUP BY would sort all rows first and take twice as long.
_BUCKETS = """WITH RECURSIVE bucket(start_us) AS (
        VALUES (:first) UNION ALL
        SELECT start_us + :width FROM bucket WHERE start_us + :width < :end
    ) SELECT json_group_array(json(found)) FROM (
        SELECT (
            SELECT json_array(bucket.start_us, {sums}) FROM {table}
            WHERE series = :series AND {condition}
            AND time_us >= max(bucket.start_us, :since) AND time_us < min(bucket.start_us + :width, :end)
        ) AS found FROM bucket
    ) WHERE json_extract(found, '$[1]') > 0"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`count` raw readings from `start_us` on: smallest, largest, their sum, and the sum of their squares."""

    start_us: int
    count: int
    min: int
    max: int
    total: int
    squares: int

    def merge(self, other: Self) -> Self:
        """Both together."""
        return replace(
            self,
            count=self.count + other.count,
            min=min(self.min, other.min),
            max=max(self.max, other.max),
            total=self.total + other.total,
            squares=self.squares + other.squares,
        )


@dataclass(frozen=True, slots=True)
class RoundBucket:
    """`rounds` that have readings and are not saturated, raw; `total` and `count` are the sums of theirs."""

    start_us: int
    rounds: int
    max: int
    least_mean: float
    largest_mean: float
    total: int
    count: int

    def merge(self, other: Self) -> Self:
        """Both together."""
        return replace(
            self,
            rounds=self.rounds + other.rounds,
            max=max(self.max, other.max),
            least_mean=min(self.least_mean, other.least_mean),
            largest_mean=max(self.largest_mean, other.largest_mean),
            total=self.total + other.total,
            count=self.count + other.count,
        )


_AnyBucket = TypeVar("_AnyBucket", Bucket, RoundBucket)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Buckets of `width_us` from `start_us` on, in whole numbers of `unit_us`."""

    start_us: int
    to_us: int
    unit_us: int
    width_us: int

    @classmethod
    def of(cls, from_us: int, to_us: int, most_points: int) -> _Grid:
        """At most so many buckets over that span."""
        least_us = -(-(to_us - from_us) // most_points)
        unit_us = HOUR_US if least_us >= HOUR_US else MINUTE_US if least_us >= MINUTE_US else 1
        start_us = from_us - from_us % unit_us
        units = -(-(to_us - start_us) // (most_points * unit_us))
        return cls(start_us, to_us, unit_us, max(1, units) * unit_us)


class Queries:
    """A connection of the thread that makes it. Raises StoreError if the file cannot be read.

    Times are microseconds since the epoch: from `from_us` on, before `to_us`. Lists are in the order of time.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._db = open_reader(self._path)
        self.network: str = self._one("SELECT value FROM state WHERE name = 'network'")

    def __enter__(self) -> Queries:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    # --- measurements ------------------------------------------------------------------------------------

    def readings_plot(
        self, node: int, metric: int, from_us: int, to_us: int, most_points: int = MOST_POINTS
    ) -> list[Bucket]:
        """The node's readings in at most so many buckets of equal width, without those that are empty.

        Buckets of a minute or more are whole minutes (hours), made of what was summed up already, and the
        first one begins with the minute (hour) of `from_us`. Where raw readings were dropped, buckets are no
        finer than the minutes or hours that are left.
        """
        return self._plot(READINGS, Bucket, series_of(node, metric), _Grid.of(from_us, to_us, most_points))

    def rounds_plot(
        self, metric: int, from_us: int, to_us: int, most_points: int = MOST_POINTS
    ) -> list[RoundBucket]:
        """The metric's results, in such buckets."""
        return self._plot(ROUNDS, RoundBucket, metric, _Grid.of(from_us, to_us, most_points))

    def _plot(self, family: Family, bucket: type[_AnyBucket], series: int, grid: _Grid) -> list[_AnyBucket]:
        with self._snapshot():
            marks = Marks(self._db)
            hours_to_us: int = marks.kept_from_us(family.minutes)
            minutes_to_us: int = marks.kept_from_us(family.raw)
            if grid.unit_us >= HOUR_US:
                hours_to_us = marks.summed_to_us(family.hours)
            if grid.unit_us >= MINUTE_US:
                minutes_to_us = marks.summed_to_us(family.minutes)
            rows = (
                *self._buckets(family.hours, family, series, grid, 0, hours_to_us),
                *self._buckets(family.minutes, family, series, grid, hours_to_us, minutes_to_us),
                *self._buckets(family.raw, family, series, grid, minutes_to_us, grid.to_us),
            )
        found: list[_AnyBucket] = []
        for row in rows:
            new = bucket(*row)
            if found and found[-1].start_us == new.start_us:  # half of it by one table, half by the next
                found[-1] = found[-1].merge(new)
            else:
                found.append(new)
        return found

    def _buckets(
        self, table: str, family: Family, series: int, grid: _Grid, since_us: int, end_us: int
    ) -> list[Any]:
        """What that table tells of its part of the time."""
        since_us, end_us = max(since_us, grid.start_us), min(end_us, grid.to_us)
        if since_us >= end_us:
            return []
        is_raw = table == family.raw
        statement = _BUCKETS.format(
            table=table,
            sums=family.raw_sums if is_raw else family.sums,
            condition=family.condition if is_raw else "true",
        )
        first_us = since_us - (since_us - grid.start_us) % grid.width_us
        values = {
            "first": first_us,
            "width": grid.width_us,
            "since": since_us,
            "end": end_us,
            "series": series,
        }
        return self._rows(statement, values)

    def readings(
        self, node: int, metric: int, from_us: int, to_us: int, most: int = MOST_ROWS
    ) -> list[ReadingRow]:
        """The newest raw readings of that span."""
        rows = self._rows(
            """SELECT json_group_array(json_array(time_us, version, raw)) FROM (
                SELECT * FROM readings WHERE series = :series AND time_us >= :from AND time_us < :to
                ORDER BY time_us DESC, version DESC LIMIT :most)""",
            {"series": series_of(node, metric), "from": from_us, "to": to_us, "most": most},
        )
        return [ReadingRow(time_us, node, metric, version, raw) for time_us, version, raw in reversed(rows)]

    def latest_readings(self) -> list[ReadingRow]:
        """The newest raw reading of every node and metric, ordered by metric and node."""
        rows = self._rows(
            """SELECT json_group_array(json((
                SELECT json_array(series, time_us, version, raw) FROM readings
                WHERE series = known.series ORDER BY time_us DESC, version DESC LIMIT 1
            ))) FROM readings_series AS known"""
        )
        return [
            ReadingRow(time_us, *node_and_metric(series), version, raw)
            for series, time_us, version, raw in rows
        ]

    def rounds(self, metric: int, from_us: int, to_us: int, most: int = MOST_ROWS) -> list[RoundRow]:
        """The newest results of that span."""
        rows = self._rows(
            f"""SELECT json_group_array(json_array({_ROUND_COLUMNS})) FROM (
                SELECT * FROM rounds WHERE series = :metric AND time_us >= :from AND time_us < :to
                ORDER BY time_us DESC, version DESC LIMIT :most)""",
            {"metric": metric, "from": from_us, "to": to_us, "most": most},
        )
        return [round_row(row) for row in reversed(rows)]

    def last_rounds(self) -> list[RoundRow]:
        """The newest result of each metric."""
        rows = self._rows(
            f"""SELECT json_group_array(json((
                SELECT json_array({_ROUND_COLUMNS}) FROM rounds
                WHERE series = known.series ORDER BY time_us DESC, version DESC LIMIT 1
            ))) FROM rounds_series AS known"""
        )
        return [round_row(row) for row in rows]

    # --- what happened, and what is ----------------------------------------------------------------------

    def events(self, from_us: int, to_us: int, most: int = MOST_ROWS) -> list[EventRow]:
        """The newest events of that span."""
        rows = self._rows(
            """SELECT json_group_array(json_array(time_us, kind, node, name, detail)) FROM (
                SELECT * FROM events WHERE time_us >= :from AND time_us < :to
                ORDER BY time_us DESC, kind DESC, node DESC, name DESC LIMIT :most)""",
            {"from": from_us, "to": to_us, "most": most},
        )
        return [EventRow(*row) for row in reversed(rows)]

    def peers(self) -> list[PeerRow]:
        """All nodes that the bridge knew, ordered by node."""
        columns = ", ".join(PeerRow._fields)
        rows = self._rows(f"SELECT json_group_array(json_array({columns})) FROM peers")
        return sorted(PeerRow(*row) for row in rows)

    def actuator_states(self) -> list[ActuatorRow]:
        """The newest that was told of each actuator, ordered by node and actuator."""
        columns = ", ".join(ActuatorRow._fields)
        rows = self._rows(f"SELECT json_group_array(json_array({columns})) FROM actuators")
        return sorted(ActuatorRow(*row) for row in rows)

    # --- how it is asked ---------------------------------------------------------------------------------

    def _rows(self, statement: str, values: Mapping[str, object] | None = None) -> list[Any]:
        found: list[Any] = json.loads(self._one(statement, values))
        return found

    def _one(self, statement: str, values: Mapping[str, object] | None = None) -> Any:
        try:
            (value,) = self._db.execute(statement, values or {}).fetchone()
        except sqlite3.Error as error:
            raise StoreError(trouble_text(self._path, error)) from error
        return value

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Several questions to one state of the file."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")


def round_row(values: tuple[Any, ...] | list[Any]) -> RoundRow:
    """The columns of `rounds` as the observer told them."""
    metric, time_us, version, round_, max_, max_id, total, count, *rest = values
    return RoundRow(time_us, round_, metric, Aggregate(version, max_, max_id, total, count), *rest)
