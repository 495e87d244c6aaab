"""Ring nodes, the frames between them and the faults that are left: one state of what `exhaustive` explores.

A world is never changed: `step` gives the next one, of which only the node that acts is a copy. `key` names
what decides its future. Times are virtual, in ms; every frame takes AIR_MS, every sensor SENSOR_MS.
"""

from __future__ import annotations

import marshal
from bisect import insort
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from protocol import packets
from protocol.aggregate import Aggregate
from protocol.node import (
    Jitter,
    LinkName,
    MeasurementDue,
    ReadingsAdded,
    RoundFinished,
    TokenMade,
    TokenTaken,
)
from protocol.node_base import SendQueue
from protocol.packets import BROADCAST, Claim, Frame, Hello, Items, Sign, Token, TokenId
from protocol.peers import Peer, Peers
from protocol.ring_parts import Phase
from protocol.ring_watch import Watch
from protocol.round_trip import AckTimeouts, RoundTrip
from protocol.timing import RingTiming
from protocol.token_order import is_newer
from protocol.token_ring import TokenRingNode

AIR_MS = 10
SENSOR_MS = 5
ACK_TIMEOUT_MS = 40
PERIOD_MS = 500
# A round that takes so long is over: no second coming and no bypasses make it last.
LONG_MS = 3 * PERIOD_MS
# So many timers of each node within a millisecond are a busy loop.
MOST_SPINS = 3

# Whose readings of which round are in what a node holds: a bit for each node.
_Counted = tuple[int | None, int]
_NOTHING: _Counted = (None, 0)
# A live token: epoch, generator, and the node that has another one of the same name (0: the first).
_Line = tuple[int, int, int]
_PHASES = {phase: number for number, phase in enumerate(Phase)}


class PromiseError(Exception):
    """A promise of the ring does not hold; the message says which, `world` is where."""

    def __init__(self, what: str, world: World) -> None:
        super().__init__(what)
        self.world = world


class FixedJitter(Jitter):
    """Draws the same share of every limit: worlds that differ in nothing else are the same then."""

    def __init__(self, sixteenths: int) -> None:
        self._sixteenths = sixteenths

    def below(self, limit: int) -> int:
        """See Jitter."""
        return limit * self._sixteenths // 16


# Who waits how long where a node waits at random: all alike, the first least, the last least.
JITTERS: Mapping[str, tuple[int, ...]] = {
    "alike": (0, 0, 0, 0),
    "rising": (0, 4, 8, 12),
    "falling": (12, 8, 4, 0),
}


@dataclass(frozen=True, slots=True)
class Setup:
    """A ring; `tries` as in PROTOCOL.md 12.7, `jitter` names one of JITTERS."""

    nodes: int
    tries: int = 2
    jitter: str = "rising"

    @property
    def timing(self) -> RingTiming:
        """Ack timeouts are held fast: least, first and longest are the same."""
        timeouts = AckTimeouts(ACK_TIMEOUT_MS, ACK_TIMEOUT_MS, ACK_TIMEOUT_MS)
        return RingTiming(PERIOD_MS, timeouts, self.tries)

    @property
    def rotation_ms(self) -> int:
        """The longest that a token which meets only silence takes once round, and its rest."""
        return PERIOD_MS + self.nodes * self.tries * ACK_TIMEOUT_MS

    def make_node(self, node_id: int, now_ms: int) -> TokenRingNode:
        """A node without memory."""
        node = TokenRingNode(node_id, seed=node_id, first_counter=0, now_ms=now_ms, timing=self.timing)
        _check_fields(node)
        jitter = FixedJitter(JITTERS[self.jitter][node_id - 1])
        node._jitter = jitter
        node._hello_ms = now_ms + jitter.below(self.timing.peers.hello_spread_ms)
        node._watch = Watch(self.timing, jitter, now_ms)
        return node


# --- what happens ----------------------------------------------------------------------------------------


class Kind(IntEnum):
    """Of a thing that happens; at the same millisecond in the order in which they were set going."""

    FRAME = 0
    SENSOR = 1
    START = 2
    MEND = 3
    TIMER = 4


class Thing(NamedTuple):
    """At `due_ms`, to `node_id`: a frame comes with what its token counts, a sensor has measured `version`,
    the node starts. Mending is of all. `is_late`: the second coming of a frame."""

    due_ms: int
    kind: Kind
    node_id: int
    version: int = 0
    frame: Frame | None = None
    counted: _Counted = _NOTHING
    is_late: bool = False


