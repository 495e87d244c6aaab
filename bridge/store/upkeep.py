"""What time does to the store: readings and rounds are summed up by minute and hour, what is old is dropped.

It goes in slices of a few milliseconds, each a transaction with the mark that tells how far it came, so
that it can stop anywhere. Time is the log's: a store that is made anew from the log comes out the same. Freed
pages are used again; the file keeps the size it once had (VACUUM would write all of it, and wear a card).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bridge.store.marks import Marks
from bridge.store.schema import (
    EVENTS,
    FAMILIES,
    HOUR_US,
    MINUTE_US,
    READINGS,
    ROUNDS,
    first_time_us,
    transaction,
)
from bridge.store.settings import StoreSettings

_SUMS_A_SLICE = 10
_ALL_SERIES, _MOST_SERIES = (0, 1 << 62), 1 << 22  # a metric has 6 bits, a node 16
# Where what comes in is followed closely, a slice takes about so long, and then as much work has its turn.
_SHORT_SLICE_S = 0.005
_RESTS = 10.0  # times what the slice took
_DAY_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class _Sum:
    """`table` holds the sums of steps of the `source`."""

    table: str
    source: str
    step_us: int
    sums: str
    condition: str = "true"

    @property
    def statement(self) -> str:
        """Sums up the step from `start` to `end` of the series from `first` to `last`; one that is there is
        made anew."""
        return f"""INSERT OR REPLACE INTO {self.table} SELECT known.series, :start, {self.sums}
            FROM {self.source}_series AS known CROSS JOIN {self.source} AS found
            ON found.series = known.series AND time_us >= :start AND time_us < :end AND {self.condition}
            WHERE known.series BETWEEN :first AND :last
            GROUP BY known.series"""


_SUMS = tuple(
    step
    for family in FAMILIES
    for step in (
        _Sum(family.minutes, family.raw, MINUTE_US, family.raw_sums, family.condition),
        _Sum(family.hours, family.minutes, HOUR_US, family.sums),
    )
)


class _Partly(NamedTuple):
    """The step that is being summed up, a few series at a time: where it goes, its end, the last series."""

    table: str
    end_us: int
    last: int


_SUMMED_IN = {step.source: step.table for step in _SUMS}
# What one slice drops at most; what is kept is as exact as this.
_SLICE_US = {
    READINGS.raw: 10 * MINUTE_US,
    ROUNDS.raw: HOUR_US,
    EVENTS: HOUR_US,
    READINGS.minutes: _DAY_US,
    ROUNDS.minutes: _DAY_US,
    READINGS.hours: _DAY_US,
    ROUNDS.hours: _DAY_US,
}
# Over the size limit these give way, in this order, whatever their age.
_GIVE_WAY = (READINGS.raw, ROUNDS.raw, READINGS.minutes, ROUNDS.minutes, EVENTS)


class Upkeep:
    """Of one store; raises what SQLite raises. `gave_way` counts slices dropped before their time."""

    def __init__(self, db: sqlite3.Connection, marks: Marks, settings: StoreSettings) -> None:
        self.gave_way = 0
        self._db = db
        self._partly: _Partly | None = None
        self._series_a_slice = 1
        self._rest_until_s = 0.0
        self._may_rest = True
        self._marks = marks
        self._most_bytes = settings.keep_size_bytes
        ages_s = {
            READINGS.raw: settings.keep_readings_s,
            ROUNDS.raw: settings.keep_rounds_s,
            EVENTS: settings.keep_events_s,
        }
        for family in FAMILIES:
            ages_s |= {family.minutes: settings.keep_minutes_s, family.hours: settings.keep_hours_s}
        self._ages_us = {table: round(age_s * 1e6) for table, age_s in ages_s.items()}

    def run(self, budget_s: float, clock_s: Callable[[], float] = time.monotonic) -> bool:
        """Go on for about that long; whether all is done, but for what is put off so that others have their
        turn. Nothing is put off with a budget without end."""
        self._may_rest = budget_s < float("inf")
        end_s = clock_s() + budget_s
        while self._slice():
            if clock_s() >= end_s:
                return False
        return True

    def heed(self, oldest_us: int) -> None:
        """What is as old as that was stored: a step that holds it is summed up from its beginning."""
        if self._partly is not None and oldest_us < self._partly.end_us:
            self._partly = None

    def _slice(self) -> bool:
        return (
            any(self._sum_up(step) for step in _SUMS)
            or any(self._drop_aged(table) for table in self._ages_us)
            or self._give_way()
        )

    def _sum_up(self, step: _Sum) -> bool:
        """Sum up a few steps of what is complete in the source; False if there is none."""
        marks = self._marks
        complete_us = marks.newest_us if step.step_us == MINUTE_US else marks.summed_to_us(step.source)
        complete_us -= complete_us % step.step_us
        start_us = marks.summed_to_us(step.table)
        if start_us >= complete_us:
            return False
        is_next = complete_us - start_us == step.step_us
        if is_next and self._may_rest and time.monotonic() < self._rest_until_s:
            return False
        first_us = first_time_us(self._db, step.source, start_us)
        start_us = complete_us if first_us is None else min(complete_us, first_us - first_us % step.step_us)
        end_us = min(complete_us, start_us + _SUMS_A_SLICE * step.step_us)
        if self._may_rest and end_us == start_us + step.step_us:
            return self._sum_up_partly(step, start_us)
        with marks.moved(summed_to_us={step.table: end_us}):
            for time_us in range(start_us, end_us, step.step_us):
                self._sum(step, time_us, _ALL_SERIES)
        return True

    def _sum_up_partly(self, step: _Sum, start_us: int) -> bool:
        """The next few series of the one step that is due."""
        began_s, end_us = time.monotonic(), start_us + step.step_us
        series = self._next_series(step, end_us)
        if len(series) < self._series_a_slice:  # the last ones
            with self._marks.moved(summed_to_us={step.table: end_us}):
                if series:
                    self._sum(step, start_us, (series[0], series[-1]))
            self._partly = None
        else:
            with transaction(self._db):
                self._sum(step, start_us, (series[0], series[-1]))
            self._partly = _Partly(step.table, end_us, series[-1])
        self._rest(time.monotonic() - began_s, len(series))
        return True

    def _next_series(self, step: _Sum, end_us: int) -> list[int]:
        """Those that are summed up next, of the step that ends then."""
        partly = self._partly
        if partly is None or (partly.table, partly.end_us) != (step.table, end_us):
            partly = _Partly(step.table, end_us, -1)
            self._series_a_slice = 1  # this step may hold far more than the one before
        rows = self._db.execute(
            f"SELECT series FROM {step.source}_series WHERE series > ? LIMIT ?",
            (partly.last, self._series_a_slice),
        )
        return [series for (series,) in rows]

    def _rest(self, took_s: float, series: int) -> None:
        """After a slice of so many series; the next has fewer if it took long, more if next to no time."""
        if took_s > _SHORT_SLICE_S:
            self._series_a_slice = max(1, series // 2)
        elif took_s < _SHORT_SLICE_S / 4:
            self._series_a_slice = min(2 * self._series_a_slice, _MOST_SERIES)
        if took_s > _SHORT_SLICE_S / 4:
            self._rest_until_s = time.monotonic() + took_s * _RESTS

    def _sum(self, step: _Sum, start_us: int, series: tuple[int, int]) -> None:
        first, last = series
        values = {"start": start_us, "end": start_us + step.step_us, "first": first, "last": last}
        self._db.execute(step.statement, values)

    # --- what is dropped ---------------------------------------------------------------------------------

    def _drop_aged(self, table: str) -> bool:
        return self._drop(table, self._marks.newest_us - self._ages_us[table])

    def _give_way(self) -> bool:
        """The file holds more than it may: the oldest goes before its time, but for the last hour."""
        if self._used_bytes() <= self._most_bytes:
            return False
        gave_way = any(self._drop(table, self._marks.newest_us - HOUR_US) for table in _GIVE_WAY)
        self.gave_way += gave_way
        return gave_way

    def _used_bytes(self) -> int:
        pages, free, page_bytes = self._db.execute(
            "SELECT page_count, freelist_count, page_size"
            " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        ).fetchone()
        return int((pages - free) * page_bytes)

    def _drop(self, table: str, horizon_us: int) -> bool:
        """Drop one slice of what is older than the horizon and summed up; False if there is none."""
        slice_us = _SLICE_US[table]
        if table in _SUMMED_IN:
            horizon_us = min(horizon_us, self._marks.summed_to_us(_SUMMED_IN[table]))
        horizon_us -= horizon_us % slice_us
        if horizon_us <= self._marks.kept_from_us(table):
            return False
        first_us = first_time_us(self._db, table, 0)
        end_us = (
            horizon_us if first_us is None else min(horizon_us, first_us - first_us % slice_us + slice_us)
        )
        series = "" if table == EVENTS else f"series IN {table}_series AND "
        with self._marks.moved(kept_from_us={table: end_us}):
            self._db.execute(f"DELETE FROM {table} WHERE {series}time_us < ?", (end_us,))
        return True
