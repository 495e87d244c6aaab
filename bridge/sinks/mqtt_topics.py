"""The topics on which a network is published, and what the messages hold (docs/sinks.md)."""

from __future__ import annotations

import json
from urllib.parse import quote

from bridge.entries import ActuatorState, Event, Reading, round_key, utc_text
from bridge.rules.engine import Kind
from bridge.sinks.mqtt_connection import Message
from bridge.sinks.rule_board import RuleChange, RuleKey
from protocol.aggregate import Metric
from protocol.observations import RoundRow
from protocol.packets import MAX_NODE_ID

ONLINE, OFFLINE = "online", "offline"
ON, OFF = "ON", "OFF"
_MAX_ACTUATOR = 255


class Topics:
    """Of one network, below `prefix`. What a level of a topic cannot hold of its name is percent-encoded."""

    def __init__(self, prefix: str, network: str) -> None:
        self._base = f"{prefix}/{_encoded(network)}"

    @property
    def bridge_status(self) -> str:
        """ONLINE, retained, while the bridge is connected; OFFLINE is its will."""
        return f"{self._base}/status"

    def node_status(self, node: int) -> str:
        """ONLINE or OFFLINE, retained: whether the node's readings come."""
        return f"{self._base}/node/{node}/status"

    @property
    def node_statuses(self) -> str:
        """A filter for those of all nodes."""
        return f"{self._base}/node/+/status"

    def node_in(self, topic: str) -> int | None:
        """The node if the topic is a `node_status`."""
        node = topic.removeprefix(f"{self._base}/node/").removesuffix("/status")
        if not _is_number(node, MAX_NODE_ID):
            return None
        return int(node) if topic == self.node_status(int(node)) else None

    def reading(self, node: int, metric: Metric) -> str:
        """Of one node and metric."""
        return f"{self._base}/node/{node}/{metric.name}"

    def actuator(self, node: int, actuator: int) -> str:
        """Of one actuator of a node."""
        return f"{self._base}/node/{node}/actuator/{actuator}"

    @property
    def actuators(self) -> str:
        """A filter for those of all nodes."""
        return f"{self._base}/node/+/actuator/+"

    def actuator_in(self, topic: str) -> tuple[int, int] | None:
        """The node and which of its actuators it is, if the topic is one of `actuator`."""
        node, _, actuator = topic.removeprefix(f"{self._base}/node/").partition("/actuator/")
        if not (_is_number(node, MAX_NODE_ID) and _is_number(actuator, _MAX_ACTUATOR)):
            return None
        found = int(node), int(actuator)
        return found if topic == self.actuator(*found) else None

    def rule(self, rule: RuleKey) -> str:
        """ON or OFF with what is known of it, retained: whether a rule holds, or a stream is odd."""
        kind, name = rule
        return f"{self._base}/{'anomaly' if kind is Kind.ANOMALY else 'rule'}/{_encoded(name)}"

    @property
    def rules(self) -> tuple[str, ...]:
        """Filters for those of all rules."""
        return tuple(f"{self._base}/{level}/+" for level in ("rule", "anomaly"))

    def round(self, metric: Metric) -> str:
        """Of the results of one metric."""
        return f"{self._base}/round/{metric.name}"

    def event(self, event: Event) -> str:
        """Of one kind of events."""
        return f"{self._base}/event/{event.kind}"


def _encoded(name: str) -> str:
    return quote(name, safe=" ")


def _is_number(text: str, most: int) -> bool:
    return text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most


def reading_message(topics: Topics, network: str, reading: Reading, *, retain: bool) -> Message:
    """value, unit, raw, version, time, key."""
    content = {
        "value": reading.value,
        "unit": reading.metric.unit,
        "raw": reading.raw,
        "version": reading.version,
        "time": utc_text(reading.timestamp_us),
        "key": reading.key(network),
    }
    return Message(topics.reading(reading.node, reading.metric), _json(content), retain)


def round_message(topics: Topics, network: str, row: RoundRow, *, retain: bool) -> Message:
    """The result object of PROTOCOL.md 6.4, with `maximum` in the metric's unit, time and key."""
    more = {"maximum": row.maximum, "time": utc_text(row.timestamp_us), "key": round_key(network, row)}
    return Message(topics.round(row.metric), _json(row.as_json() | more), retain)


def event_message(topics: Topics, network: str, event: Event) -> Message:
    """node, what there is besides, time, key. An event is no state: it is never retained."""
    content: dict[str, object] = {"node": event.node, **event.details}
    content |= {"time": utc_text(event.timestamp_us), "key": event.key(network)}
    return Message(topics.event(event), _json(content))


def actuator_message(topics: Topics, network: str, state: ActuatorState, *, retain: bool) -> Message:
    """value, cause, time, key."""
    content: dict[str, object] = {
        "value": state.value,
        "cause": state.cause_text,
        "time": utc_text(state.timestamp_us),
        "key": state.key(network),
    }
    return Message(topics.actuator(state.node, state.actuator), _json(content), retain)


def rule_message(
    topics: Topics, network: str, rule: RuleKey, change: RuleChange | None, *, bridge: str
) -> Message:
    """state, kind, name, bridge; and of its last change, if there is one: begins, text, node, time, key."""
    content: dict[str, object] = {
        "state": ON if change is not None and change.is_active else OFF,
        "kind": rule[0].value,
        "name": rule[1],
        "bridge": bridge,
    }
    if change is not None:
        event = change.event
        content |= {
            "begins": event.has_begun,
            "text": event.text,
            "node": event.node,
            "time": utc_text(event.timestamp_us),
            "key": change.key(network),
        }
    return Message(topics.rule(rule), _json(content), retain=True)


def _json(content: dict[str, object]) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)
