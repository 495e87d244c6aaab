"""What can be exported, and the work of it. No tkinter: tables are made in a process of their own."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from bridge.access import Access
from bridge.csv_file import CsvWriter
from bridge.export import pieces_of_log
from bridge.parquet import ParquetWriter, write_parquet
from bridge.store.scan import Selection
from desktop.keep.job import Tell


class What(Enum):
    """What is exported: as people read it, and a table's kind (bridge.flat_rows)."""

    ROUNDS = ("Rounds", "rounds")
    READINGS = ("Readings of nodes", "readings")
    EVENTS = ("Events", "events")
    PACKETS = ("Packets (headers)", "packets")
    NETWORK = ("Picture of the network", "")
    PLOTS = ("Plots as shown", "")

    def __init__(self, label: str, kind: str) -> None:
        self.label = label
        self.kind = kind

    @property
    def formats(self) -> Mapping[str, str]:
        """The formats that it comes in, with the ends of their names."""
        if self.kind:
            return TABLES
        return PICTURES | TABLES if self is What.PLOTS else PICTURES


Columns = Mapping[str, np.ndarray[Any, Any]]
TABLES = {"CSV": ".csv", "Parquet": ".parquet"}
PICTURES = {"PNG": ".png", "SVG": ".svg", "PDF": ".pdf"}


@dataclass(frozen=True, slots=True)
class TableRequest:
    """A table of a log, from `from_us` on and before `to_us`, into a file that may be there already."""

    log: Path
    access: Access
    what: What
    from_us: int
    to_us: int
    path: Path


def export_table(request: TableRequest, tell: Tell) -> str:
    """Write the file, which is there when it is whole. Raises UsageError, OSError, CancelledError."""
    make_writer: Callable[[Path, str], CsvWriter | ParquetWriter] = (
        ParquetWriter if request.path.suffix == TABLES["Parquet"] else CsvWriter
    )
    wanted = Selection(request.what.kind, request.from_us, request.to_us)
    pieces = pieces_of_log(request.log, request.access, wanted)
    writer = make_writer(request.path, wanted.kind)
    count = 0
    try:
        for rows, done in pieces:
            kept = list(rows)
            writer.write(kept)
            count += len(kept)
            tell(done or 0.0, f"{count:,} rows")
        writer.close()
    except BaseException:
        writer.discard()
        raise
    return f"{count:,} rows"


def write_columns(columns: Columns, path: Path) -> None:
    """Columns of one length as CSV or Parquet, as the end of the name says; NaN is an empty cell.

    Raises UsageError without pyarrow, OSError.
    """
    if path.suffix == TABLES["Parquet"]:
        write_parquet(path, columns)
        return
    cells = [[_cell(value) for value in column] for column in columns.values()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*cells, strict=True))


def _cell(value: np.generic) -> str:
    """As short as the value's own precision allows."""
    return "" if value != value else str(value)
