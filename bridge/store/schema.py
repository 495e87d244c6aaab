"""The store's file: its tables, how an older file becomes one of today, what people are told of a bad one.

A table of measurements has its rows in the order in which they are asked for: by series, then by time. The
primary key is the table itself (WITHOUT ROWID), so that a reading takes about 23 bytes. A series of readings
is `metric << 16 | node`; that of results is the metric. Values are raw, times microseconds since the epoch.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import UsageError
from protocol.aggregate import SATURATED

APPLICATION_ID = 0x54524E47  # "TRNG", for `file` and for us: another program's database is left alone
MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
BUSY_TIMEOUT_S = 5.0
MAPPED_BYTES = 1 << 28  # by readers, whose own cache each commit of the writer empties
WAL_KEPT_BYTES = 16 << 20  # what a large transaction left of the -wal file is given back


@dataclass(frozen=True, slots=True)
class Family:
    """A table of measurements and those of its sums: what one row of the sums is made of."""

    raw: str
    minutes: str
    hours: str
    raw_sums: str  # from rows of the raw table that meet the condition
    condition: str
    sums: str  # from rows of sums

    @property
    def tables(self) -> tuple[str, str, str]:
        """The finest first."""
        return self.raw, self.minutes, self.hours


READINGS = Family(
    raw="readings",
    minutes="reading_minutes",
    hours="reading_hours",
    raw_sums="count(*), min(raw), max(raw), sum(raw), sum(raw * raw)",
    condition="true",
    sums="sum(count), min(min), max(max), sum(total), sum(squares)",
)
ROUNDS = Family(
    raw="rounds",
    minutes="round_minutes",
    hours="round_hours",
    raw_sums="count(*), max(max), min(1.0 * total / count), max(1.0 * total / count), sum(total), sum(count)",
    condition=f"count > 0 AND count < {SATURATED} AND total < {SATURATED}",
    sums="sum(rounds), max(max), min(least_mean), max(largest_mean), sum(total), sum(count)",
)
FAMILIES = (READINGS, ROUNDS)
EVENTS = "events"


def _series_view(table: str) -> str:
    """The series of a table by one seek each, where DISTINCT would read all its rows."""
    return f"""CREATE VIEW {table}_series AS WITH RECURSIVE known(series) AS (
        SELECT min(series) FROM {table}
        UNION ALL
        SELECT (SELECT min(series) FROM {table} WHERE series > known.series) FROM known
        WHERE known.series IS NOT NULL
    ) SELECT series FROM known WHERE series IS NOT NULL"""


def _reading_sums(table: str) -> str:
    return f"""CREATE TABLE {table} (
        series INTEGER NOT NULL, time_us INTEGER NOT NULL,
        count INTEGER NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL,
        total INTEGER NOT NULL, squares INTEGER NOT NULL,
        PRIMARY KEY (series, time_us)
    ) WITHOUT ROWID"""


def _round_sums(table: str) -> str:
    return f"""CREATE TABLE {table} (
        series INTEGER NOT NULL, time_us INTEGER NOT NULL,
        rounds INTEGER NOT NULL, max INTEGER NOT NULL, least_mean REAL NOT NULL, largest_mean REAL NOT NULL,
        total INTEGER NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (series, time_us)
    ) WITHOUT ROWID"""


# Each entry brings a file of the version before it (its index) to the next. Written once, never edited.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE state (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
        """CREATE TABLE readings (
            series INTEGER NOT NULL, time_us INTEGER NOT NULL, version INTEGER NOT NULL, raw INTEGER NOT NULL,
            PRIMARY KEY (series, time_us, version)
        ) WITHOUT ROWID""",
        """CREATE TABLE rounds (
            series INTEGER NOT NULL, time_us INTEGER NOT NULL, version INTEGER NOT NULL,
            round INTEGER NOT NULL, max INTEGER NOT NULL, max_id INTEGER NOT NULL, total INTEGER NOT NULL,
            count INTEGER NOT NULL, doubt INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
            frames INTEGER NOT NULL, bytes INTEGER NOT NULL, repairs INTEGER NOT NULL,
            alive INTEGER, reachable INTEGER,
            PRIMARY KEY (series, time_us, version)
        ) WITHOUT ROWID""",
        """CREATE TABLE events (
            time_us INTEGER NOT NULL, kind TEXT NOT NULL, node INTEGER NOT NULL, name TEXT NOT NULL,
            detail TEXT NOT NULL,
            PRIMARY KEY (time_us, kind, node, name)
        ) WITHOUT ROWID""",
        """CREATE TABLE peers (
            node INTEGER PRIMARY KEY, link TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT NULL,
            first_seen_us INTEGER NOT NULL, last_heard_us INTEGER NOT NULL, frames INTEGER NOT NULL,
            lost_frames INTEGER NOT NULL, interval_s REAL, address_changes INTEGER NOT NULL
        )""",
        """CREATE TABLE actuators (
            node INTEGER NOT NULL, actuator INTEGER NOT NULL, time_us INTEGER NOT NULL,
            value INTEGER NOT NULL, cause INTEGER NOT NULL,
            PRIMARY KEY (node, actuator)
        ) WITHOUT ROWID""",
        _reading_sums("reading_minutes"),
        _reading_sums("reading_hours"),
        _round_sums("round_minutes"),
        _round_sums("round_hours"),
        *(_series_view(table) for family in FAMILIES for table in family.tables),
    ),
)


class StoreError(UsageError):
    """The file cannot be used as a store."""


def open_writer(path: Path, network: str) -> sqlite3.Connection:
    """The store of that network, made or brought up to date if need be. Raises StoreError."""
    try:
        db = sqlite3.connect(path, BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreError(trouble_text(path, error)) from error
    try:
        _check(path, db)
        # A power cut takes the last transactions, each whole: facts, and the checkpoint that knows of them.
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        _migrate(db)
        _claim(path, db, network)
    except sqlite3.Error as error:
        db.close()
        raise StoreError(trouble_text(path, error)) from error
    except StoreError:
        db.close()
        raise
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, for the thread that opens it. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file; name a store that the bridge has made")
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", BUSY_TIMEOUT_S, uri=True)
        try:
            db.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
            _check(path, db)
            if user_version(db) < len(MIGRATIONS):
                raise StoreError(
                    f"{path}: made by an older Treering; start the bridge once to bring it up to date"
                )
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise StoreError(trouble_text(path, error)) from error
    return db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has ended it already
            db.execute("ROLLBACK")
        raise


def user_version(db: sqlite3.Connection) -> int:
    """How many of the MIGRATIONS the file has seen."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def first_time_us(db: sqlite3.Connection, table: str, since_us: int) -> int | None:
    """The time of the table's first row since then, by a seek for each series."""
    statement = (
        f"SELECT min(time_us) FROM {table} WHERE time_us >= :since"
        if table == EVENTS
        else f"""SELECT min(first) FROM (
            SELECT (
                SELECT min(time_us) FROM {table} WHERE series = known.series AND time_us >= :since
            ) AS first FROM {table}_series AS known
        )"""
    )
    first_us: int | None = db.execute(statement, {"since": since_us}).fetchone()[0]
    return first_us


