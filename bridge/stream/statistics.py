"""Mean, deviation, extremes and quantiles that keep up with a stream, a value at a time.

Two kinds: `Running` is of all values since it began; what is called Rolling is of the newest ones, either the
newest `size`, or as many as its owner keeps by `evict`, as `RollingTime` does by their age.

Values are finite numbers, anything else raises ValueError: one NaN would spoil what follows without a word.
Deviations are those of a sample (ddof = 1), NaN below two values; a mean of nothing is NaN. In the error
bounds n is the count and u = 2^-53; they hold while squares of differences neither overflow nor underflow,
that is for spreads between 1e-150 and 1e150.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from itertools import accumulate
from math import inf, nan, sqrt
from operator import mul
from typing import Protocol, Self


class Rolling(Protocol):
    """A statistic of the newest values."""

    def push(self, value: float) -> None:
        """Take one more value. Raises ValueError if it is not finite."""

    def evict(self) -> None:
        """Forget the oldest value. Raises IndexError if there is none."""


class Running:
    """Count, mean, deviation, minimum and maximum of all values since it began, in constant space.

    Welford's recurrence (Technometrics 4(3), 1962), on differences from the first value: the error of the
    variance is then at most 8 n^1.5 u of itself, whatever the values' offset; that of the mean
    u (|mean| + (n + 6) (maximum - minimum)).
    """

    __slots__ = ("_mean", "_origin", "_squares", "count", "maximum", "minimum")

    def __init__(self) -> None:
        self.count = 0
        self.minimum = inf
        self.maximum = -inf
        self._origin = 0.0  # one of the values
        self._mean = 0.0  # of the differences from the origin
        self._squares = 0.0  # of the differences from the mean, summed

    def push(self, value: float) -> None:
        """Take one more value. Raises ValueError if it is not finite."""
        if value - value != 0.0:
            raise _not_finite(value)
        if not self.count:
            self._origin = value
        self.count += 1
        away = value - self._origin
        delta = away - self._mean
        self._mean += delta / self.count
        self._squares += delta * (away - self._mean)
        if value < self.minimum:
            self.minimum = value
        if value > self.maximum:
            self.maximum = value

    def merge(self, other: Running) -> Self:
        """Take all that `other` took, which stays as it is (Chan et al., 1979). Returns itself."""
        if not other.count:
            return self
        if not self.count:
            self._origin = other._origin
        count = self.count + other.count
        delta = (other._origin - self._origin) + (other._mean - self._mean)
        self._mean += delta * (other.count / count)
        self._squares += other._squares + delta * delta * (self.count * (other.count / count))
        self.count = count
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        return self

    @property
    def mean(self) -> float:
        return self._origin + self._mean if self.count else nan

    @property
    def variance(self) -> float:
        """Of a sample (ddof = 1); NaN below two values."""
        return self._squares / (self.count - 1) if self.count > 1 else nan

    @property
    def deviation(self) -> float:
        """The standard deviation of a sample, in the values' unit; NaN below two values."""
        return sqrt(self.variance)


