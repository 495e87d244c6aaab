"""Rules over real UDP: a sealed network, a bridge that is its controller, an agent with a lamp in a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.ports import free_port
from bridge.access import Access, RecordOpener
from bridge.driver import NodeDriver, sink_tree_driver
from bridge.keys_file import NetworkKeys
from bridge.log.fact_log import FactLog
from bridge.log.runner import Runner
from bridge.log.segments import SegmentedLog
from bridge.log.settings import LogSettings
from bridge.relay import Relay
from bridge.rules.consumer import RulesConsumer
from bridge.rules.desk import Desk
from bridge.rules.engine import RuleEvent
from bridge.rules.settings import RuleSettings
from bridge.sensors import NoSensor, Readings
from bridge.udp_link import GROUP, LOOPBACK, UdpLink
from firmware.pi.actuators import ActuatorSettings, FileOutput, Outputs
from firmware.pi.agent import run_agent
from protocol.aggregate import TEMPERATURE
from protocol.node import Event, StateTold
from protocol.simulator.toml_tables import Table
from tests.bridge.rig import run, until
from tests.bridge.test_driver import QUICK
from tests.protocol.members import MASTER

BRIDGE, AGENT = 1, 7
TIMEOUT_S = 30.0
RULES = """
[[actuator]]
name = "fan"
node = 7
on = 200
hold = "2 s"

[[stream]]
name = "bench"
text = "temperature of any node average over 10 s"

[[rule]]
name = "cooling"
text = "fan on when temperature of node 7 > 25 for 500 ms, off below 24"

