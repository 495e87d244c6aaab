"""Frames that a node is going to send: only what and when; the bytes are made at the moment of sending.

So the age in a sync is right however long a frame waited, and the C core needs a few bytes per frame.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from operator import attrgetter

from protocol.packets import FrameType

# Answers leave at once, so only jittered frames wait: offers to seeking neighbours, and one of its own.
CAPACITY = 16
_DUE = attrgetter("due_ms")


@dataclass(frozen=True, slots=True)
class Waiting:
    """`acked_version` is used by DATA_ACK and HELP_CONFIRM only."""

    due_ms: int
    type: FrameType
    destination: int
    acked_version: int = 0


class Outbox:
    """At most CAPACITY frames, given out by due time, then in the order they came."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []

    def put(self, frame: Waiting) -> bool:
        """Add a frame, in place of one of the same type for the same node. False when there is no room."""
        self._waiting = [
            w for w in self._waiting if (w.type, w.destination) != (frame.type, frame.destination)
        ]
        if len(self._waiting) >= CAPACITY:
            return False
        insort(self._waiting, frame, key=_DUE)
        return True

    def take_due(self, now_ms: int) -> Waiting | None:
        """The next frame that is due, removed."""
        if self._waiting and self._waiting[0].due_ms <= now_ms:
            return self._waiting.pop(0)
        return None

    def discard(self, *types: FrameType) -> None:
        """Forget what waits of these types."""
        self._waiting = [w for w in self._waiting if w.type not in types]

    def next_due_ms(self) -> int | None:
        """When the next frame is due."""
        return self._waiting[0].due_ms if self._waiting else None
