"""Many rows into a table with few calls.

Between two calls of SQLite another thread may take the interpreter for 5 ms (sys.getswitchinterval), and
`executemany` makes one call a row: beside a busy thread it writes 7,000 rows/s instead of 800,000. One
statement with thousands of rows makes one call for all of them.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Any

# At most so many values a statement; SQLite takes 32,766 since 3.32.
MOST_VALUES = 16_384
_SHRINK = 2


def insert(db: sqlite3.Connection, into: str, columns: int, values: list[Any]) -> int:
    """Insert the rows that lie one after the other in `values`; how many were new.

    `into` is an INSERT OR IGNORE (or OR REPLACE) up to its VALUES: the rest of a statement is filled up
    with its last row again.
    """
    before = db.total_changes
    most_rows = MOST_VALUES // columns
    start, end = 0, len(values)
    while start < end:
        rows = _rows(min(most_rows, (end - start) // columns), most_rows)
        part = values[start : start + rows * columns]
        start += len(part)
        missing = rows - len(part) // columns
        db.execute(
            _statement(into, columns, rows), [*part, *(part[-columns:] * missing)] if missing else part
        )
    return db.total_changes - before


def _rows(wanted: int, most: int) -> int:
    """The smallest statement that takes all that is wanted: a few sizes, so that each is prepared once."""
    while (fewer := most // _SHRINK) >= wanted:
        most = fewer
    return most


@lru_cache(maxsize=128)
def _statement(into: str, columns: int, rows: int) -> str:
    row = f"({','.join('?' * columns)})"
    return f"{into} VALUES {','.join([row] * rows)}"
