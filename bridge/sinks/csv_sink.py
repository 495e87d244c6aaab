"""Readings, rounds and events as CSV files for spreadsheets: `[[csv]]` in bridge.toml (docs/sinks.md).

A row of readings is what one node told of one round, with a column for each metric, named with its unit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from bridge.entries import Reading, entries_of, utc_text
from bridge.flat_rows import COLUMNS, KINDS, row_of
from bridge.sinks.day_files import DayFiles, Part
from bridge.sinks.settings import FILE_KEYS, Delivery
from bridge.sinks.sink import Sink
from protocol.aggregate import METRICS, metric_of
from protocol.observations import Observation, ReadingsSeen
from protocol.simulator.toml_tables import Table

_TIME = "time (UTC)"
_OTHERS = "other metrics (raw)"
HEADERS = {
    "readings": (
        *(_TIME, "network", "node", "version"),
        *(f"{metric.name} ({metric.unit})" for metric in METRICS.values()),
        _OTHERS,
    ),
    **{kind: (_TIME, *[*COLUMNS[kind]][1:]) for kind in ("rounds", "events")},
}


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """One `[[csv]]`."""

    delivery: Delivery
    folder: Path

    @classmethod
    def from_table(cls, table: Table, folder: Path) -> CsvSettings:
        """As people wrote it; its folder may lie beside the table's own file. Raises DescriptionError."""
        table.expect(FILE_KEYS)
        table.need("folder")
        delivery = Delivery.from_table(table, name="csv", batch_rows=1_000, batch_age="1 s")
        return cls(delivery, folder / table.text("folder", ""))


class CsvRow(NamedTuple):
    """A line, without its end, of that kind's file of that day (UTC)."""

    kind: str
    day: str
    line: str


class CsvSink(Sink[CsvRow]):
    """Exactly once: the checkpoint and the lengths of the files are saved together."""

    def __init__(self, settings: CsvSettings, network: str, state: Path) -> None:
        """Raises UsageError for a folder that cannot be used."""
        self._day_files = DayFiles(settings.folder, state)
        super().__init__("csv", settings.delivery, self._day_files)
        self._network = network

    def rows_of(self, fact: Observation) -> Iterable[CsvRow]:
        """Its lines."""
        if isinstance(fact, ReadingsSeen):
            return [_row("readings", fact.timestamp_us, self._cells_of(fact))]
        return [
            _row(KINDS[type(entry)], entry.timestamp_us, cells)
            for entry in entries_of(fact)
            for cells in [row_of(self._network, entry)[1:]]
            if not isinstance(entry, Reading)
        ]

    def send(self, rows: Sequence[CsvRow]) -> None:
        """Add them to their files. Raises RetryError."""
        self._day_files.append(
            Part(kind, day, _line(HEADERS[kind]) + "\r\n", "".join(f"{row.line}\r\n" for row in group))
            for (kind, day), group in groupby(rows, attrgetter("kind", "day"))
        )

    def close(self) -> None:
        """Write the rest, and let the files go."""
        super().close()
        self._day_files.close()

    def _cells_of(self, seen: ReadingsSeen) -> list[object]:
        told = dict(seen.pairs)
        known = [metric.scaled(told[metric.id]) if metric.id in told else None for metric in METRICS.values()]
        others = [f"{metric_of(id_).name}={raw}" for id_, raw in seen.pairs if id_ not in METRICS]
        return [self._network, seen.node, seen.version, *known, " ".join(others)]


def _row(kind: str, timestamp_us: int, cells: Sequence[object]) -> CsvRow:
    time = utc_text(timestamp_us)
    return CsvRow(kind, time[:10], _line([time, *cells]))


def _line(cells: Sequence[object]) -> str:
    """RFC 4180, without the line's end. What a spreadsheet would take for a formula gets a quote first."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(cell: object) -> object:
    if isinstance(cell, bool):
        return str(cell).lower()
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
