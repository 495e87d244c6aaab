"""The rows of a sweep as a table for people, as JSON lines and as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from io import StringIO

from bridge.sweep import Row
from protocol.simulator.scenario import MEDIUM_NAMES, Scenario

_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class _Column:
    """Two lines of heading, and what stands below them; `gap` spaces before it."""

    heading: tuple[str, str]
    text: Callable[[Row], str]
    gap: int = 1


_NODES = _Column(("", "N"), lambda row: str(row.nodes), 0)
_FIELD = _Column(("field", "m"), lambda row: row.field.removesuffix(" m"), 2)
# Only where they differ.
_VARYING = {
    "range_m": _Column(("R", "m"), lambda row: "" if row.range_m is None else f"{row.range_m:g}", 2),
    "loss": _Column(("", "loss"), lambda row: f"{row.loss:g}"),
}
_FIGURES = (
    _Column(("", "hops"), lambda row: _short(row.depth, 1), 2),
    _Column(("hear", "each"), lambda row: _short(row.neighbours, 1)),
)
_COSTS = (
    # Cut off, not rounded, so that what stands there is not more than was reached.
    _Column(("cover", "%"), lambda row: f"{int(1_000 * row.coverage) / 10:.1f}", 2),
    _Column(("delay", "50 %"), lambda row: _seconds(row.latency_median_ms), 2),
    _Column(("s", "95 %"), lambda row: _seconds(row.latency_p95_ms)),
    _Column(("", "data"), lambda row: _short(row.data_frames), 2),
    _Column(("frames", "ack"), lambda row: _short(row.ack_frames)),
    _Column(("", "other"), lambda row: _short(row.control_frames)),
    _Column(("", "bytes"), lambda row: f"{row.bytes:.0f}", 2),
    _Column(("", "mJ"), lambda row: _short(row.energy_mj)),
)


def table(rows: Sequence[Row], target: float) -> str:
    """One line a field, within 80 characters; a period that does not cover enough has a ">" before it."""
    varying = [column for name, column in _VARYING.items() if len({getattr(row, name) for row in rows}) > 1]
    period = _Column(("T", "s"), lambda row: f"{'>' if row.coverage < target else ''}{row.period_s:g}", 2)
    columns = [_NODES, _FIELD, *varying, *_FIGURES, period, *_COSTS]
    lines = [[column.heading[line] for column in columns] for line in (0, 1)]
    lines += [[column.text(row) for column in columns] for row in rows]
    widths = [column.gap + max(len(line[i]) for line in lines) for i, column in enumerate(columns)]
    return "\n".join(
        "".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


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
    return json.dumps(_values(row, is_smallest), separators=(",", ":"))


def csv_text(rows: Sequence[Row], smallest: Sequence[Row]) -> str:
    """All rows with a heading; the same columns as in JSON."""
    names = [*(field.name for field in fields(Row)), "smallest"]
    out = StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_values(row, row in smallest) for row in rows)
    return out.getvalue()


def _values(row: Row, is_smallest: bool) -> dict[str, object]:
    values = {
        name: round(value, _DECIMALS) if isinstance(value, float) else value
        for name, value in asdict(row).items()
    }
    return values | {"smallest": is_smallest}


def _seconds(latency_ms: int | None) -> str:
    return "-" if latency_ms is None else _short(latency_ms / 1000)


def _short(number: float, decimals: int = 2) -> str:
    """With so many decimals below 10, and a decimal less for each power of ten."""
    for limit in (10, 100, 1_000):
        if number < limit or not decimals:
            break
        decimals -= 1
    return f"{number:.{decimals}f}"
