"""What the bridge page shows of a bridge's status: words, tables and warnings. No tkinter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from bridge.status import BridgeStatus, RuleStatus
from bridge.status_view import size_text, span_text
from desktop.lists.table import Column, Line
from desktop.model.words import plural, unit_label


class Mark(Enum):
    """What a line of a table is marked with: a shape and a colour, beside the word in the line."""

    WELL = "well"
    ACTIVE = "active"
    DOUBT = "doubt"
    BAD = "bad"
    AWAY = "away"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table's lines, whose tags are names of marks, and what they come to."""

    summary: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class BridgePage:
    """All that is shown of a bridge; `facts` are lines of words."""

    title: str
    summary: str
    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    segments: Sheet
    peers: Sheet
    consumers: Sheet
    rules: Sheet


# The first columns matter most: where there is no room the last are left out.
SEGMENT_COLUMNS = (
    Column("segment", 12),
    Column("state", 4.2, stretches=False),
    Column("in/s", 4, "e", stretches=False),
    Column("out/s", 4, "e", stretches=False),
    Column("dropped", 5.4, "e", stretches=False),
    Column("unsent", 4.8, "e", stretches=False),
    Column("in", 5.2, "e", stretches=False),
    Column("out", 5.2, "e", stretches=False),
)
PEER_COLUMNS = (
    Column("node", 3.9, "e", stretches=False),
    Column("state", 4.2, stretches=False),
    Column("heard", 7.3, "e", stretches=False),
    Column("every", 4.6, "e", stretches=False),
    Column("missed", 4.9, "e", stretches=False),
    Column("frames", 5, "e", stretches=False),
    Column("segment", 12.4),
    Column("address", 10.6, stretches=False),
)
CONSUMER_COLUMNS = (
    Column("consumer", 6),
    Column("state", 5, stretches=False),
    Column("behind", 5.2, "e", stretches=False),
    Column("records", 5.2, "e", stretches=False),
    Column("retries", 4.8, "e", stretches=False),
    Column("waiting", 5, "e", stretches=False),
    Column("by Little", 5.2, "e", stretches=False),
    Column("by M/M/1", 5.7, "e", stretches=False),
    Column("facts", 5.2, "e", stretches=False),
    Column("last error", 8),
)
RULE_COLUMNS = (
    Column("name", 5),
    Column("is a", 5.2, stretches=False),
    Column("now", 8.6, stretches=False),
    Column("what", 14),
)

_PEER_MARKS = {"alive": Mark.WELL, "late": Mark.DOUBT, "lost": Mark.BAD, "left": Mark.AWAY}
_CONSUMER_MARKS = {"running": Mark.WELL, "retrying": Mark.DOUBT, "failed": Mark.BAD}
_ACTUATOR_MARKS = {"active": Mark.ACTIVE, "failed": Mark.BAD, "unknown": Mark.DOUBT}
# Behind by less than this is no more than the time between two looks.
_NOTABLE_LAG_S = 5.0


def page_of(status: BridgeStatus) -> BridgePage:
    """The page. Raises KeyError, TypeError, ValueError or AttributeError for what is no such status."""
    log = status["log"]
    kept = f"log: {plural(log['records'], 'record')} in {plural(log['segments'], 'file')}"
    kept += f", {size_text(log['size_bytes'])}; {size_text(log['free_bytes'])} free in {log['folder']}"
    if log["lost_records"]:
        kept += f"; {log['lost_records']:,} not kept"
    own = "no node of its own" if status["node"] is None else f"node {status['node']}"
    return BridgePage(
        title=status["name"],
        summary=f"{'sealed' if status['is_sealed'] else 'OPEN'} {status['network']}, {own},"
        f" up {span_text(status['up_s'])}, treering {status['version']}",
        facts=(kept, *_latencies(status)),
        warnings=tuple(str(warning) for warning in status["warnings"]),
        segments=_segments(status),
        peers=_peers(status),
        consumers=_consumers(status),
        rules=_rules(status),
    )


def _latencies(status: BridgeStatus) -> Iterator[str]:
    if status["latencies"]:
        stages = (f"{one['stage']} {one['p99_ms']:.1f} ms" for one in status["latencies"])
        yield f"latency, 99 of 100: {', '.join(stages)}"


