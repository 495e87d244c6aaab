"""Every way in which a few faults hit a ring of 3 or 4 nodes: all courses, by the real state machines.

What is enumerated. A ring goes round (or starts, `cold`). Whenever a frame reaches a node it may be lost, or
come again after one of some times (`copies_ms`: before the next hop, within a bypass, after the next period);
before anything happens at a node, it may lose its power, for good or for one of some times; before any frame
passes between two groups these may part, for one of some times. So many faults of each kind as the budget
says, at any moments however far apart: there is no horizon, since a ring without faults comes round to a
world that was there before, round, epoch, sequence and time apart, and faults at that one are known.

What is held. In every world: no node adds its readings to a token that has them; a result is, to the last
bit, the aggregate of those whom the true books count, kept by the nodes' events alone; two tokens of
different making live among nodes that hear each other (held, or sent and still new to whom they are for) for
a rotation at most: the period and `nodes` x `tries` ack timeouts; nothing is due again and again at one
millisecond; nothing raises. After every fault, if no further one follows (a tail): a round is finished within
three rotations, and again and again; within JOIN_MS all that run are counted, and agree on the newest token,
in every round from then on, for ever, for the tail ends in a circle. Time counts while nothing of a fault is
still to come (a second coming, a start, the end of a parting).

What is reduced. Frames take AIR_MS, sensors SENSOR_MS, and what is due at one millisecond happens in one
order: frames before timers, timers by ids. So interleavings are those which faults make. A crash is tried
only before something happens at its node; at other moments nobody could tell. Jitter is a constant share for
each node, of JITTERS. Ack timeouts are held at ACK_TIMEOUT_MS, whatever is measured; two tries instead of
three, so that two losses make a bypass of a node that lives. Each node has one metric, no readings are asked
for, no order is configured. Worlds are the same if world.World.key is: it holds all fields of nodes and
frames, relative to the newest round, epoch and sequence and to now. Left out are a fork, and when a round
began, that are older than anything that could ask for them. The key is a hash of 64 bits: among 10 million
worlds two are taken for the same with a chance of 3 in a million.

What that leaves unproven: other delays, above all those near a timer; clocks of different speed; wrapping
numbers; larger rings; more faults. Those are for the simulator's random runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from benchmarks.claims import Claim, report
from benchmarks.cores import on_all_cores
from benchmarks.ring.things import Budget, Fault, FaultKind, Kind, Thing, groups
from benchmarks.ring.world import JITTERS, PromiseError, Setup, World, starts_at

# After so many steps a ring without faults has come round to a state that it was in before.
MOST_STEPS = 5_000
WARM_ROUNDS = 30
STOP_ROTATIONS = 3
# What a broken promise shows of the steps before the first fault.
LINES_BEFORE = 8
# A node of which nobody knows says so within the longest hello wait, and is in within two rotations.
JOIN_MS = 3_500


@dataclass(frozen=True, slots=True)
class Case:
    """What is explored.

    `copies_ms` and `restarts_ms`: after what times a frame comes again, and a crashed node starts again (0:
    never); `partings_ms`: how long a parting lasts. `spread_ms`: None for a ring that goes round already, or
    between the starts of the nodes.
    """

    setup: Setup
    budget: Budget
    copies_ms: tuple[int, ...] = (15, 150, 600)
    restarts_ms: tuple[int, ...] = (0,)
    partings_ms: tuple[int, ...] = (40, 150, 900, 2500)
    spread_ms: int | None = None


# What the command explores: with every jitter, by the words of its table.
_AGAIN = (20, 150, 700)
_RINGS: Mapping[int, Mapping[str, Case]] = {
    nodes: {
        f"{losses} lost, 1 twice, 1 crash": Case(Setup(nodes), Budget(losses, 1, 1)),
        f"{losses} lost, 1 crash and start": Case(Setup(nodes), Budget(losses, 0, 1), restarts_ms=_AGAIN),
        "1 twice, 1 crash and start": Case(Setup(nodes), Budget(0, 1, 1), restarts_ms=_AGAIN),
        "1 lost, 1 parting": Case(Setup(nodes), Budget(1, 0, 0, 1)),
        "cold: 1 lost, 1 twice": Case(Setup(nodes), Budget(1, 1), spread_ms=0),
    }
    for nodes, losses in ((3, 2), (4, 1))
}


class Tail(NamedTuple):
    """What becomes of a world without further faults, in ms that count while the world is calm.

    `result_ms` until a round is finished, `stop_ms` the longest time without, `settled_ms` until the first
    round after which all are good (everybody counted, one newest token); `is_steady`: none is bad.
    """

    result_ms: int
    stop_ms: int
    settled_ms: int
    is_steady: bool

    def before(self, step_ms: int, finished: tuple[bool, ...]) -> Tail:
        """Of the world one step, of so many ms, before."""
        is_steady = self.is_steady and all(finished)
        result_ms = step_ms if finished else step_ms + self.result_ms
        settled_ms = step_ms if finished and is_steady else step_ms + self.settled_ms
        return Tail(result_ms, max(self.stop_ms, result_ms), settled_ms, is_steady)


@dataclass(slots=True)
class Outcome:
    """Worlds that were told apart, steps and faults taken, and the worst that was seen."""

    states: int = 0
    steps: int = 0
    faults: int = 0
    two_tokens_ms: int = 0
    stop_ms: int = 0
    settled_ms: int = 0
    broken: str = ""


class Explorer:
    """Explores one case."""

    def __init__(self, case: Case, most_faults: int | None = None) -> None:
        self.case = case
        self.outcome = Outcome()
        self._most_faults = sum(case.budget) if most_faults is None else most_faults
        self._seen: set[bytes] = set()
        self._tails: dict[bytes, Tail] = {}

    def explore(self) -> Outcome:
        """All of it. Raises PromiseError."""
        stack = [first_world(self.case)]
        self._check_tail(stack[0])
        while stack:
            stack += self._follow(stack.pop())
        self.outcome.states = len(self._seen) + len(self._tails)
        return self.outcome

    def _follow(self, world: World) -> list[World]:
        """From that world on until one that was there before; the worlds in which one more fault happened."""
        branches: list[World] = []
        while not self._is_known(world):
            thing = world.next_thing()
            for fault in possible_faults(self.case, world, thing):
                self.outcome.faults += 1
                after = self._step(world, fault)
                self._check_tail(after)
                if len(after.faults) < self._most_faults:
                    branches.append(after)
            world = self._step(world)
        return branches

    def _is_known(self, world: World) -> bool:
        key = world.key()
        if key in self._seen:
            return True
        self._seen.add(key)
        return False

    def _step(self, world: World, fault: Fault | None = None) -> World:
        self.outcome.steps += 1
        after = world.step(fault)
        if world.two_since_ms is not None:
            two_ms = after.now_ms - world.two_since_ms
            self.outcome.two_tokens_ms = max(self.outcome.two_tokens_ms, two_ms)
        return after

    def _check_tail(self, world: World) -> None:
        tail = self._tail(world.without_faults())
        self.outcome.stop_ms = max(self.outcome.stop_ms, tail.stop_ms)
        self.outcome.settled_ms = max(self.outcome.settled_ms, tail.settled_ms)
        if tail.stop_ms > STOP_ROTATIONS * self.case.setup.rotation_ms:
            raise PromiseError(f"no round was finished for {tail.stop_ms} ms without a fault", world)
        if tail.settled_ms > JOIN_MS:
            raise PromiseError(f"somebody was not counted for {tail.settled_ms} ms without a fault", world)

    def _tail(self, world: World) -> Tail:
        """Goes on until a world whose tail is known, or comes round."""
        chain: list[tuple[bytes, int, tuple[bool, ...]]] = []
        places: dict[bytes, int] = {}
        while True:
            key = world.key()
            if key in self._tails:
                tail = self._tails[key]
                break
            if key in places:
                tail = self._round(chain[places[key] :], world)
                break
            if len(chain) > MOST_STEPS:
                raise PromiseError("the ring does not come round to what it was", world)
            places[key] = len(chain)
            after = self._step(world)
            step_ms = after.now_ms - world.now_ms if world.is_calm else 0
            chain.append((key, step_ms, after.finished))
            world = after
        for key, step_ms, finished in reversed(chain):
            tail = self._tails[key] = tail.before(step_ms, finished)
        return tail

    def _round(self, circle: list[tuple[bytes, int, tuple[bool, ...]]], world: World) -> Tail:
        """Of a world that comes back to itself."""
        finished = [good for _, _, goods in circle for good in goods]
        if not finished:
            raise PromiseError("no round is finished, for ever", world)
        if not all(finished):
            raise PromiseError("somebody who runs is not counted, or tokens differ, for ever", world)
        tail = Tail(0, 0, 0, True)
        for _, step_ms, goods in reversed(circle + circle):
            tail = tail.before(step_ms, goods)
        return tail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument(
        "--nodes", type=int, choices=sorted(_RINGS), help="only rings of so many (default: all)"
    )
    parser.add_argument("--jitter", choices=JITTERS, help="only that one (default: all)")


def main(args: argparse.Namespace) -> int:
    """0 if every promise was kept; a broken one is shown by its shortest course."""
    claims: list[Claim] = []
    for nodes in [args.nodes] if args.nodes else _RINGS:
        for words, case in _RINGS[nodes].items():
            jitters = [args.jitter] if args.jitter else JITTERS
            cases = [replace(case, setup=Setup(nodes, jitter=jitter)) for jitter in jitters]
            outcomes = list(on_all_cores(explore, cases, f"{nodes} nodes: {words}"))
            for outcome in outcomes:
                if outcome.broken:
                    print(outcome.broken)
            claims.append(_claim(f"{nodes} nodes: {words}", outcomes))
    rotations = ", ".join(f"{Setup(nodes).rotation_ms} ms of {nodes} nodes" for nodes in _RINGS)
    return report(f"every course of a few faults; a rotation is {rotations}", claims)


def _claim(words: str, outcomes: list[Outcome]) -> Claim:
    worlds, steps = sum(o.states for o in outcomes), sum(o.steps for o in outcomes)
    two_ms = max(o.two_tokens_ms for o in outcomes)
    stop_ms = max(o.stop_ms for o in outcomes)
    settled_ms = max(o.settled_ms for o in outcomes)
    figure = f"{worlds} worlds, {steps} steps; two {two_ms} ms, stop {stop_ms} ms, all in {settled_ms} ms"
    return Claim(words, figure, not any(o.broken for o in outcomes))


def explore(case: Case) -> Outcome:
    """All of it; `broken` shows the first promise that does not hold, by a course of as few faults as any."""
    explorer = Explorer(case)
    try:
        return explorer.explore()
    except PromiseError as error:
        explorer.outcome.broken = _shortest(case, error)
        return explorer.outcome


def _shortest(case: Case, found: PromiseError) -> str:
    """Looks for a course of fewer faults, then writes down what happens."""
    for most in range(1, len(found.world.faults)):
        try:
            Explorer(case, most).explore()
        except PromiseError as error:
            found = error
            break
    return "\n".join([f"{case}: {found}", *replay(case, found.world.faults)])


def first_world(case: Case) -> World:
    """A ring at the start, or one that has gone round for long."""
    world = World(case.setup, Budget(), starts_at(case.setup, case.spread_ms or 0))
    if case.spread_ms is None:
        rounds = 0
        while rounds < WARM_ROUNDS:
            world = world.step()
            rounds += len(world.finished)
    world.budget = case.budget
    return world


def possible_faults(case: Case, world: World, thing: Thing) -> Iterator[Fault]:
    """What can go wrong with what happens next."""
    budget = world.budget
    if thing.kind in (Kind.START, Kind.MEND) or (thing.kind is Kind.FRAME and not world.hears(thing)):
        return
    if thing.frame is not None:
        if budget.losses:
            yield Fault(FaultKind.LOSE)
        if budget.copies:
            for delay_ms in case.copies_ms:
                yield Fault(FaultKind.TWICE, delay_ms)
        if budget.splits:
            for group in groups(case.setup.nodes):
                if group >> thing.node_id & 1 != group >> thing.frame.source & 1:
                    for delay_ms in case.partings_ms:
                        yield Fault(FaultKind.SPLIT, delay_ms, group)
    if budget.crashes:
        for delay_ms in case.restarts_ms:
            yield Fault(FaultKind.CRASH, delay_ms)


def replay(case: Case, faults: tuple[tuple[int, Fault], ...], more_ms: int = 3_000) -> list[str]:
    """What happens, from shortly before the first fault on, to `more_ms` after the last."""
    lines: list[str] = []
    world = first_world(case)
    left = dict(faults)
    end_ms: int | None = None
    try:
        while end_ms is None or world.now_ms < end_ms:
            if world.lines is None and left and world.steps >= min(left) - LINES_BEFORE:
                world = world.with_lines(lines)
            fault = left.pop(world.steps, None)
            world = world.step(fault)
            if not left and end_ms is None:
                end_ms = world.now_ms + more_ms
    except PromiseError as error:
        lines.append(f"BROKEN: {error}")
    return lines
