"""Where the app and other bridges join a bridge over TCP: each that does is a link while it is there."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from bridge.addresses import STREAM_PORT, Address, address_in, address_text, is_local, parse_address
from bridge.event_loop import end, in_background
from bridge.link import Link, LinkError, LinkState, OnFrames, OnState
from bridge.tcp_stream import TcpEnd, TcpStream
from protocol.simulator.toml_tables import Table

DEFAULT_LISTEN = f"127.0.0.1:{STREAM_PORT}"
# Each costs a queue (a quarter of a megabyte), and a share of every frame's time.
MAX_CLIENTS = 16
BACKLOG = 16
ACCEPT_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """[tcp]: where to listen; port 0 lets the system choose."""

    address: Address = field(default_factory=lambda: parse_address(DEFAULT_LISTEN))
    max_clients: int = MAX_CLIENTS

    @classmethod
    def from_table(cls, table: Table) -> ListenSettings | None:
        """None for listen = "off". Raises DescriptionError."""
        table.expect(("listen", "max_clients"))
        max_clients = table.whole("max_clients", MAX_CLIENTS, 1, 1000)
        if table.text("listen", DEFAULT_LISTEN) == "off":
            return None
        return cls(address_in(table, "listen", DEFAULT_LISTEN, STREAM_PORT), max_clients)

    def warning(self, *, is_open: bool) -> str | None:
        """What people must know of it; `is_open`: the network has no keys."""
        if is_local(self.address) or not is_open:
            return None
        return (
            f"tcp.listen {address_text(self.address)}: the network is open, so anybody who comes there reads"
            " along and takes part; seal the network (`treering provision`), or listen on 127.0.0.1"
        )


class ClientLink(TcpEnd):
    """A `bridge.link.Link` to who has connected; it is started once, and gone with its connection."""

    def __init__(self, name: str, connection: socket.socket, on_lost: Callable[[ClientLink], None]) -> None:
        super().__init__(name)
        self._connection = connection
        self._on_lost = on_lost
        self._is_closing = False

    async def start(self, on_frames: OnFrames, on_state: OnState) -> None:
        """See bridge.link.Link.start."""

        def lose(stream: TcpStream, reason: str) -> None:
            if not self._is_closing:
                on_state(LinkState(self.name, False, f"the connection {reason}"))
            self._on_lost(self)

        loop = asyncio.get_running_loop()
        stream = TcpStream(self._deframer, on_frames, lose, is_from_stranger=True)
        await loop.connect_accepted_socket(lambda: stream, self._connection)
        self._stream = stream
        on_state(LinkState(self.name, is_up=True))

    async def close(self) -> None:
        """See bridge.link.Link.close."""
        self._is_closing = True
        if self._stream is not None:
            await self._stream.close()


class TcpListener:
    """Takes connections from `start` to `close`; each client becomes a link by `attach` until `detach`."""

    def __init__(
        self,
        settings: ListenSettings,
        attach: Callable[[Link], OnFrames],
        detach: Callable[[Link], None],
        on_state: OnState,
    ) -> None:
        self.clients: list[ClientLink] = []
        self.refused = 0  # connections beyond `max_clients`
        self._settings = settings
        self._attach = attach
        self._detach = detach
        self._on_state = on_state
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> Address:
        """Where it listens: with port 0 in its settings, the one that the system chose."""
        assert self._socket is not None
        host, port = self._socket.getsockname()[:2]
        return Address(host, port)

    @property
    def warnings(self) -> list[str]:
        """What people should know of it now."""
        if len(self.clients) < self._settings.max_clients or not self.refused:
            return []
        return [f"tcp.listen: {self.refused} connections were refused; raise tcp.max_clients"]

    async def start(self) -> None:
        """Raises LinkError if the address cannot be had."""
        try:
            self._socket = _listening(self._settings.address)
        except OSError as error:
            raise LinkError(
                f"tcp.listen {address_text(self._settings.address)}: {_reason(error)};"
                ' give an address of this computer and a free port, or [tcp] listen = "off"'
            ) from error
        self._task = in_background(self._serve(self._socket))

    async def close(self) -> None:
        """End all connections; harmless when it is not started."""
        await end(self._task)
        if self._socket is not None:
            self._socket.close()
        await asyncio.gather(*(client.close() for client in list(self.clients)))

    async def _serve(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listening)
            except OSError as error:  # no more descriptors, or gone before it was taken
                _log.warning("tcp.listen: %s; waiting", _reason(error))
                await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            if len(self.clients) == self._settings.max_clients:
                self._refuse(connection, peer[0])
            else:
                await self._admit(connection, peer[0])

    async def _admit(self, connection: socket.socket, host: str) -> None:
        names = {client.name for client in self.clients}
        # A number that is free, not the client's port: a log should not get a new interface with every visit.
        name = next(name for n in count(1) if (name := f"tcp:{host}#{n}") not in names)
        client = ClientLink(name, connection, self._lose)
        self.clients.append(client)
        await client.start(self._attach(client), self._on_state)

    def _lose(self, client: ClientLink) -> None:
        self.clients.remove(client)
        self._detach(client)

    def _refuse(self, connection: socket.socket, host: str) -> None:
        connection.close()
        self.refused += 1
        if self.refused == 1:
            _log.warning(
                "tcp.listen: %d clients are connected, and %s is refused; raise tcp.max_clients",
                *(len(self.clients), host),
            )


def _reason(error: OSError) -> str:
    """As the system says it: what the socket module adds names the address once more."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _listening(address: Address) -> socket.socket:
    """Raises OSError."""
    family, _, _, _, where = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    is_any_ipv6 = where[0] == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server(where[:2], family=family, backlog=BACKLOG, dualstack_ipv6=is_any_ipv6)
    listening.setblocking(False)
    return listening
