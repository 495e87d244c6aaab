"""What time does to the store: readings are summed up by minute and hour, and what is old is dropped.

It goes in slices of a few milliseconds, each a transaction with the mark that tells how far it came, so
that it can stop anywhere. Time is the log's: a store that is made anew from the log comes out the same. Freed
pages are used again; the file keeps the size it once had (VACUUM would write all of it, and wear a card).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from bridge.store.marks import Marks
from bridge.store.schema import HOUR_US, MINUTE_US
from bridge.store.settings import StoreSettings

_SUMS_A_SLICE = 10
_DROP_SLICE_US = {  # what one slice drops at most; a table's age is kept to this
    "readings": 10 * MINUTE_US,
    "rounds": HOUR_US,
    "events": HOUR_US,
    "minutes": 24 * HOUR_US,
    "hours": 24 * HOUR_US,
}
# Over the size limit these give way in this order, whatever their age.
_GIVE_WAY = ("readings", "rounds", "minutes", "events")

_SUM_READINGS = """INSERT OR REPLACE INTO minutes
    SELECT s.series, :start, count(*), min(raw), max(raw), sum(raw), sum(raw * raw)
    FROM readings_series s CROSS JOIN readings r
    ON r.series = s.series AND r.time_us >= :start AND r.time_us < :end GROUP BY s.series"""
_SUM_MINUTES = """INSERT OR REPLACE INTO hours
    SELECT s.series, :start, sum(count), min(min), max(max), sum(total), sum(squares)
    FROM minutes_series s CROSS JOIN minutes m
    ON m.series = s.series AND m.time_us >= :start AND m.time_us < :end GROUP BY s.series"""


class Upkeep:
    """Of one store; raises what SQLite raises."""

    def __init__(self, db: sqlite3.Connection, marks: Marks, settings: StoreSettings) -> None:
        self._db = db
        self._marks = marks
        self._age_us = {
            "readings": round(settings.keep_readings_s * 1e6),
            "minutes": round(settings.keep_minutes_s * 1e6),
            "hours": round(settings.keep_hours_s * 1e6),
            "rounds": round(settings.keep_rounds_s * 1e6),
            "events": round(settings.keep_events_s * 1e6),
        }
        self._most_bytes = settings.keep_size_bytes

    def run(self, budget_s: float, clock_s: Callable[[], float] = time.monotonic) -> bool:
        """Go on for about that long; whether all is done."""
        end_s = clock_s() + budget_s
        while self._slice():
            if clock_s() >= end_s:
                return False
        return True

    def _slice(self) -> bool:
        return (
            self._sum("minutes", MINUTE_US, _SUM_READINGS, "readings", self._marks.newest_us)
            or self._sum("hours", HOUR_US, _SUM_MINUTES, "minutes", self._marks.summed_to_us("minutes"))
            or any(self._drop_aged(table) for table in self._age_us)
            or self._give_way()
        )

    # --- sums --------------------------------------------------------------------------------------------

    def _sum(self, table: str, step_us: int, statement: str, source: str, complete_us: int) -> bool:
        """Sum up a few steps of what is complete in the source; False if there is none."""
        start_us = self._marks.summed_to_us(table)
        complete_us -= complete_us % step_us
        if start_us >= complete_us:
            return False
        first_us = self._first_us(source, start_us)
        start_us = complete_us if first_us is None else min(complete_us, first_us - first_us % step_us)
        end_us = min(complete_us, start_us + _SUMS_A_SLICE * step_us)
        with self._marks.moved(summed_to_us={table: end_us}):
            for time_us in range(start_us, end_us, step_us):
                self._db.execute(statement, {"start": time_us, "end": time_us + step_us})
        return True

    def _first_us(self, table: str, since_us: int) -> int | None:
        """The time of the first row since then."""
        if table == "events":
            statement = "SELECT min(time_us) FROM events WHERE time_us >= :since"
        else:
            column = _series_column(table)
            statement = f"""SELECT min(first) FROM (
                SELECT (
                    SELECT min(time_us) FROM {table} WHERE {column} = known.series AND time_us >= :since
                ) AS first FROM {table}_series AS known
            )"""
        first_us: int | None = self._db.execute(statement, {"since": since_us}).fetchone()[0]
        return first_us

    # --- what is dropped ---------------------------------------------------------------------------------

    def _drop_aged(self, table: str) -> bool:
        slice_us = _DROP_SLICE_US[table]
        horizon_us = self._marks.newest_us - self._age_us[table]
        if horizon_us - self._marks.kept_from_us(table) < slice_us:
            return False
        return self._drop(table, horizon_us - horizon_us % slice_us)

    def _give_way(self) -> bool:
        """The file holds more than it may: the oldest goes before its time."""
        if self._used_bytes() <= self._most_bytes:
            return False
        # An hour of each stays, so that there is something to show.
        horizon_us = self._marks.newest_us - self._marks.newest_us % HOUR_US - HOUR_US
        return any(self._drop(table, horizon_us) for table in _GIVE_WAY)

    def _used_bytes(self) -> int:
        pages, free, page_bytes = self._db.execute(
            "SELECT page_count, freelist_count, page_size"
            " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        ).fetchone()
        return int((pages - free) * page_bytes)

    def _drop(self, table: str, horizon_us: int) -> bool:
        """Drop one slice of what is older than the horizon and summed up; False if there is none."""
        sums = {"readings": "minutes", "minutes": "hours"}.get(table)
        if sums is not None:
            horizon_us = min(horizon_us, self._marks.summed_to_us(sums))
        slice_us = _DROP_SLICE_US[table]
        horizon_us -= horizon_us % slice_us
        if horizon_us <= self._marks.kept_from_us(table):
            return False
        first_us = self._first_us(table, 0)
        end_us = (
            horizon_us if first_us is None else min(horizon_us, first_us - first_us % slice_us + slice_us)
        )
        with self._marks.moved(kept_from_us={table: end_us}):
            column = "" if table == "events" else f"{_series_column(table)} IN {table}_series AND "
            self._db.execute(f"DELETE FROM {table} WHERE {column}time_us < ?", (end_us,))
        return True


def _series_column(table: str) -> str:
    return "metric" if table == "rounds" else "series"