[[rule]]
name = "gone"
text = "alarm when node 7 is stale"
stale_after = "3 s"
"""


def void(result: object) -> None:
    """What a subscriber returns."""


class Thermometer:
    def __init__(self) -> None:
        self.celsius = 20.0

    def read(self, version: int) -> Readings:
        return {TEMPERATURE.id: TEMPERATURE.raw(self.celsius)}


class Agent:
    """Node 7 on UDP, with a lamp that is a file."""

    def __init__(self, port: int, access: Access, lamp: Path) -> None:
        self.lamp = lamp
        self.thermometer = Thermometer()
        self.told: list[StateTold] = []
        self._port, self._access = port, access
        self._stop = asyncio.Event()

    async def start(self) -> None:
        outputs = Outputs([ActuatorSettings(FileOutput(self.lamp))])

        def on_event(event: Event) -> None:
            outputs.heed(event)
            if isinstance(event, StateTold):
                self.told.append(event)

        node = sink_tree_driver(
            "node 7",
            AGENT,
            self.thermometer,
            timing=QUICK,
            access=self._access,
            actuators=outputs.actuators,
            on_event=on_event,
        )
        self._link = UdpLink(GROUP, self._port, LOOPBACK, self._access.reader())
        self._task = asyncio.create_task(run_agent(node, self._link, lambda state: None, self._stop, outputs))

    async def stop(self) -> None:
        self._stop.set()
        await self._task

    async def kill(self) -> None:
        """It ends without a goodbye that anybody hears."""
        await self._link.close()
        await self.stop()

    async def lit(self, value: int) -> None:
        await until(lambda: self.lamp.read_text() == f"{value}\n", TIMEOUT_S)


class Bridge:
    """The controller and root on UDP, with its log, and the rules that read it."""

    def __init__(self, port: int, access: Access, folder: Path) -> None:
        settings = RuleSettings.from_table(Table.parse(RULES, "bridge.toml", "write TOML"))
        self.events: list[RuleEvent] = []
        self.log = SegmentedLog(LogSettings(folder / "log"))
        facts = FactLog(self.log, lambda: RecordOpener(access))
        self.node = sink_tree_driver(
            "root",
            BRIDGE,
            NoSensor(),
            root=True,
            timing=QUICK,
            access=access,
            on_event=self._heed,
        )
        self.rules = RulesConsumer(
            settings,
            folder / "rules.json",
            on_events=self.events.extend,
            wish=self._wish,
        )
        self.desk: Desk = Desk(settings.actuators, self.node, self.rules.actuators)
        self.runner = Runner(facts, self.rules)
        self._relay = Relay(reader=access.reader(), ask=self.node.ask)
        self._relay.subscribe(lambda records: void(facts.append(records)))
        self._links: list[UdpLink | NodeDriver] = [
            UdpLink(GROUP, port, LOOPBACK, access.reader()),
            self.node,
        ]

    def _heed(self, event: Event) -> None:
        self.desk.heed(event)

    def _wish(self, wanted: Mapping[str, bool]) -> None:
        self.desk.wish(wanted)

    async def start(self) -> None:
        for link in self._links:
            await link.start(self._relay.attach(link), lambda state: None)
        self.desk.start()
        self.runner.start()

    async def kill(self) -> None:
        """It ends without a word: nothing that it would say is heard."""
        for link in self._links:
            self._relay.detach(link)
            await link.close()
        self.desk.close()
        await asyncio.to_thread(self.runner.stop)
        self.log.close()

    @property
    def fan(self) -> tuple[str, int | None]:
        (status,) = self.desk.statuses()
        return status["state"], status["value"]


@pytest.mark.parametrize("is_open", [False, True])
def test_a_rule_turns_a_lamp_on_and_off_and_it_is_safe_without_its_bridge(
    is_open: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    keys = NetworkKeys("garden", 0, frozenset({BRIDGE}), BRIDGE, MASTER)
    own = Access(controller=BRIDGE) if is_open else Access(keys)
    theirs = Access(controller=BRIDGE) if is_open else Access(keys.for_member(AGENT))
    lamp = tmp_path / "brightness"
    lamp.write_text("77\n")

    async def main() -> None:
        port = free_port()
        agent, bridge = Agent(port, theirs, lamp), Bridge(port, own, tmp_path)
        await agent.start()
        await agent.lit(0)  # safe before anybody says so
        await bridge.start()
        await until(lambda: bridge.fan == ("idle", 0), TIMEOUT_S)

        agent.thermometer.celsius = 30
        await agent.lit(200)
        await until(lambda: bridge.fan == ("active", 200), TIMEOUT_S)
        # The command holds for 2 s, and is renewed: it is on for longer than that, and all are told again.
        agent.told.clear()
        await until(lambda: [told.value for told in agent.told] == [200] * 3, TIMEOUT_S)
        assert lamp.read_text() == "200\n"
        assert {status["name"] for status in bridge.rules.stream_statuses} == {"bench 7"}

        agent.thermometer.celsius = 20
        await agent.lit(0)
        await until(lambda: bridge.fan == ("idle", 0), TIMEOUT_S)

        agent.thermometer.celsius = 30
        await agent.lit(200)
        await until(lambda: bridge.rules.actuators[AGENT, 0].value == 200, TIMEOUT_S)
        await bridge.kill()
        await agent.lit(0)  # nobody renews the command

        again = Bridge(port, own, tmp_path)
        assert again.fan == ("active", 200)  # as the log knew it last
        assert [status["name"] for status in again.rules.rule_statuses if status["is_active"]] == ["cooling"]
        await again.start()
        await agent.lit(200)
        await agent.stop()
        assert lamp.read_text() == "0\n"
        await again.kill()
        events = set(bridge.events + again.events)  # the newest come twice
        assert len({(event.name, event.node, event.timestamp_us) for event in events}) == len(events)

    run(main(), timeout_s=100)


def test_a_silent_agent_is_an_alarm_and_its_actuator_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocol.controller.ANSWER_WAIT_MS", 200)
    access = Access(controller=BRIDGE)
    lamp = tmp_path / "brightness"
    lamp.write_text("77\n")

    async def main() -> None:
        port = free_port()
        agent, bridge = Agent(port, access, lamp), Bridge(port, access, tmp_path)
        agent.thermometer.celsius = 30
        await agent.start()
        await bridge.start()
        await agent.lit(200)
        await until(lambda: bridge.fan == ("active", 200), TIMEOUT_S)
        await agent.kill()
        await until(lambda: bridge.fan[0] == "failed", TIMEOUT_S)
        await until(
            lambda: any(event.name == "gone" and event.has_begun for event in bridge.events), TIMEOUT_S
        )
        assert bridge.desk.warnings == ["actuator fan: node 7 does not answer; see to node 7"]
        await bridge.kill()

    run(main(), timeout_s=60)
