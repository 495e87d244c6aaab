"""The Pi agent: real processes on the loopback interface, one tree, several hops on one bench."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.ports import free_port
from bridge.driver import node_driver, sink_tree_driver
from bridge.link import LinkState
from bridge.relay import Relay
from bridge.sensors import ConstantSensor
from bridge.udp_link import GROUP, LOOPBACK, UdpLink
from desktop.command import main
from firmware.pi.agent import run_agent
from firmware.pi.command import event_line
from protocol.aggregate import Aggregate
from protocol.capture import Record
from protocol.node import (
    BecamePrimary,
    ChildJoined,
    ChildLost,
    ClaimMade,
    Event,
    FrameDropped,
    Joined,
    MeasurementDue,
    ParentLost,
    PeerLost,
    ResultLearned,
    RoundFinished,
    TokenMade,
    TokenTaken,
)
from protocol.observer import Observer, RoundRow, TokenMoved
from protocol.packets import DropReason, Items, Network, TokenId
from protocol.timing import PeerTiming, PollingTiming, RingTiming
from tests.bridge.rig import run, until
from tests.bridge.test_driver import QUICK

AGENT = [sys.executable, "-m", "desktop.command", "agent", "--open"]
Matches = Callable[[Event], object]


class Field:
    """A root and agents in one loop, each with a UDP link of its own; node 1 is the root."""

    def __init__(self, hears: dict[int, frozenset[int] | None]) -> None:
        self.events: dict[int, list[Event]] = {node_id: [] for node_id in hears}
        self.stops = {node_id: asyncio.Event() for node_id in hears}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self._hears = hears
        self._port = free_port()

    async def start(self, *node_ids: int) -> None:
        for node_id in node_ids:
            self.stops[node_id] = asyncio.Event()
            node = sink_tree_driver(
                f"node {node_id}",
                node_id,
                ConstantSensor({0: float(node_id)}),
                root=node_id == 1,
                timing=QUICK,
                neighbours=self._hears[node_id],
                on_event=self.events[node_id].append,
            )
            states: list[LinkState] = []
            run_it = run_agent(node, UdpLink(GROUP, self._port, LOOPBACK), states.append, self.stops[node_id])
            self.tasks[node_id] = asyncio.create_task(run_it)
            await until(lambda: len(states) == 2)  # noqa: B023

    async def stop(self, *node_ids: int) -> None:
        for node_id in node_ids:
            self.stops[node_id].set()
            await self.tasks[node_id]

    async def event(self, node_id: int, matches: Matches) -> Event:
        await until(lambda: any(matches(event) for event in self.events[node_id]))
        return next(event for event in self.events[node_id] if matches(event))

    async def counted(self, count: int) -> None:
        """Until the root counts so many from now on."""
        self.events[1].clear()
        await self.event(
            1,
            lambda event: isinstance(event, RoundFinished) and event.items.aggregates[0][1].count == count,
        )


def test_a_chain_of_agents_makes_a_tree_of_three_hops() -> None:
    """Each hears only its neighbours in the chain 1 - 2 - 3 - 4."""

    async def main() -> None:
        chain = Field({1: frozenset({2}), 2: frozenset({1, 3}), 3: frozenset({2, 4}), 4: frozenset({3})})
        await chain.start(1, 2, 3, 4)
        for node_id in (2, 3, 4):
            joined = await chain.event(node_id, lambda event: isinstance(event, Joined))
            assert joined == Joined(node_id - 1, node_id - 1)
        await chain.counted(4)
        await chain.stop(1, 2, 3, 4)

    run(main(), timeout_s=40)


def test_the_children_of_an_agent_that_leaves_find_another_parent_at_once() -> None:
    """It says goodbye: nobody takes it for lost only after tries in vain."""

    async def main() -> None:
        diamond = Field({1: frozenset({2, 3}), 2: None, 3: None, 4: frozenset({2, 3})})
        await diamond.start(1, 2, 3, 4)
        await diamond.counted(4)
        joined = await diamond.event(4, lambda event: isinstance(event, Joined))
        assert isinstance(joined, Joined)
        await diamond.stop(joined.parent)
        other = 5 - joined.parent
        lost = await diamond.event(4, lambda event: isinstance(event, ParentLost))
        assert lost == ParentLost(joined.parent, "it has said goodbye")
        await diamond.event(4, lambda event: isinstance(event, Joined) and event.parent == other)
        await diamond.counted(3)
        await diamond.start(joined.parent)
        await diamond.counted(4)
        await diamond.stop(1, 2, 3, 4)

    run(main(), timeout_s=40)


# --- the command ---


@pytest.fixture
def udp() -> list[str]:
    return ["--interface", LOOPBACK, "--udp-port", str(free_port())]


@pytest.fixture
def bridge(udp: list[str]) -> Iterator[None]:
    """A root for the agents."""
    command = [sys.executable, "-m", "desktop.command", "bridge", "--open", "--period", "0.5", "--json", *udp]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        yield
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


@pytest.mark.usefixtures("bridge")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_what_happens_and_ends_cleanly_on_a_signal(udp: list[str], number: signal.Signals) -> None:
    with ExitStack() as stack:
        command = [*AGENT, "--id", "11", "--constant", "22.5", "--json", *udp]
        process = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        stack.callback(process.kill)
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "Joined":
                break
        assert json.loads(line) == {"node": 11, "event": "Joined", "parent": 1, "hop_count": 1}
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert all(json.loads(line)["node"] == 11 for line in output.splitlines())
    said = [line.split(" ", 2)[2] for line in errors.splitlines()]  # without date and time
    assert "node 11: joined under 1, hop count 1" in said
    assert said[-1].startswith("node 11: ")
    assert "Traceback" not in errors


def test_it_ends_after_its_duration(udp: list[str]) -> None:
    assert main(["agent", "--open", "--id", "11", "--no-sensor", "--duration", "0.1", *udp]) == 0


def test_when_the_reader_of_its_lines_has_gone_it_ends(udp: list[str], bridge: None) -> None:
    command = [*AGENT, "--id", "11", "--json", "--duration", "20", *udp]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(15) == 0
        errors = process.stderr.read()
    assert "Traceback" not in errors
    assert "Exception" not in errors


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--interface", "203.0.113.7"], "give --interface an address of this computer"),
        (["--topology", "{topology}"], "there is no node 11; give --id one of those in the file"),
        (["--metrics", "temperature,humidity", "--constant", "1"], "give one value for each"),
    ],
)
def test_bad_input_is_one_line(
    options: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topology = tmp_path / "topo.def"
    topology.write_text("1\n1 0 0 15\n")
    options = [option.format(topology=topology) for option in options]
    assert main(["agent", "--open", "--id", "11", *options]) in (1, 2)
    errors = capsys.readouterr().err
    assert says in errors
    assert errors.count("\n") == 1


def test_an_agent_needs_an_id(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["agent"])
    assert "--id" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Joined(3, 2), "joined under 3, hop count 2"),
        (ParentLost(3, "no answer"), "lost its parent 3: no answer"),
        (ChildJoined(5), "took 5 as a child"),
        (ChildLost(5), "gave 5 up"),
        (PeerLost(5, "was passed over"), "lost 5: was passed over"),
        (ClaimMade(4), "misses the token, and claims to make a new one (epoch 4)"),
        (TokenMade(TokenId(4, 1, 9), None), "made a new token (epoch 4)"),
        (TokenMade(TokenId(4, 1, 9), TokenId(3, 1, 7)), None),
        (BecamePrimary(4), "is the primary (epoch 4)"),
        (
            ResultLearned(7, Items(((0, Aggregate(7, 124, 3, 246, 2)),))),
            "version 7  temperature: max 22 degC at node 3, average 21.50 degC",
        ),
        (TokenTaken(1, TokenId(4, 1, 9), 7, 0), None),
        (MeasurementDue(7), None),
        (FrameDropped(DropReason.CHECKSUM, None), None),
    ],
)
def test_events_in_words(event: Event, line: str | None) -> None:
    assert event_line(event) == line


# --- the ring and the polled network ---

PEERS = PeerTiming(hello_spread_ms=50, hello_wait_ms=100)
RING = RingTiming(period_ms=150, listen_ms=150, peers=PEERS)
POLLING = PollingTiming(period_ms=200, beat_ms=60, lease_ms=240, stagger_ms=60, peers=PEERS)
NODES = (1, 2, 3)


class Room:
    """Agents that hear each other, in one loop, and the host that listens to what all can hear."""

    def __init__(self, network: Network, timing: RingTiming | PollingTiming) -> None:
        self.observer = Observer()
        self.rows: list[RoundRow] = []
        self.visited: set[int] = set()  # by the token
        self._network, self._timing = network, timing
        self._port = free_port()
        self._ear = UdpLink(GROUP, self._port, LOOPBACK)
        self._stops: dict[int, asyncio.Event] = {}
        self._links: dict[int, UdpLink] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Room:
        relay = Relay()
        relay.subscribe(self._observe)
        await self._ear.start(relay.attach(self._ear), lambda state: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop(*self._tasks)
        await self._ear.close()

    def _observe(self, records: Sequence[Record]) -> None:
        seen = [found for record in records for found in self.observer.observe(record)]
        self.rows += [row for row in seen if isinstance(row, RoundRow)]
        self.visited |= {move.destination for move in seen if isinstance(move, TokenMoved)}

    async def start(self, *node_ids: int) -> None:
        for node_id in node_ids:
            node = node_driver(
                self._network,
                f"node {node_id}",
                node_id,
                ConstantSensor({0: float(node_id)}),
                timing=self._timing,
            )
            self._stops[node_id] = asyncio.Event()
            link = UdpLink(GROUP, self._port, LOOPBACK)
            self._links[node_id] = link
            run_it = run_agent(node, link, lambda state: None, self._stops[node_id])
            self._tasks[node_id] = asyncio.create_task(run_it)

    async def stop(self, *node_ids: int) -> None:
        """With a goodbye to the others."""
        for node_id in node_ids:
            self._stops[node_id].set()
            await self._tasks[node_id]

    async def crash(self, *node_ids: int) -> None:
        """Without a word to the others."""
        for node_id in node_ids:
            await self._links[node_id].close()
            await self.stop(node_id)

    async def counted(self, count: int) -> None:
        """Until two more results count so many."""
        self.rows.clear()
        await until(lambda: sum(row.aggregate.count == count for row in self.rows) >= 2)


@pytest.mark.parametrize("network", [Network.RING, Network.POLLING])
@pytest.mark.parametrize("is_polite", [False, True], ids=["dead", "left"])
def test_results_go_on_without_a_node_that_is_gone_and_with_it_when_it_is_back(
    network: Network, is_polite: bool
) -> None:
    async def main() -> None:
        async with Room(network, RING if network is Network.RING else POLLING) as room:
            await room.start(*NODES)
            await room.counted(3)
            ring, polled = room.observer.ring, room.observer.polled
            first = ring.home if ring else polled and polled.primary
            assert first in NODES
            await (room.stop(first) if is_polite else room.crash(first))
            await room.counted(2)
            await room.start(first)
            await room.counted(3)

    run(main(), timeout_s=30)


def test_signs_alone_show_the_ring_to_who_is_no_member() -> None:
    """TOKENs are for their destination alone; the host gets what is for all."""

    async def main() -> None:
        async with Room(Network.RING, RING) as room:
            await room.start(*NODES)
            await room.counted(3)
            ring = room.observer.ring
            assert ring is not None
            assert sorted(ring.order) == [1, 2, 3]
            await until(lambda: room.visited == {1, 2, 3})
            await room.crash(2)
            await until(lambda: 2 in ring.absent)
            await room.start(2)
            await until(lambda: 2 not in ring.absent)

    run(main(), timeout_s=30)


def test_agents_as_processes_make_a_ring_over_a_killed_one(udp: list[str]) -> None:
    ring = [*AGENT, "--network", "ring", "--order", "3,1,2", "--period", "0.3", "--json", *udp]
    with ExitStack() as stack:
        agents = []
        for node_id in ("1", "2", "3"):
            command = [*ring, "--id", node_id, "--constant", node_id, "--duration", "30"]
            agent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            agents.append(stack.enter_context(agent))
            stack.callback(agent.kill)
        _read_until_counted(agents[0], 3)
        agents[2].kill()
        _read_until_counted(agents[0], 2)


def _read_until_counted(agent: subprocess.Popen[str], count: int) -> None:
    """Read its events until a result counts so many; its lines end when its duration is over."""
    assert agent.stdout is not None
    for line in agent.stdout:
        event = json.loads(line)
        is_result = event["event"] in ("RoundFinished", "ResultLearned")
        if is_result and event["items"]["aggregates"][0][1]["count"] == count:
            return
    pytest.fail(f"no result that counts {count}")


def test_options_of_a_ring_are_no_use_to_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agent", "--open", "--id", "11", "--order", "1,2", "--no-sensor"]) == 2
    assert "--order and --readings are for --network ring or polling" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["agent", "--open", "--id", "11", "--network", "ring", "--order", "1,2,1"])
    assert "names a node twice" in capsys.readouterr().err