class RollingStatistics:
    """Count, mean and deviation of the newest `size` values, or of those not evicted if `size` is None.

    Taking an old value back out of a sum leaves its rounding error in it for good: a single 1e16 would spoil
    all later means of a window of small values. So nothing is ever subtracted. The values lie in two stacks
    (Tangwongsan et al., "General Incremental Sliding-Window Aggregation", VLDB 2015): the older ones with the
    sums of all suffixes, of which evicting the oldest value drops one; the newer ones with one sum, of which
    the older stack is made anew when it is empty. The sums are of differences from the newest of the older
    values, one of the window itself: neither an offset nor a level that was left long ago costs digits.

    The error of the variance is at most 8 (n + 1)^2 u of itself, whatever the offset and whatever was in the
    window before; that of the mean u (|mean| + (n + 6) (maximum - minimum)). Equal values have a deviation of
    exactly 0. A push takes constant time on average; once in n pushes it sums n values.
    """

    __slots__ = ("_newer", "_older", "_origin", "_squares", "_sum", "count", "size")

    def __init__(self, size: int | None = None) -> None:
        self.size = _checked(size)
        self.count = 0
        # The newest of the older values, or if there are none, the first of the newer ones.
        self._origin = 0.0
        # Sum and sum of squares of differences from it, of each suffix of the older values; the longest last.
        self._older: list[tuple[float, float]] = []
        self._newer: list[float] = []
        self._sum = 0.0  # of all newer values, likewise
        self._squares = 0.0

    def push(self, value: float) -> None:
        """Take one more value; a full window forgets its oldest. Raises ValueError if it is not finite."""
        if value - value != 0.0:
            raise _not_finite(value)
        if self.count == self.size and len(self._older) > 1:
            self._older.pop()  # the oldest goes and this one comes: nothing else changes
        else:
            if self.count == self.size:
                self.evict()
            if not self.count:
                self._origin = value
            self.count += 1
        away = value - self._origin
        self._sum += away
        self._squares += away * away
        self._newer.append(value)

    def evict(self) -> None:
        """Forget the oldest value. Raises IndexError if there is none."""
        older = self._older
        if len(older) > 1:
            older.pop()
        else:
            if not older:
                self._turn_over()
            self._older.pop()
            if not self._older and self._newer:
                self._turn_over()
        self.count -= 1

    def _turn_over(self) -> None:
        """What was newer is older from now on."""
        self._origin = origin = self._newer[-1]
        away = [value - origin for value in reversed(self._newer)]
        self._older = list(zip(accumulate(away), accumulate(map(mul, away, away)), strict=True))
        self._newer.clear()
        self._sum = self._squares = 0.0

    @property
    def mean(self) -> float:
        """NaN if there is no value."""
        if not self.count:
            return nan
        total = self._sum
        if self._older:
            total += self._older[-1][0]
        return self._origin + total / self.count

    @property
    def variance(self) -> float:
        """Of a sample (ddof = 1); NaN below two values."""
        count = self.count
        if count < 2:
            return nan
        total, squares = self._sum, self._squares
        if self._older:
            older_total, older_squares = self._older[-1]
            total += older_total
            squares += older_squares
        squares -= total * (total / count)
        return squares / (count - 1) if squares > 0.0 else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation of a sample, in the values' unit; NaN below two values."""
        return sqrt(self.variance)


class RollingExtremes:
    """Minimum and maximum of the newest `size` values, or of those not evicted if `size` is None.

    Each deque keeps the values that can still become an extreme, in order (monotonic deque): a push takes
    constant time on average, and the results are values that were pushed, not computed.
    """

    __slots__ = ("_highest", "_lowest", "_pushed", "count", "size")

    def __init__(self, size: int | None = None) -> None:
        self.size = _checked(size)
        self.count = 0
        self._pushed = 0
        # (which push it was, value): values rise in the one and fall in the other.
        self._lowest: deque[tuple[int, float]] = deque()
        self._highest: deque[tuple[int, float]] = deque()

    def push(self, value: float) -> None:
        """Take one more value; a full window forgets its oldest. Raises ValueError if it is not finite."""
        if value - value != 0.0:
            raise _not_finite(value)
        if self.count == self.size:
            self.evict()
        lowest, highest = self._lowest, self._highest
        while lowest and lowest[-1][1] >= value:
            lowest.pop()
        while highest and highest[-1][1] <= value:
            highest.pop()
        newest = (self._pushed, value)
        lowest.append(newest)
        highest.append(newest)
        self._pushed += 1
        self.count += 1

    def evict(self) -> None:
        """Forget the oldest value. Raises IndexError if there is none."""
        oldest = self._pushed - self.count
        if self._lowest[0][0] == oldest:
            self._lowest.popleft()
        if self._highest[0][0] == oldest:
            self._highest.popleft()
        self.count -= 1

    @property
    def minimum(self) -> float:
        """Infinite if there is no value."""
        return self._lowest[0][1] if self._lowest else inf

    @property
    def maximum(self) -> float:
        """Infinite, and negative, if there is no value."""
        return self._highest[0][1] if self._highest else -inf


