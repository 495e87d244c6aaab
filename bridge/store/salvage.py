"""What a store that was set aside still tells of the time before the log begins, and of what no log holds.

A log keeps weeks, sums are kept for years: a store that is made anew takes them over, as far as they can be
read.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from bridge.store.schema import (
    EVENTS,
    FAMILIES,
    HOUR_US,
    StoreError,
    open_reader,
    open_writer,
    transaction,
    trouble_text,
)

_log = logging.getLogger(__name__)


def take_over(old: Path, new: Path, network: str, log_begins_us: int) -> int:
    """Copy into `new`, which is closed, what `old` has beyond the log; how many rows.

    What cannot be read is told, table by table, and left out. Raises StoreError for the new one.
    """
    db = open_writer(new, network)
    try:
        _check(old, network)
        db.execute("ATTACH ? AS old", (str(old),))
        return sum(_copy(db, old, statement) for statement in _statements(log_begins_us))
    except StoreError as error:
        _log.warning("%s; nothing is taken over from it", error)
        return 0
    finally:
        db.close()


def _check(old: Path, network: str) -> None:
    db = open_reader(old)
    try:
        (held,) = db.execute("SELECT value FROM state WHERE name = 'network'").fetchone()
    except sqlite3.Error as error:
        raise StoreError(trouble_text(old, error)) from error
    finally:
        db.close()
    if held != network:
        raise StoreError(f"{old}: holds the network {held!r}, not {network!r}")


def _statements(log_begins_us: int) -> list[str]:
    """The old store tells more of the hour in which the log begins: its sums, and the round at hand whole."""
    hour_end_us = log_begins_us - log_begins_us % HOUR_US + HOUR_US
    measured = (table for family in FAMILIES for table in family.tables)
    return [
        *(f"INSERT OR IGNORE INTO {table} SELECT * FROM old.{table}" for table in ("peers", EVENTS)),
        *(
            f"INSERT OR REPLACE INTO {table} SELECT * FROM old.{table} WHERE time_us < {hour_end_us}"
            for table in measured
        ),
    ]


def _copy(db: sqlite3.Connection, old: Path, statement: str) -> int:
    before = db.total_changes
    try:
        with transaction(db):
            db.execute(statement)
    except sqlite3.Error as error:
        table = statement.split()[4]
        _log.warning("%s: the old %s cannot be read (%s), and are left out", old, table, error)
        return 0
    return db.total_changes - before
