"""Where in a log the views are to be: played, looped, or put there by a person. The clock is passed in."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from desktop.replay.times import Times

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_MEASURED_S = 1.5


class Playback:
    """A place in a log, as a number of records; `follows` the newest until a person has chosen a place.

    Times are `now_s` of any steady clock.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self.follows = True
        self.wanted = 0  # the place that a person has chosen, or that playing has come to
        self.speed = 1.0
        self.loop: tuple[int, int] | None = None  # records
        self._since: tuple[float, float] | None = None  # while it plays: then it was that time of the log
        self._shown: deque[tuple[float, int]] = deque()  # lately, while it plays: when which time of the log

    @property
    def is_playing(self) -> bool:
        """Whether time passes."""
        return self._since is not None

    def play(self, now_s: float) -> None:
        """Go on from where it is; from the beginning (of the loop) if it is at the end."""
        first, last = self._range()
        if self.wanted >= last or self.wanted < first:
            self.wanted = first
        self.follows = False
        self._anchor(now_s, self._times.at(self.wanted))

    def pause(self) -> None:
        """Stay."""
        self._since = None
        self._shown.clear()

    def toggle(self, now_s: float) -> None:
        """Play, or pause."""
        if self.is_playing:
            self.pause()
        else:
            self.play(now_s)

    def seek(self, records: int, now_s: float) -> None:
        """Go there; what plays plays on from there. Out of the loop there is no loop any more."""
        self.follows = False
        self.wanted = max(0, min(records, len(self._times)))
        if self.loop is not None and not self.loop[0] <= self.wanted <= self.loop[1]:
            self.loop = None
        if self.is_playing:
            self._anchor(now_s, self._times.at(self.wanted))

    def stay(self, records: int) -> None:
        """That is the place, and stays it."""
        self.follows, self.wanted = False, records

    def follow(self) -> None:
        """Show the newest, from now on."""
        self.pause()
        self.follows = True

    def set_speed(self, speed: float, now_s: float) -> None:
        """So many seconds of the log in one; SPEEDS has the least and the most."""
        cursor_us = self.cursor_us(now_s)
        self.speed = max(SPEEDS[0], min(speed, SPEEDS[-1]))
        if self.is_playing:
            self._anchor(now_s, cursor_us)

    def set_loop(self, first: int, last: int) -> None:
        """Play these records over and over; none if the range holds none."""
        first, last = max(0, min(first, last)), min(max(first, last), len(self._times))
        self.loop = (first, last) if last > first else None

    def cursor_us(self, now_s: float) -> float:
        """The time of the log that it is."""
        if self._since is None:
            return self._times.at(self.wanted)
        began_s, began_us = self._since
        return began_us + max(0.0, now_s - began_s) * self.speed * 1e6

    def due(self, now_s: float) -> int:
        """How many records are to be shown now; at the end it stays, or begins again where it loops."""
        if self.follows:
            self.wanted = len(self._times)
        elif self.is_playing:
            self._advance(now_s)
        return self.wanted

    def note_shown(self, records: int, now_s: float) -> None:
        """So many records are shown now."""
        if self.is_playing:
            self._shown.append((now_s, self._times.at(records)))
            while now_s - self._shown[0][0] > _MEASURED_S:
                self._shown.popleft()

    @property
    def real_speed(self) -> float | None:
        """How fast it was lately; None before that can be told."""
        if len(self._shown) < 2 or self._shown[-1][0] - self._shown[0][0] < _MEASURED_S / 2:
            return None
        gone_us = sum(max(0, after - before) for (_, before), (_, after) in pairwise(self._shown))
        return gone_us / 1e6 / (self._shown[-1][0] - self._shown[0][0])

    def _advance(self, now_s: float) -> None:
        first, last = self._range()
        if self.wanted < first:
            self.wanted = first
            self._anchor(now_s, self._times.at(first))
        cursor_us = self.cursor_us(now_s)
        end_us = self._times.at(last)
        if cursor_us < end_us:
            self.wanted = max(self.wanted, min(self._times.records_until(cursor_us), last))
        elif self.loop is None:
            self.wanted = last
            self.pause()
        elif self.wanted < last:  # the end is seen, before the beginning is again
            self.wanted = last
        else:
            self.wanted = first
            self._anchor(now_s, self._times.at(first))

    def _anchor(self, now_s: float, time_us: float) -> None:
        self._since = now_s, time_us

    def _range(self) -> tuple[int, int]:
        return self.loop or (0, len(self._times))
