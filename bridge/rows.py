"""A finished round as a line of text or JSON: the same from the simulator, a live bridge and a log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from protocol.aggregate import Aggregate, Metric, metric_of
from protocol.observer import ReadingsSeen, RoundRow, json_line


def found_text(metric: Metric, aggregate: Aggregate) -> str:
    """The maximum and the average as people read them."""
    if not aggregate.count:
        return f"{metric.name}: no reading"
    mean = None if aggregate.saturated else aggregate.average_raw
    average = "?" if mean is None else f"{metric.scaled(mean):.2f} {metric.unit}"
    maximum = f"max {metric.scaled(aggregate.max):g} {metric.unit} at node {aggregate.max_id}"
    return f"{metric.name}: {maximum}, average {average}"


def text_line(row: RoundRow) -> str:
    """The round as people read it."""
    nodes = f"{row.count_lo} to {row.aggregate.count}" if row.doubt else str(row.aggregate.count)
    of = f" of {row.reachable}" if row.reachable is not None else ""
    flags = ", saturated" if row.saturated else "" if row.exact else ", not exact"
    found = found_text(row.metric, row.aggregate)
    return f"round {row.round}  {found}, {nodes}{of} nodes{flags}, {row.duration_ms} ms"


def print_row(row: RoundRow, *, as_json: bool, extra: Mapping[str, object] | None = None) -> None:
    """Print the round at once, so that a script that reads us sees it while we run."""
    print(json_line(row, **(extra or {})) if as_json else text_line(row), flush=True)


def print_readings(seen: ReadingsSeen, round_: int, *, as_json: bool) -> None:
    """Print what one node measured: raw readings as JSON, as the results are, or in units as text."""
    metrics = {metric_of(metric_id): raw for metric_id, raw in seen.pairs}
    if as_json:
        readings = {metric.name: raw for metric, raw in metrics.items()}
        found = {"round": round_, "version": seen.version, "node": seen.node, "readings": readings}
        print(json.dumps(found, separators=(",", ":")), flush=True)
    else:
        values = (f"{metric.name} {metric.scaled(raw):g} {metric.unit}" for metric, raw in metrics.items())
        print(f"round {round_}  node {seen.node}: {', '.join(values) or 'no reading'}", flush=True)


def print_board(report: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what an emulated board has done; the keys are those of firmware.native.board_report."""
    if as_json:
        print(json.dumps(report, separators=(",", ":")), flush=True)
        return
    share = 100 * report["busy_cycles"] / (report["busy_cycles"] + report["slept_cycles"])
    print(
        f"board {report['board']}  {report['seconds']:.1f} s, awake {share:.1f} %,"
        f" {report['untouched_bytes']} bytes of RAM never touched; mJ: {report['mcu_mj']:.1f} AVR,"
        f" {report['sensor_mj']:.2f} SHT31, {report['radio_mj']:.1f} sending",
        flush=True,
    )
