"""What happens to a board's node: its image tells which event, and the board's memory what that refers to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from firmware.native.board import Board, BoardKind
from firmware.native.image import Layout, variable_of
from firmware.native.library import NotBuiltError
from firmware.native.node import NodeEvents
from firmware.native.polling import PollingEvents
from firmware.native.ring import RingEvents
from firmware.native.tree import TreeEvents
from protocol.node import Event
from protocol.packets import CRC_BYTES, HEADER_BYTES, SEALED_BIT, TAG_BYTES
from protocol.payloads import Network

EVENTS: dict[Network, type[NodeEvents]] = {
    Network.TREE: TreeEvents,
    Network.RING: RingEvents,
    Network.POLLING: PollingEvents,
}


class BoardEvents:
    """Reads those of all boards of one kind. Raises NotBuiltError."""

    def __init__(self, kind: BoardKind) -> None:
        events = EVENTS[kind.network]
        self._events = events()
        self._layout = Layout(kind.headers, f"{events.prefix}_t")
        self._node = variable_of(kind.path, "node")
        self._stream = variable_of(kind.path, "stream")
        if self._layout.size != self._node.size:
            raise NotBuiltError(f"{kind.headers}: not of {kind.path}; build both: `make firmware emulator`")

    def read(self, board: Board, data: bytes, given: Sequence[bytes]) -> Event:
        """The event that trace.h has just told; `given` are the last frames that were sent to the board."""
        kind, node, value = data[0], int.from_bytes(data[1:3], "big"), int.from_bytes(data[3:5], "big")
        struct = self._layout.read(board.memory(self._node.address, self._node.size))
        stream = board.memory(self._stream.address, self._stream.size)
        self._events.refer_to(struct, _received(stream[1:], given))
        return self._events.read(kind, node, value)


@cache
def events_of(kind: BoardKind) -> BoardEvents:
    """One reader for all boards of that kind."""
    return BoardEvents(kind)


def _received(buffer: bytes, given: Sequence[bytes]) -> bytes:
    """The frame that the board works on: open, if it came sealed. Nothing, if it is one of its own."""
    for frame in reversed(given):
        if frame[1:HEADER_BYTES] == buffer[1:HEADER_BYTES]:
            is_sealed = frame[0] & SEALED_BIT and not buffer[0] & SEALED_BIT
            return buffer[: len(frame) - (TAG_BYTES - CRC_BYTES if is_sealed else 0)]
    return b""
