"""Nodes that do what a test tells them, so that the simulator is tested apart from the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocol.capture import Record
from protocol.node import Event, LinkName
from protocol.packets import BROADCAST, Depth, Empty, Frame, FrameType, decode, encode
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import Place, Topology

# What a node does: it sends these bytes, or says that this happened.
Deed = bytes | Event
# When, in milliseconds of the node's clock, and what.
Script = list[tuple[int, Deed]]
Scripts = Mapping[int, Script]
# Of the one frame that a node sends when it is told to leave.
GOODBYE_COUNTER = 99


def frame(source: int, destination: int = BROADCAST, counter: int = 0, *, depth: int | None = None) -> bytes:
    """A frame of 10 bytes (8,333 us at 19,200 bit/s and 10 bytes of overhead), of 11 with a depth."""
    if depth is None:
        return encode(Frame(FrameType.DISC_ACK, source, destination, counter, Empty()))
    return encode(Frame(FrameType.DEPTH, source, destination, counter, Depth(depth)))


@dataclass(slots=True)
class Heard:
    """One frame at one node, by that node's clock."""

    time_ms: int
    node_id: int
    frame: bytes

    @property
    def source(self) -> int:
        return decode(self.frame).source


@dataclass(slots=True)
class Stage:
    """What the nodes of one simulation are to do, and what they heard and were asked."""

    scripts: Scripts
    heard: list[Heard] = field(default_factory=list)
    timers: list[tuple[int, int]] = field(default_factory=list)
    born: list[int] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def pairs(self) -> list[tuple[int, int]]:
        """(source, listener) of every frame that was heard, in order."""
        return [(each.source, each.node_id) for each in self.heard]


class Scripted:
    """A node of the seam that follows a script."""

    def __init__(self, node_id: int, stage: Stage) -> None:
        self._node_id = node_id
        self._stage = stage
        self._script = sorted(stage.scripts.get(node_id, []), key=lambda entry: entry[0])
        self._events: list[Event] = []
        self._frames: list[tuple[LinkName, bytes]] = []
        self._now_ms = 0
        stage.born.append(node_id)

    def receive(self, frame: bytes, now_ms: int) -> None:
        self._stage.heard.append(Heard(now_ms, self._node_id, frame))

    def leave(self, now_ms: int) -> None:
        self._script, self._frames = [], [(LinkName.AIR, frame(self._node_id, counter=GOODBYE_COUNTER))]
        self._now_ms = now_ms

    def handle_timer(self, now_ms: int) -> None:
        self._stage.timers.append((self._node_id, now_ms))
        self._now_ms = now_ms
        while self._script and self._script[0][0] <= now_ms:
            _, deed = self._script.pop(0)
            if isinstance(deed, bytes):
                self._frames.append((LinkName.AIR, deed))
            else:
                self._events.append(deed)

    def measure(self, version: int, readings: Mapping[int, int], now_ms: int) -> bool:
        return True

    def next_deadline(self) -> int | None:
        if self._frames:
            return self._now_ms
        return self._script[0][0] if self._script else None

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        frames, self._frames = self._frames, []
        return frames

    def next_event(self) -> Event | None:
        return self._events.pop(0) if self._events else None


def row(*x_m: float, range_m: float = 10) -> Topology:
    """Nodes 1, 2, ... on a line."""
    return Topology(Place(node_id, x, 0, 0, range_m) for node_id, x in enumerate(x_m, 1))


def staged(topology: Topology, scripts: Scripts, **options: Any) -> tuple[Stage, Simulation]:
    """A simulation of scripted nodes; options are Simulation's."""
    stage = Stage(scripts)

    def make_node(node_id: int, **_: object) -> Scripted:
        return Scripted(node_id, stage)

    options = {"seed": 1, "on_record": stage.records.append, **options}
    return stage, Simulation(topology, make_node=make_node, **options)


def play(
    topology: Topology,
    scripts: Scripts,
    until_ms: int = 60_000,
    **options: Any,
) -> Stage:
    """Run scripted nodes for that long."""
    stage, simulation = staged(topology, scripts, **options)
    simulation.advance_to(until_ms * 1000)
    return stage