def trouble_text(path: Path, error: sqlite3.Error) -> str:
    """One line for people: the cause and the remedy."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return (
            f"{path}: the disk is full; make room, or keep less ([store] keep_readings). The log has it all"
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"{path}: damaged ({error}); `treering rebuild LOG --store {path}` makes it anew from the log"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"{path}: another program keeps it locked; end that program"
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return f"{path}: {error}; name a file in a folder that you may write to"
    return f"{path}: {error}; check the disk"


def _check(path: Path, db: sqlite3.Connection) -> None:
    """Nothing is done to a file of another program, or of a newer one."""
    application = db.execute("PRAGMA application_id").fetchone()[0]
    is_empty = not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION_ID and not is_empty:
        raise StoreError(f"{path}: a database of another program; name another file")
    if user_version(db) > len(MIGRATIONS):
        raise StoreError(
            f"{path}: made by a newer Treering (version {user_version(db)}, here {len(MIGRATIONS)} is known);"
            " install that, or name another file"
        )


def _migrate(db: sqlite3.Connection) -> None:
    if user_version(db) == len(MIGRATIONS):
        return
    with transaction(db):
        for statements in MIGRATIONS[user_version(db) :]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _claim(path: Path, db: sqlite3.Connection, network: str) -> None:
    """A store holds one network: its name is part of every key, and here it is said once."""
    db.execute("INSERT OR IGNORE INTO state VALUES ('network', ?)", (network,))
    (held,) = db.execute("SELECT value FROM state WHERE name = 'network'").fetchone()
    if held != network:
        raise StoreError(f"{path}: holds the network {held!r}, not {network!r}; name another file")
