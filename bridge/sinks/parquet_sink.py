"""Readings, rounds and events as Parquet files, for pandas, DuckDB or Spark: `[[parquet]]` in bridge.toml.

A Parquet file can be read when it is whole. So rows wait in memory until a part is full or old, and a crash
costs nothing: they are in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from bridge import flat_rows
from bridge.entries import entries_of, utc_text
from bridge.errors import UsageError
from bridge.sinks.part_files import Part, PartFiles
from bridge.sinks.settings import FILE_KEYS, Delivery
from bridge.sinks.sink import Sink
from protocol.observations import Observation
from protocol.simulator.toml_tables import Table

MAX_PART_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class ParquetSettings:
    """One `[[parquet]]`: a part is full at `batch` rows and old at `batch_age`."""

    delivery: Delivery
    folder: Path

    @classmethod
    def from_table(cls, table: Table, folder: Path) -> ParquetSettings:
        """As people wrote it; its folder may lie beside the table's own file. Raises DescriptionError."""
        table.expect(FILE_KEYS)
        table.need("folder")
        delivery = Delivery.from_table(
            table, name="parquet", batch_rows=50_000, batch_age="1 h", most_rows=MAX_PART_ROWS
        )
        return cls(delivery, folder / table.text("folder", ""))


class ParquetRow(NamedTuple):
    """A row of that kind (flat_rows.COLUMNS), of that day (UTC)."""

    kind: str
    day: str
    cells: flat_rows.Row


class ParquetSink(Sink[ParquetRow]):
    """Exactly once: the checkpoint and the number of parts are saved together."""

    def __init__(self, settings: ParquetSettings, network: str, state: Path) -> None:
        """Raises UsageError for a folder that cannot be used, or without pyarrow."""
        if find_spec("pyarrow") is None:
            raise UsageError("[[parquet]] needs pyarrow; run `pip install treering[parquet]`, or use [[csv]]")
        self._parts = PartFiles(settings.folder, state)
        super().__init__("parquet", settings.delivery, self._parts)
        self._network = network

    def rows_of(self, fact: Observation) -> Iterable[ParquetRow]:
        """A row for each reading, round or event."""
        return [
            ParquetRow(
                flat_rows.KINDS[type(entry)],
                utc_text(entry.timestamp_us)[:10],
                flat_rows.row_of(self._network, entry),
            )
            for entry in entries_of(fact)
        ]

    def send(self, rows: Sequence[ParquetRow]) -> None:
        """Write a part for each kind and day. Raises RetryError."""
        by_part = attrgetter("kind", "day")
        self._parts.add(
            Part(kind, day, partial(_write, kind, [row.cells for row in group]))
            for (kind, day), group in groupby(sorted(rows, key=by_part), by_part)
        )


def _write(kind: str, rows: Sequence[flat_rows.Row], path: Path) -> None:
    from bridge.parquet import ParquetWriter  # pyarrow takes half a second and 60 MB: only for who needs it

    writer = ParquetWriter(path, kind)
    try:
        writer.write(rows)
        writer.close()
    except BaseException:
        writer.discard()
        raise
