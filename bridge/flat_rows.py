"""Readings, results, events and packets as rows of a table: what CSV and Parquet files hold.

The order and the names of the columns are the same in both. A time is microseconds since the epoch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum

from bridge.entries import ActuatorState, Entry, Event, Reading
from protocol.capture import Record
from protocol.observations import RoundRow
from protocol.packets import TYPE_MASK, FrameError, FrameType, has_wrong_checksum, peek_header
from protocol.sealing import is_sealed

Row = tuple[object, ...]


class ColumnType(Enum):
    """What a column holds; any may be None."""

    TIME = "time"
    WHOLE = "whole"
    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"


_TIME, _WHOLE, _NUMBER, _TEXT, _FLAG = ColumnType
_SUMS: Mapping[str, ColumnType] = {
    "time": _TIME,
    "network": _TEXT,
    "node": _WHOLE,
    "metric": _TEXT,
    "count": _WHOLE,
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "average": _NUMBER,
    "deviation": _NUMBER,
    "unit": _TEXT,
}
KINDS: Mapping[type, str] = {
    Reading: "readings",
    RoundRow: "rounds",
    Event: "events",
    ActuatorState: "events",
}
PACKETS = "packets"
COLUMNS: Mapping[str, Mapping[str, ColumnType]] = {
    "readings": {
        "time": _TIME,
        "network": _TEXT,
        "node": _WHOLE,
        "metric": _TEXT,
        "version": _WHOLE,
        "value": _NUMBER,
        "unit": _TEXT,
        "raw": _WHOLE,
    },
    "rounds": {
        "time": _TIME,
        "network": _TEXT,
        "metric": _TEXT,
        "version": _WHOLE,
        "round": _WHOLE,
        "maximum": _NUMBER,
        "average": _NUMBER,
        "unit": _TEXT,
        "max": _WHOLE,
        "max_id": _WHOLE,
        "total": _WHOLE,
        "count_lo": _WHOLE,
        "count_hi": _WHOLE,
        "exact": _FLAG,
        "saturated": _FLAG,
        "duration_ms": _WHOLE,
        "frames": _WHOLE,
        "bytes": _WHOLE,
        "repairs": _WHOLE,
        "alive": _WHOLE,
        "reachable": _WHOLE,
    },
    "minutes": _SUMS,
    "hours": _SUMS,
    "events": {
        "time": _TIME,
        "network": _TEXT,
        "kind": _TEXT,
        "node": _WHOLE,
        "name": _TEXT,
        "detail": _TEXT,
    },
    PACKETS: {
        "time": _TIME,
        "network": _TEXT,
        "link": _TEXT,
        "direction": _TEXT,
        "type": _TEXT,
        "source": _WHOLE,
        "destination": _WHOLE,
        "counter": _WHOLE,
        "sealed": _FLAG,
        "damaged": _FLAG,
        "bytes": _WHOLE,
    },
}
_TYPES = {int(type_): type_.name.lower() for type_ in FrameType}


def packet_row(network: str, record: Record) -> Row:
    """A row of `packets`: what the header tells (PROTOCOL.md section 1), as far as it is there."""
    frame = record.frame
    is_open_and_wrong = has_wrong_checksum(frame)
    try:
        first, source, destination, counter = peek_header(frame)
    except FrameError:
        header: Row = (None, None, None, None, False, True)
    else:
        kind = _TYPES.get(first & TYPE_MASK)
        header = (kind, source, destination, counter, is_sealed(frame), is_open_and_wrong)
    return record.timestamp_us, network, record.link, record.direction.name.lower(), *header, len(frame)


def row_of(network: str, entry: Entry) -> Row:
    """A row of `readings`, `rounds` or `events`."""
    if isinstance(entry, Reading):
        return _reading_row(network, entry)
    return _round_row(network, entry) if isinstance(entry, RoundRow) else _event_row(network, entry)


def _reading_row(network: str, entry: Reading) -> Row:
    metric = entry.metric
    return (
        entry.timestamp_us,
        network,
        entry.node,
        metric.name,
        entry.version,
        entry.value,
        metric.unit,
        entry.raw,
    )


def _round_row(network: str, row: RoundRow) -> Row:
    """The words are those of PROTOCOL.md 6.4; `maximum` and `average` are in the unit."""
    return (
        row.timestamp_us,
        network,
        row.metric.name,
        row.version,
        row.round,
        row.maximum,
        row.average,
        row.metric.unit,
        row.max,
        row.max_id,
        row.aggregate.total,
        row.count_lo,
        row.aggregate.count,
        row.exact,
        row.saturated,
        row.duration_ms,
        row.frames,
        row.bytes,
        row.repairs,
        row.alive,
        row.reachable,
    )


def _event_row(network: str, entry: Event | ActuatorState) -> Row:
    detail = json.dumps(entry.details, separators=(",", ":"))
    return entry.timestamp_us, network, entry.kind, entry.node, "", detail
