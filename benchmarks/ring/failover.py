"""Eight agents as processes, `kill -9` on any of them: how much later the next rotation is completed.

README.md explains the table. Needs Linux: the kernel's times tell when a frame came, however busy we are. As
root it hears the token too, and so knows better whether the killed one had it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.agents import Network, load, measured, missing
from benchmarks.claims import Claim, quantile, report
from benchmarks.ring.gaps import COROSYNC, LAB_SCRIPT, Gaps, print_gaps
from benchmarks.ring.watch import AFFECTED_ROTATIONS, Repair, RingWatch
from bridge.option_types import whole
from bridge.options import period

MEMBERS = range(1, 9)
TARGET_MS = 500
# A sensor takes its time; without that the token would be at rest for all but a fiftieth of the time.
SENSOR_DELAY_S = 0.02
USUAL_ROTATIONS = 10
# What a restart may take on a busy machine: processes come up, and the ring counts all.
PATIENCE_S = 60

RESTING, MOVING, ANOTHER = "home, token at rest", "holder, token on its way", "another member"
# Whom the next kill aims at; each four kills have one of the token's holder on its way, and one at rest.
AIMS = (RESTING, MOVING, ANOTHER, ANOTHER)


@dataclass(frozen=True, slots=True)
class Kill:
    """What one kill brought, in milliseconds. `role`: what the member was for the ring just then.

    `returned_ms`: the longest gap from the restart until all are counted again.
    """

    member: int
    role: str
    gap_ms: float
    repair: Repair
    returned_ms: float

    def line(self, usual_ms: float) -> str:
        """For people who watch."""
        repair = self.repair
        missed = "not missed"
        if repair.missed_ms is not None:
            how = "claim" if repair.by_claim else "pass over"
            missed = f"{how} after {repair.missed_ms:.0f} ms"
        token = "-" if repair.token_ms is None else f"{repair.token_ms:.0f} ms"
        return (
            f"{self.member} ({self.role}): surplus {self.gap_ms - usual_ms:.0f} ms; {missed},"
            f" token taken after {token}, rotation after {repair.rotation_ms:.0f} ms;"
            f" surplus at its return {self.returned_ms - usual_ms:.0f} ms"
        )


class Trial:
    """The ring of eight under kills."""

    def __init__(self, network: Network, watch: RingWatch, period_s: float, seed: int) -> None:
        self._network = network
        self._watch = watch
        self._period_s = period_s
        self._random = random.Random(seed)
        self._turns = self._members_in_turn()
        self.usual_ms = 0.0

    async def warm_up(self) -> None:
        """All eight in, and some rotations, for what is usual."""
        for member in MEMBERS:
            self._network.start(member)
        await self._all_counted(time.time_ns())
        begun = len(self._watch.rotations)
        rotations = self._watch.rotations
        await self._network.until(
            lambda: len(rotations) > begun + USUAL_ROTATIONS, "rotations of the whole ring", PATIENCE_S
        )
        self.usual_ms = statistics.median(
            self._watch.gaps_ms(rotations[begun].time_ns, rotations[-1].time_ns)
        )

    async def kill_one(self, aim: str) -> Kill:
        """Kill a member at a moment of that kind, and have it back."""
        watch, network = self._watch, self._network
        member = await self._moment(aim)
        killed_ns = network.kill(member)
        await network.until(
            lambda: len(watch.since(killed_ns)) >= AFFECTED_ROTATIONS, "rotations after a kill", PATIENCE_S
        )
        restarted_ns = time.time_ns()
        network.start(member)
        await self._all_counted(restarted_ns)
        return Kill(
            member,
            self._role(member, killed_ns),
            watch.longest_gap_ms(killed_ns),
            watch.repair(member, killed_ns),
            max(watch.gaps_ms(restarted_ns, time.time_ns())),
        )

    async def _moment(self, aim: str) -> int:
        """Wait for a moment of that kind; the member to kill."""
        if aim == RESTING:
            member = await self._network.until(self._resting_home, "a token at rest", PATIENCE_S)
            await asyncio.sleep(self._random.uniform(0, self._period_s / 2))
            return member
        member = next(self._turns)
        if aim == MOVING:
            await self._network.until(
                lambda: self._watch.was_visited_last(member),
                f"{member} with the token",
                PATIENCE_S,
            )
        else:
            await asyncio.sleep(self._random.uniform(0, self._period_s))
        return member

    def _resting_home(self) -> int | None:
        holder, is_at_rest = self._watch.holder(time.time_ns())
        return holder if is_at_rest else None

    def _role(self, member: int, killed_ns: int) -> str:
        holder, is_at_rest = self._watch.holder(killed_ns)
        if holder != member:
            return ANOTHER
        return RESTING if is_at_rest else MOVING

    async def _all_counted(self, after_ns: int) -> None:
        """Until a rotation begun since then counts all."""
        everybody = len(MEMBERS)
        await self._network.until(
            lambda: any(rotation.count == everybody for rotation in self._watch.since(after_ns)),
            "a rotation that counts all eight",
            PATIENCE_S,
        )

    def _members_in_turn(self) -> Iterator[int]:
        """Each once in any eight, in any order."""
        while True:
            yield from self._random.sample(MEMBERS, len(MEMBERS))


async def measure(kills: int, period_s: float, sensor_delay_s: float, seed: int) -> tuple[float, list[Kill]]:
    """The usual gap in milliseconds, and what the kills brought. Raises AgentError."""
    watch = RingWatch()
    options = ["--network", "ring", "--period", str(period_s)]
    options += ["--sensor-delay", str(sensor_delay_s)] if sensor_delay_s else []
    found: list[Kill] = []
    async with Network(options, watch.take, with_unicast=not missing(with_unicast=True)) as network:
        trial = Trial(network, watch, period_s, seed)
        await trial.warm_up()
        for number in range(kills):
            kill = await trial.kill_one(AIMS[number % len(AIMS)])
            found.append(kill)
            print(f"kill {number + 1} of {kills}, {kill.line(trial.usual_ms)}", file=sys.stderr)
    return trial.usual_ms, found


def rows(usual_ms: float, kills: Sequence[Kill]) -> Iterator[Gaps]:
    """How much longer than usual a rotation took, by what the dead one was for the ring."""
    yield Gaps("Treering: any member killed", [_surplus_s(kill, usual_ms) for kill in kills])
    for role in (MOVING, RESTING, ANOTHER):
        some = [_surplus_s(kill, usual_ms) for kill in kills if kill.role == role]
        if some:
            yield Gaps(f"Treering: {role}", some)
    yield Gaps("Treering: a member's return", [max(0, k.returned_ms - usual_ms) / 1000 for k in kills])


def _surplus_s(kill: Kill, usual_ms: float) -> float:
    return max(0, kill.gap_ms - usual_ms) / 1000


def claims(usual_ms: float, kills: Sequence[Kill]) -> Iterator[Claim]:
    """The promise, and how it came about."""
    p99_ms = 1000 * quantile([_surplus_s(kill, usual_ms) for kill in kills], 0.99)
    yield Claim(
        f"p99 of the gap between rotations, above the usual: at most {TARGET_MS} ms",
        f"{p99_ms:.0f} ms",
        p99_ms <= TARGET_MS,
    )
    holders = [1000 * _surplus_s(kill, usual_ms) for kill in kills if kill.role != ANOTHER]
    if holders:
        p99_ms = quantile(holders, 0.99)
        yield Claim("the same of kills of the holder alone", f"{p99_ms:.0f} ms", p99_ms <= TARGET_MS)
    yield Claim("usual gap", f"{usual_ms:.0f} ms")
    roles = Counter(kill.role for kill in kills)
    yield Claim("killed", "; ".join(f"{number} {role}" for role, number in roles.most_common()))
    members = Counter(kill.member for kill in kills)
    yield Claim("each member", " ".join(f"{member}: {members[member]}" for member in MEMBERS))
    for by_claim, how in ((False, "passed over"), (True, "missed, a claim")):
        repairs = [kill.repair for kill in kills if kill.repair.by_claim == by_claim]
        missed_ms = [repair.missed_ms for repair in repairs if repair.missed_ms is not None]
        if missed_ms:
            spread = f"median {statistics.median(missed_ms):.0f}, max {max(missed_ms):.0f} ms"
            yield Claim(f"{how}: from the kill", f"{len(missed_ms)} kills; {spread}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See main."""
    parser.add_argument(
        "--kills", type=whole(1, 10_000), default=100, help="(default: 100; each takes about 6 s)"
    )
    parser.add_argument("--period", type=period, default=1.0, help="of the ring, in seconds (default: 1)")
    parser.add_argument(
        "--sensor-delay",
        type=float,
        default=SENSOR_DELAY_S,
        help="how long each agent has the token until it has measured, in seconds (default: 0.02)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of members and moments (default: 1)")


def main(args: argparse.Namespace) -> int:
    """0 when the ring keeps its promise, or this cannot run here."""
    if lacking := missing(with_unicast=False):
        print(f"failover: skipped, for want of {', '.join(lacking)}", file=sys.stderr)
        return 0
    before = load()
    outcome = measured("failover", measure(args.kills, args.period, args.sensor_delay, args.seed))
    if outcome is None:
        return 1
    usual_ms, kills = outcome
    print_gaps([*rows(usual_ms, kills), *COROSYNC, *LAB_SCRIPT])
    print()
    title = (
        f"{args.kills} kills, period {args.period:g} s, sensors of {1000 * args.sensor_delay:g} ms,"
        f" seed {args.seed}; before: {before}; after: {load()}"
    )
    return report(title, claims(usual_ms, kills))
