"""The MQTT sink on a real mosquitto, in both versions of the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.sinks.servers import Mosquitto, running, until
from bridge.sinks.mqtt import MqttSettings, MqttSink
from protocol.observations import NodeLost
from tests.bridge.sinks.rig import (
    NETWORK,
    START_US,
    MemoryOffsets,
    Subscriber,
    batch,
    checkpoint,
    numbered,
    result,
    seen,
    subscribed,
    table,
)

VERSIONS = ["3.1.1", "5"]
READING = "treering/garden/node/7/temperature"
STATUS = "treering/garden/status"
CONFIG = "homeassistant/sensor/treering_garden_7/temperature/config"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    server = Mosquitto(folder)
    with running(server):
        yield server


@pytest.fixture
def subscriber(broker: Mosquitto) -> Iterator[Subscriber]:
    with subscribed(broker.port) as heard:
        yield heard


def sink_on(port: int, more: str = "", *, offsets: MemoryOffsets | None = None) -> MqttSink:
    text = f"[[mqtt]]\nport = {port}\n{more}\n"
    settings = MqttSettings.from_table(table(text, "mqtt"), Path("."))
    return MqttSink(settings, NETWORK, offsets or MemoryOffsets())


@pytest.mark.parametrize("version", VERSIONS)
def test_readings_rounds_and_events_reach_a_subscriber(
    subscriber: Subscriber, broker: Mosquitto, version: str
) -> None:
    offsets = MemoryOffsets()
    sink = sink_on(broker.port, f'version = "{version}"', offsets=offsets)
    sink.take(batch(1, seen(1), result(1), NodeLost(START_US, 9, 7)))
    assert sink.pending == 0
    assert offsets.saved == checkpoint(1)
    assert subscriber.wait_for(1, READING) == [
        {
            "value": 21.5,
            "unit": "degC",
            "raw": 123,
            "version": 1,
            "time": "2025-11-21T13:45:01.000000Z",
            "key": "garden/7/temperature/1/1763732701000000",
        }
    ]
    (found,) = subscriber.wait_for(1, "treering/garden/round/temperature")
    assert (found["average"], found["maximum"], found["max_id"], found["count"]) == (20, 25, 7, 3)
    assert found["key"] == "garden/temperature/1/1763732701000000"
    assert subscriber.wait_for(1, "treering/garden/event/lost") == [
        {
            "node": 9,
            "parent": 7,
            "time": "2025-11-21T13:45:00.000000Z",
            "key": "garden/lost/9/1763732700000000",
        }
    ]
    sink.close()
    until(lambda: subscriber.on(STATUS) == ["online", "offline"], "the farewell")


@pytest.mark.parametrize("version", VERSIONS)
def test_more_than_the_window_arrives_once_and_in_order(
    subscriber: Subscriber, broker: Mosquitto, version: str
) -> None:
    sink = sink_on(broker.port, f'version = "{version}"\nin_flight = 30\nbatch = 70\ndiscovery = false')
    for part in numbered([seen(number) for number in range(1_000)], 250):
        sink.take(part)
    assert [found["version"] for found in subscriber.wait_for(1_000, READING)] == [*range(1_000)]
    assert sink.sent == 1_000 + 1  # the node's status
    sink.close()
