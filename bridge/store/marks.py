"""How far the store has come: times that are written together with what they tell of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.log.facts import Checkpoint
from bridge.store.inserts import insert
from bridge.store.schema import transaction

_CHECKPOINT = "checkpoint"


class Marks:
    """All times are 0 before the first.

    `newest_us` is the time of the newest record of the log, a table of sums is complete up to its
    `summed_to_us`, and of each table what is older than its `kept_from_us` was dropped.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._values: dict[str, int] = {}
        self.checkpoint: Checkpoint | None = None
        (state,) = db.execute("SELECT json_group_object(name, value) FROM state").fetchone()  # as in queries
        for name, value in json.loads(state).items():
            if name == _CHECKPOINT:
                self.checkpoint = Checkpoint.from_json(value)
            elif isinstance(value, int):
                self._values[name] = value

    @property
    def newest_us(self) -> int:
        """Of the records whose facts are committed."""
        return self._values.get("newest_us", 0)

    def summed_to_us(self, table: str) -> int:
        """Of a table of sums."""
        return self._values.get(f"{table}_to_us", 0)

    def kept_from_us(self, table: str) -> int:
        """Of any table with times."""
        return self._values.get(f"{table}_from_us", 0)

    @contextmanager
    def moved(
        self,
        *,
        newest_us: int | None = None,
        summed_to_us: dict[str, int] | None = None,
        kept_from_us: dict[str, int] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Iterator[None]:
        """A transaction that moves these marks with what is written in it, or fails with all of it."""
        moved = {f"{table}_to_us": time_us for table, time_us in (summed_to_us or {}).items()}
        moved |= {f"{table}_from_us": time_us for table, time_us in (kept_from_us or {}).items()}
        if newest_us is not None:
            moved["newest_us"] = newest_us
        values: list[object] = [value for item in moved.items() for value in item]
        if checkpoint is not None:
            values += (_CHECKPOINT, checkpoint.to_json())
        with transaction(self._db):
            yield
            insert(self._db, "INSERT OR REPLACE INTO state", 2, values)
        self._values |= moved
        self.checkpoint = checkpoint or self.checkpoint