def _segments(status: BridgeStatus) -> Sheet:
    segments = status["segments"]
    up = sum(segment["is_up"] for segment in segments)
    rate = sum(segment["rate_in"] for segment in segments)
    lines = tuple(
        Line(
            (
                segment["link"],
                "up" if segment["is_up"] else "down",
                f"{segment['rate_in']:,.1f}",
                f"{segment['rate_out']:,.1f}",
                f"{sum(segment['drops'].values()):,}",
                f"{segment['unsent']:,}",
                f"{segment['frames_in']:,}",
                f"{segment['frames_out']:,}",
            ),
            (Mark.WELL if segment["is_up"] else Mark.BAD).name,
        )
        for segment in segments
    )
    return Sheet(f"{up} of {len(segments)} up, {rate:,.1f} frames/s in", lines)


def _peers(status: BridgeStatus) -> Sheet:
    peers = sorted(status["peers"], key=lambda peer: peer["node"])
    lines = tuple(
        Line(
            (
                str(peer["node"]),
                peer["state"],
                f"{span_text((status['now_us'] - peer['last_heard_us']) / 1e6)} ago",
                "–" if peer["interval_s"] is None else span_text(peer["interval_s"]),
                f"{peer['lost_frames']:,}",
                f"{peer['frames']:,}",
                peer["link"],
                peer["address"] or "–",
            ),
            _PEER_MARKS.get(peer["state"], Mark.DOUBT).name,
        )
        for peer in peers
    )
    counts = Counter(peer["state"] for peer in peers)
    return Sheet(", ".join(f"{counts[state]} {state}" for state in _in_order(counts, _PEER_MARKS)), lines)


def _consumers(status: BridgeStatus) -> Sheet:
    consumers = status["consumers"]
    lines = []
    for one in consumers:
        mark = _CONSUMER_MARKS.get(one["state"], Mark.AWAY)
        if mark is Mark.WELL and one["lag_s"] >= _NOTABLE_LAG_S:
            mark = Mark.DOUBT
        values = (
            one["name"],
            one["state"],
            span_text(one["lag_s"]),
            f"{one['lag_records']:,}",
            f"{one['retries']:,}",
            _length(one["queue"]["length"]),
            _length(one["queue"]["littles_length"]),
            _length(one["queue"]["mm1_length"]),
            f"{one['taken']:,}",
            one["last_error"] or "–",
        )
        lines.append(Line(values, mark.name))
    worst_s = max((one["lag_s"] for one in consumers), default=0.0)
    behind = f"up to {span_text(worst_s)} behind the log" if worst_s >= _NOTABLE_LAG_S else "up to date"
    return Sheet(behind if consumers else "", tuple(lines))


def _rules(status: BridgeStatus) -> Sheet:
    """Rules, what they act on, and what they look at."""
    rules = [
        Line(
            (rule["name"], "rule", _now(rule, status), rule["text"]),
            (Mark.ACTIVE if rule["is_active"] else Mark.IDLE).name,
        )
        for rule in status["rules"]
    ]
    actuators = [
        Line(
            (
                one["name"],
                "actuator",
                one["state"] if one["value"] is None else f"{one['state']} {one['value']}",
                f"number {one['actuator']} of node {one['node']}",
            ),
            _ACTUATOR_MARKS.get(one["state"], Mark.IDLE).name,
        )
        for one in status["actuators"]
    ]
    streams = [
        Line(
            (
                stream["name"],
                "stream",
                "–" if stream["value"] is None else f"{stream['value']:.4g} {unit_label(stream['unit'])}",
                _ago(stream["time_us"], status),
            ),
            Mark.IDLE.name,
        )
        for stream in status["streams"]
    ]
    active = sum(rule["is_active"] for rule in status["rules"])
    summary = f"{active} of {plural(len(rules), 'rule')} active" if rules else ""
    return Sheet(summary, (*rules, *actuators, *streams))


def _now(rule: RuleStatus, status: BridgeStatus) -> str:
    if not rule["is_active"]:
        return "–"
    since_us = rule["since_us"]
    return "active" if since_us is None else f"active {span_text((status['now_us'] - since_us) / 1e6)}"


def _length(mean: float | None) -> str:
    """How many records waited on average."""
    return "–" if mean is None else f"{mean:,.2f}"


def _ago(time_us: int | None, status: BridgeStatus) -> str:
    return "" if time_us is None else f"{span_text((status['now_us'] - time_us) / 1e6)} ago"


def _in_order(counts: Mapping[str, int], first: Mapping[str, object]) -> list[str]:
    return [*(state for state in first if state in counts), *(s for s in counts if s not in first)]
