"""Windows over a stream: by time (tumbling, hopping, sliding), by count, and sessions between silences.

    for window in windows_of(samples, Tumbling(60.0)):
        print(window.start_s, window.mean, window.deviation)

Samples come in the order of their times; `bridge.stream.event_time.EventTime` brings those in order that do
not. What a window cannot take any more is counted as late and left out, except that `Tumbling` and `Hopping`
with an allowed lateness give the window out once more, as its next revision. Values and times that are not
finite raise ValueError. A window in which there was no sample is not given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from math import inf, isclose, isfinite, nan
from typing import Generic, NamedTuple, Protocol, TypeVar

from bridge.stream.compression import Point
from bridge.stream.statistics import RollingExtremes, RollingStatistics, RollingTime, Running

Key = TypeVar("Key", bound=Hashable)


class Window(NamedTuple):
    """What was in a window; the deviation is that of a sample, NaN of a single value.

    The windows of a stream go into a table as they are: `pandas.DataFrame(windows_of(...))`.
    """

    start_s: float
    end_s: float
    count: int  # type: ignore[assignment]  # hides tuple.count, for which a window has no use
    mean: float
    deviation: float
    minimum: float
    maximum: float
    revision: int = 0  # counts up when the same window is given again because a late sample belonged to it


_NONE: Sequence[Window] = ()


class Windows(Protocol):
    """A kind of windows, at work on one stream."""

    @property
    def late(self) -> int:
        """Samples that came after a window that they belonged to had been given for the last time."""

    def push(self, time_s: float, value: float) -> Sequence[Window]:
        """Take a sample; the windows that it ends. Raises ValueError if not finite."""

    def advance(self, time_s: float) -> Sequence[Window]:
        """No sample before `time_s` is to come: the windows that end by then."""

    def close(self) -> Sequence[Window]:
        """The stream has ended: the windows that are still open."""


def windows_of(samples: Iterable[Point], kind: Windows) -> Iterator[Window]:
    """The windows of this kind over the whole stream, each as soon as it is complete."""
    for time_s, value in samples:
        yield from kind.push(time_s, value)
    yield from kind.close()


class Hopping:
    """A window of `size_s` begins at every multiple of `hop_s`: [k hop_s, k hop_s + size_s).

    `size_s` is a multiple of `hop_s`. A sample is taken once, into the pane of `hop_s` that it lies in, and a
    window is merged of its size / hop panes (Li et al., "No Pane, No Gain", SIGMOD Record 34(1), 2005).

    With `lateness_s`, a window is kept for so long after its end: a late sample gives it once more, with the
    next revision.
    """

    def __init__(self, size_s: float, hop_s: float, lateness_s: float = 0.0) -> None:
        """Raises ValueError for lengths that are not positive or do not divide, or a negative lateness."""
        if not (0.0 < hop_s <= size_s < inf and isclose(size_s / hop_s, round(size_s / hop_s))):
            raise ValueError(
                f"a window of {size_s} s cannot hop by {hop_s} s: its size is a multiple of its hop"
            )
        if not 0.0 <= lateness_s < inf:
            raise ValueError(f"the allowed lateness is 0 s or more, not {lateness_s} s")
        self.late = 0
        self._hop_s = hop_s
        self._lateness_s = lateness_s
        self._panes_each = round(size_s / hop_s)
        self._time_s = -inf  # no sample before it is to come
        self._pane: int | None = None  # of that time; windows that it is not part of have ended before it
        self._newest = Running()
        self._panes: dict[int, Running] = {}
        self._revisions: dict[int, int] = {}  # of windows that have been given, by their first panes

    def push(self, time_s: float, value: float) -> Sequence[Window]:
        """Take a sample; the windows that it ends, or revises. Raises ValueError if not finite."""
        if time_s // self._hop_s == self._pane:  # nothing ends, and nothing that it belongs to has ended
            self._newest.push(value)
            if time_s > self._time_s:
                self._time_s = time_s
            return _NONE
        _check(time_s, value)
        if time_s < self._time_s:
            return self._push_late(int(time_s // self._hop_s), value)
        ended = self.advance(time_s)
        self._newest.push(value)
        return ended

    def advance(self, time_s: float) -> Sequence[Window]:
        """No sample before `time_s` is to come: the windows that end by then."""
        if time_s <= self._time_s:
            return _NONE
        _check(time_s)
        self._time_s = time_s
        pane, previous = int(time_s // self._hop_s), self._pane
        if pane == previous:
            return _NONE
        ended: Sequence[Window] = _NONE
        if previous is not None:
            ended = self._give(range(self._first_open(), min(pane - self._panes_each, previous) + 1))
        self._pane = pane
        self._forget(self._first_kept())
        self._newest = self._panes[pane] = Running()
        return ended

    def close(self) -> Sequence[Window]:
        """The stream has ended: the windows that are still open."""
        return _NONE if self._pane is None else self._give(range(self._first_open(), self._pane + 1))

    def _push_late(self, pane: int, value: float) -> Sequence[Window]:
        """Into the windows that are still open, and those that may still be revised."""
        ended = range(pane - self._panes_each + 1, min(pane + 1, self._first_open()))
        revised = range(max(ended.start, self._first_kept()), ended.stop)
        if len(revised) < len(ended):
            self.late += 1
        if pane >= self._first_kept():
            self._panes.setdefault(pane, Running()).push(value)
        return self._give(revised)

    def _first_open(self) -> int:
        """The first pane of the oldest window that has not ended."""
        assert self._pane is not None
        return self._pane - self._panes_each + 1

    def _first_kept(self) -> int:
        """The same of the oldest window that may still be given."""
        return int((self._time_s - self._lateness_s) // self._hop_s) - self._panes_each + 1

    def _forget(self, first_kept: int) -> None:
        self._panes = {pane: running for pane, running in self._panes.items() if pane >= first_kept}
        self._revisions = {first: n for first, n in self._revisions.items() if first >= first_kept}

    def _give(self, firsts: range) -> list[Window]:
        """The windows that begin with these panes."""
        given = []
        for first in firsts:
            end = first + self._panes_each
            whole = Running()
            for pane in range(first, end):
                if pane in self._panes:
                    whole.merge(self._panes[pane])
            if whole.count:
                self._revisions[first] = revision = self._revisions.get(first, -1) + 1
                given.append(_window(first * self._hop_s, end * self._hop_s, whole, revision))
        return given


class Tumbling(Hopping):
    """Windows of `size_s` one after the other, each sample in one: [k size_s, (k + 1) size_s)."""

    def __init__(self, size_s: float, lateness_s: float = 0.0) -> None:
        """Raises ValueError for a size that is not positive, or a negative lateness."""
        super().__init__(size_s, size_s, lateness_s)


class Session:
    """Samples with at most `gap_s` from one to the next; the window is from the first to the last of them.

    A sample before the first one of the open session is late; there are no revisions.
    """

    def __init__(self, gap_s: float) -> None:
        """Raises ValueError for a gap that is not positive."""
        if not 0.0 < gap_s < inf:
            raise ValueError(f"a session ends with a gap longer than 0 s, not {gap_s} s")
        self.late = 0
        self._gap_s = gap_s
        self._running = Running()
        self._first_s = self._last_s = nan
        self._ended_s = -inf  # when the session before this one did

    def push(self, time_s: float, value: float) -> Sequence[Window]:
        """Take a sample; the session that ended before it. Raises ValueError if not finite."""
        _check(time_s, value)
        ended = self.advance(time_s)
        if not self._running.count:
            if time_s - self._ended_s <= self._gap_s:
                self.late += 1
                return ended
            self._first_s = self._last_s = time_s
        elif time_s < self._first_s:
            self.late += 1
            return ended
        self._running.push(value)
        self._last_s = max(self._last_s, time_s)
        return ended

    def advance(self, time_s: float) -> Sequence[Window]:
        """No sample before `time_s` is to come: the session that ended by then."""
        if not time_s - self._last_s > self._gap_s:
            return _NONE
        ended = _window(self._first_s, self._last_s, self._running)
        self._running, self._ended_s = Running(), self._last_s
        self._first_s = self._last_s = nan
        return [ended]

    def close(self) -> Sequence[Window]:
        """The stream has ended: the session that is still open."""
        return [_window(self._first_s, self._last_s, self._running)] if self._running.count else _NONE


class Sliding:
    """A window for every sample: what came in the `size_s` until it, (time - size_s, time].

    A sample that is older than the one before is late.
    """

    def __init__(self, size_s: float) -> None:
        """Raises ValueError for a size that is not positive."""
        self.late = 0
        self._size_s = size_s
        self._statistics, self._extremes = RollingStatistics(), RollingExtremes()
        self._recent = RollingTime(self._size_s, self._statistics, self._extremes)

    def push(self, time_s: float, value: float) -> Sequence[Window]:
        """Take a sample; the window that ends with it. Raises ValueError if not finite."""
        _check(time_s, value)
        if time_s < self._recent.latest_s:
            self.late += 1
            return _NONE
        self._recent.push(time_s, value)
        return [_rolling_window(time_s - self._size_s, time_s, self._statistics, self._extremes)]

    def advance(self, time_s: float) -> Sequence[Window]:
        """None: only a sample ends a window."""
        return _NONE

    def close(self) -> Sequence[Window]:
        """None is open."""
        return _NONE


class Counted:
    """Windows of `size` samples, one every `hop` samples: hop 1 slides, hop = size tumbles (so by default).

    A window is from its first to its last sample. One that is not full is not given, also not at the end. A
    sample that is older than the one before is late.
    """

    def __init__(self, size: int, hop: int | None = None) -> None:
        """Raises ValueError unless 1 <= hop <= size."""
        self._size = size
        self._hop = size if hop is None else hop
        if not 1 <= self._hop <= size:
            raise ValueError(f"a window of {size} samples cannot hop by {hop}: 1 at least, its size at most")
        self.late = 0
        self._times_s: deque[float] = deque(maxlen=self._size)
        self._statistics, self._extremes = RollingStatistics(self._size), RollingExtremes(self._size)
        self._missing = self._size  # samples until the next window is complete

    def push(self, time_s: float, value: float) -> Sequence[Window]:
        """Take a sample; the window that it completes. Raises ValueError if not finite."""
        _check(time_s, value)
        if self._times_s and time_s < self._times_s[-1]:
            self.late += 1
            return _NONE
        self._times_s.append(time_s)
        self._statistics.push(value)
        self._extremes.push(value)
        self._missing -= 1
        if self._missing:
            return _NONE
        self._missing = self._hop
        return [_rolling_window(self._times_s[0], time_s, self._statistics, self._extremes)]

    def advance(self, time_s: float) -> Sequence[Window]:
        """None: only a sample ends a window."""
        return _NONE

    def close(self) -> Sequence[Window]:
        """None is full."""
        return _NONE


class Keyed(Generic[Key]):
    """Windows for each key of a stream of many, such as (node, metric), made when it first comes.

    Each key has a time of its own, so that none waits for another.
    """

    def __init__(self, make: Callable[[], Windows]) -> None:
        self._make = make
        self._windows: dict[Key, Windows] = {}
        self._late_of_forgotten = 0

    def push(self, key: Key, time_s: float, value: float) -> Sequence[Window]:
        """Take a sample; the windows of its key that it ends. Raises ValueError if not finite."""
        windows = self._windows.get(key)
        if windows is None:
            windows = self._windows[key] = self._make()
        return windows.push(time_s, value)

    def advance(self, time_s: float) -> list[tuple[Key, Window]]:
        """It is this time, for the windows of every key; those that end by it, with their keys."""
        return [(key, window) for key, of_key in self._windows.items() for window in of_key.advance(time_s)]

    def close(self) -> list[tuple[Key, Window]]:
        """The streams have ended: the windows that are still open, with their keys, which are forgotten."""
        return [(key, window) for key in list(self._windows) for window in self.forget(key)]

    def forget(self, key: Key) -> Sequence[Window]:
        """The stream of this key has ended: its open windows. Raises KeyError if there is no such key."""
        windows = self._windows.pop(key)
        self._late_of_forgotten += windows.late
        return windows.close()

    @property
    def late(self) -> int:
        """Late samples of all keys."""
        return self._late_of_forgotten + sum(windows.late for windows in self._windows.values())


def _window(start_s: float, end_s: float, of: Running, revision: int = 0) -> Window:
    return Window(start_s, end_s, of.count, of.mean, of.deviation, of.minimum, of.maximum, revision)


def _rolling_window(start_s: float, end_s: float, of: RollingStatistics, extremes: RollingExtremes) -> Window:
    return Window(start_s, end_s, of.count, of.mean, of.deviation, extremes.minimum, extremes.maximum)


def _check(*numbers: float) -> None:
    if not all(map(isfinite, numbers)):
        raise ValueError(
            f"{numbers} are not all finite: drop or replace such samples before they are windowed"
        )