class RollingQuantiles:
    """Median and quantiles of the newest `size` values, or of those not evicted if `size` is None.

    The values are kept in order, where bisection finds them. Moving the rest aside costs O(n), but as one
    block of memory: for windows up to some ten thousand values no tree or heap in Python is faster.
    """

    __slots__ = ("_arrived", "_ordered", "size")

    def __init__(self, size: int | None = None) -> None:
        self.size = _checked(size)
        self._arrived: deque[float] = deque()
        self._ordered: list[float] = []

    @property
    def count(self) -> int:
        return len(self._ordered)

    def push(self, value: float) -> None:
        """Take one more value; a full window forgets its oldest. Raises ValueError if it is not finite."""
        if value - value != 0.0:
            raise _not_finite(value)
        if len(self._ordered) == self.size:
            self.evict()
        self._arrived.append(value)
        insort(self._ordered, value)

    def evict(self) -> None:
        """Forget the oldest value. Raises IndexError if there is none."""
        oldest = self._arrived.popleft()
        del self._ordered[bisect_left(self._ordered, oldest)]

    @property
    def median(self) -> float:
        """NaN if there is no value."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> float:
        """The value that this share (0 to 1) does not exceed, interpolated as numpy does; NaN of nothing.

        Raises ValueError for a share out of range.
        """
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"a quantile is of a share from 0 to 1, not {share}")
        ordered = self._ordered
        if not ordered:
            return nan
        place = share * (len(ordered) - 1)
        below = int(place)
        low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
        part = place - below
        # From the nearer end, so that equal neighbours give themselves.
        return low + (high - low) * part if part < 0.5 else high - (high - low) * (1.0 - part)


class RollingTime:
    """Keeps rolling statistics to the values of the last `span_s` seconds.

    What is `span_s` old or older is evicted, so that a window at t is (t - span_s, t]. The statistics, made
    without a size, are pushed to here alone and read where they are.
    """

    __slots__ = ("_statistics", "_times_s", "latest_s", "span_s")

    def __init__(self, span_s: float, *statistics: Rolling) -> None:
        if not 0.0 < span_s < inf:
            raise ValueError(f"a window is longer than 0 s, not {span_s} s")
        self.span_s = span_s
        self._statistics = statistics
        self._times_s: deque[float] = deque()
        self.latest_s = -inf  # the time of the newest value, or that of `advance`

    def push(self, time_s: float, value: float) -> None:
        """Take the value of this time. Raises ValueError if it is not finite or time goes back."""
        if value - value != 0.0:
            raise _not_finite(value)
        self.advance(time_s)
        self._times_s.append(time_s)
        for statistic in self._statistics:
            statistic.push(value)

    def advance(self, time_s: float) -> None:
        """It is this time now: forget what is too old. Raises ValueError if it has been later before."""
        if not time_s >= self.latest_s:
            raise ValueError(
                f"{time_s} s comes after {self.latest_s} s: bring the values in order of time first"
            )
        self.latest_s = time_s
        times_s = self._times_s
        start_s = time_s - self.span_s
        while times_s and times_s[0] <= start_s:
            times_s.popleft()
            for statistic in self._statistics:
                statistic.evict()


def _checked(size: int | None) -> int | None:
    if size is not None and size < 1:
        raise ValueError(f"a window holds at least 1 value, not {size}")
    return size


def _not_finite(value: float) -> ValueError:
    return ValueError(f"{value} is not a finite number: drop or replace it before its statistics are taken")
