"""A finished round as a line of text or JSON: the same from the simulator, a live bridge and a log."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.observer import RoundRow, json_line


def text_line(row: RoundRow) -> str:
    """The round as people read it."""
    metric, unit = row.metric, row.metric.unit
    if row.maximum is None:
        found = "no reading"
    else:
        average = "?" if row.average is None else f"{row.average:.2f} {unit}"
        found = f"max {row.maximum:g} {unit} at node {row.max_id}, average {average}"
    nodes = f"{row.count_lo} to {row.aggregate.count}" if row.doubt else str(row.aggregate.count)
    of = f" of {row.reachable}" if row.reachable is not None else ""
    flags = ", saturated" if row.saturated else "" if row.exact else ", not exact"
    return f"round {row.round}  {metric.name}: {found}, {nodes}{of} nodes{flags}, {row.duration_ms} ms"


def print_row(row: RoundRow, *, as_json: bool, extra: Mapping[str, object] | None = None) -> None:
    """Print the round at once, so that a script that reads us sees it while we run."""
    print(json_line(row, **(extra or {})) if as_json else text_line(row), flush=True)
