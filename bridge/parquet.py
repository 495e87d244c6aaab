"""Rows as Parquet files, by pyarrow (extra `parquet`), which no other module imports.

A Parquet file ends with its index and can be read only when it was closed. So who writes without an end
writes parts, each a file of its own: readers (pandas, DuckDB, Spark) take a folder of parts as one table.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from bridge.errors import UsageError
from bridge.flat_rows import COLUMNS, ColumnType, Row

ROW_GROUP_ROWS = 65_536  # some MB in memory until they are written


class ParquetWriter:
    """A new file of rows of that kind (flat_rows.COLUMNS), under its name once it is closed.

    Until then its name ends in `.part`. Raises UsageError without pyarrow, OSError when writing fails.
    """

    def __init__(self, path: Path, kind: str) -> None:
        arrow, parquet = _pyarrow()
        self.path = path
        self.rows = 0
        self._part = path.with_name(path.name + ".part")
        self._arrow = arrow
        self._columns = list(COLUMNS[kind])
        types = {
            ColumnType.TIME: arrow.timestamp("us", tz="UTC"),
            ColumnType.WHOLE: arrow.int64(),
            ColumnType.NUMBER: arrow.float64(),
            ColumnType.TEXT: arrow.dictionary(arrow.int32(), arrow.string()),
            ColumnType.FLAG: arrow.bool_(),
        }
        self._schema: Any = arrow.schema([(name, types[type_]) for name, type_ in COLUMNS[kind].items()])
        try:
            self._writer: Any = parquet.ParquetWriter(self._part, self._schema, compression="zstd")
        except OSError:
            self._part.unlink(missing_ok=True)
            raise
        self._pending: list[Row] = []

    def write(self, rows: Iterable[Row]) -> None:
        """Add these: to the file when a row group is full."""
        for row in rows:
            self._pending.append(row)
            if len(self._pending) >= ROW_GROUP_ROWS:
                self._write_group()

    def close(self) -> None:
        """Write the rest and the index; the file has its name now, in place of one that had it before."""
        if self._pending:
            self._write_group()
        self._writer.close()
        os.replace(self._part, self.path)

    def discard(self) -> None:
        """Leave nothing behind; harmless after `close`."""
        with suppress(OSError):  # what could not be written cannot be now
            self._writer.close()
        self._part.unlink(missing_ok=True)

    def _write_group(self) -> None:
        columns = zip(*self._pending, strict=True)
        arrays = [
            self._arrow.array(values, type=field.type)
            for values, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._arrow.table(arrays, schema=self._schema))
        self.rows += len(self._pending)
        self._pending = []


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    """Columns of numbers (numpy arrays of one length) as they are, but NaN is null.

    Raises UsageError without pyarrow, OSError.
    """
    arrow, parquet = _pyarrow()
    arrays = {name: arrow.array(values, from_pandas=True) for name, values in columns.items()}
    parquet.write_table(arrow.table(arrays), path, compression="zstd")


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(f"{error}; Parquet needs `pip install treering[parquet]`") from error
    return pyarrow, pyarrow.parquet
