"""TCP between bridges: coming, going, cables that are pulled, clients slow, too many, or strangers."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Sequence

import pytest

from benchmarks.ports import free_port
from benchmarks.tcp_proxy import TcpProxy
from bridge import tcp_stream
from bridge.addresses import Address
from bridge.link import LinkError, LinkState
from bridge.relay import Relay
from bridge.tcp_link import ConnectSettings, TcpLink
from bridge.tcp_listener import MAX_CLIENTS, ListenSettings, TcpListener
from bridge.tcp_stream import MAX_QUEUED_FRAMES, SEND_BUFFER_BYTES
from protocol.capture import Record
from protocol.framing import MAX_ENCODED_BYTES, encode_stream
from protocol.packets import DropReason
from protocol.simulator.toml_tables import DescriptionError, Table
from tests.bridge.rig import Inbox, MemoryLink, broadcast, longest, run, unicast, until

HERE = Address("127.0.0.1", 0)


class Bridge:
    """A relay that listens, with a segment of nodes beside."""

    def __init__(self, settings: ListenSettings | None = None) -> None:
        self.relay = Relay(lambda: 0)
        self.records: list[Record] = []
        self.relay.subscribe(self.records.extend)
        self.states: list[LinkState] = []
        self.nodes = MemoryLink("nodes")
        self.listener = TcpListener(
            settings or ListenSettings(HERE), self.relay.attach, self.relay.detach, self.states.append
        )
        self._joints: list[TcpLink] = []

    async def start(self) -> Address:
        await self.nodes.start(self.relay.attach(self.nodes), self.states.append)
        await self.listener.start()
        return self.listener.address

    async def join(self, address: Address) -> TcpLink:
        link = TcpLink(address)
        await link.start(self.relay.attach(link), self.states.append)
        self._joints.append(link)
        await until(lambda: LinkState(link.name, True) in self.states)
        return link

    async def has_clients(self, count: int = 1) -> None:
        """Until so many hear what is relayed; they are listed a moment before."""

        def are_up() -> list[bool | None]:
            up = {state.link: state.is_up for state in self.states}
            return [up.get(client.name) for client in self.listener.clients]

        await until(lambda: are_up() == [True] * count)

    async def close(self) -> None:
        for link in self._joints:
            await link.close()
        await self.listener.close()


class Client(Inbox):
    """A link to a bridge, and what came on it."""

    def __init__(self, address: Address) -> None:
        super().__init__()
        self.link = TcpLink(address)

    async def start(self) -> None:
        await self.link.start(self.frames.extend, self.states.append)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats come fast, so that silence is noticed soon."""
    monkeypatch.setattr(tcp_stream, "BEAT_S", 0.05)
    monkeypatch.setattr(tcp_stream, "SILENCE_S", 0.5)


# --- settings ---


def listen(text: str) -> ListenSettings | None:
    return ListenSettings.from_table(Table.parse(text, "bridge.toml", "write TOML"))


def test_by_default_it_listens_for_this_computer_only() -> None:
    settings = listen("")
    assert settings == ListenSettings(Address("127.0.0.1", 28540), MAX_CLIENTS)
    assert settings.warning(is_open=True) is None
    assert listen('listen = "off"') is None


def test_an_open_network_that_anybody_can_reach_is_warned_of() -> None:
    settings = listen('listen = "0.0.0.0"')
    assert settings == ListenSettings(Address("0.0.0.0", 28540))
    warning = settings.warning(is_open=True)
    assert warning is not None
    assert warning.startswith("tcp.listen 0.0.0.0:28540: the network is open, so anybody")
    assert settings.warning(is_open=False) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('listen = "127.0.0.1:port"', "bridge.toml:1: '127.0.0.1:port' names no port; write it as"),
        ("max_clients = 0", "bridge.toml:1: max_clients is 0; write a whole number from 1"),
        ("port = 1", "bridge.toml:1: unknown key 'port'; known are listen, max_clients"),
    ],
)
def test_bad_settings_are_one_line(text: str, says: str) -> None:
    with pytest.raises(DescriptionError) as raised:
        listen(text)
    assert str(raised.value).startswith(says)


