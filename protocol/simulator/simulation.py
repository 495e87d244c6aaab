"""A field of nodes on a virtual air: deterministic, from one seed.

Every frame on the air becomes one Record, as a packet log holds it; whoever watches gets them through
`on_record` and reads them with protocol.observer, as if the field were real.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from protocol.capture import Direction, Record
from protocol.node import Event, LinkName, MeasurementDue, Node, RoundFinished
from protocol.packets import BROADCAST, COUNTER_MODULUS, peek_header
from protocol.simulator.clock import Clock
from protocol.simulator.field import reading
from protocol.simulator.medium import Medium, Quality
from protocol.simulator.topology import Topology
from protocol.simulator.truth import Truth
from protocol.sink_tree import SinkTreeNode
from protocol.timing import Timing

AIR_LINK = "air"
HOST_LINK = "host"
# A fault of round r happens this long before the round begins.
FAULT_LEAD_MS = 1


class FaultKind(Enum):
    """What can be done to a node."""

    KILL = "kill"
    REVIVE = "revive"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something happens to a node just before a round. JOIN also keeps the node away until then."""

    kind: FaultKind
    node_id: int
    round: int


MakeNode = Callable[..., Node]


class _Station:
    """A place for a node: the node while it is powered, its radio and its next wake-up."""

    def __init__(self, node_id: int) -> None:
        self.node_id = node_id
        self.node: Node | None = None
        self.wake_us: int | None = None
        self.radio_free_us = 0


