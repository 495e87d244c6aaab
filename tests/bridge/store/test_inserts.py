"""Many rows go into a table by few calls of SQLite, so that a busy thread beside costs little."""

from __future__ import annotations

import sqlite3

import pytest

from bridge.store.inserts import MOST_VALUES, insert


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 8, 9, 63, 64, 65, 4_096, 5_000, 20_000])
def test_every_row_is_there_once(rows: int) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID")
    calls: list[str] = []
    db.set_trace_callback(calls.append)
    values = [value for row in range(rows) for value in (row, str(row))]
    assert insert(db, "INSERT OR IGNORE INTO t", 2, values) == rows
    assert insert(db, "INSERT OR IGNORE INTO t", 2, values) == 0
    db.set_trace_callback(None)
    assert db.execute("SELECT * FROM t ORDER BY a").fetchall() == [(row, str(row)) for row in range(rows)]
    assert sum(call.startswith("INSERT") for call in calls) == 2 * -(-rows // (MOST_VALUES // 2))
    db.close()