def test_whom_to_connect_to() -> None:
    table = Table.parse('to = "bridge.local"', "bridge.toml", "write TOML")
    assert ConnectSettings.from_table(table) == ConnectSettings(Address("bridge.local", 28540))
    with pytest.raises(DescriptionError, match="has no to; add to = "):
        ConnectSettings.from_table(Table.parse("", "bridge.toml", "write TOML"))


# --- coming and going ---


def test_a_bridge_that_is_not_there_yet_is_waited_for() -> None:
    async def main() -> None:
        address = Address("127.0.0.1", free_port())
        client = Client(address)
        await client.start()
        down = await client.state(is_up=False)
        assert f"no bridge at 127.0.0.1:{address.port} (" in down.reason
        client.link.send(broadcast(1))
        assert client.link.unsent == 1
        bridge = Bridge(ListenSettings(address))
        await bridge.start()
        await client.state(is_up=True)
        bridge.nodes.receive(broadcast(7))
        assert await client.next_frame() == broadcast(7)
        await client.link.close()
        await bridge.close()

    run(main())


def test_after_a_loss_it_comes_back_with_whole_frames() -> None:
    async def main() -> None:
        bridge = Bridge()
        proxy = TcpProxy(await bridge.start())
        client = Client(await proxy.start())
        await client.start()
        for turn in range(3):
            await client.state(is_up=True)
            await bridge.has_clients()
            client.link.send(broadcast(5, turn))
            await until(lambda: bridge.nodes.sent[-1:] == [broadcast(5, turn)])  # noqa: B023
            proxy.cut()
            down = await client.state(is_up=False)
            assert down.reason.startswith("the connection ")
            await until(lambda: not bridge.listener.clients)
        states = {state.link for state in bridge.states if state.link.startswith("tcp:")}
        assert states == {"tcp:127.0.0.1#1"}
        await client.link.close()
        await bridge.close()
        await proxy.close()

    run(main())


@pytest.mark.usefixtures("impatient")
def test_a_pulled_cable_is_noticed_at_both_ends() -> None:
    """Nothing is told by the network, and nobody has anything to send."""

    async def main() -> None:
        bridge = Bridge()
        proxy = TcpProxy(await bridge.start())
        client = Client(await proxy.start())
        await client.start()
        await bridge.has_clients()
        await asyncio.sleep(1.5)  # much longer than silence is borne: a cable that is plugged stays
        assert client.states == [LinkState(client.link.name, True)]
        proxy.pull()
        down = await client.state(is_up=False)
        assert "says nothing for 0.5 s" in down.reason
        await until(lambda: not bridge.listener.clients)
        proxy.plug()
        await client.state(is_up=True)
        client.link.send(broadcast(5))
        await until(lambda: bridge.nodes.sent == [broadcast(5)])
        await client.link.close()
        await bridge.close()
        await proxy.close()

    run(main())


@pytest.mark.usefixtures("impatient")
def test_who_says_no_beats_may_be_silent() -> None:
    """A stream of pyserial's, or a script's."""

    async def main() -> None:
        bridge = Bridge()
        address = await bridge.start()
        with socket.create_connection(address) as script:
            script.sendall(b"\0")
            await bridge.has_clients()
            await asyncio.sleep(1.5)
            script.sendall(encode_stream(broadcast(9)))
            await until(lambda: bridge.nodes.sent == [broadcast(9)])
        await until(lambda: not bridge.listener.clients)
        await bridge.close()

    run(main())


# --- clients ---


