"""What happened, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from protocol.aggregate import Aggregate, metric_of
from protocol.observer import Dropped, RoundRow
from protocol.packets import Pairs, TokenId


class EventKind(Enum):
    """What sort of line it is; a view picks the icon."""

    JOINED = "joined"
    MOVED = "moved"
    SEEKING = "seeking"
    LOST = "lost"
    ROUND = "round"
    INEXACT = "inexact round"
    CLAIM = "claim"
    TOKEN = "new token"
    PRIMARY = "primary"
    BAD = "bad frame"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line of the event list."""

    timestamp_us: int
    kind: EventKind
    text: str


def unit_label(unit: str) -> str:
    """The unit as people write it."""
    return "°C" if unit == "degC" else unit


def metric_label(name: str) -> str:
    """The metric's name as people write it."""
    return name.replace("_", " ")


def value_label(value: float | None, unit: str) -> str:
    """A value in its unit; a dash where there is none."""
    return "–" if value is None else f"{value:.1f} {unit_label(unit)}"


def count_label(row: RoundRow) -> str:
    """How many nodes are counted, as an interval where that is all that is known."""
    low, high = row.count_lo, row.aggregate.count
    counted = str(high) if low == high else f"{low} to {high}"
    return counted if row.alive is None else f"{counted} of {row.alive}"


def nodes_label(row: RoundRow) -> str:
    """The same with its noun."""
    count = count_label(row)
    return f"{count} node" if count == "1" else f"{count} nodes"


def plural(count: int, noun: str) -> str:
    """So many of them."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration_label(seconds: float) -> str:
    """Time since the start, as m:ss or h:mm:ss."""
    hours, rest = divmod(max(0, int(seconds)), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def length_label(metres: float) -> str:
    """On a plan, as people write it."""
    if metres >= 1000:
        return f"{metres / 1000:g} km"
    return f"{metres * 100:g} cm" if metres < 1 else f"{metres:g} m"


def average_label(aggregate: Aggregate | None, metric_id: int) -> str:
    """The average of a report in few letters, for a node: its own reading if it is a leaf; "" without any."""
    if aggregate is None or aggregate.average_raw is None:
        return ""
    metric = metric_of(metric_id)
    mark = {"°C": "°", "%": "%"}.get(unit_label(metric.unit), "")
    return f"{metric.scaled(aggregate.average_raw):.1f}{mark}"


def reading_label(raw: int, metric_id: int) -> str:
    """One raw reading in few letters, for a node."""
    return average_label(Aggregate(0, raw, 0, raw, 1), metric_id)


def heard_text(last_heard_us: int, now_us: int) -> str:
    """How long ago a node was heard."""
    return f"heard {(now_us - last_heard_us) / 1e6:.1f} s ago"


def report_lines(metric_id: int, aggregate: Aggregate) -> Iterator[str]:
    """The last report of a node in a tree: of its whole subtree, itself included."""
    metric = metric_of(metric_id)
    name = metric_label(metric.name)
    if aggregate.average_raw is None:
        yield f"{name}: no reading"
        return
    average = value_label(metric.scaled(aggregate.average_raw), metric.unit)
    if aggregate.count == 1:
        yield f"{name} {average}"
        return
    yield f"{name} of {aggregate.count} nodes:"
    yield f"    average {average}"
    yield f"    max {value_label(metric.scaled(aggregate.max), metric.unit)} at {aggregate.max_id}"


def member_lines(
    node: int, heard_us: Mapping[int, int], readings: Mapping[int, tuple[int, Pairs]], now_us: int
) -> Iterator[str]:
    """When a node of a ring or a polled network was heard, and what it read."""
    if node in heard_us:
        yield heard_text(heard_us[node], now_us)
    if node in readings:
        yield from reading_lines(*readings[node])


def reading_lines(version: int, pairs: Pairs) -> Iterator[str]:
    """A node's own readings of a round."""
    for metric_id, raw in pairs:
        metric = metric_of(metric_id)
        yield f"{metric_label(metric.name)} {value_label(metric.scaled(raw), metric.unit)}"
    if pairs:
        yield f"read in round {version}"


def token_text(token: TokenId) -> str:
    """The name of a token."""
    return f"{token.epoch} · {token.generator} · {token.sequence}"


def token_lines(token: TokenId) -> Iterator[str]:
    """The name of a token in words (PROTOCOL.md 12.3)."""
    yield f"token of epoch {token.epoch}, made by {token.generator}"
    yield f"pass {token.sequence:,}"


def turn_text(version: int | None, turn: int | None) -> str:
    """Where the token is on its way (PROTOCOL.md 12.1)."""
    if turn is None:
        return f"on its way in round {version}"
    doing = {0: "gathers", 1: "tells the result"}.get(turn, "carries readings")
    return f"turn {turn} of round {version}: {doing}"


def caption_lines(row: RoundRow) -> list[str]:
    """The last result, in the middle of a ring."""
    unit = row.metric.unit
    lines = [f"round {row.round}", f"average {value_label(row.average, unit)}"]
    if row.maximum is not None:
        lines.append(f"max {value_label(row.maximum, unit)} at {row.max_id}")
    return [*lines, nodes_label(row)]


def latest_labels(row: RoundRow) -> dict[str, str]:
    """The result of a round by the line of the plot that it is the end of: the plot's legend."""
    unit = row.metric.unit
    where = "" if row.max_id is None else f" at node {row.max_id}"
    return {
        "maximum": f"● max {value_label(row.maximum, unit)}{where}",
        "average": f"● average {value_label(row.average, unit)}",
        "count": f"● {nodes_label(row)}",
    }


def round_text(row: RoundRow) -> str:
    """The line for a finished round."""
    unit = row.metric.unit
    found = "no reading"
    if row.maximum is not None:
        found = f"max {value_label(row.maximum, unit)} at node {row.max_id}"
        found += f", average {value_label(row.average, unit)}"
    remark = ", saturated" if row.saturated else "" if row.exact else ", not exact"
    return f"round {row.round}: {found}, {nodes_label(row)}{remark}"


def joined_text(node: int, parent: int, previous: int | None) -> str:
    """The line for a node that has found a parent; `previous` is the one it had before, if any."""
    if previous is None:
        return f"node {node} joined under {parent}"
    if previous == parent:
        return f"node {node} is back under {parent}"
    return f"node {node} moved from {previous} to {parent}"


def seeking_text(node: int, lost_parent: int | None) -> str:
    """The line for a node that calls for help."""
    if lost_parent is None:
        return f"node {node} looks for a parent"
    return f"node {node} lost its parent {lost_parent}"


def lost_text(node: int, parent: int) -> str:
    """The line for a node that its parent has given up."""
    return f"node {node} is lost: {parent} has not heard it for two rounds"


def crowded_text(count: int) -> str:
    """More nodes and metrics tell readings than are kept."""
    return (
        f"readings of {count:,} nodes and metrics are kept, and of no more: an open network takes"
        " what anybody makes up"
    )


def bad_text(dropped: Dropped, count: int) -> str:
    """The line for a record that holds no frame, and how many of its kind there were."""
    so_far = f" ({count} so far)" if count > 1 else ""
    return f"bad frame on {dropped.link}: {dropped.detail}{so_far}"
