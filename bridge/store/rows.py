"""What the store holds besides rounds, as rows."""

from __future__ import annotations

import json
from typing import NamedTuple

from bridge.entries import Event, entries_of
from protocol.observations import Observation

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
    """What an actuator does as its controller told last, at `time_us` (PROTOCOL.md 14.3)."""

    node: int
    actuator: int
    time_us: int
    value: int
    cause: int


def series_of(node: int, metric: int) -> int:
    """The number of the series of that node's readings."""
    return metric << _NODE_BITS | node


def node_and_metric(series: int) -> tuple[int, int]:
    """What `series_of` was given."""
    return series & (1 << _NODE_BITS) - 1, series >> _NODE_BITS


def event_rows(fact: Observation) -> list[EventRow]:
    """The events that the fact tells, in the words that sinks use, too."""
    return [
        EventRow(
            entry.timestamp_us, entry.kind, entry.node, "", json.dumps(entry.details, separators=(",", ":"))
        )
        for entry in entries_of(fact)
        if isinstance(entry, Event)
    ]