def test_clients_hear_the_nodes_and_each_other_and_what_is_for_the_host() -> None:
    async def main() -> None:
        bridge = Bridge()
        address = await bridge.start()
        first, second = Client(address), Client(address)
        await first.start()
        await second.start()
        await bridge.has_clients(2)
        assert {client.name for client in bridge.listener.clients} == {"tcp:127.0.0.1#1", "tcp:127.0.0.1#2"}
        bridge.nodes.receive(unicast(3, 4))
        assert await first.next_frame() == await second.next_frame() == unicast(3, 4)
        first.link.send(broadcast(5))
        assert await second.next_frame() == broadcast(5)
        assert bridge.nodes.sent == [broadcast(5)]
        assert first.frames == []
        await first.link.close()
        await second.link.close()
        await bridge.close()

    run(main())


def test_one_client_too_many_is_refused_and_gets_the_place_of_one_who_goes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)

    async def main() -> None:
        bridge = Bridge(ListenSettings(HERE, max_clients=1))
        address = await bridge.start()
        first, second = Client(address), Client(address)
        await first.start()
        await first.state(is_up=True)
        await second.start()
        await until(lambda: bridge.listener.refused >= 1)
        (warning,) = bridge.listener.warnings
        assert "connections were refused; raise tcp.max_clients" in warning
        await second.state(is_up=False)
        assert [client.name for client in bridge.listener.clients] == ["tcp:127.0.0.1#1"]
        await first.link.close()
        await until(lambda: any(not state.is_up for state in bridge.states))
        await bridge.has_clients()
        bridge.nodes.receive(broadcast(3))
        assert await second.next_frame() == broadcast(3)
        await second.link.close()
        await bridge.close()

    run(main())
    assert "1 clients are connected, and 127.0.0.1 is refused; raise tcp.max_clients" in caplog.text


def test_what_a_slow_client_does_not_take_is_bounded_the_oldest_goes_and_others_lose_nothing() -> None:
    async def main() -> None:
        bridge = Bridge()
        address = await bridge.start()
        quick = Client(address)
        await quick.start()
        await bridge.has_clients()
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(address)
            await bridge.has_clients(2)
            link = bridge.listener.clients[1]
            count = 0
            while link.unsent < 2 * MAX_QUEUED_FRAMES:
                for _ in range(100):
                    bridge.nodes.receive(longest(2, count))
                    count += 1
                await asyncio.sleep(0)
            assert count - link.unsent < MAX_QUEUED_FRAMES + 8 * SEND_BUFFER_BYTES / MAX_ENCODED_BYTES
            await until(lambda: len(quick.frames) == count)
            # The newest still come, when it reads again.
            received = b""
            slow.setblocking(False)
            loop = asyncio.get_running_loop()
            while not received.endswith(encode_stream(longest(2, count - 1))):
                received = received[-1000:] + await loop.sock_recv(slow, 1 << 16)
        await quick.link.close()
        await bridge.close()

    run(main())


@pytest.mark.usefixtures("impatient")
def test_a_client_that_takes_nothing_at_all_is_let_go() -> None:
    async def main() -> None:
        bridge = Bridge()
        address = await bridge.start()
        with socket.create_connection(address):
            await bridge.has_clients()
            while bridge.listener.clients:
                bridge.nodes.receive(longest(2, len(bridge.records)))
                await asyncio.sleep(0)
        # Or the system notices first (TCP_USER_TIMEOUT), on a busy machine.
        assert re.search(r"takes nothing for 0\.5 s|timed out", bridge.states[-1].reason)
        await bridge.close()

    run(main())


def test_what_a_web_page_makes_a_browser_send_is_not_heard() -> None:
    async def main() -> None:
        bridge = Bridge()
        address = await bridge.start()
        with socket.create_connection(address) as browser:
            browser.sendall(b"POST / HTTP/1.1\r\n\r\n\0" + encode_stream(broadcast(9)))
            await until(lambda: bridge.states and not bridge.states[-1].is_up)
        assert "began with what is no stream of frames" in bridge.states[-1].reason
        assert bridge.records == []
        assert bridge.listener.clients == []
        await bridge.close()

    run(main())


