"""Rows as CSV (RFC 4180) with a heading; times in ISO 8601, UTC."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bridge.entries import utc_text
from bridge.flat_rows import COLUMNS, ColumnType, Row


class CsvWriter:
    """A new file of rows of that kind (flat_rows.COLUMNS), under its name once it is closed.

    Until then its name ends in `.part`. Raises OSError, here and when writing.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._file = open(self._part, "w", encoding="utf-8", newline="")  # noqa: SIM115 (close)
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(COLUMNS[kind])
        types = [*COLUMNS[kind].values()]
        self._times = [i for i, type_ in enumerate(types) if type_ is ColumnType.TIME]
        self._flags = [i for i, type_ in enumerate(types) if type_ is ColumnType.FLAG]

    def write(self, rows: Iterable[Row]) -> None:
        """Add these; what is None stays empty, flags are 1 and 0."""
        for row in rows:
            cells = [*row]
            for column in self._times:
                time_us = cells[column]
                assert isinstance(time_us, int)
                cells[column] = utc_text(time_us)
            for column in self._flags:
                cells[column] = (cells[column] and 1) or 0
            self._writer.writerow(cells)

    def close(self) -> None:
        """The file has its name now, in place of one that had it before."""
        self._file.close()
        os.replace(self._part, self._path)

    def discard(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):  # what could not be written cannot be now
            self._file.close()
        self._part.unlink(missing_ok=True)
