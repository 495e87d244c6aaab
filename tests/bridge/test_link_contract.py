"""What every link promises (bridge.link.Link), whatever is behind it."""

from __future__ import annotations

import asyncio
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from benchmarks.ports import free_port
from bridge.addresses import Address
from bridge.link import Link, LinkState
from bridge.serial_link import SerialLink
from bridge.tcp_link import TcpLink
from bridge.tcp_listener import ClientLink
from bridge.udp_link import GROUP, LOOPBACK, UdpLink
from protocol.framing import Deframer, encode_stream
from protocol.packets import MAX_FRAME_BYTES, DropReason
from tests.bridge.rig import TIMEOUT_S, Inbox, Line, broadcast, run, until

SEED = 20
NOISE_BYTES = 5_000


class Peer(Protocol):
    """The other end of a link."""

    link: Link

    def say(self, data: bytes) -> None:
        """Send a frame, or what pretends to be one, to the link."""

    def say_noise(self, noise: bytes) -> None:
        """Send bytes that are no frames."""

    async def hear(self) -> bytes:
        """The next frame that the link has sent."""

    def close(self) -> None:
        """Free what it holds."""


class SerialPeer:
    """A pseudo-terminal."""

    def __init__(self, directory: Path) -> None:
        self._line = Line(directory / "uno")
        self.link = SerialLink(str(self._line.link))
        self.say_noise = self._line.write
        self.hear = self._line.next_frame
        self.close = self._line.unplug

    def say(self, data: bytes) -> None:
        self._line.write(b"\x00" + encode_stream(data))


class SocketPeer:
    """A remote stream, `socket://host:port`."""

    def __init__(self, directory: Path) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(TIMEOUT_S)
        self._deframer = Deframer()
        self._frames: list[bytes] = []
        self._stream: socket.socket | None = None
        self.link = self._link_to(*self._listener.getsockname())

    def _link_to(self, host: str, port: int) -> Link:
        return SerialLink(f"socket://{host}:{port}")

    @property
    def _connection(self) -> socket.socket:
        if self._stream is None:
            self._stream, _ = self._listener.accept()
        return self._stream

    def say(self, data: bytes) -> None:
        self._connection.sendall(b"\x00" + encode_stream(data))

    def say_noise(self, noise: bytes) -> None:
        self._connection.sendall(noise)

    async def hear(self) -> bytes:
        connection = self._connection
        connection.setblocking(False)
        while not self._frames:
            data = await asyncio.get_running_loop().sock_recv(connection, 4096)
            self._frames += self._deframer.feed(data)
        return self._frames.pop(0)

    def close(self) -> None:
        self._listener.close()
        if self._stream:
            self._stream.close()


class TcpPeer(SocketPeer):
    """A bridge that is connected to."""

    def _link_to(self, host: str, port: int) -> Link:
        return TcpLink(Address(host, port))


class ClientPeer(SocketPeer):
    """Who has connected."""

    def _link_to(self, host: str, port: int) -> Link:
        connection = socket.create_connection((host, port))
        connection.setblocking(False)
        self.close_link = connection.close
        self._connection.sendall(b"\0")  # a stream's beginning, or it is none
        return ClientLink("tcp:127.0.0.1#1", connection, lambda client: None)

    def close(self) -> None:
        super().close()
        self.close_link()


class UdpPeer:
    """A plain member of the group."""

    def __init__(self, directory: Path) -> None:
        self._group = (GROUP, free_port())
        self.link = UdpLink(*self._group, LOOPBACK)
        interface = socket.inet_aton(LOOPBACK)
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sender.bind((LOOPBACK, 0))
        self._sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
        self._receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._receiver.bind(self._group)
        membership = socket.inet_aton(GROUP) + interface
        self._receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        self._receiver.setblocking(False)

    def say(self, data: bytes) -> None:
        self._sender.sendto(data, self._group)

    def say_noise(self, noise: bytes) -> None:
        for begin in range(0, len(noise), 100):
            self.say(noise[begin : begin + 100])

    async def hear(self) -> bytes:
        while True:
            frame, address = await asyncio.get_running_loop().sock_recvfrom(self._receiver, 2048)
            if address != self._sender.getsockname():
                return frame

    def close(self) -> None:
        self._sender.close()
        self._receiver.close()


