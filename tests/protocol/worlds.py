"""Runs a field, whose simulation checks itself, and collects what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from protocol.aggregate import Aggregate
from protocol.capture import Record
from protocol.node import Event
from protocol.packets import FrameType, Result, decode
from protocol.simulator.faults import Fault
from protocol.simulator.invariants import InvariantViolation
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.summary import RoundSummary
from protocol.simulator.topology import Topology


@dataclass(frozen=True, slots=True)
class Outcome:
    """One round of a run."""

    aggregate: Aggregate
    doubt: int
    contributors: tuple[int, ...]
    reachable: int

    @property
    def count(self) -> int:
        return self.aggregate.count


@dataclass(slots=True)
class Run:
    """What a run left behind."""

    outcomes: list[Outcome] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    events: list[tuple[int, int, Event]] = field(default_factory=list)
    frames: Counter[FrameType] = field(default_factory=Counter)
    rounds: list[RoundSummary] = field(default_factory=list)

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
    air: Air | None = None,
    faults: Iterable[Fault] = (),
    **options: Any,
) -> Run:
    """Run a field; the simulation itself stops at a result that is wrong without saying so."""
    run = Run()

    def on_record(record: Record) -> None:
        run.records.append(record)
        frame = decode(record.frame)
        run.frames[frame.type] += 1
        if isinstance(frame.payload, Result):
            run.outcomes.append(outcome_of(frame.payload))

    def outcome_of(result: Result) -> Outcome:
        aggregate = result.items.aggregates[0][1]
        contributors = simulation.truth.contributors(topology.root, aggregate.version)
        return Outcome(aggregate, result.items.doubt, tuple(contributors), len(simulation.reachable))

    simulation = Simulation(
        topology,
        seed=seed,
        air=air or Air(quality=quality or Quality()),
        faults=faults,
        on_record=on_record,
        on_event=lambda node, event: run.events.append((simulation.clock.now_ms, node, event)),
        on_round=run.rounds.append,
        **options,
    )
    try:
        simulation.run(rounds)
    except InvariantViolation as violation:
        violation.add_note(f"air={simulation.air} faults={list(faults)} options={options}")
        raise
    return run
