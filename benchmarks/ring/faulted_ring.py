"""Random rings in which everything goes wrong that may: one seed makes one run, so a seed replays it.

tests/protocol/simulator/test_ring_faults_at_random.py runs some, `python -m benchmarks.ring faults` 100,000
rounds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.faulted import Timed, lines_of, play
from protocol.node import RoundFinished, TokenMade
from protocol.simulator import faults as f
from protocol.simulator.faults import Action
from protocol.simulator.medium import Air, Quality
from protocol.simulator.propagation import Ideal
from protocol.simulator.radio import RADIOS
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import Topology, scattered
from protocol.timing import RingTiming

SMALLEST, LARGEST = 3, 200
# Rounds until what was taken from the ring is given back, at most.
LONGEST_OUTAGE_ROUNDS = 8
# Two turns of a large ring under loss are longer than a second.
PERIODS_MS = (1_000, 2_000, 5_000)
NODES_A_SECOND = 40


@dataclass(frozen=True)
class FaultedRing:
    """`schedule` holds times in microseconds, in order, and actions."""

    seed: int
    rounds: int
    topology: Topology
    timing: RingTiming
    quality: Quality
    first_version: int
    readings_asked: bool
    schedule: tuple[Timed, ...]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"seed {self.seed}, {len(self.topology.places)} nodes, {self.rounds} rounds,"
                f" T {self.timing.period_ms} ms, {self.quality}, from version {self.first_version}",
                *lines_of(self.schedule),
            ]
        )


@dataclass(slots=True)
class RingOutcome:
    """What a run brought. `token_ms` and `result_ms` are the first of it after a cold start."""

    seed: int
    nodes: int
    is_ideal: bool
    results: int = 0
    whole: int = 0
    token_ms: int | None = None
    result_ms: int | None = None
    faults: Counter[str] = field(default_factory=Counter)
    broken: str | None = None


def run_faulted(run: FaultedRing) -> RingOutcome:
    """Do it. An invariant that is broken ends the run, and so does a node that raises."""
    is_ideal = run.quality == Quality()
    outcome = RingOutcome(run.seed, len(run.topology.places), is_ideal)

    def on_event(node_id: int, event: object) -> None:
        now_ms = simulation.clock.now_us // 1000
        if isinstance(event, TokenMade) and outcome.token_ms is None:
            outcome.token_ms = now_ms
        elif isinstance(event, RoundFinished) and outcome.result_ms is None:
            outcome.result_ms = now_ms

    def on_round(summary: RoundSummary) -> None:
        outcome.results += 1
        outcome.whole += summary.counted >= summary.reachable

    simulation = Simulation(
        run.topology,
        seed=run.seed,
        network="ring",
        timing=run.timing,
        metrics=(0, 1),
        air=Air(Ideal(), RADIOS["lan"], quality=run.quality),
        first_version=run.first_version,
        readings_asked=run.readings_asked,
        on_event=on_event,
        on_round=on_round,
    )
    outcome.broken = play(simulation, run.schedule, run.rounds, outcome.faults)
    return outcome


def faulted_ring(seed: int, rounds: int) -> FaultedRing:
    """The run of that seed."""
    rng = random.Random(f"faulted ring {seed}")
    count = ring_size(rng)
    periods_ms = [period_ms for period_ms in PERIODS_MS if count <= NODES_A_SECOND * period_ms // 1000]
    timing = RingTiming(period_ms=rng.choice(periods_ms))
    return FaultedRing(
        seed=seed,
        rounds=rounds,
        topology=scattered(count, 50, 50, 100, seed),
        timing=timing,
        quality=_quality(rng),
        first_version=rng.choice((1, 65_530, rng.randrange(1 << 16))),
        readings_asked=rng.random() < 0.2,
        schedule=tuple(_schedule(rng, count, timing, rounds)),
    )


def ring_size(rng: random.Random) -> int:
    """From 3 to 200 with a density of 1 / n^2: every hop is heard by all, so a round costs n^2."""
    share = rng.random()
    return int(1 / (1 / SMALLEST - share * (1 / SMALLEST - 1 / (LARGEST + 1))))


def _quality(rng: random.Random) -> Quality:
    """Each fault of a link is absent in half of the qualities."""
    return Quality(
        loss=rng.choice((0.0, rng.uniform(0, 0.2))),
        duplication=rng.choice((0.0, rng.uniform(0, 0.3))),
        delay_ms=rng.choice((0, 0, rng.randint(1, 5), rng.randint(1, 20))),
        bit_flips=rng.choice((0.0, rng.uniform(0, 0.05))),
    )


def _schedule(rng: random.Random, count: int, timing: RingTiming, rounds: int) -> Iterator[Timed]:
    """Faults at any moment; what a fault takes is given back some rounds later."""
    period_us = timing.period_ms * 1000
    mean_gap_rounds = rng.choice((4, 8, 15, 30))
    entries: list[Timed] = []
    at_round = 0.0
    while (at_round := at_round + rng.expovariate(1 / mean_gap_rounds)) < rounds:
        action, undo = _fault(rng, count)
        entries.append((int(at_round * period_us), (action,)))
        if undo is not None:
            later = at_round + rng.uniform(0, LONGEST_OUTAGE_ROUNDS)
            entries.append((int(later * period_us), (undo,)))
    yield from sorted((e for e in entries if e[0] < rounds * period_us), key=lambda entry: entry[0])


def _fault(rng: random.Random, count: int) -> tuple[Action, Action | None]:
    """Something that goes wrong, and what sets it right (None: nothing need)."""
    node = rng.randint(1, count)
    group = frozenset(rng.sample(range(1, count + 1), rng.randint(1, count - 1)))
    cases: tuple[tuple[Action, Action | None], ...] = (
        (f.Kill(node), f.Revive(node)),
        (f.Leave(node), f.Revive(node)),
        (f.Reboot(node), None),
        (f.Freeze(node), f.Thaw(node)),
        (f.Partition((group,)), f.Merge()),
        (f.SetQuality(_quality(rng)), f.SetQuality(_quality(rng))),
    )
    return rng.choice(cases)
