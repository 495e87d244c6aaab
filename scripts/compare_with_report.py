#!/usr/bin/env python3
"""Make docs/report-2005.md: the experiments of the report of 2005, its outcome and ours side by side.

    .venv/bin/python scripts/compare_with_report.py            # some minutes on two cores
    .venv/bin/python scripts/compare_with_report.py --seeds 2  # a quick look

Every figure is from runs made here and now, with the timing profiles "classic" (the report's) and "default".
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bridge.pool import cores  # noqa: E402
from bridge.sweep import Case, Outcome, Row, Run, outcomes_of, row_of, smallest  # noqa: E402
from protocol.simulator.propagation import FreeSpace  # noqa: E402
from protocol.simulator.summary import RoundSummary  # noqa: E402
from protocol.simulator.tally import Tally  # noqa: E402

PAGE = ROOT / "docs" / "report-2005.md"
PROFILES = ("classic", "default")
SET_UP_S = 20.0  # what the report gave 50 nodes without collisions
TARGET = 0.99
PERIODS_S = (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0)


@dataclass(frozen=True)
class Experiment:
    """One row of the first table: options of `treering simulate`, and the report's words."""

    title: str
    options: tuple[str, ...]
    reported: str
    rounds: int = 100


EXPERIMENTS = (
    Experiment(
        "Ten random nodes, free space (Avrora)",
        ("random-10",),
        '"a perfectly working system with a tree of depth two"',
    ),
    Experiment("Grid of 16, no collisions (Emstar)", ("grid-16",), "all 16 counted in the second round"),
    Experiment(
        "The same, links of 90 % (SOS)",
        ("grid-16-links-80", "--loss", "0.1"),
        "the program works at link probabilities of 80 to 100 %",
    ),
    Experiment("The same, links of 80 % (SOS)", ("grid-16-links-80",), "as above"),
    Experiment(
        "50 nodes, no collisions, T = 5 s (Emstar)",
        ("random-50", "--no-collisions"),
        '20 s of set-up and 5 s a round "are both more than enough"',
    ),
    Experiment(
        "8 nodes, collisions, T = 30 s (Emstar)",
        ("random-8-collisions", "--period", "30"),
        '2 minutes of set-up and 30 s a round "are not even large enough"',
    ),
    Experiment("The same, T = 5 s", ("random-8-collisions",), "not tried"),
    Experiment(
        "16 nodes on 48 x 48 m, collisions, T = 5 s (Emstar)", ("grid-16-48m-collisions",), "no figures"
    ),
    Experiment(
        "16 nodes on 76 x 76 m, collisions, T = 5 s (Emstar)",
        ("grid-16-76m-collisions",),
        '"works better than" 48 x 48 m; no figures',
    ),
    Experiment(
        "50 nodes, collisions, T = 5 s (Emstar)",
        ("random-50",),
        'not shown; T "would have to be on the order of ten minutes"',
    ),
)
# Fields of the second table, for which the smallest T is sought.
FIELDS = (
    ("8 nodes at random", ("random-8-collisions",), "more than 30 s"),
    ("16 nodes on 48 x 48 m", ("grid-16-48m-collisions",), "no figure"),
    ("16 nodes on 76 x 76 m", ("grid-16-76m-collisions",), "no figure"),
    ("50 nodes at random", ("random-50",), "on the order of ten minutes"),
)
SERIES = (10, 20, 50, 100, 200, 500, 1000)
SERIES_PERIODS_S = (10.0, 20.0, 30.0, 60.0)


class Runner:
    """Does the runs on all cores."""

    def __init__(self, seeds: int) -> None:
        self.seeds = seeds

    def outcomes(self, runs: Sequence[Run]) -> list[Outcome]:
        """The outcomes in order."""
        return outcomes_of(runs, cores(), lambda run: None)

    def rows(self, cases: Sequence[Case], seeds: int, rounds: int, warm_up_s: float) -> list[Row]:
        """The outcome of each case over its seeds."""
        runs = [case.runs(seeds, rounds, warm_up_s) for case in cases]
        outcomes = iter(self.outcomes([run for of_case in runs for run in of_case]))
        return [
            row_of(case, [next(outcomes) for _ in of_case]) for case, of_case in zip(cases, runs, strict=True)
        ]


