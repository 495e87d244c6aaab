"""A board and a root at its line in virtual time: as base_station, but nobody waits.

line = VirtualLine(Board(UNO, eeprom), root)
line.run(5_000)
line.results[-1]
"""

from __future__ import annotations

from collections.abc import Mapping

from firmware.native.board import BOARD_HZ, Board, Told
from protocol.framing import DELIMITER, Deframer, encode_stream
from protocol.node import Event, LinkName, MeasurementDue, Node, RoundFinished
from protocol.sink_tree import SinkTreeNode
from protocol.timing import Timing

CYCLES_PER_MS = BOARD_HZ // 1000
STEP_MS = 1


def open_root(node_id: int = 0, period_ms: int = 1_000) -> SinkTreeNode:
    """A root of an open tree."""
    return SinkTreeNode(
        node_id,
        root=True,
        seed=1,
        first_counter=0,
        now_ms=0,
        timing=Timing(period_ms=period_ms),
        metrics=tuple(range(5)),
    )


class VirtualLine:
    """`frames` is all that the board has sent; `events` are the root's, if there is one."""

    def __init__(
        self, board: Board, root: Node | None = None, readings: Mapping[int, int] | None = None
    ) -> None:
        self.board = board
        self.root = root
        self.frames: list[bytes] = []
        self.events: list[Event] = []
        self._readings = readings or {}
        self._deframer = Deframer()
        self.board.send(0, DELIMITER)

    @property
    def results(self) -> list[RoundFinished]:
        """The root's."""
        return [event for event in self.events if isinstance(event, RoundFinished)]

    @property
    def now_ms(self) -> int:
        """Of the board's life."""
        return self.board.cycle // CYCLES_PER_MS

    def run(self, span_ms: int) -> None:
        """Go on for that long."""
        end_ms = self.now_ms + span_ms
        while self.now_ms < end_ms:
            self._run_board((self.now_ms + STEP_MS) * CYCLES_PER_MS)
            if self.root is not None:
                self._run_root(self.root)

    def send(self, frame: bytes) -> None:
        """A frame to the board."""
        self.board.send(0, encode_stream(frame))

    def _run_board(self, cycle: int) -> None:
        is_done = False
        while not is_done:
            is_done = self.board.run_until(cycle)
            for notice in self.board.notices():
                assert notice.told is not Told.CRASHED
                if notice.told is Told.STREAM:
                    self._take(self._deframer.feed(notice.data))

    def _take(self, frames: list[bytes]) -> None:
        self.frames += frames
        for frame in frames:
            if self.root is not None:
                self.root.receive(frame, self.now_ms)

    def _run_root(self, root: Node) -> None:
        root.handle_timer(self.now_ms)
        while (event := root.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, MeasurementDue):
                root.measure(event.version, self._readings, self.now_ms)
        for link, frame in root.frames_to_send(self.now_ms):
            if link is LinkName.AIR:
                self.send(frame)
