"""Rules and actuators on a real mosquitto: how they are now is retained there, and right after a restart."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from benchmarks.sinks.servers import Mosquitto, until
from benchmarks.sinks.subscriber import Subscriber
from bridge.log.facts import RetryError
from bridge.rules.engine import Kind, Rule
from bridge.sinks.rule_board import RuleBoard
from protocol.letters import Cause
from protocol.observations import ActuatorSeen, NodeLost
from tests.bridge.sinks.mqtt_rig import VERSIONS, idled, retained, sink_on
from tests.bridge.sinks.rig import ALARM, FAN, SECOND_US, START_US, alarm, batch, seen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mosquitto is set up on Linux only")

FROST, FAN_RULE = "treering/garden/rule/frost", "treering/garden/rule/fan"
CONFIG = "homeassistant/binary_sensor/treering_garden/alarm_frost/config"
ACTUATOR = "treering/garden/node/7/actuator/1"
ACTUATOR_CONFIG = "homeassistant/sensor/treering_garden_7/actuator_1/config"


def board_of(*rules: Rule) -> RuleBoard:
    """Of rules that live at START_US."""
    board = RuleBoard(lambda: START_US)
    board.begin(rules)
    return board


def states(subscriber: Subscriber, topic: str = FROST) -> list[str]:
    return [json.loads(payload)["state"] for payload in subscriber.on(topic) if payload]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_alarm_is_a_problem_in_home_assistant_from_its_beginning_to_its_end(
    subscriber: Subscriber, broker: Mosquitto, version: str
) -> None:
    board = board_of(ALARM, FAN)
    sink = sink_on(broker.port, f'version = "{version}"', board=board)
    idled(sink)
    (config,) = subscriber.wait_for(1, CONFIG)
    assert (config["name"], config["device_class"], config["state_topic"]) == ("frost", "problem", FROST)
    assert config["json_attributes_topic"] == FROST
    assert config["device"]["identifiers"] == ["treering_garden"]
    assert config["availability"] == [{"topic": "treering/garden/status"}]
    assert not [topic for topic, _, _ in subscriber.heard if "alarm_fan" in topic]
    board.take([alarm(1, node=7, text="it is 1 degC"), alarm(2, node=8), alarm(3, node=7, has_begun=False)])
    idled(sink)
    found = subscriber.wait_for(4, FROST)
    assert [told["state"] for told in found] == ["OFF", "ON", "ON", "ON"]
    bridge = found[1].pop("bridge")
    assert bridge.startswith("treering-garden-mqtt-")
    assert found[1] == {
        "state": "ON",
        "kind": "alarm",
        "name": "frost",
        "begins": True,
        "text": "it is 1 degC",
        "node": 7,
        "time": "2025-11-21T13:45:01.000000Z",
        "key": "garden/alarm begins/frost/7/1763732701000000",
    }
    board.take([alarm(4, node=8, has_begun=False), alarm(5, rule=FAN)])
    sink.close()
    until(lambda: states(subscriber) == ["OFF", "ON", "ON", "ON", "OFF"], "the end")
    until(lambda: states(subscriber, FAN_RULE) == ["OFF", "ON"], "the switch")


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_retained_is_right_after_a_restart(broker: Mosquitto, version: str) -> None:
    more = f'version = "{version}"'
    first_board = board_of(ALARM, FAN, replace(ALARM, name="old"))
    first = sink_on(broker.port, more, board=first_board)
    first_board.take([alarm(1), alarm(1, rule=replace(ALARM, name="old")), alarm(1, node=7, rule=FAN)])
    idled(first)
    first.close()
    board = RuleBoard(lambda: START_US)
    second = sink_on(broker.port, more, board=board)
    idled(second)  # before its rules have begun it takes nothing for granted
    assert json.loads(retained(broker)[FROST])["state"] == "ON"
    began = alarm(1, node=7, rule=FAN)
    board.begin([ALARM, FAN], [began], START_US + 9 * SECOND_US)
    until(lambda: idled(second) and "treering/garden/rule/old" not in retained(broker), "the old rule's end")
    found = retained(broker)
    assert "homeassistant/binary_sensor/treering_garden/alarm_old/config" not in found
    assert CONFIG in found
    assert json.loads(found[FROST])["state"] == "OFF"
    assert json.loads(found[FAN_RULE])["state"] == "ON"
    assert json.loads(found[FAN_RULE])["key"] == "garden/switch begins/fan/7/1763732701000000"
    second.close()


def test_rules_of_another_bridge_of_the_network_are_left_alone(
    subscriber: Subscriber, broker: Mosquitto
) -> None:
    ours = sink_on(broker.port, 'client_id = "a"', board=board_of(ALARM))
    others = sink_on(broker.port, 'client_id = "b"', board=board_of(FAN))
    for sink in (ours, others):
        idled(sink)
    subscriber.client.publish("treering/garden/node/8/status", "offline", 1, True).wait_for_publish(10)
    until(lambda: idled(ours) and 8 in ours._nodes, "what was published last")
    until(lambda: idled(others) and 8 in others._nodes, "the same")
    assert {FROST, FAN_RULE} <= retained(broker).keys()
    for sink in (ours, others):
        sink.close()


@pytest.mark.parametrize(
    "payload",
    ["", "ON", "[" * 100_000, "[]", "null", "{}", '{"kind":"alarm"}', '{"kind":[],"name":"x","bridge":"a"}']
    + [json.dumps({"kind": kind, "name": "strange", "bridge": "a"}) for kind in ("alarm", "riot")],
)
def test_what_others_publish_among_the_rules_does_no_harm(
    subscriber: Subscriber, broker: Mosquitto, payload: str
) -> None:
    sink = sink_on(broker.port, 'client_id = "a"', board=board_of(ALARM))
    subscriber.client.publish("treering/garden/rule/x", payload, 1, True).wait_for_publish(10)
    idled(sink)
    subscriber.client.publish("treering/garden/node/8/status", "offline", 1, True).wait_for_publish(10)
    until(lambda: idled(sink) and 8 in sink._nodes, "what was published after it")
    assert states(subscriber) == ["OFF"]
    sink.close()


def test_rules_that_begin_anew_are_told_at_once_and_those_that_are_gone_are_taken_away(
    broker: Mosquitto,
) -> None:
    board = board_of(ALARM, FAN)
    sink = sink_on(broker.port, board=board)
    board.take([alarm(1)])
    idled(sink)
    board.begin([replace(ALARM, kind=Kind.SWITCH)], [], START_US + 9 * SECOND_US)  # rewritten, inactive
    board.take([alarm(1)])  # as after a restart, when it is told again
    sink._tended_s = float("-inf")
    idled(sink)
    found = retained(broker)
    assert FAN_RULE not in found
    assert CONFIG not in found
    assert json.loads(found[FROST])["state"] == "OFF"
    sink.close()


def test_rules_that_read_the_past_alarm_nobody_until_they_have_come_up(
    subscriber: Subscriber, broker: Mosquitto
) -> None:
    board = RuleBoard(lambda: START_US + 3_600 * SECOND_US)
    board.begin([ALARM, FAN])
    sink = sink_on(broker.port, board=board)
    idled(sink)
    board.take([alarm(1), alarm(2, has_begun=False), alarm(3, rule=FAN)])
    idled(sink)
    board.note_present()
    until(lambda: idled(sink) and states(subscriber, FAN_RULE) == ["OFF", "ON"], "the present")
    assert states(subscriber) == ["OFF", "OFF"]
    sink.close()


def test_an_outage_loses_no_change_of_a_rule(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    server.start()
    try:
        board = board_of(ALARM)
        sink = sink_on(server.port, board=board)
        idled(sink)
        server.kill()
        board.take([alarm(1), alarm(2, has_begun=False), alarm(3)])
        with pytest.raises(RetryError):
            idled(sink)
        server.start()
        subscriber = Subscriber(server.port)
        idled(sink)
        until(lambda: len(states(subscriber)) == 4, "what was missed")
        # How it is now first, as the broker has forgotten, then what has happened.
        assert states(subscriber) == ["ON", "ON", "OFF", "ON"]
        assert subscriber.on(CONFIG)
        subscriber.close()
        sink.close()
    finally:
        server.kill()


def test_names_that_no_topic_can_hold_are_encoded(subscriber: Subscriber, broker: Mosquitto) -> None:
    strange = replace(ALARM, name="too #hot+/é")
    board = board_of(strange)
    sink = sink_on(broker.port, network="north/south", board=board)
    idled(sink)
    (found,) = subscriber.wait_for(1, "treering/north%2Fsouth/rule/too %23hot%2B%2F%C3%A9")
    assert found["name"] == "too #hot+/é"
    topic = "homeassistant/binary_sensor/treering_north_2f_south/alarm_too_20__23_hot_2b__2f__e9_/config"
    assert [config["name"] for config in subscriber.wait_for(1, topic)] == ["too #hot+/é"]
    sink.close()


def test_anomalies_of_a_stream_have_a_topic_of_their_own(subscriber: Subscriber, broker: Mosquitto) -> None:
    odd = replace(ALARM, kind=Kind.ANOMALY)
    board = board_of(ALARM, odd)
    sink = sink_on(broker.port, board=board)
    board.take([alarm(1, rule=odd)])
    idled(sink)
    until(lambda: states(subscriber, "treering/garden/anomaly/frost")[-1:] == ["ON"], "the anomaly")
    assert set(states(subscriber)) == {"OFF"}
    sink.close()


def test_home_assistant_that_starts_is_told_the_alarms_again(
    subscriber: Subscriber, broker: Mosquitto
) -> None:
    sink = sink_on(broker.port, board=board_of(ALARM))
    idled(sink)
    subscriber.client.publish("homeassistant/status", "online", 1).wait_for_publish(10)
    until(lambda: idled(sink) and len(subscriber.on(CONFIG)) == 2, "the announcement")
    sink.close()


# --- actuators -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_an_actuator_is_an_entity_of_its_node(
    subscriber: Subscriber, broker: Mosquitto, version: str
) -> None:
    sink = sink_on(broker.port, f'version = "{version}"')
    sink.take(batch(1, ActuatorSeen(START_US, 7, 1, 255, Cause.COMMANDED)))
    assert subscriber.wait_for(1, ACTUATOR) == [
        {
            "value": 255,
            "cause": "commanded",
            "time": "2025-11-21T13:45:00.000000Z",
            "key": "garden/7/actuator/1/1763732700000000",
        }
    ]
    (config,) = subscriber.wait_for(1, ACTUATOR_CONFIG)
    assert (config["name"], config["state_topic"]) == ("Actuator 1", ACTUATOR)
    assert config["device"]["identifiers"] == ["treering_garden_7"]
    assert ACTUATOR in retained(broker)
    sink.close()


def test_the_state_of_an_actuator_does_not_say_that_its_node_is_there(
    subscriber: Subscriber, broker: Mosquitto
) -> None:
    sink = sink_on(broker.port)
    sink.take(batch(1, ActuatorSeen(START_US, 7, 1, 0, Cause.FAILED), NodeLost(START_US, 7, 1)))
    sink.take(batch(2, ActuatorSeen(START_US + 1, 8, 1, 0, Cause.START), seen(1, 8)))
    subscriber.wait_for(1, "treering/garden/node/8/temperature")
    assert subscriber.on("treering/garden/node/7/status") == []
    assert subscriber.on("treering/garden/node/8/status") == ["online"]
    sink.close()


def test_actuators_are_forgotten_with_their_node_also_by_the_next_start(broker: Mosquitto) -> None:
    first = sink_on(broker.port)
    first.take(batch(1, ActuatorSeen(START_US, 7, 1, 255, Cause.COMMANDED)))
    first.close()
    second = sink_on(broker.port, 'forget_after = "1 h"')
    until(lambda: idled(second) and 7 in second._nodes, "what the broker holds")
    second._nodes[7].heard_us = START_US
    second.idle(START_US + 3_700 * SECOND_US)
    assert not [topic for topic in retained(broker) if "actuator" in topic]
    second.close()
