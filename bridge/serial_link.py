"""A board on a serial port: COBS frames on a byte stream (PROTOCOL.md section 3).

asyncio cannot wait for a serial port on Windows, so threads do, on every system: one reads, and opens the
port again after a loss; one writes, so that a port that takes no bytes holds up nobody. The loop gets bytes
through `call_soon_threadsafe`.

Opening the port resets most boards. What is sent while the bootloader runs is lost: the protocol endures it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter, deque
from collections.abc import Callable

import serial

from bridge.link import LinkState, OnFrames, OnState
from bridge.plugged_port import PluggedPort
from bridge.ports import PortInfo, list_ports
from bridge.serial_port import write
from protocol.framing import DELIMITER, Deframer, encode_stream
from protocol.packets import DropReason

BAUD = 115_200
# 64 frames of the largest size take 0.6 s at 115200 baud: who waits longer for an ack has sent again.
MAX_QUEUED_FRAMES = 64
# Of READ_BYTES at most, each: a line that floods us is held up by its driver, not kept in memory.
MAX_PIECES_IN_FLIGHT = 16
READ_BYTES = 4096
FLUSH_S = 0.5


class SerialLink:
    """A `bridge.link.Link` on a serial port, or on any URL that pyserial opens (`socket://host:port`)."""

    is_tap = False

    def __init__(
        self, port: str, baud: int = BAUD, list_ports: Callable[[], list[PortInfo]] = list_ports
    ) -> None:
        self.name = f"serial:{port}"
        self.unsent = 0
        self._port = PluggedPort(port, baud, list_ports)
        self._deframer = Deframer()
        self._room = threading.Semaphore(MAX_PIECES_IN_FLIGHT)
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        # Shared with the writer, under this condition:
        self._to_send = threading.Condition()
        self._queue: deque[bytes] = deque()
        self._is_open = False
        self._failure = ""

    @property
    def drops(self) -> Counter[DropReason]:
        """What came in and was no frame."""
        return self._deframer.drops

    @property
    def fill(self) -> float:
        """See bridge.link.Link.fill."""
        return len(self._queue) / MAX_QUEUED_FRAMES

    async def start(self, on_frames: OnFrames, on_state: OnState) -> None:
        """See bridge.link.Link.start."""
        self._loop = asyncio.get_running_loop()
        self._on_frames, self._on_state = on_frames, on_state
        port = await asyncio.to_thread(self._port.open)
        self._begin()
        self._thread = threading.Thread(target=self._run, args=(port,), name=self.name, daemon=True)
        self._thread.start()

    def send(self, frame: bytes) -> None:
        """See bridge.link.Link.send. A full queue gives its oldest frame up."""
        with self._to_send:
            if not self._is_open:
                self._give_up(frame)
                return
            if len(self._queue) == MAX_QUEUED_FRAMES:
                self._give_up(self._queue.popleft())
            self._queue.append(frame)
            self._to_send.notify()

    async def close(self) -> None:
        """See bridge.link.Link.close. What waits to be sent, a goodbye as a rule, has a moment to go out."""
        await asyncio.to_thread(self._wait_until_sent)
        self._closing.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    def _wait_until_sent(self) -> None:
        with self._to_send:
            self._to_send.wait_for(lambda: not self._queue, FLUSH_S)

    # --- the loop's thread -------------------------------------------------------------------------------

    def _take_bytes(self, data: bytes) -> None:
        self._room.release()
        frames = self._deframer.feed(data)
        if frames and not self._closing.is_set():
            self._on_frames(frames)

    # --- the reader's thread -----------------------------------------------------------------------------

    def _run(self, port: serial.Serial) -> None:
        found: serial.Serial | None = port
        while found:
            self._serve(found)
            found = self._port.open_again(self._closing, lambda why: self._tell(is_up=False, reason=why))
            if found:
                self._begin()

    def _begin(self) -> None:
        """From now on frames are taken for the open port."""
        with self._to_send:
            self._is_open = True
        self._tell(is_up=True)

    def _serve(self, port: serial.Serial) -> None:
        """Carry bytes both ways until the port fails or the link is closed."""
        writer = threading.Thread(target=self._write, args=(port,), name=f"{self.name} writer", daemon=True)
        writer.start()
        self._hand_over(DELIMITER)  # half a frame from before a loss ends here
        self._read(port)
        self._fail("")
        writer.join()
        with contextlib.suppress(OSError):
            port.close()
        if not self._closing.is_set():
            self._tell(is_up=False, reason=self._failure)

    def _read(self, port: serial.Serial) -> None:
        while self._is_open and not self._closing.is_set():
            try:
                data = port.read(min(port.in_waiting, READ_BYTES) or 1)
            except OSError as error:
                self._fail(f"unplugged, or out of order ({error})")
                return
            if data:
                self._hand_over(data)

    def _hand_over(self, data: bytes) -> None:
        self._room.acquire()
        self._loop.call_soon_threadsafe(self._take_bytes, data)

    def _tell(self, *, is_up: bool, reason: str = "") -> None:
        self._loop.call_soon_threadsafe(self._on_state, LinkState(self.name, is_up, reason))

    # --- the writer's thread -----------------------------------------------------------------------------

    def _write(self, port: serial.Serial) -> None:
        ahead = DELIMITER  # ends what the line carried before
        while (frame := self._next_frame()) is not None:
            try:
                write(port, ahead + encode_stream(frame))
                ahead = b""
            except serial.SerialTimeoutException:
                self._give_up(frame)
                ahead = DELIMITER  # a part of it may be on the line
            except OSError as error:
                self._give_up(frame)
                self._fail(f"cannot be written to ({error})")

    def _next_frame(self) -> bytes | None:
        """The next frame to send; None when the port is to be left."""
        with self._to_send:
            self._to_send.wait_for(lambda: self._queue or not self._is_open)
            frame = self._queue.popleft() if self._is_open else None
            self._to_send.notify_all()
            return frame

    def _fail(self, reason: str) -> None:
        """Let reader and writer leave the port; the first reason stands."""
        with self._to_send:
            if self._is_open:
                self._is_open = False
                self._failure = reason
                self._give_up(*self._queue)
                self._queue.clear()
            self._to_send.notify_all()

    def _give_up(self, *frames: bytes) -> None:
        with self._to_send:
            self.unsent += len(frames)
