"""A sink that hands on what the rules tell, too, besides the log: at least once, while the bridge runs."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from time import monotonic
from typing import TypeVar

from bridge.sinks.rule_board import RuleChange
from bridge.sinks.settings import Delivery
from bridge.sinks.sink import Offsets, Sink

MOST_CHANGES = 10_000  # that wait for the end of an outage

Row = TypeVar("Row")

_log = logging.getLogger(__name__)


class LiveSink(Sink[Row]):
    """Changes go out with the next batch, after what the log tells."""

    def __init__(
        self, kind: str, delivery: Delivery, offsets: Offsets, clock_s: Callable[[], float] = monotonic
    ) -> None:
        super().__init__(kind, delivery, offsets, clock_s)
        self.dropped_changes = 0
        self._lock = threading.Lock()
        self._changes: deque[RuleChange] = deque()
        self._outgoing: list[Row] = []  # of changes; this thread's own

    @abstractmethod
    def rows_of_change(self, change: RuleChange) -> Iterable[Row]:
        """What it becomes."""

    def hand(self, changes: Sequence[RuleChange]) -> None:
        """Take these, from any thread. Of more than MOST_CHANGES the oldest are dropped and counted."""
        with self._lock:
            self._changes += changes
            dropped = max(0, len(self._changes) - MOST_CHANGES)
            for _ in range(dropped):
                self._changes.popleft()
            if dropped and not self.dropped_changes:
                _log.warning("%s: changes of rules are dropped: %d wait already", self.name, MOST_CHANGES)
            self.dropped_changes += dropped

    @property
    def pending(self) -> int:
        """Rows that wait for others, or for the end of an outage."""
        return super().pending + len(self._outgoing) + len(self._changes)

    def _send_all(self) -> None:
        super()._send_all()
        self._drain(self._outgoing)
        while changes := self._next_changes():
            self._outgoing += (row for change in changes for row in self.rows_of_change(change))
            self._drain(self._outgoing)

    def _next_changes(self) -> list[RuleChange]:
        with self._lock:
            taken = [*islice(self._changes, self.delivery.batch_rows)]
            for _ in taken:
                self._changes.popleft()
        return taken
