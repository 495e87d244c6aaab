"""Two bridges joined over TCP, each with an emulated gateway and five agents: one picture, as cables go.

Real boards on pseudo-terminals, real sockets; the bridges and the agents share this process and its loop.
benchmarks/two_bridges.py does the same for longer, with processes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from benchmarks.one_picture import Picture
from benchmarks.ports import free_port
from benchmarks.tcp_proxy import TcpProxy
from bridge import tcp_stream
from bridge.access import Access, RecordOpener
from bridge.addresses import Address
from bridge.driver import NodeDriver, node_driver, timing_of
from bridge.keys_file import NetworkKeys
from bridge.link import Link, LinkCounts, LinkState, one_by_one
from bridge.link_set import LinkSet
from bridge.sensors import ConstantSensor, NoSensor
from bridge.serial_link import SerialLink
from bridge.tcp_link import TcpLink
from bridge.tcp_listener import ListenSettings, TcpListener
from bridge.udp_link import GROUP, LOOPBACK, UdpLink
from firmware.native.library import BUILD
from protocol.aggregate import TEMPERATURE
from protocol.capture import Record
from protocol.packets import DropReason, Network
from protocol.settings import Roles, Sensors, Settings, eeprom_image
from tests.bridge.rig import broadcast, run, until
from tests.firmware.board import EmulatedBoard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the emulated board runs on Linux only")

ROOT = 1
GATEWAYS = (2, 3)
AGENTS = ((11, 12, 13, 14, 15), (21, 22, 23, 24, 25))
ALL = {ROOT, *GATEWAYS, *AGENTS[0], *AGENTS[1]}
PERIOD_S = 1.0
JOINED_WITHIN_S = 25.0
GONE_WITHIN_S = 15.0
QUIET_ROUNDS = 3


class Gateway:
    """A Mega with two ports; nobody is on its air."""

    def __init__(self, directory: Path, node: int) -> None:
        self._directory = directory
        directory.mkdir()
        settings = Settings(node_id=node, roles=Roles.GATEWAY, sensors=Sensors.SHT31, air_baud=115_200)
        (directory / "eeprom.bin").write_bytes(eeprom_image(settings).ljust(4096, b"\xff"))
        self.plug()

    @property
    def port(self) -> str:
        return str(self._directory / "uno")

    def plug(self) -> None:
        options = ["--mcu", "atmega2560", "--firmware", str(BUILD / "treering-mega.elf")]
        self._board = EmulatedBoard(self._directory, *options)

    def unplug(self) -> None:
        self._board.close()


class Agent:
    """One node on UDP, as `treering agent`."""

    def __init__(self, node: int, port: int) -> None:
        self.link = UdpLink(GROUP, port, LOOPBACK)
        sensor = ConstantSensor({TEMPERATURE.id: float(node)})
        self.node = node_driver(Network.TREE, f"node {node}", node, sensor)

    async def start(self) -> None:
        await self.link.start(one_by_one(self.node.send), lambda state: None)
        await self.node.start(one_by_one(self.link.send), lambda state: None)

    async def close(self) -> None:
        await self.node.close()
        await self.link.close()


class Side:
    """A bridge with its gateway and its agents."""

    def __init__(self, directory: Path, index: int) -> None:
        self.gateway = Gateway(directory / f"gateway-{index}", GATEWAYS[index])
        self.udp_port = free_port()
        self.picture = Picture()
        self.states: list[LinkState] = []
        self.links = LinkSet(self.picture.take_all, self._tell)
        self.listener = TcpListener(
            ListenSettings(Address(LOOPBACK, 0)), self.links.attach, self.links.detach, self.links.tell
        )
        self.agents = [Agent(node, self.udp_port) for node in AGENTS[index]]
        self._udp: UdpLink | None = None

    def _tell(self, status: LinkState | LinkCounts) -> None:
        if isinstance(status, LinkState):
            self.states.append(status)

    async def start(self) -> Address:
        await self.links.open(SerialLink(self.gateway.port))
        await self.plug_udp()
        await self.listener.start()
        for agent in self.agents:
            await agent.start()
        return self.listener.address

    async def plug_udp(self) -> None:
        self._udp = UdpLink(GROUP, self.udp_port, LOOPBACK)
        await self.links.open(self._udp)

    async def pull_udp(self) -> None:
        assert self._udp is not None
        await self.links.close(self._udp)

    async def close(self) -> None:
        for agent in self.agents:
            await agent.close()
        for segment in list(self.links.segments):
            if isinstance(segment.link, NodeDriver):
                await self.links.close(segment.link)
        await self.listener.close()
        await self.links.close_all()
        await asyncio.to_thread(self.gateway.unplug)

    @property
    def count(self) -> int:
        """How many nodes the newest result of the temperature counts."""
        rows = [row for row in self.picture.rows if row.metric_id == TEMPERATURE.id]
        return rows[-1].aggregate.count if rows else 0

    @property
    def max_id(self) -> int | None:
        """Whose temperature was the highest then."""
        rows = [row for row in self.picture.rows if row.metric_id == TEMPERATURE.id]
        return rows[-1].max_id if rows else None


class Field:
    """Both sides, joined through a cable that can be pulled."""

    def __init__(self, directory: Path) -> None:
        self.sides = [Side(directory, index) for index in range(2)]
        root = node_driver(
            Network.TREE,
            "root",
            ROOT,
            ConstantSensor({TEMPERATURE.id: 1.0}),
            root=True,
            timing=timing_of(Network.TREE, PERIOD_S),
        )
        self._root: Link = root

    async def start(self, *, is_joined_twice: bool) -> None:
        a, b = self.sides
        addresses = [await side.start() for side in self.sides]
        self.proxy = TcpProxy(addresses[0])
        await b.links.open(TcpLink(await self.proxy.start()))
        if is_joined_twice:  # the other way round: a circle
            await a.links.open(TcpLink(addresses[1]))
        await a.links.open(self._root)

    async def close(self) -> None:
        for side in reversed(self.sides):
            await side.close()
        await self.proxy.close()

    async def counts(self, nodes: int, within_s: float) -> None:
        """Until both sides show results that count so many."""
        await until(lambda: [side.count for side in self.sides] == [nodes, nodes], within_s)

    async def quiet_rounds(self) -> None:
        """Until some more rounds have ended."""
        picture = self.sides[1].picture
        target = len(picture.rows) + 2 * QUIET_ROUNDS  # the boards measure humidity, too
        await until(lambda: len(picture.rows) >= target)

    def check(self, *, is_circle: bool) -> None:
        """No loops, no frame twice, one picture."""
        for side in self.sides:
            picture = side.picture
            assert picture.frames > 100
            assert picture.sent_twice == []
            assert picture.returned == []
            assert picture.told_twice == []
            assert bool(picture.came_again) == is_circle
        a, b = (side.picture for side in self.sides)
        seen_by_both = a.results.keys() & b.results.keys()
        assert {*list(b.results)[-QUIET_ROUNDS:]} <= seen_by_both
        assert {round_: a.results[round_] for round_ in seen_by_both} == {
            round_: b.results[round_] for round_ in seen_by_both
        }
        assert a.parents == b.parents
        assert a.parents.keys() == ALL - {ROOT}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pulled cable is noticed sooner than by default."""
    monkeypatch.setattr(tcp_stream, "BEAT_S", 0.3)
    monkeypatch.setattr(tcp_stream, "SILENCE_S", 2.0)


