"""A field of nodes on a shared air: deterministic, from one seed.

Every frame on the air becomes one Record when it ends, as a packet log holds it; whoever watches gets them
through `on_record` and reads them with protocol.observer, as if the field were real.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from protocol.capture import Direction, Record
from protocol.node import (
    ChildLost,
    Event,
    Joined,
    LinkName,
    MeasurementDue,
    Node,
    ParentLost,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
)
from protocol.packets import COUNTER_MODULUS
from protocol.simulator.channel import Channel
from protocol.simulator.clock import NEVER_US, Clock, NodeClock
from protocol.simulator.faults import (
    LINK_ACTIONS,
    Action,
    Cut,
    Fault,
    Freeze,
    Heal,
    Join,
    Kill,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetQuality,
    StepClock,
    Thaw,
    name_of,
    nodes_of,
)
from protocol.simulator.field import reading
from protocol.simulator.invariants import Invariants
from protocol.simulator.links import Links
from protocol.simulator.medium import Air
from protocol.simulator.propagation import Listeners
from protocol.simulator.station import Station
from protocol.simulator.summary import RoundSummary, TrafficMeter
from protocol.simulator.survey import reachable_from
from protocol.simulator.topology import Topology
from protocol.simulator.truth import Truth
from protocol.sink_tree import SinkTreeNode
from protocol.timing import Timing

AIR_LINK = "air"
HOST_LINK = "host"
# A fault of round r happens this long before the round begins.
FAULT_LEAD_MS = 1

MakeNode = Callable[..., Node]


class Simulation:
    """`make_node` is called as SinkTreeNode is, so that other implementations of the seam can take part.

    Each node's clock runs at a rate of its own, at most `clock_ppm` parts per million fast or slow. With
    `checks` the run raises InvariantViolation when the protocol breaks a promise (see invariants.py).
    `on_record` gets every frame, `on_event` a node and what it says happened, `on_round` a summary of every
    result. Raises ValueError for a fault that names no node.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        seed: int,
        timing: Timing | None = None,
        metrics: tuple[int, ...] = (0,),
        air: Air | None = None,
        faults: Iterable[Fault] = (),
        on_record: Callable[[Record], None] | None = None,
        on_event: Callable[[int, Event], None] | None = None,
        on_round: Callable[[RoundSummary], None] | None = None,
        make_node: MakeNode = SinkTreeNode,
        max_children: int = 32,
        first_version: int = 1,
        clock_ppm: float = 0.0,
        checks: bool = True,
    ) -> None:
        self.topology = topology
        self.timing = timing or Timing()
        self.truth = Truth(topology.places)
        self.clock = Clock()
        self.rounds_finished = 0
        self._rounds_wanted: int | None = None
        self._seed = seed
        self._metrics = metrics
        self._on_record = on_record
        self._on_event = on_event
        self._on_round = on_round
        self._make_node = make_node
        self._node_options = {"max_children": max_children, "first_version": first_version}
        self._clock_ppm = clock_ppm
        self._invariants = Invariants(seed, self.truth, self._running_round) if checks else None
        self._rng = random.Random(seed)
        self.air = air or Air()
        self._channel = Channel(
            self.air, self.clock, random.Random(f"{seed}/medium"), deliver=self._deliver, sent=self._sent
        )
        self._traffic = TrafficMeter(self.air.radio)
        drift = random.Random(f"{seed}/clocks")
        self._stations = {
            node_id: Station(place, NodeClock(round(1000 * drift.uniform(-clock_ppm, clock_ppm))))
            for node_id, place in topology.places.items()
        }
        lost = (link for link, loss in self.air.link_loss.items() if loss == 1)
        self._links = Links(self.air.propagation.listeners(topology, seed), lost)
        self._links.wire(self._stations)
        self._reachable: frozenset[int] | None = None
        self._follow: dict[type[Event], Callable[[Station, Any], None]] = {
            MeasurementDue: self._measure,
            ReportAccepted: lambda s, event: self.truth.accepted(s.node_id, event.child, event.version),
            ReportSealed: lambda s, event: self.truth.sealed(s.node_id, event.version),
            ChildLost: lambda s, event: self.truth.child_lost(s.node_id, event.child),
            RoundFinished: self._round_finished,
        }
        if invariants := self._invariants:
            self._follow[Joined] = lambda s, event: invariants.joined(s.node_id, event.parent)
            self._follow[ParentLost] = lambda s, event: invariants.parent_lost(s.node_id)
        self._plan(list(faults))

    # --- for those who run it ----------------------------------------------------------------------------

    @property
    def alive(self) -> frozenset[int]:
        """The nodes that have power."""
        return frozenset(station.node_id for station in self._stations.values() if station.node)

    @property
    def reachable(self) -> frozenset[int]:
        """The living nodes with a path of links that work both ways to the living root."""
        if self._reachable is None:
            self._reachable = reachable_from(self.topology.root, self.listeners, self.alive)
        return self._reachable

    @property
    def listeners(self) -> Listeners:
        """For every node the nodes that hear it now, in id order."""
        return self._links.listeners

    def round_start_ms(self, round_number: int) -> int:
        """When the root begins that round (the first is 1), if its clock is right."""
        first_ms = min(self.timing.period_ms, self.timing.discovery_ms)
        return first_ms + (round_number - 1) * self.timing.period_ms

    def run(self, rounds: int) -> None:
        """Run until so many rounds have finished, or the time in which they should have is over.

        Raises InvariantViolation.
        """
        slowest = 1 + self._clock_ppm / 1_000_000
        end_us = int(self.round_start_ms(rounds + 1) * 1000 * slowest)
        self._rounds_wanted = rounds
        if self.rounds_finished < rounds:
            self.clock.run(end_us)

    def advance_to(self, time_us: int) -> None:
        """Run all that happens until then. Raises InvariantViolation."""
        self._rounds_wanted = None
        self.clock.run(time_us + 1)
        self.clock.now_us = max(self.clock.now_us, time_us)

    def apply(self, *actions: Action) -> None:
        """Let these happen now, in that order. Raises ValueError for one that names no node of the field."""
        for action in actions:
            self._check(action)
        for action in actions:
            self._apply(action)
        if any(isinstance(action, LINK_ACTIONS) for action in actions):
            self._links.wire(self._stations)
        self._reachable = None

    # --- faults ------------------------------------------------------------------------------------------

    def _plan(self, faults: list[Fault]) -> None:
        absent = {fault.action.node_id for fault in faults if isinstance(fault.action, Join)}
        present = [Revive(node_id) for node_id in self._stations if node_id not in absent]
        self.clock.at(0, self._happen, present, None)
        before: defaultdict[int, list[Action]] = defaultdict(list)
        for fault in faults:
            self._check(fault.action, f"@{fault.round}")
            before[fault.round].append(fault.action)
        for round_number, actions in before.items():
            start_us = (self.round_start_ms(round_number) - FAULT_LEAD_MS) * 1000
            self.clock.at(start_us, self._happen, actions, None)

    def _check(self, action: Action, when: str = "") -> None:
        for node_id in nodes_of(action):
            if node_id not in self._stations:
                raise ValueError(f"{name_of(action)} {node_id}{when}: no node {node_id} in the field")

    def _happen(self, actions: list[Action], _: None) -> None:
        self.apply(*actions)

    def _apply(self, action: Action) -> None:
        match action:
            case Kill(node_id):
                self._switch_off(self._stations[node_id])
            case Revive(node_id) | Join(node_id):
                self._start(self._stations[node_id])
            case Reboot(node_id):
                self._reboot(self._stations[node_id])
            case Freeze(node_id):
                self._freeze(self._stations[node_id])
            case Thaw(node_id):
                self._thaw(self._stations[node_id])
            case StepClock(node_id, step_ms):
                self._stations[node_id].clock.step(step_ms)
                if self._invariants:
                    self._invariants.may_begin_anew(node_id)
                self._wake_now(self._stations[node_id])
            case SetQuality(quality):
                self._channel.quality = quality
            case Cut() | Heal() | Partition() | Merge():
                self._links.apply(action)

    # --- power -------------------------------------------------------------------------------------------

    def _start(self, station: Station) -> None:
        if station.node is not None:
            return
        node_id = station.node_id
        now_ms = station.clock.reads_ms(self.clock.now_us)
        node = self._make_node(
            node_id,
            seed=self._rng.getrandbits(32),
            first_counter=self._rng.randrange(COUNTER_MODULUS),
            now_ms=now_ms,
            root=node_id == self.topology.root,
            timing=self.timing,
            metrics=self._metrics,
            **self._node_options,
        )
        station.switch_on(node, self.clock.now_us)
        self.truth.restarted(node_id)
        self._serve(station, node, now_ms)

    def _switch_off(self, station: Station) -> None:
        station.switch_off(self.clock.now_us)
        station.frozen = None
        if self._invariants:
            self._invariants.parent_lost(station.node_id)
            self._invariants.may_begin_anew(station.node_id)

    def _reboot(self, station: Station) -> None:
        if station.node is not None:
            self._switch_off(station)
            self._start(station)

    def _freeze(self, station: Station) -> None:
        node = station.node
        if node is not None:
            station.switch_off(self.clock.now_us)
            station.frozen = node

    def _thaw(self, station: Station) -> None:
        if station.frozen is not None:
            station.switch_on(station.frozen, self.clock.now_us)
            self._wake_now(station)

    # --- nodes -------------------------------------------------------------------------------------------

    def _deliver(self, station: Station, frame: bytes) -> None:
        if (node := station.node) is not None:
            now_ms = station.clock.reads_ms(self.clock.now_us)
            node.receive(frame, now_ms)
            self._serve(station, node, now_ms)

    def _alarm(self, station: Station, alarm_us: int) -> None:
        """The time has come that was the station's next deadline; by now it may have a later one."""
        if station.alarm_us != alarm_us:
            return
        station.alarm_us = NEVER_US
        if station.deadline_us > alarm_us:
            self._set_alarm(station)
        else:
            self._wake_now(station)

    def _wake_now(self, station: Station) -> None:
        if (node := station.node) is not None:
            now_ms = station.clock.reads_ms(self.clock.now_us)
            node.handle_timer(now_ms)
            self._serve(station, node, now_ms)

    def _set_alarm(self, station: Station) -> None:
        if station.deadline_us < station.alarm_us:
            station.alarm_us = max(station.deadline_us, self.clock.now_us)
            self.clock.at(station.alarm_us, self._alarm, station, station.alarm_us)

    def _serve(self, station: Station, node: Node, now_ms: int) -> None:
        """After any call: carry the events and frames out, and set the alarm for the next deadline."""
        self._follow_events(station, node)
        sent = 0
        while (deadline_ms := node.next_deadline()) is not None and deadline_ms <= now_ms:
            frames = node.frames_to_send(now_ms)
            if not frames:
                break  # what is due is a timer
            for link, frame in frames:
                if link is LinkName.AIR:
                    self._channel.send(station, frame)
                else:
                    self._tell_host(frame)
            sent += len(frames)
            if self._invariants:
                self._invariants.gave_out(station.node_id, sent)
            self._follow_events(station, node)
        station.deadline_us = NEVER_US if deadline_ms is None else station.clock.shows_us(deadline_ms)
        self._set_alarm(station)

    def _follow_events(self, station: Station, node: Node) -> None:
        happened = 0
        while (event := node.next_event()) is not None:
            happened += 1
            if follow := self._follow.get(type(event)):
                follow(station, event)
            if self._on_event is not None:
                self._on_event(station.node_id, event)
        if happened and self._invariants:
            self._invariants.caused(station.node_id, happened)

    # --- what happens to them ----------------------------------------------------------------------------

    def _measure(self, station: Station, event: MeasurementDue) -> None:
        version, node = event.version, station.node
        assert node is not None
        readings = {metric: reading(station.place, metric, version, self._seed) for metric in self._metrics}
        in_time = node.measure(version, readings, station.clock.reads_ms(self.clock.now_us))
        self.truth.measured(station.node_id, version, readings, in_time)

    def _round_finished(self, station: Station, event: RoundFinished) -> None:
        self.rounds_finished += 1
        if self.rounds_finished == self._rounds_wanted:
            self.clock.halt()
        root, version = station.node_id, event.version
        if self._invariants:
            self._invariants.found(root, version, event.items)
        if self._on_round is None:
            return
        period_us = self.timing.period_ms * 1000
        data, acks, control = self._traffic.take()
        collided, queue_full = self._channel.take_lost()
        self._on_round(
            RoundSummary(
                version=version,
                round=self._round_at(self.clock.now_us - event.duration_ms * 1000 + period_us // 2),
                alive=len(self.alive),
                reachable=len(self.reachable),
                counted=self.truth.counted(root, version),
                count=event.items.aggregates[0][1].count,
                doubt=event.items.doubt,
                duration_ms=event.duration_ms,
                data=data,
                acks=acks,
                control=control,
                collided=collided,
                queue_full=queue_full,
            )
        )

    def _round_at(self, time_us: int) -> int:
        """The round that runs then, by the world's clock; 0 is the set-up."""
        return (time_us - self.round_start_ms(1) * 1000) // (self.timing.period_ms * 1000) + 1

    def _running_round(self) -> int:
        return self._round_at(self.clock.now_us)

    def _sent(self, station: Station, frame: bytes) -> None:
        self._traffic.count(frame)
        if self._on_record is not None:
            self._on_record(Record(self.clock.now_us, AIR_LINK, Direction.OUTBOUND, frame))

    def _tell_host(self, frame: bytes) -> None:
        if self._on_record is not None:
            known = json.dumps({"alive": len(self.alive), "reachable": len(self.reachable)})
            self._on_record(Record(self.clock.now_us, HOST_LINK, Direction.OUTBOUND, frame, known))
