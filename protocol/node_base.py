"""What every node has, whatever it runs: an id, a counter, events, and the checks of what it receives."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, ClassVar

from protocol import packets
from protocol.node import Event, FrameDropped, Jitter, LinkName
from protocol.packets import BROADCAST, HOST, DropReason, Frame, FrameError, FrameType, Payload

# A driver drains the events after every call; this holds what one call can cause, several times over.
MAX_EVENTS = 256
# Frames that wait at a time; a node sends one at once, and a few after a jitter.
MAX_WAITING = 16

Handler = Callable[[Any, Frame, int], None]


class NodeBase:
    """The receiving half of the seam (PROTOCOL.md section 4); `_HANDLERS` says what to do with a frame."""

    _HANDLERS: ClassVar[Mapping[FrameType, Handler]]

    def __init__(self, node_id: int, *, seed: int, first_counter: int) -> None:
        if not 0 <= node_id <= packets.MAX_NODE_ID:
            raise ValueError(f"a node id is 0 to {packets.MAX_NODE_ID}, not {node_id}")
        self.node_id = node_id
        self._jitter = Jitter(seed)
        self._counter = first_counter % packets.COUNTER_MODULUS
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._has_left = False

    def next_event(self) -> Event | None:
        """See protocol.node.Node.next_event."""
        return self._events.popleft() if self._events else None

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        if self._has_left:
            return
        try:
            got = packets.decode(frame)
        except FrameError as error:
            self._drop(error.reason, None)
            return
        if got.source == self.node_id:
            self._drop(DropReason.OWN_ID, got.source)
        elif got.destination in (self.node_id, BROADCAST):
            handler = self._HANDLERS.get(got.type)
            if handler is None:
                self._drop(DropReason.STATE, got.source)
            else:
                handler(self, got, now_ms)
        else:
            self._overhear(got, now_ms)

    def _overhear(self, frame: Frame, now_ms: int) -> None:
        """A frame for another node: no drop, since on a shared medium it is the usual case."""

    def _encode(self, frame_type: FrameType, destination: int, payload: Payload) -> tuple[LinkName, bytes]:
        frame = Frame(frame_type, self.node_id, destination, self._counter, payload)
        self._counter = (self._counter + 1) % packets.COUNTER_MODULUS
        return LinkName.HOST if destination == HOST else LinkName.AIR, packets.encode(frame)

    def _drop(self, reason: DropReason, source: int | None) -> None:
        self._events.append(FrameDropped(reason, source))


_Waiting = tuple[int, FrameType, int, Payload]


class SendQueue:
    """Whole frames that wait to be sent, given out by due time, then in the order they came."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def put(self, due_ms: int, frame_type: FrameType, destination: int, payload: Payload) -> bool:
        """Add a frame, in place of one of the same type for the same node. False when there is no room."""
        self.discard(frame_type, destination)
        if len(self._waiting) >= MAX_WAITING:
            return False
        insort(self._waiting, (due_ms, frame_type, destination, payload), key=itemgetter(0))
        return True

    def discard(self, frame_type: FrameType, destination: int) -> None:
        """Forget what waits of that type for that node."""
        self._waiting = [w for w in self._waiting if w[1:3] != (frame_type, destination)]

    def take_due(self, now_ms: int) -> list[tuple[FrameType, int, Payload]]:
        """The frames that are due, removed."""
        due = 0
        while due < len(self._waiting) and self._waiting[due][0] <= now_ms:
            due += 1
        taken, self._waiting = self._waiting[:due], self._waiting[due:]
        return [w[1:] for w in taken]

    def next_due_ms(self) -> int | None:
        """When the next frame is due."""
        return self._waiting[0][0] if self._waiting else None
