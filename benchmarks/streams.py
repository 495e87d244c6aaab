"""Windows and detectors beside river, sample by sample, and beside pandas, in batches: all in the same run.

    python -m benchmarks.streams [--samples N] [--size N]

Processor time of a sample, the best of several turns, which the libraries take in rotation; machines differ,
so the ratios count. River works sample by sample alone: its cost of a sample is what our batches are compared
with, too. Results that differ between the libraries by more than their rounding fail the run.

river is no part of the test environment: give it one of its own.

    python3 -m venv build/bench && build/bench/bin/pip install -c constraints.txt -e '.[bench,columns]' pandas
    build/bench/bin/python -m benchmarks.streams
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from benchmarks.claims import Claim, print_table, report
from bridge.stream.detectors import Ewma, PageHinkley, ZScore
from bridge.stream.statistics import (
    RollingExtremes,
    RollingQuantiles,
    RollingStatistics,
    RollingTime,
    Running,
)
from bridge.stream.windows import Hopping, Session, Tumbling, Windows, windows_of

try:
    import numpy as np
    import pandas as pd
    from river import drift, stats, utils

    from bridge.stream import columns
except ModuleNotFoundError as missing:
    print(f"streams: {missing}\n{__doc__[__doc__.index('river is no') :]}", file=sys.stderr)
    sys.exit(2)

SAMPLES = 1_000_000
# Sample by sample is slower by far: a part of them tells the cost.
SINGLE_SHARE = 10
SIZE = 100
TURNS = 5
DIGIT_SAMPLES = 10_000
ALPHA = 0.05
STEP_S = 1.0
SEED = 1
# What must hold: level with river sample by sample, five times ahead of it in batches.
LEVEL, AHEAD = 1.0, 5.0
JUDGED = ("rolling mean", "rolling deviation", "rolling z-score")

Work = Callable[[], float]  # over all samples; gives the last result


@dataclass(frozen=True, slots=True)
class Subject:
    """The same figure by each library; None where one does not have it."""

    what: str
    single: Work
    river: Work | None = None
    batch: Work | None = None
    pandas: Work | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Nanoseconds a sample, NaN where there is none."""

    what: str
    single: float
    river: float
    batch: float
    pandas: float


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.streams",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, metavar="N", help="of a batch (default: 1000000)"
    )
    parser.add_argument("--size", type=int, default=SIZE, metavar="N", help="of the windows (default: 100)")
    args = parser.parse_args()
    if args.size < 2 or args.samples < SINGLE_SHARE * 2 * args.size:
        parser.error(f"give windows of at least 2 samples, and {2 * SINGLE_SHARE} times as many samples")
    random = Random(SEED)
    values = [random.gauss(20.0, 1.0) for _ in range(args.samples)]
    costs: list[Cost] = []
    differing: list[str] = []
    for subject in subjects(values, args.size):
        costs.append(cost_of(subject, args.samples))
        differing += differences(subject)
    print(f"ns a sample; windows of {args.size} samples, batches of {args.samples}")
    print_costs(costs)
    print("\nrelative error of the last deviation")
    print_table([("", "single", "batch", "pandas", "river"), *errors(values[:DIGIT_SAMPLES], args.size)])
    return report("", claims(costs, differing))


