"""Facts on their way into the store: rows laid out as their tables want them, for one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

from bridge.log.facts import Checkpoint, FactBatch
from bridge.store.handed import Handed
from bridge.store.inserts import insert
from bridge.store.marks import Marks
from bridge.store.rows import ActuatorRow, EventRow, PeerRow, event_rows
from bridge.store.schema import EVENTS, HOUR_US, MINUTE_US, READINGS, ROUNDS
from protocol.observations import (
    ActuatorSeen,
    Dropped,
    NodeHeard,
    Observation,
    ReadingsSeen,
    RoundRow,
    TokenMoved,
)

_READING_COLUMNS = 4
_ROUND_COLUMNS = 15
_NEVER_US = 1 << 62
_NO_EVENTS = {NodeHeard, TokenMoved, Dropped}  # the most frequent of those that are none
_NEWER_ACTUATOR = """INSERT INTO actuators VALUES (?, ?, ?, ?, ?) ON CONFLICT (node, actuator) DO UPDATE
    SET time_us = excluded.time_us, value = excluded.value, cause = excluded.cause
    WHERE excluded.time_us >= time_us"""


class Pending:
    """Values and not objects: those of a row follow those of the one before it in its table's list."""

    def __init__(self, marks: Marks) -> None:
        self.too_late = 0
        self._marks = marks
        self._readings: list[int] = []
        self._rounds: list[int | None] = []
        self._events: list[EventRow] = []
        self._peers: list[PeerRow] = []
        self._actuators: list[ActuatorRow] = []
        self._checkpoint: Checkpoint | None = None
        self._newest_us = marks.newest_us
        self._oldest_reading_us = self._oldest_round_us = _NEVER_US

    @property
    def rows(self) -> int:
        """How many came from the log."""
        values = len(self._readings) // _READING_COLUMNS + len(self._rounds) // _ROUND_COLUMNS
        return values + len(self._events)

    @property
    def oldest_us(self) -> int:
        """The time of the oldest reading or result."""
        return min(self._oldest_reading_us, self._oldest_round_us)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write, not even a place in the log."""
        return not (self._checkpoint or self._events or self._peers)

    def add(self, batch: FactBatch) -> None:
        """Lay its facts out; those older than what their table keeps are counted."""
        self._checkpoint = batch.checkpoint
        self._newest_us = max(self._newest_us, batch.newest_us)
        self._add(batch.facts)

    def _add(self, facts: Sequence[Observation]) -> None:
        readings, from_us = self._readings, self._marks.kept_from_us(READINGS.raw)
        oldest_us = self._oldest_reading_us
        for fact in facts:
            if type(fact) is ReadingsSeen:
                time_us, node, version = fact.timestamp_us, fact.node, fact.version
                if time_us < from_us:
                    self.too_late += 1
                    continue
                if time_us < oldest_us:
                    oldest_us = time_us
                for metric, raw in fact.pairs:
                    readings += (metric << 16 | node, time_us, version, raw)
            elif type(fact) is RoundRow:
                self._add_round(fact)
            elif type(fact) is ActuatorSeen:
                self._actuators.append(_actuator_row(fact))
            elif type(fact) not in _NO_EVENTS:
                self._add_events(fact)
        self._oldest_reading_us = oldest_us

    def _add_round(self, row: RoundRow) -> None:
        if row.timestamp_us < self._marks.kept_from_us(ROUNDS.raw):
            self.too_late += 1
            return
        self._oldest_round_us = min(self._oldest_round_us, row.timestamp_us)
        found = row.aggregate
        self._rounds += (row.metric_id, row.timestamp_us, found.version, row.round, found.max, found.max_id)
        self._rounds += (found.total, found.count, row.doubt, row.duration_ms, row.frames, row.bytes)
        self._rounds += (row.repairs, row.alive, row.reachable)

    def _add_events(self, fact: Observation) -> None:
        events = event_rows(fact)
        if fact.timestamp_us < self._marks.kept_from_us(EVENTS):
            self.too_late += len(events)
        else:
            self._events += events

    def add_handed(self, handed: Handed) -> None:
        """What does not come from the log."""
        events, self._peers = handed.take()
        self._events += events

    def marks_moved(self) -> AbstractContextManager[None]:
        """The transaction to write it in. A minute or an hour that gets a late reading is summed up again."""
        late: dict[str, int] = {}
        for family, oldest_us in ((READINGS, self._oldest_reading_us), (ROUNDS, self._oldest_round_us)):
            for table, step_us in ((family.minutes, MINUTE_US), (family.hours, HOUR_US)):
                if oldest_us < self._marks.summed_to_us(table):
                    late[table] = oldest_us - oldest_us % step_us
        return self._marks.moved(newest_us=self._newest_us, summed_to_us=late, checkpoint=self._checkpoint)

    def write(self, db: sqlite3.Connection) -> tuple[int, int, int]:
        """Into the tables; how many readings, rounds and events were new."""
        insert(db, "INSERT OR REPLACE INTO peers", 10, _values(self._peers))
        db.executemany(_NEWER_ACTUATOR, self._actuators)
        return (
            insert(db, "INSERT OR IGNORE INTO readings", _READING_COLUMNS, self._readings),
            insert(db, "INSERT OR IGNORE INTO rounds", _ROUND_COLUMNS, self._rounds),
            insert(db, "INSERT OR IGNORE INTO events", 5, _values(self._events)),
        )


def _values(rows: Iterable[tuple[object, ...]]) -> list[object]:
    return [value for row in rows for value in row]


def _actuator_row(seen: ActuatorSeen) -> ActuatorRow:
    return ActuatorRow(seen.node, seen.actuator, seen.timestamp_us, seen.value, seen.cause)