class Simulation:
    """`make_node` is called as SinkTreeNode is, so that other implementations of the seam can take part.

    Raises ValueError for a fault that names no node.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        seed: int,
        timing: Timing | None = None,
        metrics: tuple[int, ...] = (0,),
        quality: Quality | None = None,
        faults: Iterable[Fault] = (),
        on_record: Callable[[Record], None] = lambda record: None,
        on_event: Callable[[int, Event], None] = lambda node_id, event: None,
        make_node: MakeNode = SinkTreeNode,
    ) -> None:
        self.topology = topology
        self.timing = timing or Timing()
        self.truth = Truth()
        self.clock = Clock()
        self.rounds_finished = 0
        self._seed = seed
        self._metrics = metrics
        self._rng = random.Random(seed)
        self._medium = Medium(topology, quality or Quality(), random.Random(f"{seed}/medium"))
        self._on_record = on_record
        self._on_event = on_event
        self._make_node = make_node
        self._stations = {node_id: _Station(node_id) for node_id in topology.places}
        self._plan(list(faults))

    # --- for those who run it ----------------------------------------------------------------------------

    @property
    def alive(self) -> frozenset[int]:
        """The nodes that have power."""
        return frozenset(station.node_id for station in self._stations.values() if station.node)

    @property
    def reachable(self) -> frozenset[int]:
        """The living nodes with a path of links that work both ways to the living root."""
        return self.topology.reachable(self.alive)

    def round_start_ms(self, round_number: int) -> int:
        """When the root begins that round (the first is 1)."""
        first_ms = min(self.timing.period_ms, self.timing.discovery_ms)
        return first_ms + (round_number - 1) * self.timing.period_ms

    def run(self, rounds: int) -> None:
        """Run until so many rounds have finished, or the time in which they should have is over."""
        end_us = self.round_start_ms(rounds + 1) * 1000
        while (
            self.rounds_finished < rounds
            and (next_us := self.clock.next_us()) is not None
            and next_us < end_us
        ):
            self.clock.step()

    def advance_to(self, time_us: int) -> None:
        """Run all that happens until then."""
        while (next_us := self.clock.next_us()) is not None and next_us <= time_us:
            self.clock.step()
        self.clock.now_us = max(self.clock.now_us, time_us)

    def kill(self, node_id: int) -> None:
        """Take the power from a node; it forgets everything."""
        station = self._stations[node_id]
        station.node = None
        station.wake_us = None

    def revive(self, node_id: int) -> None:
        """Give a node power; harmless if it has it."""
        station = self._stations[node_id]
        if station.node is not None:
            return
        station.node = self._make_node(
            node_id,
            seed=self._rng.getrandbits(32),
            first_counter=self._rng.randrange(COUNTER_MODULUS),
            now_ms=self.clock.now_ms,
            root=node_id == self.topology.root,
            timing=self.timing,
            metrics=self._metrics,
        )
        self.truth.restarted(node_id)
        self._serve(station)

    # --- how it works ------------------------------------------------------------------------------------

    def _plan(self, faults: list[Fault]) -> None:
        for fault in faults:
            if fault.node_id not in self._stations:
                raise ValueError(
                    f"{fault.kind.value} {fault.node_id}@{fault.round}: no node {fault.node_id} in the field"
                )
            action = self.kill if fault.kind is FaultKind.KILL else self.revive
            start_us = (self.round_start_ms(fault.round) - FAULT_LEAD_MS) * 1000
            self.clock.at(start_us, partial(action, fault.node_id))
        absent = {fault.node_id for fault in faults if fault.kind is FaultKind.JOIN}
        for node_id in self._stations:
            if node_id not in absent:
                self.clock.at(0, partial(self.revive, node_id))

    def _serve(self, station: _Station) -> None:
        """After any call: carry the events and frames out, and set the alarm for the next deadline."""
        node = station.node
        assert node is not None
        busy = True
        while busy:
            busy = False
            while (event := node.next_event()) is not None:
                self._follow(station, node, event)
                busy = True
            for link, frame in node.frames_to_send(self.clock.now_ms):
                self._send(station, link, frame)
                busy = True
        deadline_ms = node.next_deadline()
        if deadline_ms is not None:
            wake_us = max(deadline_ms * 1000, self.clock.now_us)
            if wake_us != station.wake_us:
                station.wake_us = wake_us
                self.clock.at(wake_us, partial(self._wake, station, wake_us))

    def _wake(self, station: _Station, wake_us: int) -> None:
        if station.node is not None and station.wake_us == wake_us:
            station.wake_us = None
            station.node.handle_timer(self.clock.now_ms)
            self._serve(station)

    def _follow(self, station: _Station, node: Node, event: Event) -> None:
        self.truth.follow(station.node_id, event)
        if isinstance(event, MeasurementDue):
            place = self.topology.places[station.node_id]
            readings = {metric: reading(place, metric, event.version, self._seed) for metric in self._metrics}
            in_time = node.measure(event.version, readings, self.clock.now_ms)
            self.truth.measured(station.node_id, event.version, readings, in_time)
        elif isinstance(event, RoundFinished):
            self.rounds_finished += 1
        self._on_event(station.node_id, event)

    def _send(self, station: _Station, link: LinkName, frame: bytes) -> None:
        if link is LinkName.HOST:
            known = json.dumps({"alive": len(self.alive), "reachable": len(self.reachable)})
            self._record(HOST_LINK, frame, known)
            return
        start_us = max(self.clock.now_us, station.radio_free_us)
        station.radio_free_us = start_us + self._medium.airtime_us(len(frame))
        self.clock.at(start_us, partial(self._record, AIR_LINK, frame))
        _, _, destination, _ = peek_header(frame)
        for node_id, delay_us in self._medium.receptions(station.node_id):
            if destination in (node_id, BROADCAST):
                receiver = self._stations[node_id]
                self.clock.at(station.radio_free_us + delay_us, partial(self._deliver, receiver, frame))

    def _deliver(self, station: _Station, frame: bytes) -> None:
        if station.node is not None:
            station.node.receive(frame, self.clock.now_ms)
            self._serve(station)

    def _record(self, link: str, frame: bytes, comment: str | None = None) -> None:
        self._on_record(Record(self.clock.now_us, link, Direction.OUTBOUND, frame, comment))
