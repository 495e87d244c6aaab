"""What the C nodes of every network share: the methods of protocol.node.Node over the functions of one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from firmware.native.library import ffi, library
from protocol.aggregate import NO_NODE
from protocol.node import Event, FrameDropped, LinkName, MeasurementDue
from protocol.node_base import MAX_EVENTS
from protocol.packets import MAX_FRAME_BYTES, DropReason

FOREVER_MS = 0xFFFFFFFF
WORD = 0xFFFFFFFF

# Gives the event of one kind from the `node` and the `value` of its tr_event_t.
EventReader = Callable[[Any, int, int], Event]


def measurement_due(node: NodeEvents, _: int, version: int) -> Event:
    """TR_EVENT_MEASUREMENT_DUE."""
    return MeasurementDue(version)


def frame_dropped(node: NodeEvents, source: int, reason: int) -> Event:
    """TR_EVENT_FRAME_DROPPED."""
    return FrameDropped(DropReason(reason), None if source == NO_NODE else source)


class NodeEvents:
    """The events of a C node, with what they refer to: its struct, and the frame that it received last.

    `prefix`_t is the struct; `readers` reads its events, by the names of their kinds.
    """

    prefix: ClassVar[str]
    readers: ClassVar[Mapping[str, EventReader]]

    def __init__(self) -> None:
        """Raises NotBuiltError if the core is not there."""
        self._lib = library()
        self._node: Any = None
        self._received = b""
        self._read = {getattr(self._lib, kind): reader for kind, reader in self.readers.items()}

    def refer_to(self, node: Any, received: bytes) -> None:
        """The struct is of another machine than this."""
        self._node, self._received = node, received

    def read(self, kind: int, node: int, value: int) -> Event:
        """The event of a tr_event_t. Raises KeyError for one that is of another network."""
        return self._read[kind](self, node, value)


class NativeNode(NodeEvents):
    """A C node whose functions are named `prefix`_init, `prefix`_receive ..."""

    def __init__(self, node_id: int, config: Mapping[str, Any], now_ms: int) -> None:
        """`config` holds the fields of `prefix`_config_t; what its pointers point to must outlive the node.

        Raises ValueError for what the core refuses, NotBuiltError if it is not there.
        """
        super().__init__()
        self.node_id = node_id
        self._config = ffi.new(f"{self.prefix}_config_t *", dict(config))
        self._node = ffi.new(f"{self.prefix}_t *")
        (
            self._receive,
            self._handle_timer,
            self._measure,
            self._wait_ms,
            self._next_frame,
            self._next_event,
        ) = (
            self._function(name)
            for name in ("receive", "handle_timer", "measure", "wait_ms", "next_frame", "next_event")
        )
        self._event = ffi.new("tr_event_t *")
        self._frame = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
        self._link = ffi.new("enum tr_link_name *")
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._now_ms = now_ms
        if self._function("init")(self._node, self._config, now_ms & WORD) != 0:
            raise ValueError(f"the core refuses {config}")

    def _function(self, name: str) -> Any:
        return getattr(self._lib, f"{self.prefix}_{name}")

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        self._received = frame
        self._receive(self._node, frame, len(frame), now_ms & WORD)
        self._after_call(now_ms)

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer."""
        self._handle_timer(self._node, now_ms & WORD)
        self._after_call(now_ms)

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure."""
        given = ffi.new("tr_reading_t[]", [{"metric": m, "raw": raw} for m, raw in readings.items()])
        in_time = self._measure(self._node, version, given, len(readings), now_ms & WORD)
        self._after_call(now_ms)
        return bool(in_time)

    def leave(self, now_ms: int) -> None:
        """See protocol.node.Node.leave."""
        self._function("leave")(self._node, now_ms & WORD)
        self._after_call(now_ms)

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline; one that is over is given as the time of the last call."""
        wait_ms = self._wait_ms(self._node, self._now_ms & WORD)
        return None if wait_ms == FOREVER_MS else self._now_ms + wait_ms

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send."""
        frames = []
        while length := self._next_frame(self._node, now_ms & WORD, self._frame, MAX_FRAME_BYTES, self._link):
            assert length > 0
            frames.append((LinkName(self._link[0]), bytes(ffi.buffer(self._frame, length))))
        self._after_call(now_ms)
        return frames

    def next_event(self) -> Event | None:
        """See protocol.node.Node.next_event."""
        return self._events.popleft() if self._events else None

    def _after_call(self, now_ms: int) -> None:
        """Take the events while what they refer to is there."""
        self._now_ms = now_ms
        event = self._event
        while self._next_event(self._node, event):
            self._events.append(self.read(event.kind, event.node, event.value))
