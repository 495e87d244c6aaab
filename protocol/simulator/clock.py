"""Time in a simulation: the event heap of the world, and the clocks of its nodes that run fast or slow."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

# A time that never comes.
NEVER_US = 1 << 62
_BILLION = 1_000_000_000


class Clock:
    """Virtual time in microseconds. Deterministic: what is due at the same time happens as it was scheduled.

    An entry is a plain tuple whose action is called with the two objects that follow it: nothing is made for
    an event but the tuple.
    """

    def __init__(self) -> None:
        self.now_us = 0
        self._heap: list[tuple[int, int, Callable[[Any, Any], None], Any, Any]] = []
        self._scheduled = 0
        self._halted = False
        self._before_us = 0

    @property
    def now_ms(self) -> int:
        """The time in whole milliseconds."""
        return self.now_us // 1000

    @property
    def next_us(self) -> int:
        """Nothing happens before that time; at most the end of this `run`, after which anything may."""
        return min(self._heap[0][0], self._before_us) if self._heap else self._before_us

    def at(self, time_us: int, action: Callable[[Any, Any], None], subject: Any, detail: Any) -> None:
        """Schedule `action(subject, detail)`; one in the past runs next."""
        self._scheduled += 1
        if time_us < self.now_us:
            time_us = self.now_us
        heapq.heappush(self._heap, (time_us, self._scheduled, action, subject, detail))

    def run(self, before_us: int) -> None:
        """Run the actions that are due before that time, or until one of them calls `halt`."""
        heap, pop = self._heap, heapq.heappop
        self._halted, self._before_us = False, before_us
        while heap and heap[0][0] < before_us and not self._halted:
            self.now_us, _, action, subject, detail = pop(heap)
            action(subject, detail)

    def halt(self) -> None:
        """Let `run` return after the present action."""
        self._halted = True


class NodeClock:
    """One node's clock: right at the start, and `drift_ppb` parts per billion too fast."""

    __slots__ = ("_offset_us", "_rate")

    def __init__(self, drift_ppb: int = 0) -> None:
        self._offset_us = 0
        self._rate = _BILLION + drift_ppb

    def step(self, step_ms: int) -> None:
        """Put it forward."""
        self._offset_us += step_ms * 1000

    def reads_us(self, now_us: int) -> int:
        """As `reads_ms`, finer."""
        return now_us * self._rate // _BILLION + self._offset_us

    def reads_ms(self, now_us: int) -> int:
        """What it shows at that time of the world."""
        return self.reads_us(now_us) // 1000

    def shows_us(self, time_ms: int) -> int:
        """The first time of the world at which it shows that."""
        return self.first_us(time_ms * 1000)

    def first_us(self, time_us: int) -> int:
        """As `shows_us`, finer."""
        return -((self._offset_us - time_us) * _BILLION // self._rate)