def figures_cells(runs: Sequence[Run], outcomes: Sequence[Outcome]) -> str:
    """The figures of one experiment and profile over all seeds, as cells of a row."""
    late: list[RoundSummary] = []
    set_ups_s: list[float] = []
    due = 0
    for run, outcome in zip(runs, outcomes, strict=True):
        scenario = run.scenario
        period_s = scenario.period_ms / 1000
        first_s = scenario.first_round_ms / 1000
        early_rounds = max(0, math.ceil((SET_UP_S - first_s) / period_s))
        late += [row for row in outcome.rounds if row.round > early_rounds]
        due += scenario.rounds - early_rounds
        whole = (row for row in outcome.rounds if row.counted >= row.reachable)
        ends_s = (first_s + (row.round - 1) * period_s + row.duration_ms / 1000 for row in whole)
        set_ups_s.append(next(ends_s, math.inf))
    tally = Tally(late, due)
    set_up = "not always" if max(set_ups_s) == math.inf else f"{max(set_ups_s):.1f} s"
    frames = tally.traffic.frames / tally.node_rounds
    shares = f"{percent(tally.coverage)} | {percent(tally.whole / due)}"
    return f"{shares} | {set_up} | {tally.latency_ms(0.5) / 1000:.2f} s | {frames:.2f}"


def first_table(runner: Runner) -> Iterator[str]:
    """The experiments, side by side."""
    yield "| experiment | the report | profile | coverage | whole | set-up | latency | frames |"
    yield "|---|---|---|---|---|---|---|---|"
    for experiment in EXPERIMENTS:
        command = f"`treering simulate {' '.join(experiment.options)}`"
        heads = (f"{experiment.title} | {experiment.reported}", f"{command} | ")
        for head, profile in zip(heads, PROFILES, strict=True):
            common = ("--profile", profile, "--rounds", str(experiment.rounds))
            runs = [
                Run((*experiment.options, *common, "--seed", str(seed)), 0)
                for seed in range(1, runner.seeds + 1)
            ]
            yield f"| {head} | {profile} | {figures_cells(runs, runner.outcomes(runs))} |"


def percent(share: float) -> str:
    """Cut off, so that 100 % is all."""
    return f"{int(1e4 * share) / 100:.2f} %"


def diamond_table(runner: Runner) -> Iterator[str]:
    """What the root counts in each round of the diamond, over the seeds."""
    yield "| round | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |"
    yield "|---|---|---|---|---|---|---|---|---|"
    yield "| alive | 4 | 4 | 3 (2 is dead) | 3 | 4 | 4 | 3 (3 is dead) | 3 |"
    for profile in PROFILES:
        runs = [
            Run(("diamond", "--rounds", "8", "--profile", profile, "--seed", str(seed)), 0)
            for seed in range(1, runner.seeds + 1)
        ]
        counts: list[list[int]] = [[] for _ in range(8)]
        for outcome in runner.outcomes(runs):
            for row in outcome.rounds:
                if row.round <= 8:
                    counts[row.round - 1].append(row.counted)
        cells = [spread(found) for found in counts]
        yield f"| {profile} | {' | '.join(cells)} |"


def spread(counts: Sequence[int]) -> str:
    """ "4", or "3 to 4 (4 in 18 of 20)" where the seeds differ."""
    if not counts:
        return "none"
    least, most = min(counts), max(counts)
    if least == most:
        return str(most)
    return f"{least} to {most} ({most} in {counts.count(most)} of {len(counts)})"


def period_table(runner: Runner) -> Iterator[str]:
    """The smallest T with collisions."""
    yield "| field, with collisions | the report | classic | default |"
    yield "|---|---|---|---|"
    for title, options, reported in FIELDS:
        cells = [
            period_cell(runner, (*options, "--profile", profile), PERIODS_S, runner.seeds)
            for profile in PROFILES
        ]
        yield f"| {title} (`{options[0]}`) | {reported} | {cells[0]} | {cells[1]} |"


def period_cell(runner: Runner, options: tuple[str, ...], periods_s: Sequence[float], seeds: int) -> str:
    """The smallest of these periods that covers enough, and how it does."""
    cases = [Case(options, period_s) for period_s in periods_s]
    (best,) = smallest(runner.rows(cases, seeds, 20, SET_UP_S), TARGET)
    return row_cell(best)


def row_cell(row: Row) -> str:
    """T, coverage and latency."""
    latency = "-" if row.latency_median_ms is None else f"{row.latency_median_ms / 1000:.1f} s"
    if row.coverage < TARGET:
        return f"more than {row.period_s:g} s (there: {percent(row.coverage)})"
    return f"**{row.period_s:g} s** ({percent(row.coverage)}, latency {latency})"


