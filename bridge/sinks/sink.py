"""What every sink is: a consumer of the log that hands rows on in batches, at a limited rate.

A sink's checkpoint moves when everything before it is handed on, so that after a crash or an outage nothing
is missing; what was handed on since comes again, under the same keys.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from bridge.log.facts import Checkpoint, FactBatch, RetryError
from bridge.sinks.settings import Delivery
from bridge.sinks.token_bucket import TokenBucket
from protocol.observations import Observation

Row = TypeVar("Row")


class Offsets(Protocol):
    """Keeps a consumer's place: `bridge.log.offsets.OffsetFile`, or whoever keeps more with it."""

    def load(self) -> Checkpoint | None:
        """The place that was saved last."""

    def save(self, checkpoint: Checkpoint | None = None, *, force: bool = False) -> None:
        """Keep it, or what was not saved yet: at most once a second, unless forced."""


class Sink(ABC, Generic[Row]):
    """A `Consumer` of `bridge.log.facts`. A subclass says what facts become, and how rows are handed on."""

    def __init__(
        self,
        kind: str,
        delivery: Delivery,
        offsets: Offsets,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = kind if delivery.name == kind else f"{kind} {delivery.name}"
        self.delivery = delivery
        self.sent = 0  # rows handed on
        self.refused = 0  # rows that were not taken, and never will be
        self._offsets = offsets
        self._clock_s = clock_s
        self._bucket = None if delivery.rate_per_s is None else TokenBucket(delivery.rate_per_s, clock_s())
        self._interrupted = threading.Event()
        self._pending: list[Row] = []
        self._oldest_s = 0.0  # when the first came of what is not committed
        self._taken: Checkpoint | None = None  # after all that are pending
        self._is_committed = True
        self._is_failing = False

    # --- what a subclass does ----------------------------------------------------------------------------

    @abstractmethod
    def rows_of(self, fact: Observation) -> Iterable[Row]:
        """What the fact becomes: nothing, one row or several."""

    @abstractmethod
    def send(self, rows: Sequence[Row]) -> None:
        """Hand them on; returns when they are safe there. Raises RetryError, and gets them again."""

    # --- Consumer ----------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """As in the status."""
        return self._name

    @property
    def pending(self) -> int:
        """Rows that wait for others, or for the end of an outage."""
        return len(self._pending)

    def checkpoint(self) -> Checkpoint | None:
        """From where to go on."""
        return self._offsets.load()

    def take(self, batch: FactBatch) -> None:
        """Hand on what is due. Raises RetryError."""
        if batch.checkpoint != self._taken:  # else it comes again, and its rows wait here
            if self._is_committed:
                self._oldest_s = self._clock_s()
            self._pending += [row for fact in batch.facts for row in self.rows_of(fact)]
            self._taken = batch.checkpoint
            self._is_committed = False
        self._send_due()

    def idle(self, now_us: int) -> None:
        """Hand on what has waited long enough. Raises RetryError."""
        self._send_due()
        self._offsets.save()

    def close(self) -> None:
        """Hand on the rest, but not during an outage: it comes again with the next start."""
        if not self._is_failing:
            with suppress(RetryError):
                self._send_pending()
        self._offsets.save(force=True)

    def interrupt(self) -> None:
        """End a wait in `take` soon; from any thread, before the consumer is stopped."""
        self._interrupted.set()

    # --- sending -----------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Sleep, unless interrupted: that raises RetryError."""
        if self._interrupted.wait(seconds):
            raise RetryError("the bridge is stopping; what is left goes on with its next start")

    def _send_due(self) -> None:
        is_old = self._clock_s() - self._oldest_s >= self.delivery.batch_age_s
        if is_old or len(self._pending) >= self.delivery.batch_rows:
            self._send_pending()

    def _send_pending(self) -> None:
        try:
            self._send_all()
        except RetryError:
            self._is_failing = True
            raise
        except Exception:  # whoever runs us begins anew from the checkpoint, with other batches
            self._pending.clear()
            self._taken = None
            raise
        self._is_failing = False

    def _send_all(self) -> None:
        self._drain(self._pending)
        if not self._is_committed and self._taken is not None:
            self._offsets.save(self._taken)
            self._is_committed = True

    def _drain(self, waiting: list[Row]) -> None:
        while waiting:
            rows = waiting[: self._most_rows()]
            if self._bucket is not None:
                self.wait(self._bucket.take(len(rows), self._clock_s()))
            self.send(rows)
            del waiting[: len(rows)]
            self.sent += len(rows)

    def _most_rows(self) -> int:
        if self._bucket is None:
            return self.delivery.batch_rows
        return min(self.delivery.batch_rows, self._bucket.capacity)
