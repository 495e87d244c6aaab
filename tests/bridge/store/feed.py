"""Facts of a small network as the log hands them out, and all that a store holds."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from bridge.log.facts import Checkpoint, FactBatch, Position
from bridge.store.schema import READINGS, ROUNDS
from protocol.aggregate import Aggregate
from protocol.observations import NodeLost, Observation, ReadingsSeen, RoundRow

START_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
TABLES = (*READINGS.tables, *ROUNDS.tables, "events", "peers", "actuators")


def time_us(second: float) -> int:
    """That second of the tests' time."""
    return START_US + round(second * SECOND_US)


def reading(second: float, node: int = 7, raw: int = 100, metric: int = 0, version: int = 1) -> ReadingsSeen:
    return ReadingsSeen(time_us(second), node, version, ((metric, raw),))


def result(second: float, round_: int = 1, *, metric: int = 0, total: int = 300, count: int = 3) -> RoundRow:
    aggregate = Aggregate(round_ & 0xFFFF, 140, 9, total, count)
    return RoundRow(time_us(second), round_, metric, aggregate, 0, 850, 12, 240, 1, None, 4)


def lost(second: float, node: int = 7) -> NodeLost:
    return NodeLost(time_us(second), node, 1)


def batch(*facts: Observation, place: int = 1) -> FactBatch:
    """As if they were all the records before that place."""
    newest_us = max((fact.timestamp_us for fact in facts), default=START_US)
    return FactBatch(facts, Checkpoint(Position(1, place)), newest_us, max(1, len(facts)))


def content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    db = sqlite3.connect(path)
    try:
        return {table: sorted(db.execute(f"SELECT * FROM {table}")) for table in TABLES}
    finally:
        db.close()
