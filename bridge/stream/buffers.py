"""Buffers that never grow past their capacity: what goes for want of room is a policy, and is counted.

    buffer = BoundedBuffer[Point](1000, Sample())
    buffer.put(point)             # any thread; False if the policy left it out
    points = buffer.take(100)     # any thread; the oldest first

An item costs O(1). `put`, `take` and the figures may be used from any thread: one lock guards all of them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from math import inf
from time import monotonic
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Policy(Protocol):
    """Who may enter. An item that is admitted to a full buffer displaces the oldest one."""

    def admits(self, free: int, capacity: int, now_s: float) -> bool:
        """Whether an item may enter a buffer with so many free places; asked once an item, in order."""


class DropOldest:
    """Everything enters; what has waited longest goes."""

    def admits(self, free: int, capacity: int, now_s: float) -> bool:
        return True


class DropNewest:
    """What waits stays; what finds no place is dropped."""

    def admits(self, free: int, capacity: int, now_s: float) -> bool:
        return free > 0


class Sample:
    """Every n-th item enters, n = capacity // free places; none while there is no free place.

    So everything enters up to half full, every 2nd item from there, every 10th with a tenth free: the
    fuller, the thinner, and what is kept stays spread over time.
    """

    __slots__ = ("_passed_over",)

    def __init__(self) -> None:
        self._passed_over = 0

    def admits(self, free: int, capacity: int, now_s: float) -> bool:
        if not free or self._passed_over + 1 < capacity // free:
            self._passed_over += 1
            return False
        self._passed_over = 0
        return True


_WHOLE_TOKEN = 0.999


class Throttle:
    """At most `rate_per_s` items a second, after a burst of at most `burst`: a token bucket, full at first.

    In any t seconds it admits at most `burst + rate_per_s * t` items; what finds no place is dropped and
    spends nothing. An item that is early by a thousandth of the interval is in time, so that a stream of just
    this rate passes whole, however its times are rounded. A clock that goes back brings no tokens until it
    has caught up.
    """

    __slots__ = ("_burst", "_rate_per_s", "_tokens", "_upto_s")

    def __init__(self, rate_per_s: float, burst: int = 1) -> None:
        """Raises ValueError unless the rate is positive and finite and the burst at least 1."""
        if not 0 < rate_per_s < inf or burst < 1:
            raise ValueError(f"cannot throttle to {rate_per_s} a second in bursts of {burst}")
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._upto_s = inf

    def admits(self, free: int, capacity: int, now_s: float) -> bool:
        if now_s > self._upto_s:
            self._tokens = min(self._burst, self._tokens + (now_s - self._upto_s) * self._rate_per_s)
            self._upto_s = now_s
        elif self._upto_s == inf:
            self._upto_s = now_s
        if not free or self._tokens < _WHOLE_TOKEN:
            return False
        self._tokens -= 1
        return True


class Pressure(IntEnum):
    """How full a buffer is: reached at 80 % and 95 %, left 10 points below, so that it does not flap."""

    NORMAL = 0
    HIGH = 80
    CRITICAL = 95


_RELIEF_PERCENT = 10


class BoundedBuffer(Generic[T]):
    """First in, first out, for at most `capacity` items.

    Figures: `offered` is everything put, `taken` everything taken; whatever is in neither `taken` nor the
    buffer was `dropped`. `on_pressure` is called at each change of `pressure`, by the thread that caused it,
    after the lock is released.
    """

    __slots__ = (
        "_filled", "_items", "_lock", "_on_pressure", "_policy", "_relieved_below", "_worse_from",
        "capacity", "offered", "pressure", "taken",
    )  # fmt: skip

    def __init__(
        self, capacity: int, policy: Policy, on_pressure: Callable[[Pressure], None] | None = None
    ) -> None:
        """Raises ValueError if the capacity is less than 1."""
        if capacity < 1:
            raise ValueError(f"a buffer of {capacity} items holds nothing; give it at least 1")
        self.capacity = capacity
        self.offered = 0
        self.taken = 0
        self.pressure = Pressure.NORMAL
        self._policy = policy
        self._on_pressure = on_pressure
        self._items: deque[T] = deque(maxlen=capacity)
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._set_bounds()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def dropped(self) -> int:
        """Items that were left out or displaced."""
        with self._lock:
            return self.offered - self.taken - len(self._items)

    @property
    def drop_rate(self) -> float:
        """The part of everything offered that was dropped, 0 to 1."""
        return self.dropped / self.offered if self.offered else 0.0

    @property
    def utilisation(self) -> float:
        """The part of the capacity that is filled, 0 to 1."""
        return len(self._items) / self.capacity

    def put(self, item: T, now_s: float | None = None) -> bool:
        """Offer an item; whether it entered.

        `now_s` is of any steady clock, such as the items' own time, and the machine's if it is left out.
        """
        if now_s is None:
            now_s = monotonic()
        items = self._items
        with self._lock:
            self.offered += 1
            if not self._policy.admits(self.capacity - len(items), self.capacity, now_s):
                return False
            items.append(item)  # maxlen displaces the oldest
            if len(items) == 1:
                self._filled.notify()
            change = self._judge() if len(items) >= self._worse_from else None
        if change is not None and self._on_pressure:
            self._on_pressure(change)
        return True

    def take(self, limit: int | None = None, timeout_s: float = 0.0) -> list[T]:
        """At most `limit` items (all without one), oldest first; waits for the first up to `timeout_s`."""
        items = self._items
        with self._lock:
            if not items and timeout_s > 0:
                self._filled.wait_for(lambda: len(items) > 0, timeout_s)
            count = len(items) if limit is None else min(limit, len(items))
            some = [items.popleft() for _ in range(count)]
            self.taken += count
            if items:
                self._filled.notify()  # another who waits may have what is left
            change = self._judge() if len(items) < self._relieved_below else None
        if change is not None and self._on_pressure:
            self._on_pressure(change)
        return some

    def _judge(self) -> Pressure | None:
        """The pressure it now has, if that is another one than before."""
        before, percents = self.pressure, len(self._items) * 100
        self.pressure = max(
            level
            for level in Pressure
            if percents >= (level - (_RELIEF_PERCENT if level <= before else 0)) * self.capacity
        )
        self._set_bounds()
        return self.pressure if self.pressure != before else None

    def _set_bounds(self) -> None:
        """The lengths between which nothing changes, so that an item costs two comparisons of integers."""
        worse = min((level for level in Pressure if level > self.pressure), default=None)
        self._worse_from = self.capacity + 1 if worse is None else -(-worse * self.capacity // 100)
        self._relieved_below = -(-(self.pressure - _RELIEF_PERCENT) * self.capacity // 100)
