"""Tree, ring and polling on the same field, with several seeds, on all cores."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

from bridge.cores import python_only
from bridge.errors import UsageError
from bridge.pool import Failure, results_of
from bridge.scenario_options import scenario_of
from bridge.scenarios import SUFFIX, names
from protocol.simulator.comparison import Figures, Recovery, figures_of, on_network
from protocol.simulator.invariants import InvariantViolation
from protocol.simulator.scenario import Scenario

GIVEN, ROOT = "given", "root"
# Whom each network misses most.
WORST = {"tree": "child", "ring": "holder", "polling": "primary"}


@dataclass(frozen=True, slots=True)
class Trial:
    """One network on the field with one seed; `command_line` does it again."""

    scenario: Scenario
    warm_up_ms: int
    command_line: str


@dataclass(frozen=True, slots=True)
class Row:
    """A network's figures, each the median over the seeds (coverage the mean; rounds and lost the sum).

    What they are is said at Figures and Recovery. `who` died is "child" (the root's, with the largest
    subtree), "holder" (of the token), "primary", or "given" with the field; `died` are their ids by seed. A
    row of who "root" tells only how a tree takes the death of its root, which comes back. `recovered` seeds
    counted every survivor again.
    """

    network: str
    nodes: int
    seeds: int
    rounds: int | None
    lost: int | None
    coverage: float | None
    frames: float | None
    bytes: float | None
    busiest: float | None
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    oldest_ms: float | None
    skew_ms: float | None
    who: str
    died: tuple[tuple[int, ...], ...]
    result_ms: float | None
    whole_ms: float | None
    recovered: int


def field_of(args: argparse.Namespace) -> Scenario:
    """The field, its air and its faults; FIELD may be a topology file. Raises UsageError."""
    name = args.scenario
    changes: dict[str, object] = {"network": "tree"}  # its options are allowed, whatever the file says
    if name is not None and name not in names() and Path(name).is_file() and Path(name).suffix != SUFFIX:
        if args.topology is not None:
            raise UsageError(f"{name} and --topology {args.topology} are both a field; give one of them")
        changes |= {"scenario": None, "topology": name}
    scenario = scenario_of(argparse.Namespace(**vars(args) | changes))
    python_only(scenario, "compare")
    return scenario


def trials_of(
    scenario: Scenario, networks: Sequence[str], seeds: int, warm_up_s: float, command_line: str
) -> list[Trial]:
    """Each network with each seed, from the scenario's on."""
    return [
        Trial(
            replace(on_network(scenario, network), seed=seed),
            round(warm_up_s * 1000),
            f"{command_line} --networks {network} --seed {seed} --seeds 1",
        )
        for network in networks
        for seed in range(scenario.seed, scenario.seed + seeds)
    ]


def cost_of(trial: Trial) -> int:
    """About how long it takes, in nodes times rounds."""
    scenario = trial.scenario
    rounds = scenario.rounds + trial.warm_up_ms // scenario.period_ms
    return scenario.field.size * rounds * (1 if scenario.kind.has_root else 2)


def rows_of(trials: Sequence[Trial], jobs: int, on_done: Callable[[Trial], None]) -> list[Row]:
    """A row a network, and one of a tree whose root dies. Raises UsageError, TreeringError."""
    figures = results_of(_figures, trials, cost_of, jobs, on_done)
    rows = []
    for network in dict.fromkeys(one.network for one in figures):
        of_network = [one for one in figures if one.network == network]
        rows.append(_row(of_network))
        if roots := [one.root for one in of_network if one.root is not None]:
            rows.append(_root_row(of_network[0], roots))
    return rows


def _figures(trial: Trial) -> Figures | Failure:
    try:
        return figures_of(trial.scenario, trial.warm_up_ms)
    except ValueError as error:
        return Failure(str(error), is_usage=True)
    except InvariantViolation as it:
        where = f"seed {it.seed}, round {it.round}"
        return Failure(f"{where}: {it.what}; {trial.command_line} replays it", is_usage=False)


def _row(figures: Sequence[Figures]) -> Row:
    first = figures[0]
    recoveries = [one.recovery for one in figures if one.recovery is not None]
    return Row(
        network=first.network,
        nodes=first.nodes,
        seeds=len(figures),
        rounds=sum(one.rounds for one in figures),
        lost=sum(one.lost for one in figures),
        coverage=mean(one.coverage for one in figures),
        frames=median(one.frames for one in figures),
        bytes=median(one.bytes for one in figures),
        busiest=median(one.busiest for one in figures),
        latency_p50_ms=_median(one.latency_p50_ms for one in figures),
        latency_p99_ms=_median(one.latency_p99_ms for one in figures),
        oldest_ms=_median(one.oldest_ms for one in figures),
        skew_ms=_median(one.skew_ms for one in figures),
        who=GIVEN if first.is_own else WORST[first.network],
        died=tuple(one.died for one in recoveries),
        result_ms=_median(one.result_ms for one in recoveries),
        whole_ms=_median(one.whole_ms for one in recoveries),
        recovered=sum(one.whole_ms is not None for one in recoveries),
    )


def _root_row(first: Figures, roots: Sequence[Recovery]) -> Row:
    return Row(
        *(first.network, first.nodes, len(roots), None, None, None, None, None, None, None, None, None, None),
        who=ROOT,
        died=tuple(one.died for one in roots),
        result_ms=_median(one.result_ms for one in roots),
        whole_ms=_median(one.whole_ms for one in roots),
        recovered=sum(one.whole_ms is not None for one in roots),
    )


def _median(numbers: Iterable[float | None]) -> float | None:
    """None stands for what never came."""
    found = [math.inf if number is None else number for number in numbers]
    middle = median(found) if found else math.inf
    return None if math.isinf(middle) else middle
