"""The UDP link, several of them on one computer, over the loopback interface."""

from __future__ import annotations

import asyncio
import errno
import random
import shutil
import socket
import subprocess
import sys
import textwrap

import pytest

from benchmarks.ports import free_port
from bridge.datagrams import BATCH
from bridge.errors import UsageError
from bridge.link import LinkError
from bridge.receive_buffer import RECEIVE_BUFFER_BYTES
from bridge.udp_link import (
    GROUP,
    LOOPBACK,
    MAX_NEIGHBOURS,
    UdpLink,
    default_interface,
)
from protocol.keys import Keys, network_key
from protocol.packets import DropReason
from protocol.sealed_reader import SealedReader
from protocol.sealing import SealingKey
from tests.bridge.rig import Inbox, broadcast, run, unicast, until


class Member(Inbox):
    """A node of the group."""

    def __init__(self, port: int, node_id: int, interface: str | None = LOOPBACK, group: str = GROUP) -> None:
        super().__init__()
        self.node_id = node_id
        self.link = UdpLink(group, port, interface)

    async def start(self) -> None:
        await self.link.start(self.frames.extend, self.states.append)

    def broadcast(self, counter: int = 1) -> bytes:
        frame = broadcast(self.node_id, counter)
        self.link.send(frame)
        return frame

    def unicast(self, destination: int, counter: int = 2) -> bytes:
        frame = unicast(self.node_id, destination, counter)
        self.link.send(frame)
        return frame


async def members(count: int) -> list[Member]:
    """Nodes 1, 2, ... that have not heard each other yet."""
    port = free_port()
    made = [Member(port, node_id) for node_id in range(1, count + 1)]
    for member in made:
        await member.start()
    return made


async def introduced(count: int) -> list[Member]:
    """Nodes that know where each other is."""
    made = await members(count)
    for member in made:
        frame = member.broadcast()
        for other in made:
            if other is not member:
                assert await other.next_frame() == frame
    return made


async def close(made: list[Member]) -> None:
    for member in made:
        await member.link.close()


def test_a_broadcast_reaches_all_others_and_not_its_sender() -> None:
    async def main() -> None:
        made = await introduced(4)
        frame = made[0].broadcast(2)
        for other in made[1:]:
            assert await other.next_frame() == frame
        assert made[0].frames == []
        await close(made)

    run(main())


def test_a_frame_for_a_node_that_was_heard_reaches_only_that_node() -> None:
    async def main() -> None:
        made = await introduced(3)
        frame = made[0].unicast(2)
        assert await made[1].next_frame() == frame
        last = made[0].broadcast(3)  # had the other heard it too, it would have come before this
        assert await made[2].next_frame() == last
        await close(made)

    run(main())


def test_a_frame_for_a_stranger_reaches_all() -> None:
    async def main() -> None:
        made = await members(3)
        frame = made[0].unicast(2)
        for other in made[1:]:
            assert await other.next_frame() == frame
        await close(made)

    run(main())


def test_a_node_that_restarts_on_another_port_is_found_by_its_next_frame() -> None:
    async def main() -> None:
        first, second = await introduced(2)
        await second.link.close()
        again = Member(first.link._group[1], 2)
        await again.start()
        again.broadcast(9)
        await first.next_frame()
        frame = first.unicast(2)
        assert await again.next_frame() == frame
        await close([first, again])

    run(main())


def test_nodes_behind_a_relay_are_reached_through_it() -> None:
    """A bridge sends the frames of the boards on its serial line from its own socket."""

    async def main() -> None:
        bridge, agent = await members(2)
        bridge.link.send(broadcast(77))
        assert await agent.next_frame() == broadcast(77)
        frame = agent.unicast(77)
        assert await bridge.next_frame() == frame
        await close([bridge, agent])

    run(main())


