"""MQTT discovery of Home Assistant (www.home-assistant.io/integrations/mqtt): each node a device, each metric
an entity of it, and the network a device with the results of its rounds and its alarms.

The retained messages on `<prefix>/<component>/<device>/<entity>/config` say where values come and what they
mean; an empty one takes an entity away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from bridge.rules.engine import Kind
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
_SENSOR, _BINARY_SENSOR = "sensor", "binary_sensor"


class HomeAssistant:
    """What is announced of one network. Metrics that this version does not know have no meaning there."""

    def __init__(self, prefix: str, network: str, topics: Topics) -> None:
        self.status_topic = f"{prefix}/status"
        self._prefix = prefix
        self._network = network
        self._topics = topics
        # A device's id may hold letters, digits, - and _; another network's is never the same.
        self._id = f"treering_{_identifier(network)}"

    def announce_reading(self, node: int, metric: Metric) -> Iterator[Message]:
        """One node's readings of one metric."""
        if metric.id not in METRICS:
            return
        topics = self._topics
        yield self._config(
            _SENSOR,
            self._of_node(node),
            metric.name,
            {
                "name": _words(metric.name),
                "state_topic": topics.reading(node, metric),
                "value_template": "{{ value_json.value }}",
                "availability": [{"topic": topics.bridge_status}, {"topic": topics.node_status(node)}],
                "availability_mode": "all",
                "device": self._node_device(node),
            }
            | _meaning(metric),
        )

    def announce_actuator(self, node: int, actuator: int) -> Iterator[Message]:
        """What an actuator does, as its controller tells: that does not hang on the node's readings."""
        topic = self._topics.actuator(node, actuator)
        yield self._config(
            _SENSOR,
            self._of_node(node),
            f"actuator_{actuator}",
            {
                "name": f"Actuator {actuator}",
                "state_topic": topic,
                "value_template": "{{ value_json.value }}",
                "json_attributes_topic": topic,
                "availability": [{"topic": self._topics.bridge_status}],
                "state_class": "measurement",
                "device": self._node_device(node),
            },
        )

    def announce_alarm(self, name: str) -> Iterator[Message]:
        """An alarm of the network: a problem while it holds for any node."""
        topic = self._topics.rule((Kind.ALARM, name))
        yield self._config(
            _BINARY_SENSOR,
            self._id,
            _alarm(name),
            {
                "name": name,
                "device_class": "problem",
                "state_topic": topic,
                "value_template": "{{ value_json.state }}",
                "json_attributes_topic": topic,
                "availability": [{"topic": self._topics.bridge_status}],
                "device": self._network_device(),
            },
        )

    def forget_alarm(self, name: str) -> Message:
        """Take it away, if it was announced."""
        return Message(self._topic(_BINARY_SENSOR, self._id, _alarm(name)), "", retain=True)

    def announce_round(self, metric: Metric) -> Iterator[Message]:
        """The network's results of one metric."""
        if metric.id not in METRICS:
            return
        for field, words in _OF_ROUNDS.items():
            meaning = _meaning(metric) if field in _SCALED else {}
            if field == "count":
                meaning = {"state_class": "measurement"}
            yield self._config(
                _SENSOR,
                self._id,
                f"{metric.name}_{field}",
                {
                    "name": f"{_words(metric.name)} {words}",
                    "state_topic": self._topics.round(metric),
                    "value_template": f"{{{{ value_json.{field} }}}}",
                    "availability": [{"topic": self._topics.bridge_status}],
                    "device": self._network_device(),
                }
                | meaning,
            )

    def forget(self, node: int, actuators: Iterable[int]) -> Iterator[Message]:
        """Take the node's entities away, whichever were announced."""
        metrics = (metric.name for metric in METRICS.values())
        for entity in (*metrics, *(f"actuator_{actuator}" for actuator in actuators)):
            yield Message(self._topic(_SENSOR, self._of_node(node), entity), "", retain=True)

    def _of_node(self, node: int) -> str:
        return f"{self._id}_{node}"

    def _node_device(self, node: int) -> dict[str, object]:
        return {
            "identifiers": [self._of_node(node)],
            "name": f"{self._network} node {node}",
            "manufacturer": "Treering",
            "model": "node",
            "via_device": self._id,
        }

    def _network_device(self) -> dict[str, object]:
        return {
            "identifiers": [self._id],
            "name": f"{self._network} (Treering)",
            "manufacturer": "Treering",
            "model": "network",
        }

    def _config(self, component: str, device: str, entity: str, config: dict[str, object]) -> Message:
        ids = {"unique_id": f"{device}_{entity}", "origin": _ORIGIN}
        text = json.dumps(config | ids, ensure_ascii=False)
        return Message(self._topic(component, device, entity), text, retain=True)

    def _topic(self, component: str, device: str, entity: str) -> str:
        return f"{self._prefix}/{component}/{device}/{entity}/config"


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", lambda c: f"_{ord(c[0]):x}_", name)


def _alarm(name: str) -> str:
    return f"alarm_{_identifier(name)}"


def _meaning(metric: Metric) -> dict[str, object]:
    return {
        "unit_of_measurement": _UNITS.get(metric.unit, metric.unit),
        "device_class": _DEVICE_CLASSES[metric.name],
        "state_class": "measurement",
    }


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