class FaultKind(IntEnum):
    """What may go wrong at a step."""

    LOSE = 0
    TWICE = 1
    CRASH = 2
    SPLIT = 3


class Fault(NamedTuple):
    """TWICE: the frame comes again after `delay_ms`; CRASH: the node starts again then, never if 0;
    SPLIT: nodes of `group` (bits) and the others do not hear each other for so long."""

    kind: FaultKind
    delay_ms: int = 0
    group: int = 0


class Budget(NamedTuple):
    """How many faults of each kind may still happen."""

    losses: int = 0
    copies: int = 0
    crashes: int = 0
    splits: int = 0

    def spent(self, fault: Fault) -> Budget:
        """One less of that kind."""
        left = list(self)
        left[fault.kind] -= 1
        return Budget(*left)


class World:
    """See above. `counted` are the true books (PROTOCOL.md 12.4), kept by the events of the nodes alone.

    `faults` are those so far, by the number of the step. `finished` are the results of the last step: whether
    each counts every running node, and all agree on the newest token.
    """

    __slots__ = (
        "budget", "counted", "faults", "finished", "group", "lines", "nodes", "now_ms", "setup",
        "spins", "steps", "things", "two_since_ms",
    )  # fmt: skip

    setup: Setup
    nodes: tuple[TokenRingNode | None, ...]
    counted: tuple[_Counted, ...]
    things: tuple[Thing, ...]
    faults: tuple[tuple[int, Fault], ...]
    finished: tuple[bool, ...]
    lines: list[str] | None
    two_since_ms: int | None

    def __init__(self, setup: Setup, budget: Budget, starts_ms: tuple[int, ...]) -> None:
        self.setup = setup
        self.budget = budget
        self.nodes = (None,) * setup.nodes
        self.counted = (_NOTHING,) * setup.nodes
        starts = [Thing(at_ms, Kind.START, n) for n, at_ms in enumerate(starts_ms, 1)]
        self.things = tuple(sorted(starts))
        self.now_ms = self.group = self.spins = self.steps = 0
        self.two_since_ms = self.lines = None
        self.faults = ()
        self.finished = ()

    def _clone(self) -> World:
        clone = World.__new__(World)
        for name in World.__slots__:
            setattr(clone, name, getattr(self, name))
        return clone

    # --- reading -----------------------------------------------------------------------------------------

    @property
    def is_calm(self) -> bool:
        """Whether nothing of a fault is still to come: no second coming, no start, no parting."""
        return not self.group and not any(t.is_late or t.kind is Kind.START for t in self.things)

    def running(self) -> list[TokenRingNode]:
        """The nodes that have power."""
        return [node for node in self.nodes if node is not None]

    def next_thing(self) -> Thing:
        """What happens next; frames, sensors and starts before the timers of the same millisecond."""
        first = self.things[0] if self.things else None
        for node in self.nodes:
            deadline_ms = None if node is None else node.next_deadline()
            if node and deadline_ms is not None:
                due_ms = max(deadline_ms, self.now_ms)
                if first is None or due_ms < first.due_ms:
                    first = Thing(due_ms, Kind.TIMER, node.node_id)
        if first is None:
            raise PromiseError("nothing will ever happen again", self)
        return first

    def hears(self, thing: Thing) -> bool:
        """Whether the frame reaches a running node."""
        assert thing.frame is not None
        apart = self.group >> thing.node_id & 1 != self.group >> thing.frame.source & 1
        return self.nodes[thing.node_id - 1] is not None and not apart

    # --- stepping ----------------------------------------------------------------------------------------

    def without_faults(self) -> World:
        """The same with nothing left that may go wrong."""
        tail = self._clone()
        tail.budget = Budget()
        return tail

    def with_lines(self, lines: list[str]) -> World:
        """The same, writing down what happens."""
        told = self._clone()
        told.lines = lines
        return told

    def step(self, fault: Fault | None = None) -> World:
        """What is next happens, or goes wrong. Raises PromiseError."""
        thing = self.next_thing()
        after = self._clone()
        after.steps += 1
        after.finished = ()
        is_again = thing.due_ms == self.now_ms and thing.kind is Kind.TIMER
        after.spins = self.spins + 1 if is_again else 0
        after.now_ms = thing.due_ms
        if thing.kind is not Kind.TIMER:
            after.things = self.things[1:]
        after._check_time()
        if fault is not None:
            after.faults += ((self.steps, fault),)
            after.budget = self.budget.spent(fault)
            after._tell(f"      *** {shown_fault(fault, thing)}")
            if not after._go_wrong(fault, thing):
                after._find_two()
                return after
        after._happen(thing)
        after._find_two()
        return after

    def _go_wrong(self, fault: Fault, thing: Thing) -> bool:
        """Whether the thing happens nevertheless."""
        later_ms = self.now_ms + fault.delay_ms
        match fault.kind:
            case FaultKind.TWICE:
                self._plan(thing._replace(due_ms=later_ms, is_late=True))
            case FaultKind.SPLIT:
                self.group = fault.group
                self._plan(Thing(later_ms, Kind.MEND, 0))
            case FaultKind.CRASH:
                self._put_node(thing.node_id, None, _NOTHING)
                self.things = tuple(
                    t for t in self.things if (t.kind, t.node_id) != (Kind.SENSOR, thing.node_id)
                )
                if fault.delay_ms:
                    self._plan(Thing(later_ms, Kind.START, thing.node_id))
        return fault.kind in (FaultKind.TWICE, FaultKind.SPLIT)

    def _happen(self, thing: Thing) -> None:
        if thing.kind is Kind.MEND:
            self.group = 0
            self._tell("      *** all hear each other again")
            return
        if thing.kind is Kind.START:
            self._tell(f"      *** node {thing.node_id} starts")
            self._act(self.setup.make_node(thing.node_id, self.now_ms), _NOTHING)
            return
        if thing.frame is not None and not self.hears(thing):
            return
        known = self.nodes[thing.node_id - 1]
        assert known is not None
        node, counted = _copy_of(known), self.counted[thing.node_id - 1]
        if thing.frame is not None:
            self._tell(f"node {thing.node_id} hears {shown_frame(thing.frame)}{' (again)' * thing.is_late}")
            node.receive(packets.encode(thing.frame), self.now_ms)
        elif thing.kind is Kind.SENSOR:
            self._tell(f"node {thing.node_id} has measured round {thing.version}")
            node.measure(thing.version, {0: raw_of(thing.node_id)}, self.now_ms)
        else:
            if self.spins > MOST_SPINS * len(self.nodes):
                raise PromiseError(f"node {node.node_id} is due again and again at {self.now_ms} ms", self)
            self._tell(f"node {thing.node_id}: a timer")
            node.handle_timer(self.now_ms)
        self._act(node, counted, thing.counted)

    def _act(self, node: TokenRingNode, counted: _Counted, brought: _Counted = _NOTHING) -> None:
        """Follow what the node did, and carry out what it sends."""
        while (event := node.next_event()) is not None:
            self._tell(f"    {event}")
            match event:
                case TokenMade(parent=None):
                    counted = _NOTHING
                case TokenTaken(version=version):
                    counted = brought if brought[0] == version else (version, 0)
                case ReadingsAdded(version=version):
                    counted = version, self._added(node.node_id, counted[1] if counted[0] == version else 0)
                case MeasurementDue(version=version):
                    self._plan(Thing(self.now_ms + SENSOR_MS, Kind.SENSOR, node.node_id, version))
                case RoundFinished(version=version, items=items):
                    self._finish(node, version, counted, items)
        for link, data in node.frames_to_send(self.now_ms):
            if link is LinkName.AIR:
                self._send(packets.decode(data), counted)
        self._put_node(node.node_id, node, counted)

    def _send(self, frame: Frame, counted: _Counted) -> None:
        self._tell(f"    says {shown_frame(frame)}")
        counted = counted if isinstance(frame.payload, Token) else _NOTHING
        for node_id in range(1, len(self.nodes) + 1):
            if frame.destination in (node_id, BROADCAST) and node_id != frame.source:
                self._plan(Thing(self.now_ms + AIR_MS, Kind.FRAME, node_id, 0, frame, counted))

    def _plan(self, thing: Thing) -> None:
        things = list(self.things)
        insort(things, thing, key=lambda t: t.due_ms)
        self.things = tuple(things)

    def _put_node(self, node_id: int, node: TokenRingNode | None, counted: _Counted) -> None:
        at = node_id - 1
        self.nodes = (*self.nodes[:at], node, *self.nodes[node_id:])
        self.counted = (*self.counted[:at], counted, *self.counted[node_id:])

    def _tell(self, line: str) -> None:
        if self.lines is not None:
            self.lines.append(f"{self.now_ms:6} ms  {line}")

    # --- promises ----------------------------------------------------------------------------------------

    def _added(self, node_id: int, counted: int) -> int:
        if counted >> node_id & 1:
            raise PromiseError(f"node {node_id} adds its readings to a token that has them", self)
        return counted | 1 << node_id

    def _finish(self, node: TokenRingNode, version: int, counted: _Counted, items: Items) -> None:
        bits = counted[1] if counted[0] == version else 0
        true = Aggregate.empty(version)
        for node_id in range(1, len(self.nodes) + 1):
            if bits >> node_id & 1:
                true = true.merge(Aggregate.of_reading(version, raw_of(node_id), node_id))
        if items.aggregates != ((0, true),):
            raise PromiseError(f"node {node.node_id} says {items.aggregates}, true is {true}", self)
        others = [n for n in self.running() if n.node_id != node.node_id]
        lineages = {(n.newest.epoch, n.newest.generator) for n in (*others, node)}
        is_full = true.count == 1 + len(others) and all(bits >> n.node_id & 1 for n in others)
        self.finished += (is_full and len(lineages) == 1,)

    def _check_time(self) -> None:
        if self.two_since_ms is not None and self.now_ms - self.two_since_ms > self.setup.rotation_ms:
            raise PromiseError(f"two live tokens for {self.now_ms - self.two_since_ms} ms", self)

    def _find_two(self) -> None:
        """Since when two tokens of different making live among nodes that hear each other."""
        if not any(len(lineages) > 1 for lineages in self._lineages()):
            self.two_since_ms = None
        elif self.two_since_ms is None:
            self.two_since_ms = self.now_ms

    def _lineages(self) -> tuple[set[_Line], set[_Line]]:
        """The live tokens of both groups. Who passes a token on may have it beside who has taken it."""
        live: tuple[set[_Line], set[_Line]] = set(), set()
        for node in self.nodes:
            if node is not None and node.held is not None:
                lines = live[self.group >> node.node_id & 1]
                line = (node.held.id.epoch, node.held.id.generator, 0)
                is_second = node.phase is not Phase.PASSING and line in lines and self._is_kept_below(node)
                lines.add((*line[:2], node.node_id) if is_second else line)
        for thing in self.things:
            if thing.frame is not None and isinstance(thing.frame.payload, Token) and not thing.is_late:
                name = thing.frame.payload.id
                node = self.nodes[thing.node_id - 1]
                if node is not None and self.hears(thing) and is_newer(name, node.newest):
                    live[self.group >> node.node_id & 1].add((name.epoch, name.generator, 0))
        return live

    def _is_kept_below(self, node: TokenRingNode) -> bool:
        """Whether a node of a lower id has a token of the same making, and does not pass it on."""
        assert node.held is not None
        making = node.held.id.epoch, node.held.id.generator
        return any(
            (other.held.id.epoch, other.held.id.generator) == making
            for other in self.nodes[: node.node_id - 1]
            if other is not None and other.held is not None and other.phase is not Phase.PASSING
        )

    # --- the key -----------------------------------------------------------------------------------------

    def key(self) -> bytes:
        """8 bytes of a hash of all that decides the future: the same for worlds that differ in the time, the
        round, the epoch and the sequence only."""
        running = self.running()
        newest = TokenId(0, 0, 0)
        version = 0
        for node in running:
            newest = node.newest if is_newer(node.newest, newest) else newest
            version = max(version, node._version)
        # A fork before everything that anybody added to is as good as any other (12.4).
        if all(node._added for node in running):
            oldest = min((node._added[1].sequence for node in running if node._added), default=0) - 1
        else:
            oldest = 0
        tokens = [node.held for node in running if node.held is not None]
        tokens += [t.frame.payload for t in self.things if t.frame and isinstance(t.frame.payload, Token)]
        rounds = [token.version for token in tokens] + [node._version for node in running]
        base = _Base(self.now_ms, version, newest.epoch, newest.sequence, oldest, min(rounds, default=0))
        plain: Any = (
            tuple(None if node is None else base.node(node) for node in self.nodes),
            tuple(base.counted(counted) for counted in self.counted),
            tuple(base.thing(thing) for thing in self.things),
            (*self.budget, self.group, self.spins, base.time(self.two_since_ms)),
        )
        return blake2b(marshal.dumps(plain, 2), digest_size=8).digest()