def test_a_bad_frame_teaches_nobody_a_wrong_address() -> None:
    async def main() -> None:
        first, second = await introduced(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
            forged = broadcast(2, 5)[:-1] + b"?"
            liar.sendto(forged, first.link.address)
            assert await first.next_frame() == forged
        frame = first.unicast(2)
        assert await second.next_frame() == frame
        await close([first, second])

    run(main())


def test_in_a_sealed_network_an_old_frame_or_a_strangers_teaches_nobody_an_address() -> None:
    key = SealingKey(network_key(bytes(16), 0))

    async def main() -> None:
        first, second = await members(2)
        await first.link.close()
        first.link = UdpLink(
            GROUP, first.link._group[1], LOOPBACK, SealedReader(Keys.of_master(bytes(16), 0), lives={2: 9})
        )
        await first.start()
        sealed = key.seal(broadcast(2, 5), 9 << 24 | 5)
        second.link.send(sealed)
        assert await first.next_frame() == sealed
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
            for frame in (sealed, broadcast(2, 6), SealingKey(bytes(16)).seal(broadcast(2, 7), 9 << 24 | 7)):
                liar.sendto(frame, first.link.address)
                assert await first.next_frame() == frame
        assert first.link._neighbours == {2: second.link.address}
        await close([first, second])

    run(main())


def test_a_peer_that_is_gone_does_no_harm() -> None:
    """The echo of its closed port (ICMP) must not end the link."""

    async def main() -> None:
        first, second, third = await introduced(3)
        await second.link.close()
        for counter in range(20):
            first.unicast(2, counter)
        frame = first.unicast(3)
        assert await third.next_frame() == frame
        third.unicast(1)
        await first.next_frame()
        assert [state.is_up for state in first.states] == [True]
        await close([first, third])

    run(main())


def test_more_datagrams_than_a_batch_all_come_in() -> None:
    async def main() -> None:
        first, second = await introduced(2)
        frames = [first.unicast(2, counter) for counter in range(BATCH + 1)]
        assert [await second.next_frame() for _ in frames] == frames
        await close([first, second])

    run(main())


def test_what_has_come_is_handed_over_together() -> None:
    async def main() -> None:
        batches: list[list[bytes]] = []
        link = UdpLink(GROUP, free_port(), LOOPBACK)
        await link.start(lambda frames: batches.append([*frames]), lambda state: None)
        sent = [broadcast(3, counter) for counter in range(BATCH)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for frame in sent:
                stranger.sendto(frame, link.address)
        await until(lambda: sum(map(len, batches)) == BATCH)
        assert batches == [sent]
        await link.close()

    run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_finds_no_room_in_the_systems_buffer_is_counted() -> None:
    async def main() -> None:
        (member,) = await members(1)
        count = 2 * RECEIVE_BUFFER_BYTES // 500  # which takes more of the buffer than a small datagram
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for counter in range(count):  # nobody reads meanwhile
                stranger.sendto(broadcast(3, counter), member.link.address)
            await until(lambda: len(member.frames) > BATCH)
            while member.frames[-1] != broadcast(3, count):
                stranger.sendto(broadcast(3, count), member.link.address)
                await asyncio.sleep(0)
        await member.link.close()
        received = len(set(member.frames)) - 1
        assert 0 < received < count
        assert member.link.drops[DropReason.QUEUE_FULL] >= count - received

    run(main())


def test_others_on_the_loop_have_their_turn_between_batches() -> None:
    async def main() -> None:
        (member,) = await members(1)
        seen_at_turns: list[int] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for counter in range(BATCH + 10):
                stranger.sendto(broadcast(3, counter), member.link.address)
        while len(member.frames) < BATCH + 10:
            await asyncio.sleep(0)
            seen_at_turns.append(len(member.frames))
        assert BATCH in seen_at_turns
        await close([member])

    run(main())


def test_it_tells_from_where_a_node_was_heard_last() -> None:
    async def main() -> None:
        first, second = await introduced(2)
        assert second.link.address_of(1) == first.link.address
        assert second.link.address_of(3) is None
        await close([first, second])

    run(main())


def test_empty_and_oversized_datagrams_are_no_frames() -> None:
    async def main() -> None:
        (member,) = await members(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for data in (b"", bytes(105), bytes(9_000), broadcast(3)):
                stranger.sendto(data, member.link.address)
        assert [await member.next_frame() for _ in range(2)] == [b"", broadcast(3)]
        assert member.link.drops == {DropReason.OVERSIZED: 2}
        await close([member])

    run(main())


def test_of_too_many_neighbours_the_one_unheard_for_longest_is_reached_by_multicast() -> None:
    async def main() -> None:
        crowd, listener, other = await members(3)
        ids = list(range(100, 100 + MAX_NEIGHBOURS))
        for batch in range(0, len(ids), 50):  # no more than the system's buffer holds
            frames = [broadcast(node_id) for node_id in ids[batch : batch + 50]]
            for frame in frames:
                crowd.link.send(frame)
            for frame in frames:
                assert await listener.next_frame() == frame
        crowd.link.send(broadcast(5))
        await listener.next_frame()
        await until(lambda: other.frames and other.frames[-1] == broadcast(5))
        other.frames.clear()
        forgotten, kept = listener.unicast(ids[0]), listener.unicast(ids[1])
        assert [await crowd.next_frame(), await crowd.next_frame()] == [forgotten, kept]
        assert await other.next_frame() == forgotten
        assert other.frames == []
        await close([crowd, listener, other])

    run(main())


# --- interfaces ---


def test_the_default_interface_is_an_address_of_this_computer() -> None:
    async def main() -> None:
        member = Member(free_port(), 1, interface=None)
        await member.start()
        assert member.link.address[0] == default_interface()
        await close([member])

    run(main())


def test_without_a_network_the_default_is_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(self: socket.socket, address: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr("bridge.udp_link.socket.socket.connect", unreachable, raising=False)
    assert default_interface() == LOOPBACK


def run_without_network(program: str) -> None:
    """Run `async def main()` of a program in a network namespace in which only loopback is up."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        pytest.skip("needs a network namespace")
    ready = "ip link set lo up"
    if subprocess.run(["unshare", "-n", "sh", "-c", ready], capture_output=True).returncode:
        pytest.skip("this user may not make network namespaces")
    source = f"from tests.bridge.test_udp_link import *\n{textwrap.dedent(program)}\nrun(main())\n"
    command = ["unshare", "-n", "sh", "-c", f'{ready} && exec "$0" -c "$1"', sys.executable, source]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=40)
    assert ended.returncode == 0, ended.stderr


def test_nodes_meet_on_a_computer_with_no_network_at_all() -> None:
    run_without_network(
        """
        async def main():
            made = [Member(31_000, node_id, interface=None) for node_id in (1, 2)]
            for member in made:
                await member.start()
            frame = made[0].broadcast()
            assert await made[1].next_frame() == frame
            assert made[0].link.address[0] == "127.0.0.1"
            await close(made)
        """
    )


def test_a_network_that_goes_and_comes_back() -> None:
    run_without_network(
        """
        async def main():
            first, second = await introduced(2)
            subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
            await until(lambda: first.broadcast() and not first.states[-1].is_up)
            assert first.link.unsent == 1, first.link.unsent
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            await until(lambda: first.broadcast() and first.states[-1].is_up)
            await until(lambda: first.broadcast(7) in second.frames)
            await until(lambda: second.broadcast(8) in first.frames)
            await close([first, second])
        """
    )


def test_it_moves_when_the_network_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pi often starts before its Wi-Fi does: loopback first, then the real interface."""
    monkeypatch.setattr("bridge.udp_link.WATCH_S", 0.02)
    address = LOOPBACK
    monkeypatch.setattr("bridge.udp_link.default_interface", lambda *group: address)

    async def main() -> None:
        nonlocal address
        port = free_port()
        member, local = Member(port, 1, interface=None), Member(port, 2, interface=None)
        await member.start()
        await local.start()
        member.broadcast()
        await local.next_frame()
        address = "127.0.0.2"
        await until(lambda: {made.link.address[0] for made in (member, local)} == {"127.0.0.2"})
        frame = member.broadcast(2)
        assert await local.next_frame() == frame
        assert [state.is_up for state in member.states] == [True]
        await close([member, local])

    run(main())


def test_while_the_system_refuses_to_send_it_is_down_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.udp_link.WATCH_S", 0.02)

    async def main() -> None:
        first, second = await introduced(2)
        group, address = first.link._group, first.link.address
        first.link._group = ("255.255.255.255", 9)  # without SO_BROADCAST nobody may send there
        first.broadcast(2)
        first.broadcast(3)
        assert first.link.unsent == 2
        assert [state.is_up for state in first.states] == [True, False]
        assert "cannot send by 127.0.0.1 (Permission denied)" in str(first.states[-1])
        first.link._group = group
        await until(lambda: first.link.address != address)  # it has opened new sockets
        frame = first.broadcast(4)
        assert await second.next_frame() == frame
        assert [state.is_up for state in first.states] == [True, False, True]
        await close([first, second])

    run(main())


# --- broadcast, where there is no multicast ---


@pytest.mark.skipif(sys.platform != "linux", reason="loopback has a broadcast address on Linux")
def test_a_broadcast_address_serves_as_a_group() -> None:
    async def main() -> None:
        port = free_port()
        made = [Member(port, node_id, None, "127.255.255.255") for node_id in (1, 2, 3)]
        for member in made:
            await member.start()
        assert made[0].link.address[0] == LOOPBACK
        first = made[0].broadcast()
        assert [await other.next_frame() for other in made[1:]] == [first, first]
        made[1].broadcast()
        await made[0].next_frame()
        await made[2].next_frame()
        answer = made[0].unicast(2)
        assert await made[1].next_frame() == answer
        last = made[0].broadcast(3)  # had the other heard the answer too, it would have come before this
        assert await made[2].next_frame() == last
        assert made[0].frames == []
        await close(made)

    run(main())


@pytest.mark.parametrize("group", ["255.255.255.255", "192.168.1.255", "10.0.0.127"])
def test_broadcast_addresses_are_taken(group: str) -> None:
    assert UdpLink(group).name == f"udp:{group}:28539"


# --- bad input ---


@pytest.mark.parametrize(
    ("group", "port"), [("192.168.1.5", 28539), ("all", 28539), (GROUP, 0), (GROUP, 65_536), ("::1", 1)]
)
def test_what_is_no_group_is_bad_input(group: str, port: int) -> None:
    with pytest.raises(UsageError, match="is no multicast group, nor a broadcast address; give 224"):
        UdpLink(group, port)


def test_the_name_of_an_interface_is_bad_input() -> None:
    with pytest.raises(UsageError, match="interface 'wlan0': give its IPv4 address"):
        UdpLink(interface="wlan0")


def test_an_address_of_another_computer_is_named_with_a_remedy() -> None:
    async def main() -> None:
        member = Member(free_port(), 1, "203.0.113.7")
        with pytest.raises(LinkError, match=r"by 203\.0\.113\.7: .*; give --interface an address of this"):
            await member.start()
        await close([member])

    run(main())


def test_noise_never_ends_the_link() -> None:
    async def main() -> None:
        (member,) = await members(1)
        noise = random.Random(7)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(200):
                stranger.sendto(noise.randbytes(noise.randrange(200)), member.link.address)
            stranger.sendto(broadcast(3), member.link.address)
        await until(lambda: member.frames and member.frames[-1] == broadcast(3))
        await close([member])

    run(main())
