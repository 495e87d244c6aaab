"""The topics on which a network is published, and what the messages hold (docs/sinks.md)."""

from __future__ import annotations

import json
from urllib.parse import quote

from bridge.sinks.entries import Event, Reading, round_key, utc_text
from bridge.sinks.mqtt_connection import Message
from protocol.aggregate import Metric
from protocol.observations import RoundRow
from protocol.packets import MAX_NODE_ID

ONLINE, OFFLINE = "online", "offline"


class Topics:
    """Of one network, below `prefix`. What a level of a topic cannot hold of its name is percent-encoded."""

    def __init__(self, prefix: str, network: str) -> None:
        self._base = f"{prefix}/{quote(network, safe=' ')}"

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
        if not node.isdecimal() or len(node) > 5 or int(node) > MAX_NODE_ID:
            return None
        return int(node) if topic == self.node_status(int(node)) else None

    def reading(self, node: int, metric: Metric) -> str:
        """Of one node and metric."""
        return f"{self._base}/node/{node}/{metric.name}"

    def round(self, metric: Metric) -> str:
        """Of the results of one metric."""
        return f"{self._base}/round/{metric.name}"

    def event(self, event: Event) -> str:
        """Of one kind of events."""
        return f"{self._base}/event/{event.kind}"


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


def _json(content: dict[str, object]) -> str:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)
