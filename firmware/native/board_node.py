"""One emulated board as a node of a simulation."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from firmware.native.board import CYCLES_PER_US, Board
from protocol.framing import Deframer, encode_stream
from protocol.node import Event, LinkName, MeasurementDue, ReportSealed
from protocol.packets import HEADER_BYTES, HOST, peek_header
from protocol.simulator.clock import NodeClock

# Frames that the board may not have worked on yet.
GIVEN = 16

Given = Event | bytes


class BoardError(ValueError):
    """A board cannot do what a simulation asks of it, or its firmware has crashed."""


class BoardNode:
    """One board, with the methods of protocol.node.Node.

    What it gives out was made before: see Boards. It asks to be measured when it has measured, and gets the
    very reading that its sensor was given.
    """

    def __init__(self, node_id: int, board: Board, clock: NodeClock, on_us: int) -> None:
        """It has had power since that time of the world."""
        self.node_id = node_id
        self.board = board
        self.due_version: int | None = None  # of the measurement that it was last asked for and has not made
        self.given: deque[bytes] = deque(maxlen=GIVEN)
        self.deframers = Deframer(), Deframer()  # by UART
        self._clock = clock
        self._on_us = clock.reads_us(on_us)
        self._running_version: int | None = None
        self._now_ms = 0
        self._events: deque[Event] = deque()
        self._frames: deque[bytes] = deque()

    def cycle_at(self, now_us: int) -> int:
        """Its cycle at that time of the world."""
        return (self._clock.reads_us(now_us) - self._on_us) * CYCLES_PER_US

    def time_us(self, cycle: int) -> int:
        """The world's time at that cycle."""
        return self._clock.first_us(self._on_us + cycle // CYCLES_PER_US)

    def give(self, given: Given) -> None:
        """An event or a frame of it happens now."""
        if isinstance(given, bytes):
            self._frames.append(given)
            return
        match given:
            case MeasurementDue(version):
                self._running_version = version
            case ReportSealed():
                self._running_version = None
        self._events.append(given)

    def receive(self, frame: bytes, now_ms: int) -> None:
        """See protocol.node.Node.receive."""
        self._now_ms = now_ms
        self.given.append(frame)
        self.board.send(self.board.kind.air_uart, encode_stream(frame))

    def handle_timer(self, now_ms: int) -> None:
        """See protocol.node.Node.handle_timer; a board handles its own."""
        self._now_ms = now_ms

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        """See protocol.node.Node.measure; the board has the readings already."""
        return version == self._running_version

    def leave(self, now_ms: int) -> None:
        """Raises BoardError."""
        raise BoardError(f"node {self.node_id} is a board, which nobody can ask to leave; take its power")

    def next_deadline(self) -> int | None:
        """See protocol.node.Node.next_deadline."""
        return self._now_ms if self._frames else None

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send."""
        frames = [(link_of(frame), frame) for frame in self._frames]
        self._frames.clear()
        return frames

    def next_event(self) -> Event | None:
        """See protocol.node.Node.next_event."""
        return self._events.popleft() if self._events else None


def link_of(frame: bytes) -> LinkName:
    """Where a board's frame goes. With a single line, what is for the host would be on the air too; here the
    radio leaves it out."""
    is_for_host = len(frame) >= HEADER_BYTES and peek_header(frame)[2] == HOST
    return LinkName.HOST if is_for_host else LinkName.AIR
