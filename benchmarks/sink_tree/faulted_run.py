"""Random runs in which everything goes wrong: fields, radios, links, clocks, and faults at any moment.

One seed makes one run, so a seed replays it. tests/protocol/simulator/test_faults_at_random.py runs some,
`python -m benchmarks.sink_tree faults` a million rounds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from benchmarks.faulted import Timed, lines_of, play
from benchmarks.sink_tree.fields import connected_field, side_of
from protocol.simulator import faults as f
from protocol.simulator.faults import Action, Fault
from protocol.simulator.medium import Air, Quality
from protocol.simulator.radio import RADIOS
from protocol.simulator.simulation import FAULT_LEAD_MS, Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import Topology
from protocol.timing import PROFILES, Timing

RANGE_M = 15.0
VERSIONS = 1 << 16
# The crystals of cheap boards.
CLOCK_PPM = 100.0
PERIODS_MS = (400, 1_000, 2_000, 5_000, 10_000, 60_000)
TABLE_SIZES = (1, 2, 3, 32)
# Rounds until what was taken from the field is given back, at most.
LONGEST_OUTAGE_ROUNDS = 14


@dataclass(frozen=True)
class FaultedRun:
    """A field and what happens in it. `schedule` holds times in microseconds, in order, and actions."""

    seed: int
    rounds: int
    topology: Topology
    timing: Timing
    air: Air
    joins: tuple[Fault, ...]
    schedule: tuple[Timed, ...]
    max_children: int
    first_version: int
    clock_ppm: float

    def simulation(self, on_round: Callable[[RoundSummary], None]) -> Simulation:
        """The field before anything happened."""
        return Simulation(
            self.topology,
            seed=self.seed,
            timing=self.timing,
            metrics=(0, 1),
            air=self.air,
            faults=self.joins,
            on_round=on_round,
            max_children=self.max_children,
            first_version=self.first_version,
            clock_ppm=self.clock_ppm,
        )

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed}, {len(self.topology.places)} nodes, {self.rounds} rounds, {self.timing}",
            f"max_children={self.max_children} first_version={self.first_version} ppm={self.clock_ppm}",
            f"{self.air}",
            *(f"{join}" for join in self.joins),
            *lines_of(self.schedule),
        ]
        return "\n".join(lines)


@dataclass(slots=True)
class FaultedOutcome:
    """What a faulted run brought; `results` of the root, each checked. `broken` says what did not hold."""

    seed: int
    rounds: int
    results: int = 0
    doubtful: int = 0
    whole: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    broken: str | None = None


def run_faulted(run: FaultedRun) -> FaultedOutcome:
    """Do it. An invariant that is broken ends the run, and so does a node that raises."""
    outcome = FaultedOutcome(run.seed, run.rounds)

    def on_round(summary: RoundSummary) -> None:
        outcome.results += 1
        outcome.doubtful += summary.doubt > 0
        outcome.whole += summary.counted >= summary.reachable

    outcome.faults["join"] += len(run.joins)
    simulation = run.simulation(on_round)
    outcome.broken = play(simulation, run.schedule, run.rounds, outcome.faults)
    return outcome


def faulted_run(seed: int, rounds: int) -> FaultedRun:
    """The run of that seed."""
    rng = random.Random(f"faulted run {seed}")
    count = rng.randint(4, 14)
    side_m = side_of(count, RANGE_M, rng.uniform(4, 9))
    topology = connected_field(count, side_m, RANGE_M, seed)
    profile = PROFILES[rng.choice(("default", "default", "default", "classic"))]
    timing = replace(profile, period_ms=rng.choice(PERIODS_MS))
    late = rng.sample(range(2, count + 1), rng.choice((0, 0, 1, 2)))
    return FaultedRun(
        seed=seed,
        rounds=rounds,
        topology=topology,
        timing=timing,
        air=Air(
            radio=RADIOS[rng.choice(sorted(RADIOS))],
            collisions=rng.random() < 0.4,
            quality=_quality(rng, timing.period_ms),
            link_loss=_asymmetric_links(rng, topology),
        ),
        joins=tuple(Fault(rng.randint(1, rounds), f.Join(node_id)) for node_id in late),
        schedule=tuple(_schedule(rng, topology, timing, rounds)),
        max_children=rng.choice(TABLE_SIZES),
        first_version=_first_version(rng, rounds),
        clock_ppm=rng.choice((0.0, CLOCK_PPM)),
    )


def _first_version(rng: random.Random, rounds: int) -> int:
    """Mostly so that the version wraps within the run."""
    near_the_wrap = (VERSIONS - rng.randint(1, rounds)) % VERSIONS
    return rng.choice((1, near_the_wrap, near_the_wrap, rng.randrange(VERSIONS)))


def _quality(rng: random.Random, period_ms: int) -> Quality:
    """Each fault of a link is absent in half of the qualities. A frame may be late by up to two rounds."""

    def perhaps(most: float) -> float:
        return rng.choice((0.0, rng.uniform(0, most)))

    return Quality(
        loss=perhaps(0.4),
        duplication=perhaps(0.5),
        delay_ms=rng.choice(
            (0, 0, rng.randint(1, 100), rng.randint(1, 1_000), rng.randint(1, 2 * period_ms))
        ),
        bit_flips=perhaps(0.3),
    )


def _asymmetric_links(rng: random.Random, topology: Topology) -> dict[tuple[int, int], float]:
    """In half of the fields some links are bad one way, a few of them dead."""
    share = rng.choice((0.0, rng.uniform(0, 0.3)))
    return {
        (speaker, listener): rng.choice((1.0, rng.uniform(0.2, 0.9), rng.uniform(0.2, 0.9)))
        for speaker, listeners in topology.listeners.items()
        for listener in listeners
        if rng.random() < share
    }


def _schedule(rng: random.Random, topology: Topology, timing: Timing, rounds: int) -> Iterator[Timed]:
    """Faults at any moment or just before a round; what a fault takes is given back some rounds later."""
    first_us = min(timing.period_ms, timing.discovery_ms) * 1000
    period_us = timing.period_ms * 1000
    # From a fault every other round to one in twenty, so that fields can also recover.
    mean_gap_rounds = rng.choice((2, 5, 10, 20))
    entries: list[Timed] = []
    round_now = 0.0
    while True:
        round_now += rng.expovariate(1 / mean_gap_rounds)
        if round_now > rounds:
            break
        action, undo = _fault(rng, topology, timing.period_ms)
        begin_us = _moment_us(rng, round_now, first_us, period_us)
        entries.append((begin_us, (action,)))
        if undo is not None:
            end_round = round_now + rng.uniform(0, LONGEST_OUTAGE_ROUNDS)
            end_us = max(begin_us, _moment_us(rng, end_round, first_us, period_us))
            entries.append((end_us, (undo,)))
    end_us = first_us + rounds * period_us
    yield from sorted((entry for entry in entries if entry[0] < end_us), key=lambda entry: entry[0])


def _moment_us(rng: random.Random, rounds: float, first_us: int, period_us: int) -> int:
    """After so many rounds, or just before the round that runs then."""
    if rng.random() < 0.3:
        return max(0, first_us + int(rounds) * period_us - FAULT_LEAD_MS * 1000)
    return max(0, first_us + int((rounds - 1) * period_us))


def _fault(rng: random.Random, topology: Topology, period_ms: int) -> tuple[Action, Action | None]:
    """Something that goes wrong, and what sets it right (None: nothing need)."""
    ids = list(topology.places)
    # The root is one of many; its faults are the worst ones.
    node = topology.root if rng.random() < 0.15 else rng.choice(ids)
    a, b = rng.sample(ids, 2)
    near = topology.listeners[a]
    if near:
        b = rng.choice(near)
    groups = _groups(rng, ids)
    cases: tuple[tuple[Action, Action | None], ...] = (
        (f.Kill(node), f.Revive(node)),
        (f.Leave(node), f.Revive(node)),
        (f.Reboot(node), None),
        (f.Freeze(node), f.Thaw(node)),
        (f.Cut(a, b), f.Heal(a, b)),
        (f.Cut(a, b, one_way=True), f.Heal(a, b)),
        (f.Partition(groups), f.Merge()),
        (f.SetQuality(_quality(rng, period_ms)), f.SetQuality(_quality(rng, period_ms))),
        (f.StepClock(node, rng.randint(1, rng.choice((50, period_ms, 3 * period_ms)))), None),
    )
    return rng.choice(cases)


def _groups(rng: random.Random, ids: list[int]) -> tuple[frozenset[int], ...]:
    """Two or three groups; who is in none of these is in one more."""
    sides = {node_id: rng.randrange(rng.choice((2, 3))) for node_id in ids}
    return tuple(frozenset(n for n, side in sides.items() if side == group) for group in (0, 1))
