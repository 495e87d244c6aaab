"""All that sinks hand on, to an MQTT broker: `[[mqtt]]` in bridge.toml (docs/sinks.md)."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from paho.mqtt.enums import MQTTProtocolVersion

from bridge.entries import ActuatorState, Entry, Event, Reading, entries_of
from bridge.log.facts import FactBatch, RetryError
from bridge.quantities import quantity
from bridge.relay import wall_clock_us
from bridge.sinks.home_assistant import BIRTH, HomeAssistant
from bridge.sinks.live_sink import LiveSink
from bridge.sinks.mqtt_connection import Message, MqttConnection
from bridge.sinks.mqtt_rules import MqttRules
from bridge.sinks.mqtt_topics import (
    OFFLINE,
    ONLINE,
    Topics,
    actuator_message,
    event_message,
    reading_message,
    round_message,
)
from bridge.sinks.rule_board import RuleBoard, RuleChange
from bridge.sinks.settings import DELIVERY_KEYS, Delivery, Secret, secret_place
from bridge.sinks.sink import Offsets
from bridge.sinks.tls import TLS_KEYS, Tls
from bridge.units import TIMES_S
from protocol.aggregate import METRICS, Metric
from protocol.observations import NodeHeard, Observation, RoundRow
from protocol.simulator.toml_tables import Table

KEYS = (
    *("host", "port", "version", "client_id", "user", "password_from", "prefix", "retain", "discovery"),
    *("forget_after", "keepalive", "timeout", "in_flight", "tls"),
    *TLS_KEYS,
    *DELIVERY_KEYS,
)
_VERSIONS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}
TEND_PERIOD_S = 1.0
# A node is not there, as far as these tell; its next reading says that it is.
_GONE = ("lost", "left", "passed_over", "missing")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """One `[[mqtt]]`."""

    delivery: Delivery
    host: str
    port: int
    protocol: MQTTProtocolVersion
    client_id: str | None
    user: str | None
    secret_place: str | None
    prefix: str
    retain: bool
    discovery: str | None  # Home Assistant's prefix; None if it is not to be told
    forget_after_s: float
    keepalive_s: float
    ack_timeout_s: float
    in_flight: int
    tls: Tls

    @classmethod
    def from_table(cls, table: Table, folder: Path) -> MqttSettings:
        """As people wrote it, with files beside the table's own in `folder`. Raises DescriptionError."""
        table.expect((*KEYS, "password"))
        secret = secret_place(table, "password", folder)
        if secret is not None:
            table.need("user")
        with_tls = table.flag("tls", any(key in table.values for key in TLS_KEYS))
        return cls(
            Delivery.from_table(table, name="mqtt", batch_rows=500, batch_age="0 s"),
            table.text("host", "127.0.0.1"),
            table.whole("port", 8883 if with_tls else 1883, 1, 0xFFFF),
            _VERSIONS[table.choice("version", "5", _VERSIONS)],
            table.text("client_id", None),
            table.text("user", None),
            secret,
            _prefix(table, "prefix", "treering"),
            table.flag("retain", True),
            _discovery(table),
            quantity(table, "forget_after", "7 days", TIMES_S, least=60),
            quantity(table, "keepalive", "30 s", TIMES_S, least=5, most=0xFFFF),
            quantity(table, "timeout", "10 s", TIMES_S, least=0.1, most=300),
            table.whole("in_flight", 100, 1, 0xFFFF),
            Tls.from_table(table, folder, is_used=with_tls),
        )


def _prefix(table: Table, key: str, default: str) -> str:
    prefix = table.text(key, default)
    if any(c in "+#" or ord(c) < 32 for c in prefix) or prefix[0] in "/$" or prefix.endswith("/"):
        raise table.error(key, f"{key} is {prefix!r}", f'write levels of a topic: {key} = "home/{default}"')
    return prefix


def _discovery(table: Table) -> str | None:
    if isinstance(table.values.get("discovery", True), bool):
        return "homeassistant" if table.flag("discovery", True) else None
    return _prefix(table, "discovery", "homeassistant")


@dataclass(slots=True)
class _Node:
    """What subscribers were told of a node."""

    heard_us: int
    status: str | None = None
    metrics: set[Metric] = field(default_factory=set)
    actuators: set[int] = field(default_factory=set)