def raw_of(node_id: int) -> int:
    """Its reading: the total of a round tells how often each node is in it, up to three times."""
    return int(4 ** (node_id - 1))


def starts_at(setup: Setup, spread_ms: int) -> tuple[int, ...]:
    """When each node starts."""
    return tuple(n * spread_ms for n in range(setup.nodes))


# --- copies and keys of nodes ----------------------------------------------------------------------------

# All fields of a node, by what a copy and the key need to know of them. A field that is not here stops the
# exploration: nobody has said whether it decides anything.
_COPIED = {"peers", "_queue", "_watch", "_events", "_sensor"}
_KEPT = {
    "newest", "held", "phase", "_version", "_visited_version", "_visits", "_began_ms", "_begun", "_phase_ms",
    "_quiet_ms", "_successor", "_tries", "_silent", "_adds_from_ms", "_added", "_own", "_result_version",
    "_sign_ms", "_passed_over", "_muster_ms", "_claim_epoch", "_claim_ms", "_claim_again_ms", "_hello_ms",
    "_hello_wait_ms", "_first_sent_ms", "_measuring_ms", "_last_holder", "_usual_way_ms",
}  # fmt: skip
# Never change, are of no use in these rings (per-node readings), or only feed ack timeouts, which are fixed.
_LEFT_OUT = {
    "node_id", "_jitter", "_counter", "_timing", "_metrics", "_asks", "_shown_version", "_passed_items",
    "_usual_timeout_ms", "_try_ms",
}  # fmt: skip
_LEAST_MARGIN_MS = AckTimeouts(1, 1, 1).least_margin_ms
_WATCH_FIELDS = {"_jitter", "_delay_ms", "_peak_ms", "_expected_ms", "lost_ms"}
_PEERS_FIELDS = {"_timeouts", "_capacity", "_place", "_own_key", "_peers", "_present"}
_PEER_FIELDS = {"heard", "id", "is_present", "misses", "round_trip", "unanswered"}
_ROUND_TRIP_FIELDS = {"_timeouts", "_smoothed_8ths", "_margin_ms", "_guess_ms"}


