"""What a strip of time shows of a session: pure numbers, and how many pixels they take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop.model.columns import Column
from desktop.model.words import EventKind, EventLine
from desktop.replay.entries import KINDS
from desktop.replay.tables import bounded
from protocol.observer import RoundRow

_MOST_TOLD = 100_000
_UNKNOWN = np.nan

Numbers = NDArray[Any]


class Mark(Enum):
    """What has a shape and a colour of its own on the strip; the gravest is drawn last."""

    JOINED = "joined or moved"
    NEW = "new primary or token"
    DOUBT = "bad frame or doubtful round"
    SEEKING = "seeking"
    LOST = "lost"


_MARKS = {
    EventKind.JOINED: Mark.JOINED,
    EventKind.MOVED: Mark.JOINED,
    EventKind.SEEKING: Mark.SEEKING,
    EventKind.CLAIM: Mark.SEEKING,
    EventKind.LOST: Mark.LOST,
    EventKind.TOKEN: Mark.NEW,
    EventKind.PRIMARY: Mark.NEW,
    EventKind.INEXACT: Mark.DOUBT,
    EventKind.BAD: Mark.DOUBT,
}
_ORDER = list(Mark)
_NONE = len(_ORDER)
# By the number of an event's kind, that of its mark.
_MARK_OF_KIND = np.array([_ORDER.index(_MARKS[k]) if k in _MARKS else _NONE for k in KINDS], np.uint8)


class Told:
    """What was told one after the other, as columns."""

    def __init__(self) -> None:
        self.lines: list[EventLine] = []
        self._times, self._kinds = Column(np.int64), Column(np.uint8)
        self._rounds = Column(np.int64)
        self._counts, self._alive = Column(np.float32), Column(np.float32)

    def add_events(self, events: Iterable[EventLine]) -> None:
        """More of them."""
        for event in events:
            self.lines.append(event)
            self._times.append(bounded(event.timestamp_us))
            self._kinds.append(KINDS.index(event.kind))
        if len(self.lines) > _MOST_TOLD:
            self.forget(len(self.lines) - _MOST_TOLD + _MOST_TOLD // 8, 0)

    def add_rows(self, rows: Iterable[RoundRow]) -> None:
        """More of them."""
        for row in rows:
            self._rounds.append(bounded(row.timestamp_us))
            self._counts.append(row.aggregate.count)
            self._alive.append(_UNKNOWN if row.alive is None else row.alive)
        if len(self._rounds) > _MOST_TOLD:
            self.forget(0, len(self._rounds) - _MOST_TOLD + _MOST_TOLD // 8)

    def forget(self, events: int, rows: int) -> None:
        """Let the oldest go, so many of each."""
        del self.lines[:events]
        for column in (self._times, self._kinds):
            column.forget(events)
        for column in (self._rounds, self._counts, self._alive):
            column.forget(rows)

    @property
    def events(self) -> tuple[Numbers, Numbers]:
        """When, in microseconds, and the number of the kind among KINDS."""
        return self._times.values, self._kinds.values

    @property
    def rounds(self) -> tuple[Numbers, Numbers, Numbers]:
        """When, in microseconds, how many were counted, and how many were alive where that is known."""
        return self._rounds.values, self._counts.values, self._alive.values


@dataclass(frozen=True, slots=True)
class Overview:
    """A session from its first record to its last; times in microseconds.

    `events` and `rounds` are columns as those of Told; `line_at` gives the event of a place among them.
    `loop` and `analysed` are parts of the span. `bookmarks` have their texts.
    """

    start_us: int
    end_us: int
    shown_us: float
    analysed_us: float
    loop_us: tuple[int, int] | None
    events: tuple[Numbers, Numbers]
    rounds: tuple[Numbers, Numbers, Numbers]
    line_at: Callable[[int], EventLine]
    bookmarks: Sequence[tuple[int, str]] = ()
    is_live: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What it looks like, but for where the views are."""
        # What is live grows all the time: it is drawn anew once a second, or for a pixel or so.
        step_us = max(1_000_000, self.span_us // 1_000) if self.is_live else 1
        ends = self.end_us // step_us, self.analysed_us // step_us
        told = () if self.is_live else (len(self.events[0]), len(self.rounds[0]))
        return self.start_us, *ends, *told, self.loop_us, tuple(self.bookmarks)

    @property
    def span_us(self) -> int:
        """How long it is, a second at least, so that there is something to draw on."""
        return max(self.end_us - self.start_us, 1_000_000)

    def share(self, time_us: float) -> float:
        """Where that time is on the strip, 0 to 1."""
        return max(0.0, min((time_us - self.start_us) / self.span_us, 1.0))

    def time_at(self, share: float) -> float:
        """The time there."""
        return self.start_us + max(0.0, min(share, 1.0)) * self.span_us

    def marks(self, places: int) -> list[tuple[int, Mark]]:
        """Of each kind of mark at most one at a place, from 0 to `places` - 1; the gravest last."""
        times, kinds = self.events
        marks = _MARK_OF_KIND[np.minimum(kinds, len(KINDS) - 1)]
        wanted = marks != _NONE
        at = self._places(times[wanted], places)
        keys = np.unique(marks[wanted].astype(np.int64) * places + at)
        return [(int(key % places), _ORDER[int(key // places)]) for key in keys]

    def counts(self, places: int) -> list[tuple[int, float, float, float]]:
        """Of each place with a round: least and greatest count, and how many were alive at most (NaN)."""
        times, counts, alive = self.rounds
        if not len(times):
            return []
        at = np.maximum.accumulate(self._places(times, places))
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        columns = (
            at[starts],
            np.minimum.reduceat(counts, starts),
            np.maximum.reduceat(counts, starts),
            np.fmax.reduceat(alive, starts),
        )
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def nearest(self, time_us: float, within_us: float) -> EventLine | None:
        """The event that is marked and nearest to that time."""
        times, kinds = self.events
        wanted = np.flatnonzero(_MARK_OF_KIND[np.minimum(kinds, len(KINDS) - 1)] != _NONE)
        if not len(wanted):
            return None
        distances = np.abs(times[wanted] - time_us)
        best = int(distances.argmin())
        return self.line_at(int(wanted[best])) if distances[best] <= within_us else None

    def _places(self, times: Numbers, places: int) -> Numbers:
        shares = (times.astype(np.float64) - self.start_us) / self.span_us
        return np.clip((shares * places).astype(np.int64), 0, places - 1)
