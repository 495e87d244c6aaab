"""A field of nodes on a shared air: deterministic, from one seed.

Every frame on the air becomes one Record when it ends, as a packet log holds it; whoever watches gets them
through `on_record` and reads them with protocol.observer, as if the field were real.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from protocol.capture import Direction, Record
from protocol.node import Event, LinkName, MeasurementDue, Node, RoundFinished
from protocol.packets import COUNTER_MODULUS, FrameType
from protocol.simulator.books import keep
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
    Leave,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetLinkLoss,
    SetQuality,
    StepClock,
    Thaw,
    name_of,
    nodes_of,
)
from protocol.simulator.field import reading
from protocol.simulator.invariants import Limits
from protocol.simulator.links import Links
from protocol.simulator.medium import Air, Quality
from protocol.simulator.networks import DEFAULT_PROFILE, NETWORKS, MakeNode, merged
from protocol.simulator.propagation import Listeners
from protocol.simulator.station import Station
from protocol.simulator.summary import RoundSummary, TrafficMeter
from protocol.simulator.survey import reachable_from, token_hop_us
from protocol.simulator.topology import Topology
from protocol.timing import AnyTiming

AIR_LINK = "air"
HOST_LINK = "host"
# A fault of round r happens this long before the round begins.
FAULT_LEAD_MS = 1
# A round may be reported again by the other part of a network that parted, not much later.
KEPT_VERSIONS = 64


class Simulation:
    """A field of one network ("tree", "ring" or "polling"; see networks.py).

    `make_node` is called as the network's node class is, so that other implementations of the seam can take
    part; such may begin only `introduction_ms` after their start. `order` is that of the ring or of the
    standbys, `readings_asked` lets the nodes of a ring ask for each other's readings, `max_children` is of a
    tree. A node's sensor answers as many milliseconds after it was asked as `measure_delay_ms` says for its
    id, and at once if it says nothing.

    Each node's clock runs at a rate of its own, at most `clock_ppm` parts per million fast or slow. With
    `checks` the run raises InvariantViolation when the protocol breaks a promise (see invariants.py).
    `on_record` gets every frame, `on_event` a node and what it says happened, `on_round` a summary of every
    result. Raises ValueError for a fault or an order that names no node of the field.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        seed: int,
        network: str = "tree",
        timing: AnyTiming | None = None,
        metrics: tuple[int, ...] = (0,),
        air: Air | None = None,
        faults: Iterable[Fault] = (),
        on_record: Callable[[Record], None] | None = None,
        on_event: Callable[[int, Event], None] | None = None,
        on_round: Callable[[RoundSummary], None] | None = None,
        make_node: MakeNode | None = None,
        introduction_ms: int = 0,
        order: Sequence[int] = (),
        readings_asked: bool = False,
        measure_delay_ms: Mapping[int, int] | None = None,
        max_children: int = 32,
        first_version: int = 1,
        clock_ppm: float = 0.0,
        checks: bool = True,
        limits: Limits | None = None,
    ) -> None:
        self.topology = topology
        self.network = network
        self._kind = NETWORKS[network]
        self.timing = timing or self._kind.profiles[DEFAULT_PROFILE]
        self.order = order
        self.truth = self._kind.books(topology.places)
        self.clock = Clock()
        self.seed = seed
        self.rounds_finished = 0
        self.sends_results_later = (
            False  # than RoundFinished: nodes may; then a run ends with the last RESULT
        )
        self._rounds_wanted: int | None = None
        self._versions: dict[int, None] = {}  # of rounds that finished of late
        self._metrics = metrics
        self._on_record = on_record
        self._on_event = on_event
        self._on_round = on_round
        self._introduction_ms = introduction_ms
        self._make_node = make_node or self._kind.make_node
        options = {
            "max_children": max_children,
            "first_version": first_version,
            "order": order,
            "readings_asked": readings_asked,
        }
        self._node_options = {name: options[name] for name in self._kind.options}
        self._measure_delay_ms = measure_delay_ms or {}
        self._clock_ppm = clock_ppm
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
        self._links = Links(self.air.propagation.listeners(topology, seed), self.air.broken_links)
        self._links.wire(self._stations)
        self._reporter = topology.root
        self._components: dict[int, frozenset[int]] = {}
        followers = [self.truth.follow()]
        self._invariants = self._kind.invariants(self, self.truth, limits or Limits()) if checks else None
        if self._invariants:
            followers.append(self._invariants.follow())
        followers.append({MeasurementDue: self._measure, RoundFinished: self._round_finished})
        self._follow = merged(*followers)
        for node_id in order:
            if node_id not in self._stations:
                raise ValueError(f"the order names node {node_id}: no node {node_id} in the field")
        self._plan(list(faults))

    # --- for those who run it ----------------------------------------------------------------------------

    @property
    def alive(self) -> frozenset[int]:
        """The nodes that have power."""
        return frozenset(station.node_id for station in self._stations.values() if station.node)

    @property
    def frozen(self) -> frozenset[int]:
        """The nodes without power whose memory lasts."""
        return frozenset(station.node_id for station in self._stations.values() if station.frozen)

    @property
    def quality(self) -> Quality:
        """How good every link is now."""
        return self._channel.quality

    @property
    def cut(self) -> frozenset[tuple[int, int]]:
        """The links (speaker, listener) that were cut and have not healed."""
        return self._links.cut

    @property
    def partition(self) -> Partition | None:
        """What keeps groups of nodes apart now."""
        return self._links.partition

    def link_loss(self, a: int, b: int) -> float:
        """What the link from `a` to `b` loses besides; 0 of one that the field does not have."""
        return 0.0 if (a, b) in self.air.broken_links else self._channel.link_loss(a, b)

    @property
    def reachable(self) -> frozenset[int]:
        """The living nodes with a path of links that work both ways to the living root, or in a network
        without one to whoever reported last."""
        return self.component_of(self.topology.root if self._kind.has_root else self._reporter)

    def component_of(self, node_id: int) -> frozenset[int]:
        """The living nodes with a path of links that work both ways to that node; none if it is dead."""
        found = self._components.get(node_id)
        if found is None:
            found = self._components[node_id] = reachable_from(node_id, self.listeners, self.alive)
        return found

    @property
    def listeners(self) -> Listeners:
        """For every node the nodes that hear it now, in id order."""
        return self._links.listeners

    @property
    def now_us(self) -> int:
        """The world's time."""
        return self.clock.now_us

    @property
    def period_ms(self) -> int:
        """The time between two rounds."""
        return self.timing.period_ms

    def round_start_ms(self, round_number: int) -> int:
        """When that round (the first is 1) begins by the world's clock.

        A root whose clock is right begins it then; the rounds of a network without one come when they come.
        """
        first_ms = self._introduction_ms + self._kind.first_round_ms(self.timing)
        return first_ms + (round_number - 1) * self.timing.period_ms

    def running_round(self) -> int:
        """The round that runs, by the world's clock; 0 is the set-up."""
        return self._round_at(self.clock.now_us)

    def hop_us(self) -> int:
        """The longest that a ring's token needs from one node to the next if nothing is lost."""
        return token_hop_us(self.air, self._channel.quality, len(self._metrics))

    def node_at(self, node_id: int) -> Node | None:
        """What has power at that place."""
        return self._stations[node_id].node

    def clock_of(self, node_id: int) -> NodeClock:
        """That place's clock."""
        return self._stations[node_id].clock

    def wake(self, node_id: int) -> None:
        """For nodes that do something between their deadlines: that one has something to give out."""
        self._wake_now(self._stations[node_id])

    def run(self, rounds: int) -> None:
        """Run until so many rounds have finished, or the time in which they should have is over.

        A version that several nodes report counts as one. Raises InvariantViolation.
        """
        slowest = 1 + self._clock_ppm / 1_000_000
        end_us = int((self.round_start_ms(rounds + 1) + self._kind.set_up_ms) * 1000 * slowest)
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
        self._components.clear()
        if self._invariants:
            self._invariants.changed()

    # --- faults ------------------------------------------------------------------------------------------

    def _plan(self, faults: list[Fault]) -> None:
        absent = {fault.action.node_id for fault in faults if isinstance(fault.action, Join)}
        present = [Revive(node_id) for node_id in self._stations if node_id not in absent]
        self.clock.at(0, self._happen, present, None)
        if self._invariants and self._invariants.watches:
            self.clock.at(self.timing.period_ms * 1000, self._watch, None, None)
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

    def _watch(self, _: None, __: None) -> None:
        assert self._invariants is not None
        self._invariants.watch()
        self.clock.at(self.clock.now_us + self.timing.period_ms * 1000, self._watch, None, None)

    def _apply(self, action: Action) -> None:
        match action:
            case Kill(node_id):
                self._switch_off(self._stations[node_id])
            case Leave(node_id):
                self._leave(self._stations[node_id])
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
                    self._invariants.stepped(node_id)
                self._wake_now(self._stations[node_id])
            case SetQuality(quality):
                self._channel.quality = quality
            case SetLinkLoss(a, b, loss, one_way):
                self._channel.set_link_loss(((a, b),) if one_way else ((a, b), (b, a)), loss)
            case Cut() | Heal() | Partition() | Merge():
                self._links.apply(action)

    # --- power -------------------------------------------------------------------------------------------

    def _start(self, station: Station) -> None:
        if station.node is not None:
            return
        node_id = station.node_id
        now_ms = station.clock.reads_ms(self.clock.now_us)
        place = {"root": node_id == self.topology.root} if self._kind.has_root else {}
        node = self._make_node(
            node_id,
            seed=self._rng.getrandbits(32),
            first_counter=self._rng.randrange(COUNTER_MODULUS),
            now_ms=now_ms,
            timing=self.timing,
            metrics=self._metrics,
            **place,
            **self._node_options,
        )
        station.switch_on(node, self.clock.now_us)
        self.truth.restarted(node_id)
        if self._invariants:
            self._invariants.forgot(node_id)
        self._serve(station, node, now_ms)

    def _switch_off(self, station: Station) -> None:
        station.switch_off(self.clock.now_us)
        station.frozen = None
        if self._invariants:
            self._invariants.forgot(station.node_id)

    def _leave(self, station: Station) -> None:
        """The radio still sends what it has, the goodbye last."""
        if (node := station.node) is not None:
            now_ms = station.clock.reads_ms(self.clock.now_us)
            node.leave(now_ms)
            self._serve(station, node, now_ms)
            station.retire()
            if self._invariants:
                self._invariants.forgot(station.node_id)

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
                follow(station.node_id, event)
            if self._on_event is not None:
                self._on_event(station.node_id, event)
        if happened and self._invariants:
            self._invariants.caused(station.node_id, happened)

    # --- what happens to them ----------------------------------------------------------------------------

    def _measure(self, node_id: int, event: MeasurementDue) -> None:
        """Ask the sensor; it answers at once, or later."""
        station = self._stations[node_id]
        if delay_ms := self._measure_delay_ms.get(node_id):
            asked = station.node, event.version
            self.clock.at(self.clock.now_us + delay_ms * 1000, self._answer_late, station, asked)
        else:
            self._answer(station, event.version)

    def _answer(self, station: Station, version: int) -> None:
        node = station.node
        assert node is not None
        readings = {metric: reading(station.place, metric, version, self.seed) for metric in self._metrics}
        in_time = node.measure(version, readings, station.clock.reads_ms(self.clock.now_us))
        self.truth.measured(station.node_id, version, readings, in_time, self.clock.now_us)

    def _answer_late(self, station: Station, asked: tuple[Node, int]) -> None:
        node, version = asked
        if station.node is node:
            self._answer(station, version)
            self._serve(station, node, station.clock.reads_ms(self.clock.now_us))

    def _round_finished(self, node_id: int, event: RoundFinished) -> None:
        if self._kind.has_root or event.version not in self._versions:
            self.rounds_finished += 1
        keep(self._versions, event.version, None, KEPT_VERSIONS)
        if not self.sends_results_later:
            self._halt_when_done()
        self._reporter = node_id
        if self._on_round is not None:
            self._on_round(self._summary(node_id, event))

    def _summary(self, reporter: int, event: RoundFinished) -> RoundSummary:
        now_us, period_us = self.clock.now_us, self.timing.period_ms * 1000
        data, acks, control = self._traffic.take()
        collided, queue_full = self._channel.take_lost()
        times_us = self.truth.times_us(reporter, event.version)
        return RoundSummary(
            version=event.version,
            round=self._round_at(now_us - event.duration_ms * 1000 + period_us // 2),
            alive=len(self.alive),
            reachable=len(self.reachable),
            counted=self.truth.counted(reporter, event.version),
            count=event.items.aggregates[0][1].count,
            doubt=event.items.doubt,
            duration_ms=event.duration_ms,
            oldest_ms=(now_us - min(times_us)) // 1000 if times_us else None,
            skew_ms=(max(times_us) - min(times_us)) // 1000 if times_us else None,
            data=data,
            acks=acks,
            control=control,
            busiest=self._traffic.take_busiest(),
            collided=collided,
            queue_full=queue_full,
        )

    def _round_at(self, time_us: int) -> int:
        """The round that runs then, by the world's clock; 0 is the set-up."""
        return (time_us - self.round_start_ms(1) * 1000) // (self.timing.period_ms * 1000) + 1

    def _sent(self, station: Station, frame: bytes) -> None:
        self._traffic.count(station.node_id, frame)
        if self._on_record is not None:
            self._on_record(Record(self.clock.now_us, AIR_LINK, Direction.OUTBOUND, frame))

    def _tell_host(self, frame: bytes) -> None:
        if self._on_record is not None:
            known = json.dumps({"alive": len(self.alive), "reachable": len(self.reachable)})
            self._on_record(Record(self.clock.now_us, HOST_LINK, Direction.OUTBOUND, frame, known))
        if self.sends_results_later and frame[0] & 0x1F == FrameType.RESULT:
            self._halt_when_done()

    def _halt_when_done(self) -> None:
        if self._rounds_wanted is not None and self.rounds_finished >= self._rounds_wanted:
            self.clock.halt()