def subjects(values: Sequence[float], size: int) -> Iterator[Subject]:
    """All that is measured, over values `STEP_S` apart."""
    few = values[: len(values) // SINGLE_SHARE]
    yield from count_subjects(few, np.array(values), size)
    yield from time_subjects(few, np.array(values), size * STEP_S)
    yield Subject(
        "mean and deviation of all",
        lambda: pushed(running := Running(), few, lambda: running.mean + running.deviation),
        lambda: learnt(var := stats.Var(), few, lambda: var.mean.get() + math.sqrt(var.get())),
    )
    yield Subject(
        "Page-Hinkley",
        lambda: float(judged(PageHinkley(1e9, 0.005), few) > 1e9),
        lambda: learnt(test := drift.PageHinkley(alpha=1.0, threshold=1e9), few, lambda: test.drift_detected),
    )


def count_subjects(few: Sequence[float], column: Any, size: int) -> Iterator[Subject]:
    """Over windows of `size` values."""
    series = pd.Series(column)
    yield Subject(
        "rolling mean",
        lambda: our_means(few, size),
        lambda: river_means(few, size),
        lambda: last(columns.rolling(column, size).mean),
        lambda: last(series.rolling(size).mean()),
    )
    yield Subject(
        "rolling deviation",
        lambda: our_deviations(few, size),
        lambda: river_deviations(few, size),
        lambda: last(columns.rolling(column, size).deviation),
        lambda: last(series.rolling(size).std()),
    )
    yield Subject(
        "rolling z-score",
        lambda: judged(ZScore(size, 1e9), few),
        lambda: river_z_score(few, size),
        lambda: abs(last(columns.rolling(column, size).z_score)),
        lambda: abs(last(pandas_z_score(series, size))),
    )
    yield Subject(
        "rolling minimum and maximum",
        lambda: pushed(rolling := RollingExtremes(size), few, lambda: rolling.minimum + rolling.maximum),
        lambda: river_extremes(few, size),
        lambda: last(columns.rolling(column, size).minimum) + last(columns.rolling(column, size).maximum),
        lambda: last(series.rolling(size).min()) + last(series.rolling(size).max()),
    )
    yield Subject(
        "rolling median",
        lambda: pushed(rolling := RollingQuantiles(size), few, lambda: rolling.median),
        lambda: learnt(median := stats.RollingQuantile(0.5, size), few, median.get),
    )
    yield Subject(
        "exponentially weighted",
        lambda: judged(Ewma(ALPHA, 1e9), few),
        lambda: river_ewma(few),
        lambda: ewma_score(column, *columns.ewma(column, ALPHA)),
        lambda: ewma_score(column, *pandas_ewma(series)),
    )


def time_subjects(few: Sequence[float], column: Any, span_s: float) -> Iterator[Subject]:
    """Over windows of `span_s`."""
    times_s = np.arange(len(column)) * STEP_S
    series = pd.Series(column, pd.to_datetime(times_s, unit="s"))
    samples = [(index * STEP_S, value) for index, value in enumerate(few)]
    begin = datetime(2026, 1, 1)  # river compares it with one that has no zone
    dated = [(begin + timedelta(seconds=time_s), value) for time_s, value in samples]
    span, hop_s = pd.Timedelta(seconds=span_s), span_s / 4
    yield Subject(
        "rolling mean by time",
        lambda: rolled_by_time(samples, span_s, lambda statistics: statistics.mean),
        lambda: river_by_time(dated, span_s, lambda var: float(var.mean.get())),
        lambda: last(columns.rolling_time(times_s, column, span_s).mean),
        lambda: last(series.rolling(span).mean()),
    )
    yield Subject(
        "rolling deviation by time",
        lambda: rolled_by_time(samples, span_s, lambda statistics: statistics.deviation),
        lambda: river_by_time(dated, span_s, lambda var: math.sqrt(var.get())),
        lambda: last(columns.rolling_time(times_s, column, span_s).deviation),
        lambda: last(series.rolling(span).std()),
    )
    figures = ["count", "mean", "std", "min", "max"]
    yield Subject(
        "tumbling windows",
        lambda: windowed(samples, Tumbling(span_s)),
        batch=lambda: last(columns.tumbling(times_s, column, span_s).mean),
        pandas=lambda: last(series.resample(span, origin="epoch").agg(figures)["mean"]),
    )
    yield Subject(
        "hopping windows",
        lambda: windowed(samples, Hopping(span_s, hop_s)),
        batch=lambda: last(columns.hopping(times_s, column, span_s, hop_s).mean),
    )
    gap_s = STEP_S / 2  # every sample is a session of its own but those that come at once
    pairs_s = np.arange(len(column)) // 2 * STEP_S
    yield Subject(
        "sessions of two samples",
        lambda: windowed(zip(pairs_s.tolist(), few, strict=False), Session(gap_s)),
        batch=lambda: last(columns.sessions(pairs_s, column, gap_s).mean),
        pandas=lambda: last(pandas_sessions(pairs_s, column, gap_s, figures)["mean"]),
    )


def pushed(statistic: Any, values: Iterable[float], result: Callable[[], float]) -> float:
    """Ours: the result is taken after each value."""
    outcome = math.nan
    push = statistic.push
    for value in values:
        push(value)
        outcome = result()
    return outcome


def learnt(statistic: Any, values: Iterable[float], result: Callable[[], float]) -> float:
    """River's, in the same way."""
    outcome = math.nan
    update = statistic.update
    for value in values:
        update(value)
        outcome = result()
    return outcome


def judged(detector: Any, values: Iterable[float]) -> float:
    update = detector.update
    for index, value in enumerate(values):
        update(index, value)
    return float(detector.score)


def windowed(samples: Iterable[tuple[float, float]], kind: Windows) -> float:
    mean = math.nan
    for window in windows_of(samples, kind):
        mean = window.mean
    return mean


def our_means(values: Iterable[float], size: int) -> float:
    rolling, mean = RollingStatistics(size), math.nan
    for value in values:
        rolling.push(value)
        mean = rolling.mean
    return mean


def river_means(values: Iterable[float], size: int) -> float:
    rolling, mean = utils.Rolling(stats.Mean, size), math.nan
    for value in values:
        rolling.update(value)
        mean = rolling.get()
    return mean


def our_deviations(values: Iterable[float], size: int) -> float:
    rolling, deviation = RollingStatistics(size), math.nan
    for value in values:
        rolling.push(value)
        deviation = rolling.deviation
    return deviation


def river_deviations(values: Iterable[float], size: int) -> float:
    rolling, deviation = utils.Rolling(stats.Var, size), math.nan
    for value in values:
        rolling.update(value)
        deviation = math.sqrt(max(0.0, rolling.get()))  # it has been below 0
    return deviation


def rolled_by_time(
    samples: Iterable[tuple[float, float]], span_s: float, result: Callable[[RollingStatistics], float]
) -> float:
    statistics = RollingStatistics()
    recent = RollingTime(span_s, statistics)
    outcome = math.nan
    for time_s, value in samples:
        recent.push(time_s, value)
        outcome = result(statistics)
    return outcome


def river_by_time(
    samples: Iterable[tuple[datetime, float]], span_s: float, result: Callable[[Any], float]
) -> float:
    recent = utils.TimeRolling(stats.Var, timedelta(seconds=span_s))
    outcome = math.nan
    for when, value in samples:
        recent.update(value, t=when)
        outcome = result(recent)
    return outcome


def river_z_score(values: Iterable[float], size: int) -> float:
    """Each value against the window before it, as our detector judges it."""
    var = utils.Rolling(stats.Var, size)
    score = math.nan
    for value in values:
        deviation = math.sqrt(var.get())
        if deviation:
            score = abs(value - var.mean.get()) / deviation
        var.update(value)
    return score


def river_extremes(values: Iterable[float], size: int) -> float:
    lowest, highest = stats.RollingMin(size), stats.RollingMax(size)
    outcome = math.nan
    for value in values:
        lowest.update(value)
        highest.update(value)
        outcome = lowest.get() + highest.get()
    return outcome


def river_ewma(values: Iterable[float]) -> float:
    mean, var = stats.EWMean(ALPHA), stats.EWVar(ALPHA)
    score = math.nan
    for value in values:
        deviation = math.sqrt(var.get())
        if deviation:
            score = abs(value - mean.get()) / deviation
        mean.update(value)
        var.update(value)
    return score


def pandas_z_score(series: Any, size: int) -> Any:
    rolling = series.rolling(size)
    return (series - rolling.mean().shift()) / rolling.std().shift()


def pandas_ewma(series: Any) -> tuple[Any, Any]:
    weighted = series.ewm(alpha=ALPHA, adjust=False)
    return weighted.mean(), weighted.std(bias=True)


def ewma_score(column: Any, mean: Any, deviation: Any) -> float:
    """Of the last value against what was expected before it."""
    return float(abs(column[-1] - np.asarray(mean)[-2]) / np.asarray(deviation)[-2])


def pandas_sessions(times_s: Any, column: Any, gap_s: float, figures: list[str]) -> Any:
    return pd.Series(column).groupby((pd.Series(times_s).diff() > gap_s).cumsum()).agg(figures)


def last(column: Any) -> float:
    return float(np.asarray(column)[-1])


def cost_of(subject: Subject, samples: int) -> Cost:
    """The best turn of each; they take turns, so that a busy machine is busy for all."""
    best = dict.fromkeys(("single", "river", "batch", "pandas"), math.inf)
    for _ in range(TURNS):
        for name in best:
            work = getattr(subject, name)
            if work is None:
                best[name] = math.nan
                continue
            begin = time.process_time()
            work()
            best[name] = min(best[name], time.process_time() - begin)
    few = samples // SINGLE_SHARE
    return Cost(
        subject.what,
        **{
            name: spent * 1e9 / (few if name in ("single", "river") else samples)
            for name, spent in best.items()
        },
    )


def differences(subject: Subject) -> Iterator[str]:
    """Where libraries disagree about the last result."""
    for one, other in (("single", "river"), ("batch", "pandas")):
        ours, theirs = getattr(subject, one), getattr(subject, other)
        if ours is None or theirs is None:
            continue
        pair = ours(), theirs()
        if not math.isclose(*pair, rel_tol=1e-6, abs_tol=1e-6):
            yield f"{subject.what}: {one} {pair[0]!r}, {other} {pair[1]!r}"


def errors(values: Sequence[float], size: int) -> Iterator[Sequence[str]]:
    """What each has left of a deviation, of hard values; the exact one is of rational numbers."""
    for what, hard in (
        ("plain values", [*values]),
        ("after a single 1e16", [1e16, *values]),
        ("on an offset of 1e9", [1e9 + value for value in values]),
    ):
        exact = statistics.stdev(hard[-size:])
        column = np.array(hard)
        deviations = (
            our_deviations(hard, size),
            last(columns.rolling(column, size).deviation),
            last(pd.Series(column).rolling(size).std()),
            river_deviations(hard, size),
        )
        yield what, *(f"{abs(deviation - exact) / exact:.0e}" for deviation in deviations)


def print_costs(costs: Iterable[Cost]) -> None:
    rows = [("", "single", "river", "river : single", "batch", "pandas", "river : batch", "pandas : batch")]
    for cost in costs:
        figures = (cost.single, cost.river, cost.batch, cost.pandas)
        single, river, batch, pandas = (f"{ns:.0f}" if ns == ns else "-" for ns in figures)
        ratios = (
            f"{ratio:.1f}" if ratio == ratio else "-"
            for ratio in (cost.river / cost.single, cost.river / cost.batch, cost.pandas / cost.batch)
        )
        level, ahead, beside = ratios
        rows.append((cost.what, single, river, level, batch, pandas, ahead, beside))
    print_table(rows)


def claims(costs: Iterable[Cost], differing: Sequence[str]) -> Iterator[Claim]:
    for cost in costs:
        if cost.what not in JUDGED:
            continue
        level, ahead = cost.river / cost.single, cost.river / cost.batch
        yield Claim(f"{cost.what}: level with river sample by sample", f"{level:.1f} times", level >= LEVEL)
        yield Claim(f"{cost.what}: {AHEAD:.0f} times ahead in batches", f"{ahead:.0f} times", ahead >= AHEAD)
        yield Claim(f"{cost.what}: beside pandas in batches", f"{cost.pandas / cost.batch:.1f} times")
    yield Claim("the libraries' results agree", "; ".join(differing) or "all", not differing)


if __name__ == "__main__":
    sys.exit(main())
