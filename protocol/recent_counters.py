"""Which frames of a source are copies of ones that came before (PROTOCOL.md section 1)."""

from __future__ import annotations

from collections import deque

# Copies come within a second or so, on other links or from relays; a node sends far fewer frames meanwhile.
RECENT_FRAMES = 64


class RecentCounters:
    """The counters of the last RECENT_FRAMES frames of a source."""

    __slots__ = ("_counters", "_highest")

    def __init__(self) -> None:
        self._counters: deque[int] = deque(maxlen=RECENT_FRAMES)
        self._highest = -1  # none of them is above it

    def take(self, counter: int) -> bool:
        """Whether the frame of that counter is none of them; it is one from now on."""
        if counter > self._highest:  # as nearly all are: nothing is searched
            self._highest = counter
        elif counter in self._counters:
            return False
        else:
            self._highest = max(self._counters)
        self._counters.append(counter)
        return True