def series_table(runner: Runner) -> Iterator[str]:
    """Ten to a thousand nodes."""
    yield "| nodes | hops | classic | default | frames a node and round, default |"
    yield "|---|---|---|---|---|"
    for nodes in SERIES:
        side_m = f"{40 * (nodes / 10) ** 0.5:.6g}"
        layout = ("series", "--random", str(nodes), "--area", f"{side_m}x{side_m}", "--connected")
        seeds = max(1, min(runner.seeds, 5, 2_000 // nodes))
        found = []
        for profile in PROFILES:
            cases = [Case((*layout, "--profile", profile), period_s) for period_s in SERIES_PERIODS_S]
            (best,) = smallest(runner.rows(cases, seeds, 10, 60.0), TARGET)
            found.append(best)
        classic, default = found
        frames = default.data_frames + default.ack_frames + default.control_frames
        yield (
            f"| {nodes:,} | {default.depth:.0f} | {row_cell(classic)} | {row_cell(default)} | {frames:.2f} |"
        )


INTRODUCTION = """\
# The report of 2005 and Treering, side by side

The sink tree is that of Balani, Carwana and Balzano, *Programming an Aggregation Network in SOS and Emstar*
(2005), "the report". It ran its program in Avrora, in the SOS simulator and in Emstar; with collisions it
could not show what it wanted to. Here are its experiments again, in Treering's simulator, with two timing
profiles:

- **classic**: the report's policies. The first offer is taken and kept, a child that misses a round is
  given up at once, all leaves send at once, timers are fixed;
- **default**: Treering's.

Both are one state machine with other numbers (section 7 of [PROTOCOL.md](../protocol/PROTOCOL.md)), so
classic too keeps what the protocol promises in any case: no loops, no reading counted twice unseen, joining
at any time. `scripts/compare_with_report.py` makes this page, with {seeds} seeds an experiment.

## The experiments

Coverage is the mean share of reachable nodes that a result counts, over the rounds that begin later than
{set_up_s:g} s after power-on; whole are the rounds that count them all. Set-up ends with the first result
that counts everybody: the time is that of the slowest seed. Latency is the median from the start of a round
to its result; frames are those of a node and round, acks included. Where nothing collides classic answers
sooner, since its leaves all send at once: what costs it its rounds where frames do collide.
"""
DIAMOND = """
## The diamond

Node 2 is dead in rounds 3 and 4, node 3 in rounds 7 and 8 (`treering simulate diamond`). The report tells
that node 4 should find its other parent, and gives no counts. What each round counts, over all seeds:
"""
SMALLEST = """
## The smallest T with collisions

Of {periods} s the smallest that covers {target:g} % of the reachable nodes, as this finds it:

    treering sweep random-50 --period {list}
"""
TEN_TO_A_THOUSAND = """
## Ten to a thousand nodes, no timer touched

The report sizes its timers for the largest N, "causing a transition from a 10 node to a 1000 node network
to involve no amount of timer recalculations", and shows none with collisions. Here the density stays (one
node on 160 square metres, a range of 25 m, collisions), and so do the timers of each profile. Of T =
{periods} s the smallest is sought that covers {target:g} %, after a minute of set-up:

    treering sweep series --nodes 10,20,50,100,200,500,1000 --period {list} --warm-up 60
"""
OTHERS = """
## Other things that the report tells

| the report | Treering |
|---|---|
| free space, 433 MHz, 10 dBm: 18 m hear, 19 m do not | `--medium free-space` reaches {reach_m:.2f} m |
| a data packet has 9 bytes, whatever N is | the same 9 bytes, in a frame of 21 |
| latency is always its upper bound, since nodes wait for their timer | a node sends when its last child has |
| "not capable of adding nodes" | `treering simulate grid-16 --join 7@5` |
| links break one at a time | `treering simulate grid-16 --kill 6@5 --kill 7@5 --kill 10@5` |

## What this page cannot tell

The report gives neither the places of its nodes in Emstar nor the range of its radio: the fields here are
of its sizes, with a range of 25 to 30 m. Emstar's radio and MAC are not modelled; the radio here is the
CC1000 of the same motes at 19.2 kbit/s, with carrier sense, hidden terminals and no capture effect. In which
of its two fields of 16 nodes a program does better depends on that range: at 30 m a node of the smaller field
hears eight neighbours, who mostly hear each other, and one of the larger field four, who do not."""


def page(runner: Runner) -> Iterator[str]:
    """The whole page."""
    target = 100 * TARGET
    yield INTRODUCTION.format(seeds=runner.seeds, set_up_s=SET_UP_S)
    yield from first_table(runner)
    yield DIAMOND
    yield from diamond_table(runner)
    yield SMALLEST.format(periods=_listed(PERIODS_S, ", "), list=_listed(PERIODS_S, ","), target=target)
    yield from period_table(runner)
    periods, of_options = _listed(SERIES_PERIODS_S, ", "), _listed(SERIES_PERIODS_S, ",")
    yield TEN_TO_A_THOUSAND.format(periods=periods, list=of_options, target=target)
    yield from series_table(runner)
    yield OTHERS.format(reach_m=FreeSpace().range_m)


def _listed(periods_s: Sequence[float], separator: str) -> str:
    return separator.join(f"{period_s:g}" for period_s in periods_s)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="of each experiment (default: 10)")
    parser.add_argument("--out", type=Path, default=PAGE, help="(default: docs/report-2005.md)")
    args = parser.parse_args(arguments)
    lines = []
    for line in page(Runner(args.seeds)):
        print(line)
        lines.append(line + "\n")
    args.out.write_text("".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
