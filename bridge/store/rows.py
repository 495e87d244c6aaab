"""What the store holds besides rounds, as rows."""

from __future__ import annotations

import json
from typing import NamedTuple

from protocol.observations import (
    HelpHeard,
    MemberFound,
    NodeLeft,
    NodeLost,
    NodeMissing,
    Observation,
    ParentChanged,
    PassedOver,
    PrimaryChanged,
)

NO_NODE = -1
_NODE_BITS = 16


class ReadingRow(NamedTuple):
    """One raw reading."""

    time_us: int
    node: int
    metric: int
    version: int
    raw: int


class EventRow(NamedTuple):
    """Something that happened, at a node or (NO_NODE) to what has that name. `detail` is a JSON object."""

    time_us: int
    kind: str
    node: int
    name: str = ""
    detail: str = "{}"


class PeerRow(NamedTuple):
    """A node as the bridge hears it; counts since it was first seen."""

    node: int
    link: str
    address: str
    state: str
    first_seen_us: int
    last_heard_us: int
    frames: int
    lost_frames: int
    interval_s: float | None
    address_changes: int


class ActuatorRow(NamedTuple):
    """An actuator by its name in the settings: its state since `since_us`, and the value last asked for."""

    name: str
    node: int
    actuator: int
    state: str
    value: int | None
    since_us: int
    detail: str = ""


def series_of(node: int, metric: int) -> int:
    """The number of the series of that node's readings."""
    return metric << _NODE_BITS | node


def node_and_metric(series: int) -> tuple[int, int]:
    """What `series_of` was given."""
    return series & (1 << _NODE_BITS) - 1, series >> _NODE_BITS


def event_of(fact: Observation) -> EventRow | None:
    """The fact as an event; None for readings and rounds, and for what the log alone keeps.

    That is where a token goes, many times a round, and what could not be decoded.
    """
    match fact:
        case ParentChanged(time_us, node, parent, previous):
            return _event(time_us, "parent changed", node, parent=parent, previous=previous)
        case NodeLost(time_us, node, parent):
            return _event(time_us, "lost", node, parent=parent)
        case NodeLeft(time_us, node):
            return _event(time_us, "left", node)
        case HelpHeard(time_us, node, version, hop_count):
            return _event(time_us, "help", node, version=version, hop_count=hop_count)
        case PassedOver(time_us, node, by):
            return _event(time_us, "passed over", node, by=by)
        case MemberFound(time_us, node):
            return _event(time_us, "member found", node)
        case PrimaryChanged(time_us, primary, previous, epoch):
            return _event(time_us, "primary changed", primary, previous=previous, epoch=epoch)
        case NodeMissing(time_us, node, version):
            return _event(time_us, "missing", node, version=version)
    return None


def _event(time_us: int, kind: str, node: int, **detail: int | None) -> EventRow:
    return EventRow(time_us, kind, node, "", json.dumps(detail, separators=(",", ":")))