class MqttSink(LiveSink[Entry | RuleChange]):
    """Makes messages of entries, after those that announce what is new in them.

    The broker remembers the nodes for us: their statuses are retained, and come when we connect. What a
    broker may have forgotten, or a Home Assistant that has just started cannot know, is announced anew.
    """

    def __init__(
        self, settings: MqttSettings, network: str, offsets: Offsets, board: RuleBoard | None = None
    ) -> None:
        """Raises UsageError for a secret or a certificate that cannot be read."""
        super().__init__("mqtt", settings.delivery, offsets)
        self._settings = settings
        self._network = network
        self._password = Secret(settings.secret_place)
        self._tls = settings.tls.context() if settings.tls.is_used else None
        # The same after a restart: the broker then ends the last connection, and publishes its will, first.
        own_id = f"treering-{network}-{settings.delivery.name}-{socket.gethostname()}"
        self._client_id = settings.client_id or own_id
        self._topics = Topics(settings.prefix, network)
        self._home: HomeAssistant | None = None
        if settings.discovery is not None:
            self._home = HomeAssistant(settings.discovery, network, self._topics)
        self._rules = MqttRules(board or RuleBoard(), network, self._client_id, self._topics, self._home)
        self._nodes: dict[int, _Node] = {}
        self._round_metrics: set[Metric] = set()
        self._connection: MqttConnection | None = None
        self._tended_s = float("-inf")
        self._has_birth = False  # Home Assistant has started since we announced

    # --- Sink --------------------------------------------------------------------------------------------

    def rows_of(self, fact: Observation) -> Iterable[Entry]:
        """All that it tells. A node that is heard is not forgotten, though it has no readings to tell."""
        if isinstance(fact, NodeHeard) and (node := self._nodes.get(fact.node)) is not None:
            node.heard_us = max(node.heard_us, fact.timestamp_us)
        return entries_of(fact)

    def rows_of_change(self, change: RuleChange) -> Iterable[RuleChange]:
        """Itself."""
        return [change]

    def send(self, rows: Sequence[Entry | RuleChange]) -> None:
        """Publish them; returns when the broker has them all. Raises RetryError."""
        self._connected()
        self._publish([message for entry in rows for message in self._messages_of(entry)])

    def take(self, batch: FactBatch) -> None:
        """Publish what is due; a busy log leaves no time to be idle. Raises RetryError."""
        super().take(batch)
        if self._clock_s() - self._tended_s >= TEND_PERIOD_S:
            self._tend(batch.newest_us)

    def idle(self, now_us: int) -> None:
        """Publish what has waited long enough. Raises RetryError."""
        super().idle(now_us)
        self._tend(now_us)

    def close(self) -> None:
        """Publish the rest if that goes at once, say that the bridge is gone, and disconnect."""
        super().close()
        if self._connection is not None:
            self._connection.close(Message(self._topics.bridge_status, OFFLINE, retain=True))
            self._connection = None

    # --- messages ----------------------------------------------------------------------------------------

    def _messages_of(self, entry: Entry | RuleChange) -> Iterator[Message]:
        retain = self._settings.retain
        if isinstance(entry, Reading):
            yield from self._hear(entry)
            yield reading_message(self._topics, self._network, entry, retain=retain)
        elif isinstance(entry, RoundRow):
            if self._home and entry.metric not in self._round_metrics:
                yield from self._home.announce_round(entry.metric)
            self._round_metrics.add(entry.metric)
            yield round_message(self._topics, self._network, entry, retain=retain)
        elif isinstance(entry, ActuatorState):
            yield from self._see(entry)
            yield actuator_message(self._topics, self._network, entry, retain=retain)
        elif isinstance(entry, RuleChange):
            yield from self._rules.of(entry)
        else:
            yield event_message(self._topics, self._network, entry)
            yield from self._miss(entry)

    def _hear(self, reading: Reading) -> Iterator[Message]:
        node = self._nodes.setdefault(reading.node, _Node(reading.timestamp_us))
        node.heard_us = max(node.heard_us, reading.timestamp_us)
        if self._home and reading.metric not in node.metrics:
            yield from self._home.announce_reading(reading.node, reading.metric)
        node.metrics.add(reading.metric)
        if node.status != ONLINE:
            node.status = ONLINE
            yield self._status_of(reading.node, ONLINE)

    def _see(self, state: ActuatorState) -> Iterator[Message]:
        """What its controller tells is no sign of the node itself."""
        node = self._nodes.setdefault(state.node, _Node(state.timestamp_us))
        if self._home and state.actuator not in node.actuators:
            yield from self._home.announce_actuator(state.node, state.actuator)
        node.actuators.add(state.actuator)

    def _miss(self, event: Event) -> Iterator[Message]:
        node = self._nodes.get(event.node)
        if event.kind in _GONE and node is not None and node.status == ONLINE:
            node.status = OFFLINE
            yield self._status_of(event.node, OFFLINE)

    def _forget(self, now_us: int) -> Iterator[Message]:
        """Take away what is retained of nodes that were silent for long."""
        since_us = now_us - int(self._settings.forget_after_s * 1e6)
        for node in [node for node, known in self._nodes.items() if known.heard_us < since_us]:
            actuators = self._nodes.pop(node).actuators
            if self._home:
                yield from self._home.forget(node, actuators)
            yield from (Message(self._topics.actuator(node, known), "", True) for known in actuators)
            if self._settings.retain:
                yield from (
                    Message(self._topics.reading(node, known), "", True) for known in METRICS.values()
                )
            yield Message(self._topics.node_status(node), "", retain=True)

    def _status_of(self, node: int, status: str) -> Message:
        return Message(self._topics.node_status(node), status, retain=True)

    def _announcements(self) -> Iterator[Message]:
        """All that is known, for whoever has forgotten it."""
        home = self._home
        for node, known in self._nodes.items():
            if home is not None:
                for metric in known.metrics:
                    yield from home.announce_reading(node, metric)
                for actuator in known.actuators:
                    yield from home.announce_actuator(node, actuator)
            if known.status is not None:
                yield self._status_of(node, known.status)
        if home is not None:
            for metric in self._round_metrics:
                yield from home.announce_round(metric)
        yield from self._rules.all()

    # --- the broker --------------------------------------------------------------------------------------

    def _tend(self, now_us: int) -> None:
        """Keep the connection, or connect again, so that subscribers see the bridge. Raises RetryError."""
        self._tended_s = self._clock_s()
        self._connected()
        with self._lost_by_failure() as connection:
            connection.poll()
        again = [*self._announcements()] if self._has_birth else []
        self._has_birth = False
        self._publish([*again, *self._rules.news(), *self._forget(now_us)])

    def _publish(self, messages: Sequence[Message]) -> None:
        with self._lost_by_failure() as connection:
            refusals = connection.publish(messages)
        for message, reason in refusals:
            self.refused += 1
            _log.warning("%s: %s is passed over: %s", self.name, message.topic, reason)

    @contextmanager
    def _lost_by_failure(self) -> Iterator[MqttConnection]:
        """The connection; one that fails is ended, and the next attempt makes another."""
        assert self._connection is not None
        try:
            yield self._connection
        except RetryError:
            self._connection.abandon()
            self._connection = None
            raise

    def _connected(self) -> None:
        """Connect if there is no connection, and tell who we are. Raises RetryError."""
        if self._connection is not None:
            return
        self._connection = self._connect()
        self._publish([Message(self._topics.bridge_status, ONLINE, retain=True), *self._announcements()])
        topics = [self._topics.node_statuses, self._topics.actuators, *self._topics.rules]
        if self._home is not None:
            topics.append(self._home.status_topic)
        with self._lost_by_failure() as connection:
            connection.subscribe(topics)

    def _connect(self) -> MqttConnection:
        settings = self._settings
        return MqttConnection(
            settings.host,
            settings.port,
            protocol=settings.protocol,
            client_id=self._client_id,
            user=settings.user,
            password=self._password.text(),
            tls=self._tls,
            will=Message(self._topics.bridge_status, OFFLINE, retain=True),
            keepalive_s=int(settings.keepalive_s),
            ack_timeout_s=settings.ack_timeout_s,
            window=settings.in_flight,
            on_message=self._on_message,
        )

    def _on_message(self, topic: str, payload: str) -> None:
        if self._home and topic == self._home.status_topic:
            self._has_birth = self._has_birth or payload == BIRTH
        elif payload in (ONLINE, OFFLINE) and (node := self._topics.node_in(topic)) is not None:
            known = self._nodes.setdefault(node, _Node(wall_clock_us()))
            known.status = known.status or payload
        elif payload and (found := self._topics.actuator_in(topic)) is not None:
            self._nodes.setdefault(found[0], _Node(wall_clock_us())).actuators.add(found[1])
        else:
            self._rules.hear(topic, payload)
