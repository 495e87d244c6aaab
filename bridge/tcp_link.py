"""A link to another bridge, which listens at HOST:PORT (bridge.tcp_listener): made again after every loss."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass

from bridge.addresses import STREAM_PORT, Address, address_in, address_text
from bridge.event_loop import end, in_background
from bridge.link import LinkState, OnFrames, OnState
from bridge.tcp_stream import TcpEnd, TcpStream
from protocol.simulator.toml_tables import Table

CONNECT_TIMEOUT_S = 5.0
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 5.0  # who is back is joined again before its nodes are taken for lost
# Each wait is drawn from half to one and a half of it, so that many who lost one bridge do not come at once.
JITTER = 0.5
STEADY_S = 10.0  # a connection that held so long begins with the first retry again


@dataclass(frozen=True, slots=True)
class ConnectSettings:
    """One [[connect]]: a bridge to be joined with."""

    to: Address

    @classmethod
    def from_table(cls, table: Table) -> ConnectSettings:
        """Raises DescriptionError."""
        table.expect(("to",))
        table.need("to")
        return cls(address_in(table, "to", "", STREAM_PORT))


class TcpLink(TcpEnd):
    """A `bridge.link.Link` to that bridge. If it is not there yet, it is waited for."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"tcp:{address_text(address)}")
        self._address = address
        self._task: asyncio.Task[None] | None = None

    async def start(self, on_frames: OnFrames, on_state: OnState) -> None:
        """See bridge.link.Link.start. It raises nothing: a bridge may start before another."""
        self._on_frames, self._on_state = on_frames, on_state
        self._task = in_background(self._run())

    async def close(self) -> None:
        """See bridge.link.Link.close."""
        await end(self._task)
        if self._stream is not None:
            await self._stream.close()
            self._forget_stream()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        retry_s, told = FIRST_RETRY_S, ""
        while True:
            lost: asyncio.Future[str] = loop.create_future()
            began_s = loop.time()
            try:
                self._stream = await self._connect(lost)
            except (OSError, UnicodeError) as error:  # UnicodeError: no name that DNS could have
                reason = self._why_not(error)
            else:
                self._on_state(LinkState(self.name, is_up=True))
                reason = "the connection " + await lost
                self._forget_stream()
                told = ""
                if loop.time() - began_s > STEADY_S:
                    retry_s = FIRST_RETRY_S
            if reason != told:
                told = reason
                self._on_state(LinkState(self.name, False, reason))
            await asyncio.sleep(retry_s * random.uniform(1 - JITTER, 1 + JITTER))
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    async def _connect(self, lost: asyncio.Future[str]) -> TcpStream:
        """Raises OSError, UnicodeError."""

        def on_lost(stream: TcpStream, reason: str) -> None:
            if not lost.done():
                lost.set_result(reason)

        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, stream = await loop.create_connection(
                lambda: TcpStream(self._deframer, self._on_frames, on_lost), *self._address
            )
        return stream

    def _forget_stream(self) -> None:
        if self._stream is not None:
            self._unsent += self._stream.unsent
            self._stream = None

    def _why_not(self, error: OSError | UnicodeError) -> str:
        reason = getattr(error, "strerror", None) or str(error) or "no answer"
        return f"no bridge at {address_text(self._address)} ({reason}); start it, with [tcp] listen there"
