"""What waits for the window: the queue between a source's thread and the main one, in figures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from bridge.stream.queueing import QueueMeasure, QueueMeter

SPAN_S = 10.0


class InboxMeter:
    """`measured` is of the last SPAN_S that are over; any thread may call all of it."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._meter = QueueMeter(clock_s())
        self._lock = threading.Lock()
        self._restarted_s = clock_s()
        self.measured: QueueMeasure | None = None

    def arrive(self, put: Callable[[], object]) -> None:
        """One more, which `put` puts into the queue; what it raises, it raises."""
        with self._lock:
            put()
            self._meter.arrive(self._clock_s())

    def depart(self, count: int) -> None:
        """So many have been taken and shown."""
        with self._lock:
            now_s = self._clock_s()
            self._meter.depart(now_s, count)
            if now_s - self._restarted_s >= SPAN_S:
                self.measured = self._meter.measured(now_s)
                self._meter.restart(now_s)
                self._restarted_s = now_s