@pytest.mark.timeout(150)
@pytest.mark.usefixtures("built_board")
@pytest.mark.parametrize("is_circle", [False, True], ids=["line", "circle"])
def test_each_cable_pulled_and_returned_in_turn(tmp_path: Path, is_circle: bool) -> None:
    field = Field(tmp_path)
    a, b = field.sides

    async def main() -> None:
        await field.start(is_joined_twice=is_circle)
        await field.counts(len(ALL), JOINED_WITHIN_S)
        assert b.max_id == max(ALL)

        if not is_circle:
            for side in field.sides:
                await asyncio.to_thread(side.gateway.unplug)
                await field.counts(len(ALL) - 1, GONE_WITHIN_S)
                await asyncio.to_thread(side.gateway.plug)
                await field.counts(len(ALL), JOINED_WITHIN_S)

            await b.pull_udp()
            await field.counts(len(ALL) - len(AGENTS[1]), GONE_WITHIN_S)
            await b.plug_udp()
            await field.counts(len(ALL), JOINED_WITHIN_S)

        field.proxy.pull()
        if is_circle:  # there is another way
            await until(lambda: any("tcp" in state.link and not state.is_up for state in b.states))
            await field.quiet_rounds()
            await field.counts(len(ALL), GONE_WITHIN_S)
        else:
            await until(lambda: a.count == len(ALL) - len(AGENTS[1]) - 1, GONE_WITHIN_S)
        field.proxy.plug()
        await field.counts(len(ALL), JOINED_WITHIN_S)

        await field.quiet_rounds()
        field.check(is_circle=is_circle)
        await field.close()

    run(main(), timeout_s=140)


def test_in_a_sealed_network_both_bridges_see_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root at one bridge, agents at the other; nothing open goes through, and the results can be read."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    access = Access(NetworkKeys("garden", 0, frozenset({ROOT}), ROOT, bytes(range(16))))
    pictures = [Picture(), Picture()]
    openers = [RecordOpener(access), RecordOpener(access)]

    def take(side: int, records: Sequence[Record]) -> None:
        for record in records:
            if (opened := openers[side].open(record)) is not None:
                pictures[side].take(opened)

    async def main() -> None:
        a, b = (LinkSet(partial(take, side), lambda status: None, access) for side in range(2))
        listener = TcpListener(ListenSettings(Address(LOOPBACK, 0)), a.attach, a.detach, a.tell)
        await listener.start()
        joint = TcpLink(listener.address)
        await b.open(joint)
        await a.open(
            node_driver(
                Network.TREE,
                "root",
                ROOT,
                NoSensor(),
                root=True,
                timing=timing_of(Network.TREE, PERIOD_S),
                access=access,
            )
        )
        agents = AGENTS[1][:2]
        for node in agents:
            sensor = ConstantSensor({TEMPERATURE.id: float(node)})
            await b.open(node_driver(Network.TREE, f"node {node}", node, sensor, access=access))

        def counts() -> list[int]:
            return [picture.rows[-1].aggregate.count if picture.rows else 0 for picture in pictures]

        await until(lambda: counts() == [len(agents)] * 2, JOINED_WITHIN_S)
        joint.send(broadcast(77))
        await until(lambda: listener.clients[0].drops[DropReason.OPEN] == 1)
        await b.close_all()
        await listener.close()
        await a.close_all()

    run(main(), timeout_s=50)
    for picture in pictures:
        assert picture.sent_twice == []
    both = pictures[0].results.keys() & pictures[1].results.keys()
    assert both
    assert all(pictures[0].results[round_] == pictures[1].results[round_] for round_ in both)
