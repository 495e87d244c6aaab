"""The MQTT sink on a real mosquitto, in both versions of the protocol."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.sinks.servers import Mosquitto, find, running, until
from benchmarks.sinks.subscriber import Subscriber, subscribed
from bridge.errors import UsageError
from bridge.log.facts import RetryError
from bridge.sinks.mqtt import MqttSettings, MqttSink
from protocol.observations import NodeHeard, NodeLeft, NodeLost
from protocol.simulator.toml_tables import DescriptionError
from tests.bridge.sinks.certificates import Authority
from tests.bridge.sinks.mqtt_rig import VERSIONS, idled, retained, sink_on
from tests.bridge.sinks.rig import (
    NETWORK,
    START_US,
    MemoryOffsets,
    batch,
    checkpoint,
    numbered,
    result,
    secret_file,
    seen,
    table,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mosquitto is set up on Linux only")

READING = "treering/garden/node/7/temperature"
STATUS = "treering/garden/status"
CONFIG = "homeassistant/sensor/treering_garden_7/temperature/config"


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
    assert sink.sent == 1_000
    sink.close()


# --- outages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_broker_that_was_away_gets_all_of_it(tmp_path: Path, version: str) -> None:
    offsets = MemoryOffsets()
    server = Mosquitto(tmp_path)
    with running(server):
        sink = sink_on(server.port, f'version = "{version}"', offsets=offsets)
        sink.take(batch(1, seen(1)))
        server.kill()
        late = batch(2, seen(2), seen(3))
        for _ in range(2):
            with pytest.raises(RetryError, match=rf"^127.0.0.1:{server.port}: .*; "):
                sink.take(late)
        assert offsets.saved == checkpoint(1)
        server.start()
        with subscribed(server.port) as subscriber:
            sink.take(late)
            assert [found["version"] for found in subscriber.wait_for(2, READING)] == [2, 3]
            # The broker was killed and has forgotten; what it retained it gets anew.
            assert [config["unique_id"] for config in subscriber.wait_for(1, CONFIG)] == [
                "treering_garden_7_temperature"
            ]
            assert subscriber.on("treering/garden/node/7/status")[-1:] == ["online"]
        assert offsets.saved == checkpoint(2)
        sink.close()


class ScriptedBroker:
    """A broker of MQTT 5 for one connection, that acknowledges messages of a topic with such a reason code.

    None: it never does.
    """

    def __init__(self, reasons: dict[str, int | None]) -> None:
        self._reasons = reasons
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with suppress(ConnectionError), connection, connection.makefile("rb") as stream:
            while head := stream.read(1):
                size_bytes = shift = 0
                while (byte := stream.read(1)[0]) & 0x80:
                    size_bytes |= (byte & 0x7F) << shift
                    shift += 7
                body = stream.read(size_bytes | byte << shift)
                if head[0] >> 4 == 1:
                    connection.sendall(bytes([0x20, 3, 0, 0, 0]))  # CONNACK: accepted
                elif head[0] >> 4 == 3:
                    end = 2 + int.from_bytes(body[:2], "big")
                    if (reason := self._reasons.get(body[2:end].decode(), 0)) is not None:
                        connection.sendall(bytes([0x40, 3, *body[end : end + 2], reason]))  # PUBACK

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()


def test_a_broker_that_acknowledges_nothing_is_tried_again() -> None:
    broker = ScriptedBroker({READING: None})
    sink = sink_on(broker.port, 'timeout = "300 ms"')
    with pytest.raises(RetryError, match=r"no acknowledgement for 0.3 s"):
        sink.take(batch(1, seen(1)))
    sink.close()
    broker.close()


def test_a_topic_that_the_broker_of_5_forbids_is_named() -> None:
    broker = ScriptedBroker({CONFIG: 0x87})
    sink = sink_on(broker.port)
    with pytest.raises(RetryError, match=rf"refuses {CONFIG} .Not authorized.; let the user write"):
        sink.take(batch(1, seen(1)))
    sink.close()
    broker.close()


def test_a_message_that_the_broker_of_5_will_never_take_is_told_and_passed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broker = ScriptedBroker({READING: 0x99})
    sink = sink_on(broker.port)
    sink.take(batch(1, seen(1), result(1)))
    assert (sink.pending, sink.refused) == (0, 1)
    assert f"{READING} is passed over: Payload format invalid" in caplog.text
    sink.close()
    broker.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_will_tells_that_the_bridge_is_gone(
    subscriber: Subscriber, broker: Mosquitto, version: str
) -> None:
    sink = sink_on(broker.port, f'version = "{version}"')
    sink.idle(START_US)  # a bridge is there before its first reading
    until(lambda: subscriber.on(STATUS) == ["online"], "the bridge")
    assert sink._connection is not None
    sink._connection.abandon()  # as when its power fails
    until(lambda: subscriber.on(STATUS) == ["online", "offline"], "the will")
    with pytest.raises(RetryError, match="the connection is lost"):
        sink.idle(START_US)
    sink.idle(START_US)
    until(lambda: subscriber.on(STATUS) == ["online", "offline", "online"], "the bridge again")
    sink.close()


# --- what stays at the broker ----------------------------------------------------------------------------


def test_the_latest_of_each_is_retained_and_events_are_not(broker: Mosquitto) -> None:
    sink = sink_on(broker.port)
    sink.take(batch(1, seen(1), seen(2), result(2), NodeLost(START_US, 9, 7)))
    found = retained(broker)
    assert json.loads(found[READING])["version"] == 2
    assert found["treering/garden/node/7/status"] == "online"
    assert "treering/garden/round/temperature" in found
    assert not any("event" in topic for topic in found)
    sink.close()


def test_without_retain_only_states_and_announcements_stay(broker: Mosquitto) -> None:
    sink = sink_on(broker.port, "retain = false")
    sink.take(batch(1, seen(1), result(2)))
    assert READING not in retained(broker)
    sink.close()


def test_a_node_that_left_or_was_lost_is_offline_until_it_reads(
    subscriber: Subscriber, broker: Mosquitto
) -> None:
    sink = sink_on(broker.port)
    sink.take(batch(1, seen(1), NodeLost(START_US, 7, 1), NodeLeft(START_US, 7), seen(2), seen(3)))
    subscriber.wait_for(3, READING)
    assert subscriber.on("treering/garden/node/7/status") == ["online", "offline", "online"]
    sink.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_node_that_was_silent_for_long_is_forgotten_also_by_the_next_start(
    broker: Mosquitto, version: str
) -> None:
    more = f'version = "{version}"\nforget_after = "1 h"'
    first = sink_on(broker.port, more)
    first.take(batch(1, seen(1, 7), seen(1, 8)))
    first.idle(START_US + 3_600_000_000)
    assert CONFIG in retained(broker)
    first.close()
    second = sink_on(broker.port, more)
    second.take(batch(2, seen(3_000, 8)))
    until(lambda: idled(second) and 7 in second._nodes, "the node's status from the broker")
    second.idle(time.time_ns() // 1_000 + 3_700_000_000)
    found = retained(broker)
    assert not [topic for topic in found if "_7/" in topic or topic == "treering/garden/node/7/status"]
    second.close()


def test_a_log_that_is_never_quiet_leaves_time_for_the_connection(
    subscriber: Subscriber, broker: Mosquitto
) -> None:
    sink = sink_on(broker.port, 'keepalive = "5 s"')
    sink.take(batch(1, seen(1)))
    subscriber.client.publish("homeassistant/status", "online", 1).wait_for_publish(10)
    numbers = itertools.count(2)

    def taken() -> bool:
        """Frames that tell nothing of readings."""
        sink.take(batch(next(numbers)))
        return len(subscriber.on(CONFIG)) == 2

    until(taken, "the announcement")
    sink.close()


def test_a_node_that_is_heard_is_not_forgotten_though_it_has_no_readings(broker: Mosquitto) -> None:
    sink = sink_on(broker.port, 'forget_after = "1 h"')
    hour_us = 3_600_000_000
    sink.take(batch(1, seen(0, 7), seen(0, 8)))
    sink.take(batch(2, NodeHeard(START_US + hour_us, 7)))
    sink.idle(START_US + hour_us + 1)
    found = retained(broker)
    assert "treering/garden/node/7/status" in found
    assert "treering/garden/node/8/status" not in found
    sink.close()


@pytest.mark.parametrize("node", ["9" * 5_000, "65535", "007", "x", "\u0667", "-1", "7/8"])
def test_what_others_publish_where_nodes_are_makes_no_node(
    subscriber: Subscriber, broker: Mosquitto, node: str
) -> None:
    sink = sink_on(broker.port)
    subscriber.client.publish(f"treering/garden/node/{node}/status", "online", 1, True).wait_for_publish(10)
    subscriber.client.publish("treering/garden/node/9/status", "x" * 100_000, 1, True).wait_for_publish(10)
    subscriber.client.publish("treering/garden/node/8/status", "offline", 1, True).wait_for_publish(10)
    until(lambda: idled(sink) and 8 in sink._nodes, "the last of the statuses")
    assert [*sink._nodes] == [8]
    sink.close()


# --- Home Assistant --------------------------------------------------------------------------------------


def test_home_assistant_gets_a_device_for_each_node_and_one_for_the_rounds(
    subscriber: Subscriber, broker: Mosquitto
) -> None:
    sink = sink_on(broker.port)
    sink.take(batch(1, seen(1, pairs=((0, 123), (2, 60))), result(1)))
    (temperature,) = subscriber.wait_for(1, CONFIG)
    assert temperature == {
        "name": "Temperature",
        "unique_id": "treering_garden_7_temperature",
        "state_topic": READING,
        "value_template": "{{ value_json.value }}",
        "unit_of_measurement": "°C",
        "device_class": "temperature",
        "state_class": "measurement",
        "availability": [{"topic": STATUS}, {"topic": "treering/garden/node/7/status"}],
        "availability_mode": "all",
        "device": {
            "identifiers": ["treering_garden_7"],
            "name": "garden node 7",
            "manufacturer": "Treering",
            "model": "node",
            "via_device": "treering_garden",
        },
        "origin": {"name": "Treering"},
    }
    (moisture,) = subscriber.wait_for(1, "homeassistant/sensor/treering_garden_7/soil_moisture/config")
    assert (moisture["device_class"], moisture["unit_of_measurement"]) == ("moisture", "%")
    rounds = subscriber.wait_for(4, "homeassistant/sensor/treering_garden/")
    assert [config["name"] for config in rounds] == [
        "Temperature average",
        "Temperature maximum",
        "Temperature node of the maximum",
        "Temperature readings",
    ]
    assert rounds[0]["state_topic"] == "treering/garden/round/temperature"
    told = [topic for topic, _, _ in subscriber.heard]
    assert told.index(CONFIG) < told.index(READING)  # else it would miss the first value
    sink.close()


def test_home_assistant_that_starts_is_told_again(subscriber: Subscriber, broker: Mosquitto) -> None:
    sink = sink_on(broker.port)
    sink.take(batch(1, seen(1)))
    sink.idle(START_US)
    subscriber.client.publish("homeassistant/status", "offline", 1).wait_for_publish(10)
    subscriber.client.publish("homeassistant/status", "online", 1).wait_for_publish(10)
    until(lambda: idled(sink) and len(subscriber.on(CONFIG)) == 2, "the announcement")
    sink.idle(START_US)
    assert len(subscriber.on(CONFIG)) == 2
    sink.close()


def test_nobody_is_told_if_discovery_is_off(subscriber: Subscriber, broker: Mosquitto) -> None:
    sink = sink_on(broker.port, "discovery = false")
    sink.take(batch(1, seen(1), result(1)))
    subscriber.wait_for(1, "treering/garden/round")
    assert not [topic for topic, _, _ in subscriber.heard if topic.startswith("homeassistant")]
    sink.close()


def test_names_that_no_topic_can_hold_are_encoded(subscriber: Subscriber, broker: Mosquitto) -> None:
    settings = MqttSettings.from_table(table(f"[[mqtt]]\nport = {broker.port}", "mqtt"), Path("."))
    sink = MqttSink(settings, "north+south/#1", MemoryOffsets())
    sink.take(batch(1, seen(1)))
    (found,) = subscriber.wait_for(1, "treering/north%2Bsouth%2F%231/node/7/temperature")
    assert found["key"].startswith("north+south/#1/7/")
    sink.close()


# --- who may -----------------------------------------------------------------------------------------------


def with_password(folder: Path) -> Mosquitto:
    """A broker that only `bridge` may use, and write to its topics alone."""
    passwords, rules = folder / "passwords", folder / "rules"
    passwords.touch(0o600)
    program = find("mosquitto_passwd")
    assert program is not None
    subprocess.run([program, "-b", str(passwords), "bridge", "hidden"], check=True, timeout=20)
    rules.write_text("user bridge\ntopic readwrite treering/#\ntopic read #\n")
    return Mosquitto(folder, "allow_anonymous false", f"password_file {passwords}", f"acl_file {rules}")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_password_comes_from_an_owner_only_file_and_is_never_told(
    tmp_path: Path, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = with_password(tmp_path)
    secret_file(tmp_path / "good", "hidden")
    secret_file(tmp_path / "bad", "guessed")

    def sink_with(place: str) -> MqttSink:
        more = f'version = "{version}"\nuser = "bridge"\npassword_from = "{place}"\ndiscovery = false'
        text = f"[[mqtt]]\nport = {server.port}\n{more}\n"
        return MqttSink(MqttSettings.from_table(table(text, "mqtt"), tmp_path), NETWORK, MemoryOffsets())

    with running(server):
        guessing = sink_with("bad")
        with pytest.raises(
            RetryError, match=r"refuses the connection \(.*\); mend user and password_from"
        ) as caught:
            guessing.take(batch(1, seen(1)))
        assert "guessed" not in str(caught.value) + caplog.text
        knowing = sink_with("good")
        with subscribed(server.port, username="bridge", password="hidden") as subscriber:
            knowing.take(batch(1, seen(1)))
            subscriber.wait_for(1, READING)
            secret_file(tmp_path / "bad", "hidden")  # mended while the bridge runs
            guessing.take(batch(1, seen(1)))
            subscriber.wait_for(2, READING)
        for each in (guessing, knowing):
            each.close()


def test_a_file_that_others_may_read_is_no_place_for_a_password(tmp_path: Path) -> None:
    secret_file(tmp_path / "open", "hidden").chmod(0o644)
    text = '[[mqtt]]\nuser = "bridge"\npassword_from = "open"\n'
    settings = MqttSettings.from_table(table(text, "mqtt"), tmp_path)
    with pytest.raises(UsageError, match="open: others may read or write it, and it holds a secret"):
        MqttSink(settings, NETWORK, MemoryOffsets())


# paho leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("version", VERSIONS)
def test_tls_trusts_the_ca_that_is_named_and_nobody_else(tmp_path: Path, version: str) -> None:
    authority = Authority(tmp_path)
    key, certificate = authority.issue("localhost")
    server = Mosquitto(
        tmp_path,
        "allow_anonymous true",
        f"cafile {authority.certificate}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "require_certificate true",
    )
    authority.issue("bridge")

    def sink_with(lines: str) -> MqttSink:
        text = f'[[mqtt]]\nhost = "localhost"\nport = {server.port}\nversion = "{version}"\n{lines}\n'
        settings = MqttSettings.from_table(table(text, "mqtt"), tmp_path)
        return MqttSink(settings, NETWORK, MemoryOffsets())

    ours = 'certificate = "bridge.pem"\ncertificate_key = "bridge.key"'
    with running(server):
        stranger = sink_with(f"tls = true\n{ours}")
        with pytest.raises(RetryError, match=r"its certificate is not trusted .*; name its CA: ca"):
            stranger.take(batch(1, seen(1)))
        for lines in (f'ca = "ca.pem"\n{ours}', f"insecure = true\n{ours}"):
            trusting = sink_with(lines)
            trusting.take(batch(1, seen(1)))
            assert trusting.pending == 0
            trusting.close()
        nobody = sink_with('ca = "ca.pem"')
        with pytest.raises(RetryError, match=r"is the broker running|is it its TLS port"):
            nobody.take(batch(1, seen(1)))
        for each in (stranger, nobody):
            each.close()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('password = "hidden"', "password: secrets do not belong here"),
        ('password_from = "file"', r"\[\[mqtt\]\] has no user"),
        ('prefix = "a/+/b"', r"prefix is 'a/\+/b'; write levels"),
        ('version = "4"', "version is '4'; write one of 3.1.1, 5"),
        ('ca = "ca.pem"\ninsecure = true', "with insecure nobody is checked"),
        ('certificate = "c.pem"', r"\[\[mqtt\]\] has no certificate_key"),
        ('rate = "fast"', "rate: 'fast' is no number with a unit"),
        ("hosst = 5", "unknown key 'hosst'"),
    ],
)
def test_settings_that_cannot_be_name_the_line_and_the_remedy(lines: str, told: str) -> None:
    with pytest.raises(DescriptionError, match=rf"bridge.toml:[1-3]: .*{told}"):
        MqttSettings.from_table(table(f"[[mqtt]]\n{lines}\n", "mqtt"), Path("."))
