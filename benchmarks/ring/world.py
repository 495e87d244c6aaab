"""Ring nodes, the frames between them and the faults that are left: one state of what `exhaustive` explores.

A world is never changed: `step` gives the next one, of which only the node that acts is a copy. `key` names
what decides its future. Times are virtual, in ms; every frame takes AIR_MS, every sensor SENSOR_MS.
"""

from __future__ import annotations

import marshal
from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from benchmarks.ring.keys import KeyBase, check_fields, copy_of
from benchmarks.ring.things import (
    ACK_TIMEOUT_MS,
    AIR_MS,
    NOTHING,
    PERIOD_MS,
    SENSOR_MS,
    Budget,
    Counted,
    Fault,
    FaultKind,
    Kind,
    Thing,
    shown_fault,
    shown_frame,
)
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
from protocol.packets import BROADCAST, Frame, Items, Token, TokenId
from protocol.ring_parts import Phase
from protocol.ring_watch import Watch
from protocol.round_trip import AckTimeouts
from protocol.timing import RingTiming
from protocol.token_order import is_newer
from protocol.token_ring import TokenRingNode

# So many timers of each node within a millisecond are a busy loop.
MOST_SPINS = 3

# A live token: epoch, generator, and the node that has another one of the same name (0: the first).
_Line = tuple[int, int, int]


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
        check_fields(node)
        jitter = FixedJitter(JITTERS[self.jitter][node_id - 1])
        node._jitter = jitter
        node._hello_ms = now_ms + jitter.below(self.timing.peers.hello_spread_ms)
        node._watch = Watch(self.timing, jitter, now_ms)
        return node


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
    counted: tuple[Counted, ...]
    things: tuple[Thing, ...]
    faults: tuple[tuple[int, Fault], ...]
    finished: tuple[bool, ...]
    lines: list[str] | None
    two_since_ms: int | None

    def __init__(self, setup: Setup, budget: Budget, starts_ms: tuple[int, ...]) -> None:
        self.setup = setup
        self.budget = budget
        self.nodes = (None,) * setup.nodes
        self.counted = (NOTHING,) * setup.nodes
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
                self._put_node(thing.node_id, None, NOTHING)
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
            self._act(self.setup.make_node(thing.node_id, self.now_ms), NOTHING)
            return
        if thing.frame is not None and not self.hears(thing):
            return
        known = self.nodes[thing.node_id - 1]
        assert known is not None
        node, counted = copy_of(known), self.counted[thing.node_id - 1]
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

    def _act(self, node: TokenRingNode, counted: Counted, brought: Counted = NOTHING) -> None:
        """Follow what the node did, and carry out what it sends."""
        while (event := node.next_event()) is not None:
            self._tell(f"    {event}")
            match event:
                case TokenMade(parent=None):
                    counted = NOTHING
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

    def _send(self, frame: Frame, counted: Counted) -> None:
        self._tell(f"    says {shown_frame(frame)}")
        counted = counted if isinstance(frame.payload, Token) else NOTHING
        for node_id in range(1, len(self.nodes) + 1):
            if frame.destination in (node_id, BROADCAST) and node_id != frame.source:
                self._plan(Thing(self.now_ms + AIR_MS, Kind.FRAME, node_id, 0, frame, counted))

    def _plan(self, thing: Thing) -> None:
        things = list(self.things)
        insort(things, thing, key=lambda t: t.due_ms)
        self.things = tuple(things)

    def _put_node(self, node_id: int, node: TokenRingNode | None, counted: Counted) -> None:
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

    def _finish(self, node: TokenRingNode, version: int, counted: Counted, items: Items) -> None:
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
        base = KeyBase(self.now_ms, version, newest.epoch, newest.sequence, oldest, min(rounds, default=0))
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
