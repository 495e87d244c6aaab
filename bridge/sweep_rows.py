"""The rows of a sweep as a table for people, as JSON lines and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from bridge import tables
from bridge.sweep import Row
from bridge.tables import Column, json_text, percent, short, text_table, values_of
from protocol.simulator.scenario import MEDIUM_NAMES, Scenario

_NODES = Column[Row](("", "N"), lambda row: str(row.nodes), 0)
_FIELD = Column[Row](("field", "m"), lambda row: row.field.removesuffix(" m"), 2)
# Only where they differ.
_VARYING = {
    "range_m": Column[Row](("R", "m"), lambda row: "" if row.range_m is None else f"{row.range_m:g}", 2),
    "loss": Column[Row](("", "loss"), lambda row: f"{row.loss:g}"),
}
_FIGURES = (
    Column[Row](("", "hops"), lambda row: short(row.depth, 1), 2),
    Column[Row](("hear", "each"), lambda row: short(row.neighbours, 1)),
)
_COSTS = (
    Column[Row](("cover", "%"), lambda row: percent(row.coverage), 2),
    Column[Row](("delay", "50 %"), lambda row: _seconds(row.latency_median_ms), 2),
    Column[Row](("s", "95 %"), lambda row: _seconds(row.latency_p95_ms)),
    Column[Row](("", "data"), lambda row: short(row.data_frames), 2),
    Column[Row](("frames", "ack"), lambda row: short(row.ack_frames)),
    Column[Row](("", "other"), lambda row: short(row.control_frames)),
    Column[Row](("", "bytes"), lambda row: f"{row.bytes:.0f}", 2),
    Column[Row](("", "mJ"), lambda row: short(row.energy_mj)),
)


def table(rows: Sequence[Row], target: float) -> str:
    """One line a field, within 80 characters; a period that does not cover enough has a ">" before it."""
    varying = [column for name, column in _VARYING.items() if len({getattr(row, name) for row in rows}) > 1]
    period = Column[Row](("T", "s"), lambda row: f"{'>' if row.coverage < target else ''}{row.period_s:g}", 2)
    columns = [_NODES, _FIELD, *varying, *_FIGURES, period, *_COSTS]
    return text_table(columns, rows)


def conditions(scenario: Scenario, rows: Sequence[Row], warm_up_s: float) -> str:
    """What is the same for all rows."""
    air, row = scenario.air, rows[0]
    medium = MEDIUM_NAMES[type(air.propagation)]
    constant = [f"{medium}, {air.radio.name}, {'' if air.collisions else 'no '}collisions"]
    if len({row.range_m for row in rows}) == 1 and row.range_m is not None:
        constant.append(f"range {row.range_m:g} m")
    if len({row.loss for row in rows}) == 1:
        constant.append(f"loss {row.loss:g}")
    constant.append(f"profile {scenario.profile}")
    rounds = row.rounds // row.seeds
    return f"{', '.join(constant)}; {row.seeds} seeds, {rounds} rounds after {warm_up_s:g} s"


def json_line(row: Row, *, is_smallest: bool) -> str:
    """The row as one JSON object; `smallest` says that it is the smallest period that covers enough."""
    return json_text(_values(row, is_smallest))


def csv_text(rows: Sequence[Row], smallest: Sequence[Row]) -> str:
    """All rows with a heading; the same columns as in JSON."""
    names = [*(field.name for field in fields(Row)), "smallest"]
    return tables.csv_text(names, (_values(row, row in smallest) for row in rows))


def _values(row: Row, is_smallest: bool) -> dict[str, object]:
    return values_of(row) | {"smallest": is_smallest}


def _seconds(latency_ms: int | None) -> str:
    return "-" if latency_ms is None else short(latency_ms / 1000)
