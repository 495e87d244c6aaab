"""A cable between two bridges that can be pulled: forwards TCP, or holds what comes, or cuts."""

from __future__ import annotations

import asyncio
import contextlib

from bridge.addresses import Address

PIECE_BYTES = 4096


class TcpProxy:
    """Listens on a port of its own for what is meant for `target`."""

    def __init__(self, target: Address) -> None:
        self.connections = 0
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> Address:
        """Where to connect to."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return Address(*self._server.sockets[0].getsockname())

    def pull(self) -> None:
        """Nothing goes through any more, and nobody is told: a pulled cable."""
        self._plugged.clear()

    def plug(self) -> None:
        """What waited goes through."""
        self._plugged.set()

    def cut(self) -> None:
        """Both ends are told that the connection is over."""
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        """End it all."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._plugged.wait()
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._writers.add(far_writer)
            self.connections += 1
            try:
                await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
            finally:
                far_writer.transport.abort()
                self._writers.discard(far_writer)
        writer.transport.abort()
        self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one end closes, which ends the other way, too."""
        while data := await reader.read(PIECE_BYTES):
            await self._plugged.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
