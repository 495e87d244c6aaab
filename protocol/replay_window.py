"""Which frames of a source were heard (PROTOCOL.md 10.3; RFC 4303, 3.4.3), and how many were not (15.2)."""

from __future__ import annotations

from enum import IntEnum

from protocol.long_counter import LIFE_SHIFT
from protocol.wire_format import COUNTER_MODULUS

WINDOW_FRAMES = 32
LONG_BEFORE = 256  # more frames than a node sends while an answer is waited for
_WINDOW_MASK = (1 << WINDOW_FRAMES) - 1
_COUNTER_MASK = COUNTER_MODULUS - 1
_HALF = COUNTER_MODULUS >> 1


class Refusal(IntEnum):
    """Why a frame is not to be opened; less than any number."""

    UNPROVEN = -1
    SEEN = -2
    TOO_OLD = -3


class Window:
    """The newest number of a sender, and bit i of `bits` for the one i before it: it was seen."""

    __slots__ = ("bits", "newest")

    def __init__(self, newest: int, bits: int) -> None:
        self.newest = newest
        self.bits = bits


class Senders:
    """The senders whose long counter is proven; at most `max_senders`, the one known for longest goes."""

    def __init__(self, max_senders: int) -> None:
        self._max_senders = max_senders
        self._windows: dict[int, Window] = {}

    def __contains__(self, source: int) -> bool:
        return source in self._windows

    def __len__(self) -> int:
        return len(self._windows)

    def locate(self, source: int, counter: int) -> int:
        """The long counter of a frame with those 24 bits, or a Refusal. A tag tells whether it is right."""
        window = self._windows.get(source)
        if window is None:
            return Refusal.UNPROVEN
        return _judged(window, window.newest & ~_COUNTER_MASK | counter)

    def judge(self, source: int, number: int) -> int:
        """As `locate`, for a frame that shows its whole number; one of another life, or long before, is not
        proven: what is taken for the newest may be another member's lie."""
        window = self._windows.get(source)
        if window is None or window.newest >> LIFE_SHIFT != number >> LIFE_SHIFT:
            return Refusal.UNPROVEN
        if window.newest - number > LONG_BEFORE:
            return Refusal.UNPROVEN
        return _judged(window, number)

    def take(self, source: int, number: int) -> None:
        """The frame of a number that was not refused is heard: its tag was right."""
        window = self._windows[source]
        ahead = number - window.newest
        if ahead > 0:
            window.bits = (window.bits << min(ahead, WINDOW_FRAMES) | 1) & _WINDOW_MASK
            window.newest = number
        else:
            window.bits |= 1 << -ahead

    def prove(self, source: int, number: int) -> None:
        """The sender's life and newest counter are known now; all before it counts as seen."""
        if source not in self._windows and len(self._windows) >= self._max_senders:
            del self._windows[next(iter(self._windows))]
        self._windows[source] = Window(number, _WINDOW_MASK)


def _judged(window: Window, number: int) -> int:
    """A number of the life that is proven."""
    behind = window.newest - number
    if behind < 0:
        return number
    if behind >= WINDOW_FRAMES:
        return Refusal.TOO_OLD
    return Refusal.SEEN if window.bits >> behind & 1 else number


class LinkQuality:
    """The share of a source's frames that were heard, told by the gaps in its counters (15.2)."""

    __slots__ = ("_bits", "_newest", "_span")

    def __init__(self) -> None:
        self._newest = self._bits = self._span = 0

    def heard(self, counter: int) -> None:
        """A frame with that counter came by."""
        ahead = (counter - self._newest) & _COUNTER_MASK
        behind = -ahead & _COUNTER_MASK
        if self._span and behind < self._span:
            self._bits |= 1 << behind
        elif self._span and ahead < _HALF:
            self._bits = (self._bits << min(ahead, WINDOW_FRAMES) | 1) & _WINDOW_MASK
            self._span = min(self._span + ahead, WINDOW_FRAMES)
            self._newest = counter
        elif not self._span or behind > WINDOW_FRAMES:  # the first, or the first after a restart
            self._newest, self._bits, self._span = counter, 1, 1

    @property
    def quality(self) -> int:
        """1 to 255, or 0: not known."""
        return max(1, 255 * self._bits.bit_count() // self._span) if self._span else 0
