"""What the tests of the MQTT sink share: sinks, and a look at what the broker holds."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sinks.servers import Mosquitto, until
from benchmarks.sinks.subscriber import subscribed
from bridge.sinks.mqtt import MqttSettings, MqttSink
from bridge.sinks.rule_board import RuleBoard
from tests.bridge.sinks.rig import NETWORK, START_US, MemoryOffsets, table

VERSIONS = ["3.1.1", "5"]


def sink_on(
    port: int,
    more: str = "",
    *,
    offsets: MemoryOffsets | None = None,
    network: str = NETWORK,
    board: RuleBoard | None = None,
) -> MqttSink:
    """A sink for the broker of that port, with more lines of its table; told by `board` if there is one."""
    text = f"[[mqtt]]\nport = {port}\n{more}\n"
    settings = MqttSettings.from_table(table(text, "mqtt"), Path("."))
    sink = MqttSink(settings, network, offsets or MemoryOffsets(), board)
    if board is not None:
        board.add(sink)
    return sink


def idled(sink: MqttSink) -> bool:
    """As when there is nothing to take."""
    sink.idle(START_US)
    return True


def retained(broker: Mosquitto) -> dict[str, str]:
    """What a subscriber that comes now is told."""
    with subscribed(broker.port) as late:
        late.client.publish("end", "here", 1).wait_for_publish(10)
        until(lambda: late.on("end"), "the end of what is retained")
        return {topic: payload for topic, payload, is_retained in late.heard if is_retained}
