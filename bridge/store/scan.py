"""All that a store holds of a span, in the order of time: for exports, as rows of files (flat_rows)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from math import sqrt
from pathlib import Path
from typing import Any

from bridge.entries import Reading
from bridge.flat_rows import Row, row_of
from bridge.store.marks import Marks
from bridge.store.queries import round_row
from bridge.store.rows import NO_NODE, node_and_metric
from bridge.store.schema import EVENTS, READINGS, ROUNDS, StoreError, first_time_us, open_reader, trouble_text
from protocol.aggregate import metric_of

# In memory for each series; between two pages the writer may clean up behind us: no long look at one state.
PAGE_ROWS = 1_000
MAX_VERSION = 0xFFFF
_TABLES = {
    "readings": READINGS.raw,
    "minutes": READINGS.minutes,
    "hours": READINGS.hours,
    "rounds": ROUNDS.raw,
    "events": EVENTS,
}
_Make = Callable[[str, int, tuple[Any, ...]], Row]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted: from `from_us` on, before `to_us`; None: all nodes, all metrics."""

    kind: str
    from_us: int = 0
    to_us: int = (1 << 63) - 1
    nodes: frozenset[int] | None = None
    metrics: frozenset[int] | None = None

    def spans(self, time_us: int) -> bool:
        """Whether that time is wanted."""
        return self.from_us <= time_us < self.to_us

    def takes(self, node: int | None, metric: int | None) -> bool:
        """Whether it is wanted; None where a row has none."""
        is_node = self.nodes is None or node is None or node in self.nodes
        return is_node and (self.metrics is None or metric is None or metric in self.metrics)


class Scan:
    """Of one file. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = open_reader(path)
        self.network = str(self._all("SELECT value FROM state WHERE name = 'network'", ())[0][0])

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def span_us(self, wanted: Selection) -> tuple[int, int]:
        """About when the first and the last of them are."""
        first_us = self._first_us(wanted)
        newest_us = Marks(self._db).newest_us
        return (newest_us if first_us is None else first_us), min(wanted.to_us, newest_us)

    def _first_us(self, wanted: Selection) -> int | None:
        try:
            return first_time_us(self._db, _TABLES[wanted.kind], wanted.from_us)
        except sqlite3.Error as error:
            raise StoreError(trouble_text(self._path, error)) from error

    def rows(self, wanted: Selection) -> Iterator[Row]:
        """In the order of time, then of node and metric."""
        if wanted.kind == "events":
            return self._events(wanted)
        make = {"readings": _reading, "rounds": _round}.get(wanted.kind, _sums)
        return merge(*self._series(_TABLES[wanted.kind], make, wanted), key=_time_us)

    def _series(self, table: str, make: _Make, wanted: Selection) -> Iterable[Iterator[Row]]:
        for (series,) in self._all(f"SELECT series FROM {table}_series", ()):
            node, metric = (None, series) if table == ROUNDS.raw else node_and_metric(series)
            if wanted.takes(node, metric):
                yield self._pages(table, make, series, wanted)

    def _pages(self, table: str, make: _Make, series: int, wanted: Selection) -> Iterator[Row]:
        key = "time_us, version" if table in (READINGS.raw, ROUNDS.raw) else "time_us"
        width = key.count(",") + 1
        statement = f"""SELECT {key}, * FROM {table} WHERE series = ? AND ({key}) > ({", ".join("?" * width)})
            AND time_us < ? ORDER BY {key} LIMIT {PAGE_ROWS}"""
        after: tuple[Any, ...] = (wanted.from_us - 1, MAX_VERSION)[:width]
        while page := self._all(statement, (series, *after, wanted.to_us)):
            for row in page:
                yield make(self.network, series, row[width:])
            after = page[-1][:width]

    def _events(self, wanted: Selection) -> Iterator[Row]:
        statement = f"""SELECT * FROM {EVENTS}
            WHERE (time_us, kind, node, name) > (?, ?, ?, ?) AND time_us < ?
            ORDER BY time_us, kind, node, name LIMIT {PAGE_ROWS}"""
        after: tuple[Any, ...] = (wanted.from_us, "", NO_NODE, "")
        while page := self._all(statement, (*after, wanted.to_us)):
            for time_us, kind, node, name, detail in page:
                if wanted.takes(node, None):
                    yield time_us, self.network, kind, None if node == NO_NODE else node, name, detail
            after = page[-1][:4]

    def _all(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(trouble_text(self._path, error)) from error


def _time_us(row: Row) -> int:
    assert isinstance(row[0], int)
    return row[0]


def _reading(network: str, series: int, row: tuple[Any, ...]) -> Row:
    _, time_us, version, raw = row
    node, metric = node_and_metric(series)
    return row_of(network, Reading(time_us, node, version, metric_of(metric), raw))


def _round(network: str, series: int, row: tuple[Any, ...]) -> Row:
    return row_of(network, round_row(row))


def _sums(network: str, series: int, row: tuple[Any, ...]) -> Row:
    _, time_us, count, least, most, total, squares = row
    node, metric_id = node_and_metric(series)
    metric = metric_of(metric_id)
    # Whole numbers: nothing cancels out, however small the deviation is.
    deviation = sqrt(count * squares - total * total) / count * abs(metric.scale)
    found = (metric.scaled(least), metric.scaled(most), metric.scaled(total / count), deviation)
    return time_us, network, node, metric.name, count, *found, metric.unit
