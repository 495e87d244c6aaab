"""A rate limit: tokens come at a steady rate, as many as a second's wait unused, and each row costs one."""

from __future__ import annotations


class TokenBucket:
    """Starts full. `capacity` bounds what may go at once: a second's worth, and at least one."""

    def __init__(self, rate_per_s: float, now_s: float) -> None:
        """Raises ValueError unless the rate is above 0."""
        if rate_per_s <= 0:
            raise ValueError(f"a rate is above 0, not {rate_per_s}")
        self._rate_per_s = rate_per_s
        self.capacity = max(1, int(rate_per_s))
        self._tokens = float(self.capacity)
        self._at_s = now_s

    def take(self, count: int, now_s: float) -> float:
        """Take so many, up to `capacity`; the result is how long to wait before they may be used, in seconds.

        They are taken at once, so that whoever comes next waits for its own after these.
        """
        if not 0 <= count <= self.capacity:
            raise ValueError(f"the bucket holds {self.capacity}, not {count}")
        gained = max(0.0, now_s - self._at_s) * self._rate_per_s
        self._tokens = min(float(self.capacity), self._tokens + gained) - count
        self._at_s = max(self._at_s, now_s)
        return max(0.0, -self._tokens / self._rate_per_s)