def _check_fields(node: TokenRingNode) -> None:
    unknown = (
        (vars(node).keys() ^ (_COPIED | _KEPT | _LEFT_OUT))
        | (vars(node._watch).keys() ^ _WATCH_FIELDS)
        | (vars(node.peers).keys() ^ _PEERS_FIELDS)
        | (set(Peer.__slots__) ^ _PEER_FIELDS)
        | (vars(RoundTrip(AckTimeouts(1, 1, 1))).keys() ^ _ROUND_TRIP_FIELDS)
    )
    if unknown:
        raise TypeError(f"{__name__} does not say what becomes of {', '.join(sorted(unknown))}")


def _copy_of(node: TokenRingNode) -> TokenRingNode:
    """A node with nothing in its queues, as all are between two steps."""
    copy = TokenRingNode.__new__(TokenRingNode)
    vars(copy).update(vars(node))
    assert not node._events
    assert not node._queue._waiting
    copy._events = deque(maxlen=node._events.maxlen)
    copy._queue = SendQueue()
    copy._watch = Watch.__new__(Watch)
    vars(copy._watch).update(vars(node._watch))
    copy._sensor = _copy_of_trip(node._sensor)
    copy.peers = Peers.__new__(Peers)
    vars(copy.peers).update(vars(node.peers))
    copy.peers._present = list(node.peers._present)
    copy.peers._peers = {peer_id: _copy_of_peer(peer) for peer_id, peer in node.peers._peers.items()}
    return copy


