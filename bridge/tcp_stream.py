"""Frames on one TCP connection, both ways (PROTOCOL.md section 3); the links at both ends are made of it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter, deque
from collections.abc import Callable

from bridge.link import OnFrames
from protocol.framing import DELIMITER, Deframer, encode_stream
from protocol.packets import DropReason

# What waits in the process, in the system's buffer (below), and nowhere else: beyond that the oldest goes.
MAX_QUEUED_FRAMES = 1024
SEND_BUFFER_BYTES = 1 << 16
# Of what has come, taken at a time: some 600 frames, then others on the loop have their turn.
RECEIVE_BYTES = 1 << 14
# Who has nothing to send says 0x00 this often; who has done so, and is silent for longer than that, is gone.
BEAT_S = 2.0
SILENCE_S = 7.0
BEATS_HEARD = 2  # a single 0x00 may be the stream's beginning
FLUSH_S = 0.5
# Seconds and tries of the system's own probes: for a peer that says no 0x00.
_KEEPALIVE = {"TCP_KEEPIDLE": 3, "TCP_KEEPALIVE": 3, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 4}


class TcpStream(asyncio.BufferedProtocol):
    """One connection, from `connection_made` to `on_lost`, which gets the reason.

    `is_from_stranger`: what does not begin with a 0x00, as every sender must, ends it. So no web page makes a
    browser speak to a bridge: a request holds what its author likes, but begins as HTTP does.
    """

    def __init__(
        self,
        deframer: Deframer,
        on_frames: OnFrames,
        on_lost: Callable[[TcpStream, str], None],
        *,
        is_from_stranger: bool = False,
    ) -> None:
        self.unsent = 0
        self._deframer = deframer
        self._on_frames = on_frames
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray(RECEIVE_BYTES)
        self._queue: deque[bytes] = deque()
        self._is_flushing = False  # or about to
        self._is_open = False
        self._reason = ""
        self._ended = asyncio.Event()
        self._awaits_beginning = is_from_stranger
        self._beats = 0
        self._heard_s = self._wrote_s = self._loop.time()
        self._paused_s: float | None = None

    @property
    def fill(self) -> float:
        """How full the queue is, 0 to 1."""
        return len(self._queue) / MAX_QUEUED_FRAMES

    def send(self, frame: bytes) -> None:
        """Queue a frame, or count it in `unsent`. A full queue gives its oldest frame up."""
        if not self._is_open:
            self.unsent += 1
            return
        if len(self._queue) == MAX_QUEUED_FRAMES:
            self._queue.popleft()
            self.unsent += 1
        self._queue.append(frame)
        if not self._is_flushing and self._paused_s is None:
            self._is_flushing = True
            self._loop.call_soon(self._flush)

    async def close(self) -> None:
        """End the connection. What waits to be sent, a goodbye as a rule, has a moment to go out."""
        if self._is_open:
            self._flush()
            self._is_open = False
            self._transport.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), FLUSH_S)
            self._transport.abort()
            await self._ended.wait()

    # --- what the transport calls ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.BaseProtocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES)
        _bound(transport.get_extra_info("socket"))
        self._is_open = True
        self._deframer.feed(DELIMITER)  # half a frame of the connection before ends here
        self._write(DELIMITER)
        self._beat = self._loop.call_later(BEAT_S, self._look)

    def get_buffer(self, sizehint: int) -> bytearray:
        """See asyncio.BufferedProtocol."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """See asyncio.BufferedProtocol."""
        data = bytes(memoryview(self._buffer)[:nbytes])
        if self._awaits_beginning and not data.startswith(DELIMITER):
            self._break_off("began with what is no stream of frames (a 0x00 comes first)")
            return
        self._awaits_beginning = False
        self._heard_s = self._loop.time()
        self._beats += not data.strip(DELIMITER)
        if frames := self._deframer.feed(data):
            # In a turn of its own: the transport would swallow some of the errors of those who take them.
            self._loop.call_soon(self._hand_over, frames)

    def pause_writing(self) -> None:
        """See asyncio.BaseProtocol."""
        self._paused_s = self._loop.time()

    def resume_writing(self) -> None:
        """See asyncio.BaseProtocol."""
        self._paused_s = None
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.BaseProtocol."""
        self._is_open = False
        self._beat.cancel()
        self.unsent += len(self._queue)
        self._queue.clear()
        self._ended.set()
        reason = self._reason or (f"broke off ({exc})" if exc else "was closed at the other end")
        self._on_lost(self, reason)

    # --- inside ------------------------------------------------------------------------------------------

    def _hand_over(self, frames: list[bytes]) -> None:
        if self._is_open:
            self._on_frames(frames)

    def _flush(self) -> None:
        self._is_flushing = False
        if self._queue and self._is_open and self._paused_s is None:
            data = b"".join(map(encode_stream, self._queue))
            self._queue.clear()
            self._write(data)

    def _write(self, data: bytes) -> None:
        self._wrote_s = self._loop.time()
        self._transport.write(data)

    def _look(self) -> None:
        """Whether the other end is still there."""
        now_s = self._loop.time()
        if self._paused_s is not None and now_s - self._paused_s > SILENCE_S:
            self._break_off(f"takes nothing for {SILENCE_S:g} s")
        elif self._beats >= BEATS_HEARD and now_s - self._heard_s > SILENCE_S:
            self._break_off(f"says nothing for {SILENCE_S:g} s")
        else:
            if self._paused_s is None and now_s - self._wrote_s >= BEAT_S:
                self._write(DELIMITER)
            self._beat = self._loop.call_later(BEAT_S, self._look)

    def _break_off(self, reason: str) -> None:
        self._reason = reason
        self._transport.abort()


class TcpEnd:
    """What the links at both ends of a connection share: they are taps, each with a stream or none."""

    is_tap = True

    def __init__(self, name: str) -> None:
        self.name = name
        self._deframer = Deframer()
        self._stream: TcpStream | None = None
        self._unsent = 0  # while there was no stream, and by those before

    @property
    def drops(self) -> Counter[DropReason]:
        """See bridge.link.Link.drops."""
        return self._deframer.drops

    @property
    def unsent(self) -> int:
        """See bridge.link.Link.unsent."""
        return self._unsent + (self._stream.unsent if self._stream else 0)

    @property
    def fill(self) -> float:
        """See bridge.link.Link.fill."""
        return self._stream.fill if self._stream else 0.0

    def send(self, frame: bytes) -> None:
        """See bridge.link.Link.send."""
        if self._stream is None:
            self._unsent += 1
        else:
            self._stream.send(frame)


def _bound(connection: socket.socket) -> None:
    """Old frames in the system's buffer are of no use, and a pulled cable tells nothing by itself."""
    options = [(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)]
    options += [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    timeout_ms = {"TCP_USER_TIMEOUT": int(SILENCE_S * 1000)}  # for what was sent and not acknowledged
    for name, value in (_KEEPALIVE | timeout_ms).items():
        if (option := getattr(socket, name, None)) is not None:
            options.append((socket.IPPROTO_TCP, option, value))
    for level, option, value in options:
        with contextlib.suppress(OSError):  # not known to this very system, or the other end has gone already
            connection.setsockopt(level, option, value)
