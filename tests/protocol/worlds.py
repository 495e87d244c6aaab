"""Runs a field and checks every result against what the simulator knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from protocol.aggregate import Aggregate
from protocol.capture import Record
from protocol.node import Event
from protocol.packets import FrameType, Result, decode
from protocol.simulator.medium import Quality
from protocol.simulator.simulation import Fault, Simulation
from protocol.simulator.topology import Topology


@dataclass(frozen=True, slots=True)
class Outcome:
    """One round of a checked run."""

    aggregate: Aggregate
    doubt: int
    contributors: tuple[int, ...]
    reachable: int

    @property
    def count(self) -> int:
        return self.aggregate.count


@dataclass(slots=True)
class Run:
    """What a checked run left behind."""

    outcomes: list[Outcome] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    events: list[tuple[int, int, Event]] = field(default_factory=list)
    frames: Counter[FrameType] = field(default_factory=Counter)

    @property
    def counts(self) -> list[int]:
        return [outcome.count for outcome in self.outcomes]

    def of(self, kind: type[Event]) -> list[tuple[int, int, Any]]:
        """(ms, node, event) of every event of that kind."""
        return [entry for entry in self.events if isinstance(entry[2], kind)]


def run_checked(
    topology: Topology,
    rounds: int,
    *,
    seed: int,
    quality: Quality | None = None,
    faults: Iterable[Fault] = (),
    **options: Any,
) -> Run:
    """Run a field; fails on a result that is wrong without saying so, naming the seed that replays it."""
    run = Run()

    def on_record(record: Record) -> None:
        run.records.append(record)
        frame = decode(record.frame)
        run.frames[frame.type] += 1
        if isinstance(frame.payload, Result):
            run.outcomes.append(check(frame.payload))

    def check(result: Result) -> Outcome:
        metric, aggregate = result.items.aggregates[0]
        contributors = simulation.truth.contributors(topology.root, aggregate.version)
        readings = simulation.truth.readings(metric, aggregate.version)
        counted = [readings[node] for node in contributors]
        distinct = set(contributors)
        replay = f"seed={seed} version={aggregate.version} quality={quality} faults={list(faults)}"
        assert aggregate.count == len(counted), replay
        assert aggregate.total == sum(counted), replay
        assert aggregate.max == max(counted), replay
        assert readings[aggregate.max_id] == aggregate.max, replay
        assert aggregate.count - result.items.doubt <= len(distinct) <= aggregate.count, replay
        return Outcome(aggregate, result.items.doubt, tuple(contributors), len(simulation.reachable))

    simulation = Simulation(
        topology,
        seed=seed,
        quality=quality,
        faults=faults,
        on_record=on_record,
        on_event=lambda node, event: run.events.append((simulation.clock.now_ms, node, event)),
        **options,
    )
    simulation.run(rounds)
    return run
