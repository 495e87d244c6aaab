"""The rows of a comparison as a table for people, as JSON lines and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from bridge import tables
from bridge.compare import GIVEN, ROOT, Row
from bridge.tables import Column, json_text, percent, short, text_table, values_of
from protocol.simulator.comparison import AWAY_ROUNDS, RECOVERY_ROUNDS
from protocol.simulator.networks import DEFAULT_PROFILE
from protocol.simulator.propagation import Disk
from protocol.simulator.ring_order import hears_all
from protocol.simulator.scenario import MEDIUM_NAMES, Scenario
from protocol.simulator.simulation import Simulation


def _number(value: float | None) -> str:
    return "-" if value is None else short(value)


def _cost(value: float | None) -> str:
    return "" if value is None else short(value)


def _time(row: Row, value_ms: float | None) -> str:
    """Of a result; a row of the root alone has none."""
    return "" if row.who == ROOT else _number(value_ms)


def _seconds(value_ms: float | None) -> str:
    return "never" if value_ms is None else short(value_ms / 1000)


def _who_died(row: Row) -> str:
    ids = ",".join(map(str, row.died[0])) if len(set(row.died)) == 1 else ""
    return f"{row.who} {ids}".rstrip() if row.died else "nobody"


_COLUMNS = (
    Column[Row](("", "network"), lambda row: row.network, 0, is_words=True),
    Column[Row](("cover", "%"), lambda row: "" if row.coverage is None else percent(row.coverage)),
    Column[Row](("", "lost"), lambda row: "" if row.lost is None else str(row.lost)),
    Column[Row](("", "frames"), lambda row: _cost(row.frames), 2),
    Column[Row](("", "bytes"), lambda row: _cost(row.bytes)),
    Column[Row](("", "busiest"), lambda row: _cost(row.busiest)),
    Column[Row](("delay", "50 %"), lambda row: _time(row, row.latency_p50_ms), 2),
    Column[Row](("ms", "99 %"), lambda row: _time(row, row.latency_p99_ms)),
    Column[Row](("age", "ms"), lambda row: _time(row, row.oldest_ms)),
    Column[Row](("skew", "ms"), lambda row: _time(row, row.skew_ms)),
    Column[Row](("", "died"), _who_died, 2, is_words=True),
    Column[Row](("result", "s"), lambda row: _seconds(row.result_ms)),
    Column[Row](("all", "s"), lambda row: _seconds(row.whole_ms)),
)


def table(rows: Sequence[Row]) -> str:
    """A line a network."""
    return text_table(_COLUMNS, rows)


def conditions(scenario: Scenario, rows: Sequence[Row], warm_up_s: float) -> str:
    """What is the same for all networks."""
    air, row = scenario.air, rows[0]
    words = [f"{row.nodes} nodes", MEDIUM_NAMES[type(air.propagation)], air.radio.name]
    words.append(f"{'' if air.collisions else 'no '}collisions")
    if isinstance(air.propagation, Disk) and scenario.field.reach_m is not None:
        words.append(f"range {scenario.field.reach_m:g} m")
    words.append(f"loss {air.quality.loss:g}")
    if scenario.profile != DEFAULT_PROFILE:
        words.append(f"profile {scenario.profile} for the tree")
    words.append(f"T = {scenario.period_ms / 1000:g} s")
    seeds = f"{row.seeds} seed{'s' if row.seeds > 1 else ''}"
    return f"{', '.join(words)}; {seeds}, {scenario.rounds} rounds after {warm_up_s:g} s"


def notes(rows: Sequence[Row], ring: Simulation) -> Iterator[str]:
    """What a reader of the table should know; `ring` is a ring on the field."""
    yield (
        "Frames and bytes are those of all nodes in a period, busiest the frames of who sends most. Delay is"
        " from the start of a round to its result, age that of the oldest reading in it, skew the time"
        " between its first and last measurement."
    )
    columns = "to the next result, and to the first that counts every survivor"
    if rows[0].who == GIVEN:
        yield f"After the field's worst death: seconds {columns}."
    else:
        yield (
            f"After a death: seconds {columns}; never is not within {RECOVERY_ROUNDS} rounds, in half of the"
            " runs or more."
        )
    if any(row.who == ROOT for row in rows):
        yield (
            f"The tree's root was dead for {AWAY_ROUNDS} rounds, in which there can be no result; the other"
            " networks have no such node."
        )
    for row in rows:
        if row.died and 0 < row.recovered < row.seeds:
            whose = "the root's death" if row.who == ROOT else "the death"
            runs = f"{row.recovered} of {row.seeds} runs"
            yield f"{row.network}: every survivor was counted again after {whose} in {runs}."
    if not hears_all(ring.listeners):
        order = "goes round in an order" if ring.order else "found no order"
        yield (
            f"Not all nodes hear each other: the ring {order} in which each hears the next, and"
            " polling counts only who hears the primary."
        )


def json_line(row: Row) -> str:
    """The row as one JSON object."""
    return json_text(values_of(row))


def csv_text(rows: Sequence[Row]) -> str:
    """All rows with a heading; the same columns as in JSON, who died as "3+5 4+6" of two seeds."""
    return tables.csv_text([field.name for field in fields(Row)], map(_csv_values, rows))


def _csv_values(row: Row) -> dict[str, object]:
    died = " ".join("+".join(map(str, ids)) for ids in row.died)
    return values_of(replace(row, died=())) | {"died": died}