def test_what_is_no_frame_is_counted_and_holds_nothing() -> None:
    async def main() -> None:
        bridge = Bridge()
        address = await bridge.start()
        with socket.create_connection(address) as stranger:
            stranger.sendall(b"\0" + b"x" * 500_000 + b"\0")
            stranger.sendall(encode_stream(broadcast(9)))
            await until(lambda: bridge.nodes.sent == [broadcast(9)])
            (client,) = bridge.listener.clients
            assert client.drops == {DropReason.OVERSIZED: 1}
            assert [record.frame for record in bridge.records if record.link == client.name] == [broadcast(9)]
        await bridge.close()

    run(main())


def test_a_name_that_cannot_be_one_is_told() -> None:
    async def main() -> None:
        client = Client(Address("x" * 64 + ".local", 1))
        await client.start()
        down = await client.state(is_up=False)
        assert "no bridge at xxx" in down.reason
        await client.link.close()

    run(main())


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_who_listens_on_any_address_is_reached_by_both_ips() -> None:
    async def main() -> None:
        bridge = Bridge(ListenSettings(Address("::", 0)))
        port = (await bridge.start()).port
        for host in ("127.0.0.1", "::1"):
            client = Client(Address(host, port))
            await client.start()
            await client.state(is_up=True)
            await client.link.close()
        await bridge.close()

    run(main())


def test_an_address_that_is_taken_is_named() -> None:
    async def main() -> None:
        bridge = Bridge()
        address = await bridge.start()
        other = Bridge(ListenSettings(address))
        with pytest.raises(LinkError, match=r"tcp.listen 127.0.0.1:\d+: Address already in use; give an add"):
            await other.start()
        await other.listener.close()
        await bridge.close()

    run(main())


# --- bridges ---


async def ring_of(count: int) -> list[Bridge]:
    """Bridges joined in a circle."""
    bridges = [Bridge() for _ in range(count)]
    addresses = [await bridge.start() for bridge in bridges]
    for index, bridge in enumerate(bridges):
        await bridge.join(addresses[(index + 1) % count])
    for bridge in bridges:
        await bridge.has_clients()
    return bridges


async def close(bridges: Sequence[Bridge]) -> None:
    for bridge in bridges:
        await bridge.close()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_bridges_in_a_circle_carry_every_frame_to_every_other_once(count: int) -> None:
    """One that is joined to itself as well."""

    async def main() -> None:
        bridges = await ring_of(count)
        frames = [broadcast(10 + index, counter) for counter in range(20) for index in range(count)]
        for frame in frames:
            bridges[frame[2] - 10].nodes.receive(frame)
        for index, bridge in enumerate(bridges):
            others = sorted(frame for frame in frames if frame[2] != 10 + index)
            await until(lambda: len(bridge.nodes.sent) >= len(others))  # noqa: B023
        await asyncio.sleep(0.3)  # whatever goes round still comes
        for index, bridge in enumerate(bridges):
            assert sorted(bridge.nodes.sent) == sorted(frame for frame in frames if frame[2] != 10 + index)
        await close(bridges)

    run(main())


def test_what_waited_in_a_stalled_joint_goes_nowhere_again() -> None:
    """The other way round the circle has carried it long before; more of it than any window holds."""

    async def main() -> None:
        a, b = bridges = [Bridge(), Bridge()]
        proxy = TcpProxy(await a.start())
        await a.join(await b.start())
        await b.join(await proxy.start())
        for bridge in bridges:
            await bridge.has_clients()
        proxy.pull()
        frames = [broadcast(10, counter) for counter in range(MAX_QUEUED_FRAMES // 2)]
        for frame in frames:
            a.nodes.receive(frame)
        await until(lambda: b.nodes.sent == frames)
        came = len(b.records)
        proxy.plug()
        await until(lambda: len(b.records) >= came + len(frames))  # all of them once more
        await asyncio.sleep(0.3)  # whatever goes round still comes
        assert b.nodes.sent == frames
        assert a.nodes.sent == []
        await close(bridges)
        await proxy.close()

    run(main())
