"""The store as a consumer of the log: facts and the place they end at, in one transaction."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bridge.log.facts import Checkpoint, FactBatch, RetryError
from bridge.store.handed import Handed
from bridge.store.marks import Marks
from bridge.store.pending import Pending
from bridge.store.rows import EventRow, PeerRow
from bridge.store.schema import open_writer, trouble_text
from bridge.store.settings import StoreSettings
from bridge.store.upkeep import Upkeep

COMMIT_PERIOD_S = 0.25
COMMIT_ROWS = 1_000  # if they come sooner: at 100,000 readings/s each is stored within 50 ms
# For each second of taking, upkeep has so many if it needs them. At full speed it needs less than one: so it
# keeps up, and what comes in has its turn.
UPKEEP_SHARE = 2.0

_log = logging.getLogger(__name__)


class Store:
    """A SQLite file that holds one network. Raises StoreError if `path` cannot be used.

    What was taken is committed when it is COMMIT_ROWS, else within COMMIT_PERIOD_S, or when the store is next
    called: every commit writes a page for each of its series, which wears a card. A crash or a power cut
    takes what was not committed, and the checkpoint with it, so that the log gives it again; what comes
    twice is stored once. `write_...` may be called from any thread, everything else from one at a time.
    """

    def __init__(self, path: str | Path, network: str, settings: StoreSettings | None = None) -> None:
        self.path = Path(path)
        self.readings = self.rounds = self.events = 0  # stored since the start
        self.too_late = 0  # facts that came after those of their age were dropped
        self.trouble: str | None = None  # why nothing can be stored now
        self._db = open_writer(self.path, network)
        self._marks = Marks(self._db)
        self._upkeep = Upkeep(self._db, self._marks, settings or StoreSettings())
        self._pending = Pending(self._marks)
        self._committed_s = time.monotonic()
        self._handed = Handed()
        self._told_gave_way = False

    @property
    def gave_way(self) -> int:
        """Slices (mostly 10 minutes of readings) dropped before their time, for want of size."""
        return self._upkeep.gave_way

    @property
    def dropped_events(self) -> int:
        """Events of other threads for which there was no room while nothing could be stored."""
        return self._handed.dropped_events

    @property
    def warnings(self) -> list[str]:
        """What people should know of it now, besides `trouble`, which whoever runs it is told."""
        found = [self._gave_way_text] if self.gave_way else []
        if self.dropped_events:
            found.append(
                f"store: {self.dropped_events} events are lost: nothing could be stored for too long"
            )
        return found

    @property
    def _gave_way_text(self) -> str:
        what = f"store: {self.path} has reached its size: the oldest goes before its time"
        return f"{what}; raise [store] keep_size, or keep readings for a shorter time"

    @property
    def size_bytes(self) -> int:
        """Of the files."""
        parts = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())

    # --- the consumer ------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """As in the status."""
        return "store"

    def checkpoint(self) -> Checkpoint | None:
        """After the facts that are committed."""
        return self._marks.checkpoint

    def take(self, batch: FactBatch) -> None:
        """Store it. Raises RetryError while earlier ones cannot be committed: this one is then not taken."""
        if self.trouble is not None:
            self._commit()
        self._pending.add(batch)
        if self._is_due():
            with suppress(RetryError):  # the batch is kept, and the next one waits
                self._commit()

    def idle(self, now_us: int) -> None:
        """Commit what waits, and go on with what is to be summed up or dropped."""
        with suppress(RetryError):
            self._commit()

    def settle(self) -> None:
        """Commit, sum up and drop all that is due. Raises RetryError."""
        self._commit(upkeep_s=float("inf"))

    def close(self) -> None:
        """Commit, and close the file; what cannot be committed comes from the log again."""
        self.idle(0)
        self._db.close()

    def _is_due(self) -> bool:
        return self._pending.rows >= COMMIT_ROWS or time.monotonic() - self._committed_s >= COMMIT_PERIOD_S

    def _commit(self, upkeep_s: float | None = None) -> None:
        pending, began_s = self._pending, self._committed_s
        if self.trouble is None:
            pending.add_handed(self._handed)
        try:
            if not pending.is_empty:
                self._write(pending)
                self._pending = Pending(self._marks)
            if upkeep_s is None:
                upkeep_s = UPKEEP_SHARE * (time.monotonic() - began_s)
            self._upkeep.run(upkeep_s)
        except sqlite3.Error as error:
            self._tell(trouble_text(self.path, error))
            raise RetryError(f"store: {self.trouble}") from error
        finally:
            self._committed_s = time.monotonic()
        self._tell(None)

    def _tell(self, trouble: str | None) -> None:
        """Once, and not each time that it is tried again."""
        if trouble is not None and trouble != self.trouble:
            _log.warning("store: %s", trouble)
        elif trouble is None and self.trouble is not None:
            _log.info("store: %s: goes on", self.path)
        self.trouble = trouble
        if self.gave_way and not self._told_gave_way:
            _log.warning("%s", self._gave_way_text)
            self._told_gave_way = True

    def _write(self, pending: Pending) -> None:
        with pending.marks_moved():
            readings, rounds, events = pending.write(self._db)
        self._upkeep.heed(pending.oldest_us)
        self.readings += readings
        self.rounds += rounds
        self.events += events
        self.too_late += pending.too_late

    # --- what is not in the log, from any thread -----------------------------------------------------------

    def write_events(self, rows: Iterable[EventRow]) -> None:
        """Keep these with the next commit; the same time, kind, node and name are the same event."""
        self._handed.put_events(rows)

    def write_peers(self, rows: Iterable[PeerRow]) -> None:
        """Keep the newest of each node with the next commit."""
        self._handed.put_peers(rows)