def _copy_of_peer(peer: Peer) -> Peer:
    copy = Peer.__new__(Peer)
    for name in Peer.__slots__:
        setattr(copy, name, getattr(peer, name))
    copy.round_trip = _copy_of_trip(peer.round_trip)
    return copy


def _copy_of_trip(trip: RoundTrip) -> RoundTrip:
    copy = RoundTrip.__new__(RoundTrip)
    vars(copy).update(vars(trip))
    return copy


class _Base(NamedTuple):
    """What the numbers of a key are relative to."""

    now_ms: int
    round: int
    epoch: int
    sequence: int
    oldest_fork: int
    oldest_round: int

    def time(self, time_ms: int | None) -> int | None:
        return None if time_ms is None else time_ms - self.now_ms

    def version(self, version: int | None) -> int | None:
        return None if version is None else version - self.round

    def name(self, token: TokenId) -> tuple[int, int, int]:
        return token.epoch - self.epoch, token.generator, token.sequence - self.sequence

    def counted(self, counted: _Counted) -> object:
        return self.version(counted[0]), counted[1]

    def thing(self, thing: Thing) -> object:
        frame = None if thing.frame is None else (thing.frame.source, self._payload(thing.frame.payload))
        version = self.version(thing.version) if thing.kind is Kind.SENSOR else 0
        counted = self.counted(thing.counted)
        return self.time(thing.due_ms), int(thing.kind), thing.node_id, version, frame, counted, thing.is_late

    def _payload(self, payload: packets.Payload) -> object:
        match payload:
            case Token():
                return *self._token(payload), payload.follows, payload.age_ms
            case Sign(id=name, version=version):
                return 1, self.name(name), self.version(version), payload.passed_over, payload.hold_ms
            case Claim():
                return 2, payload.epoch - self.epoch, self.version(payload.version)
            case Hello():
                return 3, self.version(payload.version)
            case _:
                raise TypeError(f"no ring sends {payload}")

    def _token(self, token: Token) -> tuple[object, ...]:
        sums = tuple((metric, a.max, a.max_id, a.total, a.count) for metric, a in token.aggregates)
        versions = self.version(token.version), self.version(token.next_version)
        fork = max(token.fork, self.oldest_fork) - self.sequence
        return self.name(token.id), fork, token.home, versions, token.turn, token.flags, sums

    def node(self, node: TokenRingNode) -> object:
        watch, claim = node._watch, node._claim_epoch
        is_passing = node.phase is Phase.PASSING
        return (
            self.name(node.newest),
            node.held and (self._token(node.held), self.time(node._began_ms), _PHASES[node.phase]),
            is_passing and (node._successor, node._tries, self.time(node._first_sent_ms)),
            node._silent,
            node._last_holder,
            node._is_pace_known,
            node.phase is Phase.MEASURING and self.time(node._measuring_ms),
            # All of these sensors take the same time: of the margin only what is above the least one decides.
            (node._sensor._smoothed_8ths, max(node._sensor._margin_ms, _LEAST_MARGIN_MS)),
            self.version(node._version),
            self.version(node._visited_version),
            self.version(node._result_version),
            node._added and (self.version(node._added[0]), self.name(node._added[1])),
            node._own and self.version(node._own[0]),
            # What is past for long decides nothing any more.
            max(node._adds_from_ms - self.now_ms, -LONG_MS),
            node._begun
            and node._begun[0] >= self.oldest_round
            and (self.version(node._begun[0]), max(node._begun[1] - self.now_ms, -LONG_MS)),
            (self.time(node._phase_ms), max(node._quiet_ms - self.now_ms, 0), self.time(node._muster_ms)),
            (self.time(node._hello_ms), node._hello_wait_ms, node._sign_ms, node._passed_over),
            claim and (claim - self.epoch, self.time(node._claim_ms), self.time(node._claim_again_ms)),
            (watch._delay_ms, watch._peak_ms, self.time(watch._expected_ms), self.time(watch.lost_ms)),
            tuple(_peer(peer, node._visits) for _, peer in sorted(node.peers._peers.items())),
        )


