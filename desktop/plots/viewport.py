"""Which time is shown, and the ticks and labels of its axis. No tkinter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from desktop.model.words import duration_label

# A view of all ends at one of these, so that its axis stays for many rounds; beyond a day, at whole days.
WHOLE_S = (60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400)
SPANS_S: tuple[float, ...] = (60, 300, 900, 3_600, 21_600, 86_400)  # to follow
_DAY_S = 86_400
_STEPS_S = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200),
    *(1_800, 3_600, 7_200, 14_400, 21_600, 43_200),
    *(days * _DAY_S for days in (1, 2, 7, 28, 84, 364)),
)
LEAST_SPAN_S, MOST_SPAN_S = 0.01, 400.0 * _DAY_S
_MARGIN = 0.1  # of the span: so much may be seen beyond either end of what there is
_EASE = 40  # a view that follows moves by this part of its span, not with every round


class Clock(Enum):
    """How times are told."""

    SINCE_START = "time since the start"
    OF_DAY = "time of day"


@dataclass(slots=True)
class Viewport:
    """A span of time: all, the newest `span_s`, or one that a person has chosen (then `follows` is False).

    `first_s` and `last_s` are the ends of what there is; `note` keeps them.
    """

    follows: bool = True
    span_s: float | None = None  # to follow; None: all
    first_s: float = 0.0
    last_s: float = 0.0
    _start_s: float = 0.0
    _end_s: float = 60.0

    def note(self, first_s: float, last_s: float) -> None:
        """There is something from and up to then."""
        self.first_s, self.last_s = first_s, max(first_s, last_s)

    @property
    def window_s(self) -> tuple[float, float]:
        """From and to."""
        if not self.follows:
            return self._start_s, self._end_s
        if self.span_s is None:
            days = math.ceil(self.last_s / _DAY_S) * _DAY_S
            return 0.0, next((float(whole) for whole in WHOLE_S if whole >= self.last_s), float(days))
        step_s = self.span_s / _EASE
        end_s = max(self.span_s, (math.floor(self.last_s / step_s) + 1) * step_s)
        return end_s - self.span_s, end_s

    def pan(self, seconds: float) -> None:
        """Look later, or earlier if it is negative."""
        start_s, end_s = self.window_s
        self.look_at(start_s + seconds, end_s + seconds)

    def zoom(self, factor: float, at_s: float) -> None:
        """Show `factor` times the span; what is at that time stays in its place."""
        start_s, end_s = self.window_s
        span_s = min(MOST_SPAN_S, max(LEAST_SPAN_S, factor * (end_s - start_s)))
        factor = span_s / (end_s - start_s)
        self.look_at(at_s - (at_s - start_s) * factor, at_s - (at_s - start_s) * factor + span_s)

    def look_at(self, start_s: float, end_s: float) -> None:
        """Show that, moved so far that something of what there is can be seen."""
        span_s = max(LEAST_SPAN_S, end_s - start_s)
        least_s = self.first_s - span_s * (1 - _MARGIN)
        most_s = max(self.last_s - _MARGIN * span_s, self.first_s - _MARGIN * span_s)
        self._start_s = min(max(start_s, least_s), most_s)
        self._end_s = self._start_s + span_s
        self.follows = False

    def follow(self, span_s: float | None) -> None:
        """Show the newest of that length, or all."""
        self.span_s, self.follows = span_s, True

    def hold(self) -> None:
        """Stay at what is shown now."""
        self.look_at(*self.window_s)


@dataclass(frozen=True, slots=True)
class TimeTicks:
    """Where the time axis is marked, and the texts."""

    at_s: list[float]
    texts: list[str]


def time_ticks(window_s: tuple[float, float], most: int, clock: Clock, epoch_us: int) -> TimeTicks:
    """About `most` round times at most; `epoch_us` is the time of day of 0 s, since 1970."""
    start_s, end_s = window_s
    span_s = end_s - start_s
    most = max(1, most)
    longest_s = _STEPS_S[-1] * math.ceil(span_s / _STEPS_S[-1] / most)  # a clock that was set: from 1970 on
    step_s = next((step for step in _STEPS_S if span_s / step <= most), float(longest_s))
    base_s = _local_s(epoch_us, start_s) if clock is Clock.OF_DAY else 0.0
    first = math.ceil((start_s + base_s) / step_s - 1e-9)
    last = math.floor((end_s + base_s) / step_s + 1e-9)
    at_s = [i * step_s - base_s for i in range(first, last + 1)]
    if clock is Clock.OF_DAY:
        return TimeTicks(at_s, [_of_day(at + base_s, step_s) for at in at_s])
    at_s = [at for at in at_s if at > -step_s / 2]
    return TimeTicks(at_s, [_since_start(at, step_s) for at in at_s])


def time_label(time_s: float, clock: Clock, epoch_us: int) -> str:
    """One time, to the tenth of a second."""
    if clock is Clock.SINCE_START:
        return _since_start(time_s, 0.1)
    try:
        local = datetime.fromtimestamp(_local_s(epoch_us, time_s) + time_s, UTC)
    except (OverflowError, ValueError, OSError):
        return _since_start(time_s, 0.1)
    return f"{local:%d %b %H:%M:%S}.{local.microsecond // 100_000}"


def _local_s(epoch_us: int, time_s: float) -> float:
    """Local time of day of 0 s, as seconds since 1970; that of `time_s` decides about daylight saving."""
    try:
        offset = datetime.fromtimestamp(epoch_us / 1e6 + time_s, UTC).astimezone().utcoffset()
    except (OverflowError, ValueError, OSError):  # a log may hold any time
        offset = None
    return epoch_us / 1e6 + (offset.total_seconds() if offset else 0.0)


def _since_start(time_s: float, step_s: float) -> str:
    digits = max(0, math.ceil(-math.log10(step_s) - 1e-9))
    rounded_s = round(time_s, digits)
    whole = duration_label(rounded_s)
    return whole if not digits else f"{whole}.{round(rounded_s % 1 * 10**digits) % 10**digits:0{digits}}"


def _of_day(local_s: float, step_s: float) -> str:
    try:
        local = datetime.fromtimestamp(round(local_s, 3), UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    if step_s >= _DAY_S or (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local.day} {local:%b}"
    if step_s >= 60:
        return f"{local:%H:%M}"
    return f"{local:%H:%M:%S}" if step_s >= 1 else f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"
