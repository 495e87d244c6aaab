"""InfluxDB's line protocol (docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference).

    measurement,tag=text,... field=value,... timestamp_ns

A point is known by its measurement, tags and time: one that comes again overwrites itself. The log counts
microseconds, and readings of two rounds may come in the same one; the nanoseconds, which are free, tell them
apart: the version modulo 1,000.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.entries import ActuatorState, Event, Reading
from bridge.sinks.rule_board import RuleChange
from protocol.observations import RoundRow

Value = float | int | bool | str
_SPECIAL = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
# No tag can hold these: a line ends a point, and a backslash before a comma cannot be told from an escape.
_IMPOSSIBLE = str.maketrans(dict.fromkeys([*map(chr, range(32)), "\x7f", "\\"], "_"))


def line(measurement: str, tags: Mapping[str, str], fields: Mapping[str, Value], timestamp_ns: int) -> str:
    """One point, without a line end; control characters and backslashes in tags become `_`.

    Raises ValueError without fields, or for an empty tag: Influx has neither.
    """
    if not fields:
        raise ValueError(f"{measurement}: a point has at least one field")
    if not all(tags.values()):
        raise ValueError(f"{measurement}: a tag is empty; leave it out")
    tag_set = "".join(f",{_escaped(key)}={_escaped(value)}" for key, value in sorted(tags.items()))
    field_set = ",".join(f"{_escaped(key)}={_value(value)}" for key, value in fields.items())
    return f"{_escaped(measurement)}{tag_set} {field_set} {timestamp_ns}"


def _escaped(text: str) -> str:
    return text.translate(_IMPOSSIBLE).translate(_SPECIAL)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def _timestamp_ns(timestamp_us: int, version: int) -> int:
    return timestamp_us * 1_000 + version % 1_000


def reading_line(network: str, reading: Reading) -> str:
    """`reading`, by network, node, metric and unit."""
    metric = reading.metric
    tags = {"network": network, "node": str(reading.node), "metric": metric.name, "unit": metric.unit}
    fields: dict[str, Value] = {
        "value": float(reading.value),
        "raw": reading.raw,
        "version": reading.version,
    }
    return line("reading", tags, fields, _timestamp_ns(reading.timestamp_us, reading.version))


def round_line(network: str, row: RoundRow) -> str:
    """`round`, by network, metric and unit: the numbers that the result has."""
    metric = row.metric
    found: dict[str, Value | None] = {
        "average": row.average,
        "maximum": None if row.maximum is None else float(row.maximum),
        "max_id": row.max_id,
        "count": row.aggregate.count,
        "count_lo": row.count_lo,
        "exact": row.exact,
        "saturated": row.saturated,
        "round": row.round,
        "version": row.version,
        "duration_ms": row.duration_ms,
        "frames": row.frames,
        "bytes": row.bytes,
        "repairs": row.repairs,
        "alive": row.alive,
        "reachable": row.reachable,
    }
    tags = {"network": network, "metric": metric.name, "unit": metric.unit}
    fields = {key: value for key, value in found.items() if value is not None}
    return line("round", tags, fields, _timestamp_ns(row.timestamp_us, row.version))


def event_line(network: str, event: Event) -> str:
    """`event`, by network, kind and node."""
    tags = {"network": network, "kind": event.kind, "node": str(event.node)}
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in event.details.items())
    text = f"node {event.node}: {event.kind.replace('_', ' ')}" + (f" ({told})" if told else "")
    fields: dict[str, Value] = {"text": text, **event.details}
    return line("event", tags, fields, _timestamp_ns(event.timestamp_us, 0))


def actuator_line(network: str, state: ActuatorState) -> str:
    """`actuator`, by network, node and actuator."""
    tags = {"network": network, "node": str(state.node), "actuator": str(state.actuator)}
    fields: dict[str, Value] = {"value": state.value, "cause": state.cause_text}
    return line("actuator", tags, fields, _timestamp_ns(state.timestamp_us, 0))


def change_line(network: str, change: RuleChange) -> str:
    """`event`, by network, kind, the rule's name, and node if it is of one."""
    event = change.event
    tags = {"network": network, "kind": change.kind, "name": event.name}
    whose = ""
    if event.node is not None:
        tags["node"] = str(event.node)
        whose = f" of node {event.node}"
    text = f"{event.name}{whose}: {change.kind} ({event.text})"
    return line("event", tags, {"text": text}, _timestamp_ns(event.timestamp_us, 0))
