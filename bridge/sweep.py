"""Many fields, periods and seeds on all cores: which T can a field afford?

Every run is one that `treering simulate` could do: a sweep is a list of its command lines, so each replays.
"""

from __future__ import annotations

import argparse
import math
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import mean

from bridge import simulate
from bridge.errors import UsageError
from bridge.pool import Failure, results_of
from bridge.scenario_options import scenario_of
from protocol.simulator.invariants import InvariantViolation
from protocol.simulator.propagation import Disk
from protocol.simulator.scenario import Grid, Scattered, Scenario
from protocol.simulator.summary import RoundSummary
from protocol.simulator.survey import Survey
from protocol.simulator.tally import Tally


@dataclass(frozen=True, slots=True)
class Run:
    """One simulation: the options of `treering simulate` that do it, and how many rounds do not count."""

    options: tuple[str, ...]
    warm_up_rounds: int

    @property
    def scenario(self) -> Scenario:
        """What is run. Raises UsageError."""
        return _scenario(self.options)

    @property
    def command_line(self) -> str:
        """How a person runs it."""
        return shlex.join(("treering", "simulate", *self.options))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run brought: its rounds after the warm-up, and what the field was like.

    `connected` nodes had a way to the root.
    """

    rounds: tuple[RoundSummary, ...]
    due: int
    connected: int
    depth: int
    neighbours: float


@dataclass(frozen=True, slots=True)
class Case:
    """A field (as options of `treering simulate`) and a period."""

    options: tuple[str, ...]
    period_s: float

    def runs(self, seeds: int, rounds: int, warm_up_s: float) -> list[Run]:
        """One for every seed from 1; `rounds` count after those that begin within the warm-up."""
        scenario = _scenario((*self.options, "--period", number_text(self.period_s)))
        first_s = scenario.first_round_ms / 1000
        warm_up_rounds = max(0, math.ceil((warm_up_s - first_s) / self.period_s))
        shared = ("--period", number_text(self.period_s), "--rounds", str(warm_up_rounds + rounds))
        return [
            Run((*self.options, *shared, "--seed", str(seed)), warm_up_rounds) for seed in range(1, seeds + 1)
        ]


@dataclass(frozen=True, slots=True)
class Row:
    """A case and its outcome over all seeds; traffic and energy are of a node and round."""

    nodes: int
    field: str
    range_m: float | None
    loss: float
    period_s: float
    seeds: int
    rounds: int
    connected: float
    depth: float
    neighbours: float
    coverage: float
    latency_median_ms: int | None
    latency_p95_ms: int | None
    data_frames: float
    ack_frames: float
    control_frames: float
    bytes: float
    energy_mj: float


def row_of(case: Case, outcomes: Sequence[Outcome]) -> Row:
    """The outcomes of all seeds of a case, as one."""
    scenario = _scenario(case.options)
    rounds = [summary for outcome in outcomes for summary in outcome.rounds]
    tally = Tally(rounds, sum(outcome.due for outcome in outcomes))
    share = 1 / max(1, tally.node_rounds)
    return Row(
        nodes=scenario.field.size,
        field=field_words(scenario),
        range_m=scenario.field.reach_m if isinstance(scenario.air.propagation, Disk) else None,
        loss=scenario.air.quality.loss,
        period_s=case.period_s,
        seeds=len(outcomes),
        rounds=tally.due,
        connected=mean(outcome.connected for outcome in outcomes),
        depth=mean(outcome.depth for outcome in outcomes),
        neighbours=mean(outcome.neighbours for outcome in outcomes),
        coverage=tally.coverage,
        latency_median_ms=tally.latency_ms(0.5) if rounds else None,
        latency_p95_ms=tally.latency_ms(0.95) if rounds else None,
        data_frames=tally.data.frames * share,
        ack_frames=tally.acks.frames * share,
        control_frames=tally.control.frames * share,
        bytes=tally.traffic.bytes * share,
        energy_mj=tally.traffic.energy_mj * share,
    )


def smallest(rows: Iterable[Row], target: float) -> list[Row]:
    """Of each field the row of the smallest period that covers enough, else that of the longest."""
    fields: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        fields.setdefault((row.nodes, row.field, row.range_m, row.loss), []).append(row)
    chosen = []
    for of_field in fields.values():
        of_field.sort(key=lambda row: row.period_s)
        chosen.append(next((row for row in of_field if row.coverage >= target), of_field[-1]))
    return chosen


def cost_of(run: Run) -> int:
    """About how long a run takes, in nodes times rounds."""
    scenario = run.scenario
    return scenario.field.size * scenario.rounds


def outcomes_of(runs: Sequence[Run], jobs: int, on_done: Callable[[Run], None]) -> list[Outcome]:
    """The outcomes in the order of the runs; `on_done` after each. Raises UsageError, TreeringError."""
    return results_of(simulated, runs, cost_of, jobs, on_done)


def simulated(run: Run) -> Outcome | Failure:
    """Do one run; what goes wrong comes back."""
    try:
        scenario = run.scenario
        summaries: list[RoundSummary] = []
        simulation = simulate.simulation_of(scenario, on_round=summaries.append)
        survey = Survey(simulation.topology.root, simulation.listeners)
        simulation.run(scenario.rounds)
    except UsageError as error:
        return Failure(str(error), is_usage=True)
    except InvariantViolation as it:
        where = f"seed {it.seed}, round {it.round}"
        return Failure(f"{where}: {it.what}; {run.command_line} replays it", is_usage=False)
    counted = tuple(summary for summary in summaries if summary.round > run.warm_up_rounds)
    due = scenario.rounds - run.warm_up_rounds
    return Outcome(counted, due, len(survey.hops), survey.depth, survey.neighbours)


@lru_cache(maxsize=4096)
def _scenario(options: tuple[str, ...]) -> Scenario:
    return scenario_of(_parser().parse_args(options))


@lru_cache(maxsize=1)
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="treering simulate")
    simulate.add_arguments(parser)
    return parser


def field_words(scenario: Scenario) -> str:
    """The extent of the field."""
    match scenario.field:
        case Grid(columns, rows, spacing_m):
            sides_m = (columns - 1) * spacing_m, (rows - 1) * spacing_m
        case Scattered(_, width_m, height_m):
            sides_m = width_m, height_m
        case _:
            return "given"
    return "x".join(f"{side_m:.0f}" if side_m >= 10 else f"{side_m:.2g}" for side_m in sides_m) + " m"


def number_text(number: float) -> str:
    """A number as a command line has it."""
    return format(number, ".10g")
