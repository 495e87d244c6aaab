"""The event heap: virtual time in microseconds, equal times in the order they were scheduled."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Clock:
    """Runs scheduled actions in time order. Deterministic: ties go by insertion."""

    def __init__(self) -> None:
        self.now_us = 0
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._scheduled = 0

    @property
    def now_ms(self) -> int:
        """The time as nodes see it."""
        return self.now_us // 1000

    def at(self, time_us: int, action: Callable[[], None]) -> None:
        """Schedule an action; one in the past runs next."""
        self._scheduled += 1
        heapq.heappush(self._heap, (max(time_us, self.now_us), self._scheduled, action))

    def next_us(self) -> int | None:
        """When the next action is due; None when nothing is scheduled."""
        return self._heap[0][0] if self._heap else None

    def step(self) -> bool:
        """Run the next action; False when nothing is scheduled."""
        if not self._heap:
            return False
        self.now_us, _, action = heapq.heappop(self._heap)
        action()
        return True
