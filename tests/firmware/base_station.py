"""A root in this process at the other end of an emulated board's serial line.

with open_port(board) as port:
    base = BaseStation(port)
    result = base.next_result()          # drives the root until it finishes a round
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import serial

from protocol.framing import DELIMITER, Deframer, encode_stream
from protocol.node import Event, LinkName, MeasurementDue, RoundFinished
from protocol.packets import COUNTER_MODULUS, Frame, FrameError, FrameType, Payload, Report, decode, encode
from protocol.sink_tree import SinkTreeNode
from protocol.timing import Timing
from tests.firmware.board import EmulatedBoard

TIMEOUT_S = 20.0
LONGEST_READ_S = 0.05
ROOT = 0

_Found = TypeVar("_Found")


def wait_until_open(board: EmulatedBoard, *, is_open: bool = True) -> None:
    """The board sees that its port is open, and has been reset by that; or that it is closed."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while board.status()["port_open"] is not is_open:
        assert time.monotonic() < deadline_s, "the board does not see that its port was opened or closed"


def open_port(board: EmulatedBoard) -> serial.Serial:
    """The port of a board that starts now."""
    port = serial.Serial(board.port, 115200, timeout=0)
    wait_until_open(board)
    return port


class Listener:
    """Reads frames from a port; `frames` has all that came, `raw` the bytes.

    `hears_resets`: half a frame, which a reset may leave, is passed over.
    """

    def __init__(self, port: serial.Serial, *, hears_resets: bool = False) -> None:
        self.port = port
        self.raw = b""
        self.frames: list[Frame] = []
        self._deframer = Deframer()
        self._hears_resets = hears_resets

    def poll(self, timeout_s: float = LONGEST_READ_S) -> list[Frame]:
        """The frames of what arrives next, after at most `timeout_s`."""
        self.port.timeout = timeout_s
        data = self.port.read(1)
        data += self.port.read(self.port.in_waiting)
        self.raw += data
        found = []
        for frame in self._deframer.feed(data):
            try:
                found.append(decode(frame))
            except FrameError:
                if not self._hears_resets:
                    raise
        self.frames += found
        return found

    def wait_for(self, kind: FrameType, count: int = 1) -> list[Frame]:
        """The first `count` frames of that type. Raises AssertionError when they do not come in time."""

        def found() -> list[Frame] | None:
            frames = [frame for frame in self.frames if frame.type is kind]
            return frames[:count] if len(frames) >= count else None

        return wait(found, self.step, f"{count} {kind.name}")

    def step(self) -> None:
        """Wait a little for frames."""
        self.poll()

    def send(self, kind: FrameType, source: int, destination: int, payload: Payload) -> None:
        """One frame to the board."""
        counter = time.monotonic_ns() % COUNTER_MODULUS
        self.port.write(encode_stream(encode(Frame(kind, source, destination, counter, payload))))


class BaseStation(Listener):
    """The root, on the wall clock. It starts when the board has: so the board hears its DISCOVERY.

    `readings` are the root's own; without any, the results are the board's.
    """

    def __init__(
        self, port: serial.Serial, *, period_ms: int = 300, readings: Mapping[int, int] | None = None
    ) -> None:
        super().__init__(port)
        self.results: list[RoundFinished] = []
        self.events: list[Event] = []
        self._readings = readings or {}
        wait(lambda: self.raw or None, self.poll, "a byte of the board")
        self.port.write(DELIMITER)
        timing = Timing(period_ms=period_ms)
        self.root = SinkTreeNode(
            ROOT, root=True, seed=1, first_counter=0, now_ms=now_ms(), timing=timing, metrics=(0, 1)
        )

    def step(self) -> None:
        """Wait for bytes or the root's next deadline, and do what is due."""
        deadline_ms = self.root.next_deadline()
        assert deadline_ms is not None
        left_s = max(0.0, (deadline_ms - now_ms()) / 1000)
        for received in self.poll(min(left_s, LONGEST_READ_S)):
            self.root.receive(encode(received), now_ms())
        self.root.handle_timer(now_ms())
        while (event := self.root.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, MeasurementDue):
                self.root.measure(event.version, self._readings, now_ms())
            elif isinstance(event, RoundFinished):
                self.results.append(event)
        for link, frame in self.root.frames_to_send(now_ms()):
            if link is LinkName.AIR:
                self.port.write(encode_stream(frame))

    def result_where(self, accept: Callable[[RoundFinished], bool]) -> RoundFinished:
        """The first result from now on that is accepted. Raises AssertionError if there is none in time."""
        known = len(self.results)

        def found() -> RoundFinished | None:
            return next(filter(accept, self.results[known:]), None)

        return wait(
            found, self.step, "a result", lambda: f"last were {self.results[-3:]}, {self.events[-5:]}"
        )

    def next_result(self) -> RoundFinished:
        """The next round in which the board's report arrives."""
        return self.result_where(lambda result: len(self.reports_of(result.version)) > 0)

    def result_of_a_new_round(self) -> RoundFinished:
        """The next round in which the board's report arrives, of those that have not begun yet."""
        begun = max((event.version for event in self.events if isinstance(event, MeasurementDue)), default=0)
        return self.result_where(
            lambda result: result.version > begun and len(self.reports_of(result.version)) > 0
        )

    def reports_of(self, version: int) -> list[Frame]:
        """The board's reports of that round."""
        return [
            frame
            for frame in self.frames
            if isinstance(frame.payload, Report) and frame.payload.items.version == version
        ]


def now_ms() -> int:
    """The wall clock as the root sees it."""
    return time.monotonic_ns() // 1_000_000


def wait(
    found: Callable[[], _Found | None],
    step: Callable[[], object],
    what: str,
    detail: Callable[[], str] = str,
) -> _Found:
    """Step until something is found. Raises AssertionError after TIMEOUT_S."""
    deadline_s = time.monotonic() + TIMEOUT_S
    while (result := found()) is None:
        assert time.monotonic() < deadline_s, f"no {what} within {TIMEOUT_S} s; {detail()}"
        step()
    return result