def _peer(peer: Peer, visits: int) -> tuple[object, ...]:
    """For the key. Of what is measured, the age of a token depends on the mean alone."""
    trip = peer.round_trip
    heard = peer.is_present, visits - peer.heard, peer.misses, peer.unanswered
    return peer.id, heard, trip._smoothed_8ths, trip._guess_ms


# --- for people ------------------------------------------------------------------------------------------


def shown_frame(frame: Frame) -> str:
    """A frame in one line."""
    to = "all" if frame.destination == BROADCAST else str(frame.destination)
    return f"{frame.type.name} {frame.source} -> {to}: {frame.payload}"


def shown_fault(fault: Fault, thing: Thing) -> str:
    """A fault in one line."""
    frame = "" if thing.frame is None else f"{shown_frame(thing.frame)} at "
    of = f"{frame}node {thing.node_id}"
    match fault.kind:
        case FaultKind.LOSE:
            return f"lost: {of}"
        case FaultKind.TWICE:
            return f"comes twice, again after {fault.delay_ms} ms: {of}"
        case FaultKind.CRASH:
            again = f", starts again after {fault.delay_ms} ms" if fault.delay_ms else ""
            return f"node {thing.node_id} loses its power{again}"
        case FaultKind.SPLIT:
            return f"nodes {fault.group:b} (bits) part from the others for {fault.delay_ms} ms"


def groups(nodes: int) -> Iterator[int]:
    """Every parting of the nodes in two, as bits of those whom node 1 does not hear."""
    yield from range(4, 2 << nodes, 4)