KINDS = [
    pytest.param(SerialPeer, marks=pytest.mark.skipif(sys.platform == "win32", reason="no ptys")),
    SocketPeer,
    TcpPeer,
    ClientPeer,
    UdpPeer,
]


@pytest.fixture(params=KINDS)
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    make: Callable[[Path], Peer] = request.param
    made = make(tmp_path)
    yield made
    made.close()


async def opened(peer: Peer) -> Inbox:
    inbox = Inbox()
    await peer.link.start(inbox.frames.extend, inbox.states.append)
    await inbox.state(is_up=True)
    return inbox


def test_it_says_that_it_is_up_and_only_that(peer: Peer) -> None:
    async def main() -> None:
        inbox = await opened(peer)
        peer.say(broadcast(3))
        await inbox.next_frame()
        await peer.link.close()
        assert inbox.states == [LinkState(peer.link.name, is_up=True)]

    run(main())


def test_frames_come_in_whole_and_in_order(peer: Peer) -> None:
    async def main() -> None:
        inbox = await opened(peer)
        frames = [broadcast(3, counter) for counter in range(20)]
        for frame in frames:
            peer.say(frame)
        assert [await inbox.next_frame() for _ in frames] == frames
        await peer.link.close()

    run(main())


def test_frames_go_out_whole_and_in_order(peer: Peer) -> None:
    async def main() -> None:
        await opened(peer)
        frames = [broadcast(1, counter) for counter in range(20)]
        for frame in frames:
            peer.link.send(frame)
        assert [await peer.hear() for _ in frames] == frames
        assert peer.link.unsent == 0
        await peer.link.close()

    run(main())


def test_a_frame_after_pure_noise_comes_in(peer: Peer) -> None:
    async def main() -> None:
        inbox = await opened(peer)
        noise = random.Random(SEED)
        for counter in range(10):
            peer.say_noise(noise.randbytes(NOISE_BYTES))
            peer.say(broadcast(3, counter))
            await until(lambda: inbox.frames and inbox.frames[-1] == broadcast(3, counter))  # noqa: B023
        assert all(len(frame) <= MAX_FRAME_BYTES for frame in inbox.frames)
        assert all(state.is_up for state in inbox.states)
        await peer.link.close()

    run(main())


def test_a_frame_whose_checksum_is_wrong_is_handed_on_for_the_log(peer: Peer) -> None:
    async def main() -> None:
        inbox = await opened(peer)
        bad = broadcast(3)[:-1] + b"?"
        peer.say(bad)
        assert await inbox.next_frame() == bad
        await peer.link.close()

    run(main())


def test_what_is_longer_than_a_frame_is_counted_and_dropped(peer: Peer) -> None:
    async def main() -> None:
        inbox = await opened(peer)
        peer.say(bytes(range(1, MAX_FRAME_BYTES + 2)))
        peer.say(broadcast(3))
        assert await inbox.next_frame() == broadcast(3)
        assert peer.link.drops == {DropReason.OVERSIZED: 1}
        await peer.link.close()

    run(main())


def test_frames_for_a_closed_link_are_counted(peer: Peer) -> None:
    async def main() -> None:
        peer.link.send(broadcast(1))
        assert peer.link.unsent == 1
        await opened(peer)
        await peer.link.close()
        peer.link.send(broadcast(1))
        assert peer.link.unsent == 2

    run(main())


def test_nothing_comes_in_after_it_was_closed(peer: Peer) -> None:
    async def main() -> None:
        inbox = await opened(peer)
        for counter in range(50):
            peer.say(broadcast(3, counter))
        await peer.link.close()
        received = len(inbox.frames)
        await asyncio.sleep(0)  # what was scheduled before runs now
        await asyncio.sleep(0)
        assert len(inbox.frames) == received

    run(main())


def test_closing_is_harmless_at_any_time(peer: Peer) -> None:
    async def main() -> None:
        await peer.link.close()
        await peer.link.close()

    run(main())


def test_a_flood_of_frames_holds_nobody_up(peer: Peer) -> None:
    """Nobody takes them from the serial line, so its queue must overflow; the network takes them all."""

    async def main() -> None:
        await opened(peer)
        began_s = time.monotonic()
        for counter in range(2_000):
            peer.link.send(broadcast(1, counter))
        await asyncio.sleep(0)
        assert time.monotonic() - began_s < 5.0
        await peer.link.close()

    run(main())
