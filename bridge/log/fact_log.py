"""The log as consumers take it: decoded once, the newest facts from memory, all others from the segments."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from bridge.log.decoder import MakeOpener
from bridge.log.fact_reader import FactReader
from bridge.log.facts import Checkpoint, FactBatch, Position
from bridge.log.segments import SegmentedLog
from protocol.capture import Record
from protocol.observer import Observation, Observer

TAIL_FACTS = 50_000  # in memory for those who are not far behind: some 20 MB
TAIL_BATCHES = 10_000
BATCH_FACTS = 4_000
QUIET_S = 1.0  # so long records without a fact are held back

_log = logging.getLogger(__name__)


class FactLog:
    """`append` belongs to the thread that owns `log`, every follower to one of its own."""

    def __init__(self, log: SegmentedLog, make_opener: MakeOpener) -> None:
        """Reads what the last segment tells, to go on from there. Raises OSError."""
        self.log = log
        self.make_opener = make_opener
        self._followers: list[Follower] = []
        self._tail: dict[int, FactBatch] = {}  # by number, the oldest first
        self._tail_facts = 0
        self._next = 0  # number of the next batch
        self._changed = threading.Condition()
        reader = FactReader(log.folder, make_opener, log.end, _log.warning)
        while not reader.warm_up():
            pass
        reader.close()
        self._decoder = reader.decoder
        self._end = log.end
        self._records = reader.decoder.records
        log.state = self._decoder.state
        log.needed = self._oldest_needed

    @property
    def observer(self) -> Observer:
        """What is known of the network now."""
        return self._decoder.observer

    @property
    def records(self) -> int:
        """How many records the log has had, also those that are removed by now."""
        return self._records

    @property
    def newest_us(self) -> int:
        """The time of the last record, 0 without any."""
        return self._decoder.newest_us

    @property
    def tail_facts(self) -> int:
        """How many facts are in memory."""
        return self._tail_facts

    def append(self, records: Sequence[Record]) -> Sequence[Observation]:
        """Write, decode and hand on; the result is what they tell. What cannot be written tells nothing: the
        log is the truth, and whoever reads it later must find the same."""
        recorded = self.log.append(records)
        if not recorded:
            return ()
        facts = self._decoder.facts(recorded)
        batch = FactBatch(facts, Checkpoint(self.log.end), self._decoder.newest_us, len(recorded))
        with self._changed:
            self._tail[self._next] = batch
            self._tail_facts += len(facts)
            self._next += 1
            self._end = self.log.end
            self._records = self._decoder.records
            while self._tail_facts > TAIL_FACTS or len(self._tail) > TAIL_BATCHES:
                self._tail_facts -= len(self._tail.pop(next(iter(self._tail))).facts)
            self._changed.notify_all()
        return facts

    def wake(self) -> None:
        """Have all followers look up, though there is nothing new."""
        with self._changed:
            self._changed.notify_all()

    def follow(self, checkpoint: Checkpoint | None) -> Follower:
        """All facts from there on, or from the oldest record. To be closed."""
        follower = Follower(self, None if checkpoint is None else checkpoint.at)
        self._followers.append(follower)
        return follower

    def leave(self, follower: Follower) -> None:
        """Segments are no longer kept for it."""
        if follower in self._followers:
            self._followers.remove(follower)

    def newest(self) -> tuple[int, Position, int]:
        """The number of the next batch, where it will begin, and how many records are before it."""
        with self._changed:
            return self._next, self._end, self._records

    def batches_from(self, number: int, timeout_s: float) -> list[FactBatch] | None:
        """Those from that number on, some thousand facts at most; after `timeout_s` perhaps none. None if
        that batch is no longer in memory."""
        with self._changed:
            if number == self._next:
                self._changed.wait(timeout_s)
            if number < self._next and number not in self._tail:
                return None
            found: list[FactBatch] = []
            facts = 0
            while number < self._next and facts < BATCH_FACTS:
                found.append(self._tail[number])
                facts += len(self._tail[number].facts)
                number += 1
            return found

    def _oldest_needed(self) -> int | None:
        return min((follower.needed.segment for follower in list(self._followers)), default=None)


class Follower:
    """A place in the log that goes on as it is read; `gaps` counts segments that were gone too early.

    `needed` is the place from which segments are kept for it: whoever follows moves it on when all before is
    durable. `records` counts those before its place.
    """

    def __init__(self, fact_log: FactLog, at: Position | None) -> None:
        self._fact_log = fact_log
        self._at = at
        self._reader: FactReader | None = None
        self._is_warm = False
        self._number: int | None = None  # of the next batch in memory; None: the place is before them
        self._quiet: FactBatch | None = None  # records without a fact
        self._handed_s = time.monotonic()
        self.needed = at or Position(0, 0)
        self.records = self.newest_us = self.gaps = 0

    def next(self, timeout_s: float) -> FactBatch | None:
        """The next facts; None if there are none for so long, or none yet. Raises OSError."""
        batch = self._read() if self._number is None else self._remembered(self._number, timeout_s)
        if batch is not None:
            self._at = batch.checkpoint.at
            self.newest_us = batch.newest_us
        return self._hold(batch)

    @property
    def is_behind(self) -> bool:
        """Whether it still reads what lies on disk."""
        return self._number is None

    @property
    def position(self) -> Position:
        """What is before was given, but for records without a fact."""
        return self._at or Position(0, 0)

    def close(self) -> None:
        """Follow no more."""
        self._fact_log.leave(self)
        if self._reader is not None:
            self._reader.close()

    def _read(self) -> FactBatch | None:
        """From the segments; None while it warms up, and when it has come up with the log's end."""
        if self._reader is None:
            self._reader = FactReader(self._fact_log.log.folder, self._fact_log.make_opener, self._at)
            self._is_warm = False
        if not self._is_warm:
            self._is_warm = self._reader.warm_up()
            self.records = self._reader.decoder.records
            self.newest_us = self._reader.decoder.newest_us
            return None
        number, end, records = self._fact_log.newest()
        gaps = self._reader.gaps
        batch = self._reader.read(end)
        self.gaps += self._reader.gaps - gaps
        self.records = records if batch is None else self._reader.decoder.records
        if batch is None:
            self._reader.close()
            self._reader = None
            self._number, self._at = number, end
        return batch

    def _remembered(self, number: int, timeout_s: float) -> FactBatch | None:
        batches = self._fact_log.batches_from(number, timeout_s)
        if batches is None:  # it was too slow for what is in memory
            self._number = None
            return self._read()
        self._number = number + len(batches)
        self.records += sum(batch.records for batch in batches)
        return _joined(batches) if batches else None

    def _hold(self, batch: FactBatch | None) -> FactBatch | None:
        """Give on what has facts, or has none for long."""
        found = [part for part in (self._quiet, batch) if part is not None]
        whole = _joined(found) if found else None
        now_s = time.monotonic()
        if whole is None or (not whole.facts and now_s - self._handed_s < QUIET_S):
            self._quiet = whole
            return None
        self._quiet, self._handed_s = None, now_s
        return whole


def _joined(batches: Sequence[FactBatch]) -> FactBatch:
    """One batch of several that follow each other."""
    if len(batches) == 1:
        return batches[0]
    facts = [fact for batch in batches for fact in batch.facts]
    last = batches[-1]
    return FactBatch(facts, last.checkpoint, last.newest_us, sum(batch.records for batch in batches))
