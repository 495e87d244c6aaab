"""From a node's reading through the rules of a bridge, a process of its own, to an alarm at the broker."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.sinks.servers import Mosquitto, until
from benchmarks.sinks.subscriber import Subscriber
from tests.bridge.bridge_process import Bridge

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mosquitto is set up on Linux only")

WARM, CONFIG = "treering/garden/rule/warm", "homeassistant/binary_sensor/treering_garden/alarm_warm/config"
RULE = '[[rule]]\nname = "warm"\ntext = "alarm when temperature of any node > 5"\n'


@pytest.fixture
def bridge(tmp_path: Path, broker: Mosquitto) -> Iterator[Bridge]:
    made = Bridge(tmp_path, RULE + f"[[mqtt]]\nport = {broker.port}\n")
    yield made
    made.kill_all()


def test_an_alarm_is_retained_through_a_crash_until_its_rule_is_gone(
    bridge: Bridge, broker: Mosquitto, subscriber: Subscriber
) -> None:
    def last() -> tuple[str, object]:
        told = json.loads(subscriber.on(WARM)[-1] or "{}") if subscriber.on(WARM) else {}
        return told.get("state", ""), told.get("key")

    process = bridge.start()
    until(lambda: last() == ("OFF", None), "the rule, though nothing has happened")
    assert json.loads(subscriber.on(CONFIG)[-1])["device_class"] == "problem"
    bridge.start_agent(7)
    until(lambda: last()[0] == "ON", "the alarm")
    key = last()[1]
    assert str(key).startswith("garden/alarm begins/warm/7/")
    bridge.stop(process, signal.SIGKILL)
    subscriber.client.publish(WARM, "forgotten", 1, True).wait_for_publish(10)
    until(lambda: subscriber.on(WARM)[-1] == "forgotten", "our own message")
    process = bridge.start()
    until(lambda: subscriber.on(WARM)[-1] != "forgotten" and last() == ("ON", key), "the alarm again")
    bridge.configure(f"[[mqtt]]\nport = {broker.port}\n")
    process.send_signal(signal.SIGHUP)
    until(lambda: subscriber.on(WARM)[-1] == subscriber.on(CONFIG)[-1] == "", "the end of the rule")
    bridge.stop(process)
