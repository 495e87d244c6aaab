"""The lease rules for 3 and 4 nodes: every loss, copy, crash and stop within a budget, over the real nodes.

What is enumerated. Nodes that hear each other run until the network has given two results. From then on, for
a horizon of about a takeover and two rounds, each of these may happen wherever it can, within a budget:

- a frame is lost at one of its listeners;
- a frame arrives a second time, 150 ms later;
- a node dies, or is stopped as by SIGSTOP for 3 s, before one of its steps (a frame, its timer, its sensor);
  or it is stopped after one, before it sends what it has decided to send. What a stopped node is sent waits,
  and comes after its timer. Stopped between two of its steps is the same as stopped before the later one.

`--cold` begins with nodes that were just switched on. All jitters are 0, so that standbys that may act at the
same time do so. Frames take 5 ms, sensors 2 ms; of what happens at the same time, the lowest id is first.

What must hold. At every step no version is reported twice or after a newer one, and at most one node could
report: a primary with a valid lease and a round in which somebody answered, or in which it is alone. At the
end of the horizon, the network goes on without faults, and must give results, of one primary, soon.

What is merged. Two situations that are the same in all that decides what follows (the nodes' states at the
same time, the frames on their way, the budgets, what was reported) have the same future: only the first is
followed. They are compared before every choice and every 100 ms, by a 64-bit hash. Left out are the frames'
counters, which nobody reads, timers of the other role, which are set anew when the role changes, and what was
said to watchers. The longest time without a result is that of the courses that were followed to the end.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.claims import Claim, report
from benchmarks.cores import BrokenError, on_all_cores
from protocol.node import LinkName, MeasurementDue, RoundFinished
from protocol.polling import PollingNode
from protocol.timing import PollingTiming

DELAY_MS, COPY_DELAY_MS, SENSOR_MS, STOP_MS = 5, 150, 2, 3_000
COMPARE_MS = 100
TIMING = PollingTiming(period_ms=1_000)
# After the horizon: a lease, all staggers, the first round, another one for who joins late.
RECOVERY_MS = 4_000
_UNREAD = {"_counter", "_events", "_jitter", "_timing", "_metrics", "node_id"}
_OF_STANDBY = {"_lease_end_ms", "_takeover_jitter_ms", "_hello_ms", "_hello_wait_ms"}
_OF_PRIMARY = {"_primary_since_ms", "_beat_ms", "_beat_sent_ms", "_answered_ms"}


@dataclass(frozen=True, slots=True)
class Case:
    """`fault` is the node that may die or be stopped, once; None: nobody."""

    nodes: int
    losses: int
    copies: int
    fault: int | None
    horizon_ms: int = 3_600
    is_cold: bool = False


@dataclass(slots=True)
class Outcome:
    """Situations entered, choices made, ends of the horizon reached, the longest time without a result."""

    situations: int = 0
    choices: int = 0
    ends: int = 0
    longest_gap_ms: int = 0


class _NoJitter:
    def below(self, limit: int) -> int:
        return 0


@dataclass(slots=True)
class Step:
    """What comes next: at `node`, a frame, the answer of its sensor, the end of its stop, or its timer."""

    time_ms: int
    kind: int
    node: int
    frame: bytes = b""
    version: int = 0


FRAME, SENSOR, RESUME, TIMER = range(4)


@dataclass(slots=True)
class World:
    """All that decides what follows."""

    losses: int
    copies: int
    fault: int | None
    now_ms: int = 0
    nodes: dict[int, PollingNode] = field(default_factory=dict)
    stopped: dict[int, list[Step]] = field(default_factory=dict)
    agenda: list[Step] = field(default_factory=list)
    reported: dict[int, int] = field(default_factory=dict)
    result_ms: int = 0
    gap_ms: int = 0

    def next_step(self) -> Step:
        """The earliest; frames before timers."""
        timers = [
            Step(max(self.now_ms, node.next_deadline() or 0), TIMER, n)
            for n, node in self.nodes.items()
            if n not in self.stopped
        ]
        return min([*self.agenda, *timers], key=lambda step: (step.time_ms, step.kind, step.node))

    def take(self, step: Step) -> None:
        """Time goes on to that step, which is not on the agenda any more."""
        self.now_ms = step.time_ms
        if step.kind != TIMER:
            self.agenda.remove(step)

    def do(self, step: Step) -> None:
        """Let the node take it, if it is there; one that is stopped takes it later."""
        if step.kind == RESUME:
            waiting = self.stopped.pop(step.node)
            self.do(Step(self.now_ms, TIMER, step.node))
            for each in waiting:
                self.do(each)
        elif step.node in self.stopped:
            self.stopped[step.node].append(step)
        elif step.node in self.nodes:
            self.call(step)
            self.serve(step.node)

    def call(self, step: Step) -> None:
        """The node takes it, and has not sent anything yet."""
        node = self.nodes[step.node]
        if step.kind == FRAME:
            node.receive(step.frame, self.now_ms)
        elif step.kind == SENSOR:
            node.measure(step.version, {0: step.node}, self.now_ms)
        else:
            node.handle_timer(self.now_ms)
        while (event := node.next_event()) is not None:
            if isinstance(event, MeasurementDue):
                due_ms = self.now_ms + SENSOR_MS
                self.agenda.append(Step(due_ms, SENSOR, step.node, version=event.version))
            elif isinstance(event, RoundFinished):
                self.note_result(step.node, event.version)

    def serve(self, node_id: int) -> None:
        """What the node has to send goes on its way."""
        for link, frame in self.nodes[node_id].frames_to_send(self.now_ms):
            if link is LinkName.AIR:
                for listener in self.nodes:
                    if listener != node_id:
                        self.agenda.append(Step(self.now_ms + DELAY_MS, FRAME, listener, frame))
        self.check()

    def note_result(self, node_id: int, version: int) -> None:
        """Raises BrokenError for a version that was reported before, or an older one."""
        newest = max(self.reported, default=0)
        if version <= newest:
            who = f"node {node_id}, and {newest} before by node {self.reported[newest]}"
            raise BrokenError(f"at {self.now_ms} ms version {version} was reported by {who}")
        self.reported[version] = node_id
        self.gap_ms = max(self.gap_ms, self.now_ms - self.result_ms)
        self.result_ms = self.now_ms

    def check(self) -> None:
        """Raises BrokenError when two nodes could report."""
        able = [n for n, node in self.nodes.items() if n not in self.stopped and node.may_report(self.now_ms)]
        if len(able) > 1:
            raise BrokenError(f"at {self.now_ms} ms nodes {able} could report")

    def stop(self, node_id: int) -> None:
        """SIGSTOP, and SIGCONT later."""
        self.fault = None
        self.stopped[node_id] = []
        self.agenda.append(Step(self.now_ms + STOP_MS, RESUME, node_id))

    def crash(self, node_id: int) -> None:
        """The node is gone, and what was on its way to it."""
        self.fault = None
        del self.nodes[node_id]
        self.agenda = [step for step in self.agenda if step.node != node_id]

    @property
    def situation(self) -> int:
        """What decides what follows, hashed (see above)."""
        agenda = sorted(
            (s.time_ms, s.kind, s.node, _without_counter(s.frame), s.version) for s in self.agenda
        )
        held = [
            (n, [(s.kind, _without_counter(s.frame), s.version) for s in w]) for n, w in self.stopped.items()
        ]
        budgets = self.losses, self.copies, self.fault
        nodes = tuple((n, _frozen_node(node)) for n, node in self.nodes.items())
        return hash((self.now_ms, budgets, nodes, tuple(agenda), repr(held), tuple(self.reported.items())))


def _without_counter(frame: bytes) -> bytes:
    return frame[:5] + frame[8:-2]


def _frozen_node(node: PollingNode) -> tuple[Any, ...]:
    unread = _UNREAD | (_OF_STANDBY if node.is_primary else _OF_PRIMARY)
    return tuple(_frozen(value) for name, value in vars(node).items() if name not in unread)


def _frozen(value: Any) -> Any:
    """The value as nested tuples: all that its objects hold."""
    if value is None or isinstance(value, int | bytes | str):
        return value
    if isinstance(value, tuple | list):
        return tuple(_frozen(each) for each in value)
    if isinstance(value, dict):
        return tuple((key, _frozen(each)) for key, each in sorted(value.items()))
    names = getattr(type(value), "__slots__", None) or sorted(vars(value))
    return tuple(_frozen(getattr(value, name)) for name in names)


def begun(case: Case) -> World:
    """The world at the beginning of the horizon."""
    world = World(case.losses, case.copies, case.fault)
    for node_id in range(1, case.nodes + 1):
        node = PollingNode(node_id, seed=1, first_counter=0, now_ms=0, timing=TIMING)
        node.__dict__["_jitter"] = _NoJitter()
        world.nodes[node_id] = node
    while not case.is_cold and len(world.reported) < 2:
        _go_on(world)
    world.gap_ms = 0
    return world


def _go_on(world: World) -> None:
    step = world.next_step()
    world.take(step)
    world.do(step)


def explore(case: Case) -> Outcome:
    """Enter every situation once. Raises BrokenError."""
    outcome = Outcome()
    world = begun(case)
    end_ms = world.now_ms + case.horizon_ms
    seen: set[int] = set()
    ahead = [world]
    try:
        while ahead:
            world = ahead.pop()
            choice = _next_choice(world, min(end_ms, world.now_ms - world.now_ms % COMPARE_MS + COMPARE_MS))
            situation = world.situation
            if situation in seen:
                continue
            seen.add(situation)
            if choice is not None:
                after = list(_choices(world, choice))
                outcome.choices += len(after)
                ahead += after
            elif world.now_ms < end_ms:
                ahead.append(world)
            else:
                _check_recovery(world, outcome)
    except BrokenError as error:
        raise BrokenError(f"{error}; replay: explore({case})") from error
    outcome.situations = len(seen)
    return outcome


def _next_choice(world: World, until_ms: int) -> Step | None:
    """Go on to the next step at which something may go wrong; None if there is none before that time."""
    while (step := world.next_step()).time_ms < until_ms:
        if _may_fail(world, step) or _may_stray(world, step):
            world.now_ms = step.time_ms
            return step
        world.take(step)
        world.do(step)
    world.now_ms = until_ms
    return None


def _may_fail(world: World, step: Step) -> bool:
    return world.fault == step.node and step.node in world.nodes and step.node not in world.stopped


def _may_stray(world: World, step: Step) -> bool:
    return step.kind == FRAME and step.node in world.nodes and bool(world.losses or world.copies)


def _choices(world: World, step: Step) -> Iterator[World]:
    """All that may happen at that step; the last needs no copy of the world."""
    node_id = step.node
    may_stray, may_fail = _may_stray(world, step), _may_fail(world, step)
    saved = pickle.dumps(world, pickle.HIGHEST_PROTOCOL)

    def anew() -> World:
        copy: World = pickle.loads(saved)
        copy.take(step)
        return copy

    if may_stray and world.losses:
        lost = anew()
        lost.losses -= 1
        yield lost
    if may_stray and world.copies:
        copied = anew()
        copied.copies -= 1
        copied.agenda.append(replace(step, time_ms=step.time_ms + COPY_DELAY_MS))
        copied.do(step)
        yield copied
    if may_fail:
        dead = anew()
        dead.crash(node_id)
        yield dead
        stopped = anew()
        stopped.stop(node_id)
        stopped.do(step)
        yield stopped
        mute = anew()
        mute.call(step)
        mute.stop(node_id)
        yield mute
    world.take(step)
    world.do(step)
    yield world


def _check_recovery(world: World, outcome: Outcome) -> None:
    """Raises BrokenError unless the network gives results, of one primary, without more faults."""
    outcome.ends += 1
    resumed_ms = max([s.time_ms for s in world.agenda if s.kind == RESUME], default=world.now_ms)
    until_ms = max(world.now_ms, resumed_ms) + RECOVERY_MS
    while world.next_step().time_ms < until_ms:
        _go_on(world)
    primaries = [n for n, node in world.nodes.items() if node.is_primary]
    if len(primaries) != 1 or world.now_ms - world.result_ms > 2 * TIMING.period_ms:
        raise BrokenError(f"primaries {primaries}, last result at {world.result_ms} of {world.now_ms} ms")
    outcome.longest_gap_ms = max(outcome.longest_gap_ms, world.gap_ms)


def cases(nodes: int, losses: int, copies: int, *, is_cold: bool) -> list[Case]:
    """One for each node that may fail."""
    return [Case(nodes, losses, copies, node, is_cold=is_cold) for node in range(1, nodes + 1)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument("--nodes", type=int, default=4, choices=range(2, 6), help="at most (default: 4)")
    parser.add_argument("--losses", type=int, default=2, help="frames lost (default: 2)")
    parser.add_argument("--copies", type=int, default=1, help="frames doubled (default: 1)")
    parser.add_argument("--cold", action="store_true", help="begin with nodes that were just switched on")


def main(args: argparse.Namespace) -> int:
    """0 if nothing was reported twice: that stops the run."""
    claims: list[Claim] = []
    for nodes in range(min(3, args.nodes), args.nodes + 1):
        todo = cases(nodes, args.losses, args.copies, is_cold=args.cold)
        claims += _claims(nodes, on_all_cores(explore, todo, f"{nodes} nodes"))
    budget = f"{args.losses} losses, {args.copies} copies, one crash or stop of any node"
    return report(f"every course of a lease: {budget}; a broken rule would stop the run", claims)


def _claims(nodes: int, outcomes: Iterable[Outcome]) -> list[Claim]:
    outcomes = list(outcomes)
    situations = sum(outcome.situations for outcome in outcomes)
    choices = sum(outcome.choices for outcome in outcomes)
    ends = sum(outcome.ends for outcome in outcomes)
    gap_ms = max(outcome.longest_gap_ms for outcome in outcomes)
    return [
        Claim(f"{nodes} nodes: no version twice", f"{situations} situations, {choices} choices", True),
        Claim(f"{nodes} nodes: one primary gives results in the end", f"{ends} ends", True),
        Claim(f"{nodes} nodes: longest time without a result", f"{gap_ms} ms"),
    ]
