"""The packets of a log that fulfil a filter, found a little at a time while the log and its index grow."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from desktop.packets.filter import Condition, Headers, Mask, Packet
from desktop.packets.index import PacketIndex
from desktop.packets.opening import FrameOpener

_AT_ONCE = 1 << 16  # packets judged by their headers: some milliseconds
_LOOKED_AT_ONCE = 256  # packets of which those in doubt are read at a time


class Selection:
    """Rows of the index in the order of the log; all of them without a condition."""

    def __init__(self, index: PacketIndex, condition: Condition | None, opener: FrameOpener) -> None:
        self.condition = condition
        self.judged = 0  # rows of the index
        self._index = index
        self._opener = opener
        self._rows = np.empty(1024, np.uint32)
        self._count = 0

    def __len__(self) -> int:
        return self.judged if self.condition is None else self._count

    @property
    def is_complete(self) -> bool:
        """Whether all that the index has is judged."""
        return self.judged >= len(self._index)

    def rows(self, first: int, last: int) -> NDArray[np.int64]:
        """The rows at these places."""
        last = max(first, min(last, len(self)))
        if self.condition is None:
            return np.arange(first, last)
        return self._rows[first:last].astype(np.int64)

    def place_of(self, row: int) -> int:
        """Where that row is, or the next one after it that is selected."""
        if self.condition is None:
            return min(row, len(self))
        return int(np.searchsorted(self._rows[: self._count], row))

    def extend(self, budget_s: float) -> int:
        """Judge what is new in the index, for about so long; how many were found. Raises OSError."""
        before, deadline_s = len(self), time.monotonic() + budget_s
        if self.condition is None:
            self.judged = len(self._index)
        while not self.is_complete:
            self._judge_some(self.condition, deadline_s)
            if time.monotonic() > deadline_s:
                break
        return len(self) - before

    def _judge_some(self, condition: Condition | None, deadline_s: float) -> None:
        assert condition is not None
        first = self.judged
        headers = Headers(self._index, first, min(first + _AT_ONCE, len(self._index)))
        may, must = condition.bounds(headers)
        doubtful = np.flatnonzero(may & ~must)
        end = self._look(condition, headers, doubtful, must, deadline_s) if len(doubtful) else headers.count
        self._add(first + np.flatnonzero(must[:end]))
        self.judged = first + end

    def _look(
        self,
        condition: Condition,
        headers: Headers,
        doubtful: NDArray[np.intp],
        verdicts: Mask,
        deadline_s: float,
    ) -> int:
        """Settle those in doubt, as many as there is time for; up to where all is settled."""
        end = 0
        while end < headers.count and (not end or time.monotonic() < deadline_s):
            begin, end = end, min(end + _LOOKED_AT_ONCE, headers.count)
            some = doubtful[np.searchsorted(doubtful, begin) : np.searchsorted(doubtful, end)].tolist()
            rows = [headers.first + at for at in some]
            for at, row, frame in zip(some, rows, self._index.frames_at(rows), strict=True):
                verdicts[at] = condition.holds(Packet(headers, at, frame, self._opener.open(row, frame)))
        return end

    def _add(self, rows: NDArray[np.int64]) -> None:
        needed = self._count + len(rows)
        if needed > len(self._rows):
            larger = np.empty(max(needed, 2 * len(self._rows)), np.uint32)
            larger[: self._count] = self._rows[: self._count]
            self._rows = larger
        self._rows[self._count : needed] = rows
        self._count = needed
