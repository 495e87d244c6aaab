"""Columns that grow, with least and greatest values in tiers, so that a long time is drawn from few numbers.

Above the samples stand tiers: of every FAN samples the least and the greatest, of every FAN of those again,
and so on. That is an eighth of a number more for each sample.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

FAN = 16
_LEAST_ROOM = 16
_GROWTH = 1.25

Floats = NDArray[np.float32]
Times = NDArray[np.float64]


class _Buffer:
    """Memory that columns share: the first `filled` numbers are some column's."""

    __slots__ = ("array", "filled", "is_shared", "room")

    def __init__(self, array: NDArray[Any], filled: int) -> None:
        self.array = array
        self.room = len(array)
        self.filled = filled
        self.is_shared = False


class Column:
    """Numbers of one kind, one after the other; `values` is a view, to be read only."""

    __slots__ = ("_buffer", "_length")

    def __init__(self, dtype: DTypeLike) -> None:
        self._buffer = _Buffer(np.empty(_LEAST_ROOM, dtype), 0)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def values(self) -> NDArray[Any]:
        """All of them; what is appended later is not in it."""
        return self._buffer.array[: self._length]

    @property
    def last(self) -> float:
        """The newest; there is one."""
        return float(self._buffer.array[self._length - 1])

    @property
    def size_bytes(self) -> int:
        """Memory that it takes."""
        return self._buffer.array.nbytes

    def append(self, value: float) -> None:
        """One more."""
        length, buffer = self._length, self._buffer
        if length != buffer.filled or length == buffer.room:
            self._copy(length + 1)
            buffer = self._buffer
        buffer.array[length] = value
        buffer.filled = self._length = length + 1

    def append_after(self, value: float) -> int:
        """One more, but the last again where it would be less; how many there are now."""
        length = self._length
        if length and value < (last := self._buffer.array[length - 1]):
            value = last
        self.append(value)
        return length + 1

    def extend(self, values: ArrayLike) -> None:
        """Many more."""
        more = np.asarray(values, self._buffer.array.dtype)
        end = self._length + len(more)
        if self._length != self._buffer.filled or end > self._buffer.room:
            self._copy(end)
        self._buffer.array[self._length : end] = more
        self._buffer.filled = self._length = end

    def put(self, index: int, value: float) -> None:
        """Another value in the place of that one."""
        if self._buffer.is_shared:
            self._copy(self._length)
        self._buffer.array[index] = value

    def shorten(self, length: int) -> None:
        """Let what is beyond go."""
        self._length = min(length, self._length)

    def forget(self, count: int) -> None:
        """Let the first ones go."""
        kept = self.values[count:].copy()
        self._buffer, self._length = _Buffer(kept, len(kept)), len(kept)

    def share(self, length: int) -> Column:
        """The first ones as a column of its own, in the same memory.

        Whoever grows first from the end of what is filled goes on there, others in a copy.
        """
        other = Column(self._buffer.array.dtype)
        other._buffer, other._length = self._buffer, min(length, self._length)
        self._buffer.is_shared = True
        return other

    def _copy(self, needed: int) -> None:
        room = max(needed, _LEAST_ROOM, math.ceil(self._length * _GROWTH))
        array = np.empty(room, self._buffer.array.dtype)
        array[: self._length] = self.values
        self._buffer = _Buffer(array, self._length)


class MinMaxColumn:
    """Single-precision samples, NaN where there is none, and their tiers, which are made when asked for."""

    __slots__ = ("_samples", "_tiers")

    def __init__(self) -> None:
        self._samples = Column(np.float32)
        self._tiers: list[tuple[Column, Column]] = []

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def values(self) -> Floats:
        """All samples, to be read only."""
        return self._samples.values

    @property
    def last(self) -> float:
        """The newest; NaN of none."""
        return float(self.values[-1]) if len(self) else math.nan

    @property
    def size_bytes(self) -> int:
        """Memory that it takes, tiers included."""
        tiers = sum(low.size_bytes + high.size_bytes for low, high in self._tiers)
        return self._samples.size_bytes + tiers

    def append(self, value: float) -> None:
        """One more sample."""
        self._samples.append(value)

    def extend(self, values: ArrayLike) -> None:
        """Many more samples."""
        self._samples.extend(values)

    def put(self, index: int, value: float) -> None:
        """A sample that was not known before; `index` from 0, or from the end if it is negative."""
        index %= len(self)
        self._samples.put(index, value)
        size = 1
        for low, high in self._tiers:
            size *= FAN
            low.shorten(index // size)
            high.shorten(index // size)

    def forget(self, count: int) -> None:
        """Let the first samples go."""
        self._samples.forget(count)
        self._tiers = []

    def prefix(self, length: int) -> MinMaxColumn:
        """The first samples as a column of its own, in shared memory."""
        other = MinMaxColumn()
        other._samples = self._samples.share(length)
        size = 1
        for low, high in self._tiers:
            size *= FAN
            other._tiers.append((low.share(len(other) // size), high.share(len(other) // size)))
        return other

    def extremes(self, first: int, last: int, step: int) -> tuple[Floats, Floats]:
        """Least and greatest sample of every `step` (a power of two) in [first, last), NaN of none.

        `first` is a multiple of `step`; the end need not be one.
        """
        level = (step.bit_length() - 1) // 4 if step > 1 else 0  # of FAN: four bits a tier
        size = FAN**level
        whole = (last - first) // step
        end = first + whole * step
        low, high = self._tier(level, end // size)
        per = step // size
        begin = first // size
        lows = _least(low[begin : begin + whole * per].reshape(whole, per))
        highs = _greatest(high[begin : begin + whole * per].reshape(whole, per))
        if end == last:
            return lows, highs
        rest = self.values[end:last]
        return (
            np.append(lows, np.fmin.reduce(rest)).astype(np.float32),
            np.append(highs, np.fmax.reduce(rest)).astype(np.float32),
        )

    def _tier(self, level: int, length: int) -> tuple[Floats, Floats]:
        """Both columns of that tier, at least so long; level 0 are the samples."""
        if level == 0:
            return self.values, self.values
        while len(self._tiers) < level:
            self._tiers.append((Column(np.float32), Column(np.float32)))
        low, high = self._tiers[level - 1]
        if len(low) < length:
            known = len(low)
            below_low, below_high = self._tier(level - 1, length * FAN)
            full = len(below_low) // FAN  # all there is, not only what is asked for
            low.extend(_least(below_low[known * FAN : full * FAN].reshape(-1, FAN)))
            high.extend(_greatest(below_high[known * FAN : full * FAN].reshape(-1, FAN)))
        return low.values, high.values


def _least(groups: Floats) -> Floats:
    """Of each row. Column by column: numpy is slow along short rows."""
    return _folded(np.fmin, groups)


def _greatest(groups: Floats) -> Floats:
    return _folded(np.fmax, groups)


def _folded(of: np.ufunc, groups: Floats) -> Floats:
    found: Floats = groups[:, 0].copy()
    for i in range(1, groups.shape[1]):
        of(found, groups[:, i], out=found)
    return found


def middle(values: NDArray[Any]) -> float:
    """The upper median of at least one; numpy's own takes ten times as long for few."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])
