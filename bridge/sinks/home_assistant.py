"""MQTT discovery of Home Assistant (www.home-assistant.io/integrations/mqtt): each node a device, each metric
an entity of it, and the network a device with the results of its rounds.

The retained messages on `<prefix>/sensor/<device>/<entity>/config` say where values come and what they mean;
an empty one takes an entity away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from bridge.sinks.mqtt_connection import Message
from bridge.sinks.mqtt_topics import Topics
from protocol.aggregate import METRICS, Metric

BIRTH = "online"  # on `<prefix>/status`: it has started, and asks to be told again
_UNITS = {"degC": "°C"}
# developers.home-assistant.io/docs/core/entity/sensor: device classes, and the units that they take.
_DEVICE_CLASSES = {
    "temperature": "temperature",
    "humidity": "humidity",
    "soil_moisture": "moisture",
    "soil_temperature": "temperature",
    "wind_speed": "wind_speed",
}
_OF_ROUNDS = {
    "average": "average",
    "maximum": "maximum",
    "max_id": "node of the maximum",
    "count": "readings",
}
_SCALED = ("average", "maximum")
_ORIGIN = {"name": "Treering"}


class HomeAssistant:
    """What is announced of one network. Metrics that this version does not know have no meaning there."""

    def __init__(self, prefix: str, network: str, topics: Topics) -> None:
        self.status_topic = f"{prefix}/status"
        self._prefix = prefix
        self._network = network
        self._topics = topics
        # A device's id may hold letters, digits, - and _; another network's is never the same.
        self._id = "treering_" + re.sub(r"[^A-Za-z0-9-]", lambda c: f"_{ord(c[0]):x}_", network)

    def announce_reading(self, node: int, metric: Metric) -> Iterator[Message]:
        """One node's readings of one metric."""
        if metric.id not in METRICS:
            return
        device = f"{self._id}_{node}"
        topics = self._topics
        yield self._config(
            device,
            metric.name,
            {
                "name": _words(metric.name),
                "state_topic": topics.reading(node, metric),
                "value_template": "{{ value_json.value }}",
                "availability": [{"topic": topics.bridge_status}, {"topic": topics.node_status(node)}],
                "availability_mode": "all",
                "device": {
                    "identifiers": [device],
                    "name": f"{self._network} node {node}",
                    "manufacturer": "Treering",
                    "model": "node",
                    "via_device": self._id,
                },
            }
            | _meaning(metric),
        )

    def announce_round(self, metric: Metric) -> Iterator[Message]:
        """The network's results of one metric."""
        if metric.id not in METRICS:
            return
        for field, words in _OF_ROUNDS.items():
            meaning = _meaning(metric) if field in _SCALED else {}
            if field == "count":
                meaning = {"state_class": "measurement"}
            yield self._config(
                self._id,
                f"{metric.name}_{field}",
                {
                    "name": f"{_words(metric.name)} {words}",
                    "state_topic": self._topics.round(metric),
                    "value_template": f"{{{{ value_json.{field} }}}}",
                    "availability": [{"topic": self._topics.bridge_status}],
                    "device": {
                        "identifiers": [self._id],
                        "name": f"{self._network} (Treering)",
                        "manufacturer": "Treering",
                        "model": "network",
                    },
                }
                | meaning,
            )

    def forget(self, node: int) -> Iterator[Message]:
        """Take the node's entities away, whichever were announced."""
        for metric in METRICS.values():
            yield Message(self._topic(f"{self._id}_{node}", metric.name), "", retain=True)

    def _config(self, device: str, entity: str, config: dict[str, object]) -> Message:
        ids = {"unique_id": f"{device}_{entity}", "origin": _ORIGIN}
        return Message(self._topic(device, entity), json.dumps(config | ids, ensure_ascii=False), retain=True)

    def _topic(self, device: str, entity: str) -> str:
        return f"{self._prefix}/sensor/{device}/{entity}/config"


def _meaning(metric: Metric) -> dict[str, object]:
    return {
        "unit_of_measurement": _UNITS.get(metric.unit, metric.unit),
        "device_class": _DEVICE_CLASSES[metric.name],
        "state_class": "measurement",
    }


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
