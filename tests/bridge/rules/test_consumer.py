"""Rules as a consumer of the log: nothing twice, nothing lost, nobody commanded by the past."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.log.facts import Checkpoint, FactBatch, Position, RetryError
from bridge.rules.consumer import GRACE_US, LIVE_US, RulesConsumer
from bridge.rules.engine import RuleEvent
from bridge.rules.settings import RuleSettings
from protocol.observer import ActuatorSeen, NodeHeard, Observation
from protocol.simulator.toml_tables import Table
from tests.bridge.rules.test_engine import S_US, reading

SETTINGS = RuleSettings.from_table(
    Table.parse(
        """
        [[actuator]]
        name = "fan"
        node = 7
        [[stream]]
        name = "bench"
        text = "temperature of any node average over 1 min"
        [[stream]]
        name = "readings"
        text = "temperature of node 7 count over 1 min"
        [[rule]]
        name = "cooling"
        text = "fan on when temperature of node 7 > 25 for 5 s, off below 24"
        [[rule]]
        name = "quiet"
        text = "alarm when any node is stale"
        stale_after = "20 s"
        """,
        "bridge.toml",
        "write TOML",
    )
)
NOW_US = 1_000_000 * S_US


class World:
    """A consumer with its file, and all that came out of it; the facts are of just now unless said."""

    def __init__(self, folder: Path, now_us: int = NOW_US) -> None:
        self.path = folder / "rules.json"
        self.now_us = now_us
        self.events: list[RuleEvent] = []
        self.wishes: list[Mapping[str, bool]] = []
        self.records = 0
        self.start()

    def start(self) -> None:
        self.consumer = RulesConsumer(
            SETTINGS,
            self.path,
            on_events=self.tell,
            wish=self.wishes.append,
            clock_us=lambda: self.now_us,
        )
        checkpoint = self.consumer.checkpoint()
        self.records = 0 if checkpoint is None else checkpoint.at.offset_bytes

    def tell(self, events: Sequence[RuleEvent]) -> None:
        self.events += events

    def batch(self, *facts: Observation) -> FactBatch:
        self.records += len(facts)
        newest_us = facts[-1].timestamp_us
        self.now_us = max(self.now_us, newest_us)
        return FactBatch(facts, Checkpoint(Position(1, self.records)), newest_us, len(facts))

    def take(self, *facts: Observation) -> None:
        self.consumer.take(self.batch(*facts))

    def told(self) -> list[tuple[str, float, bool]]:
        return [(event.name, (event.timestamp_us - NOW_US) / S_US, event.has_begun) for event in self.events]


def warm(after_s: float, value: float = 30) -> Observation:
    return reading(NOW_US / S_US + after_s, value)


def test_what_begins_is_told_and_wished(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.take(warm(0), warm(6))
    assert world.told() == [("cooling", 5, True)]
    assert world.wishes[-1] == {"fan": True}
    (cooling, quiet) = world.consumer.rule_statuses
    assert (cooling["is_active"], cooling["since_us"]) == (True, NOW_US + 5 * S_US)
    assert not quiet["is_active"]
    (readings, bench) = world.consumer.stream_statuses
    assert (readings["name"], readings["value"]) == ("readings", 2)
    assert (bench["name"], bench["value"], bench["unit"]) == ("bench 7", 30, "degC")


def test_holds_and_silences_end_when_nobody_says_anything(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.take(warm(0))
    world.now_us = NOW_US + 6 * S_US
    world.consumer.idle(world.now_us)
    assert world.told() == []  # a fact of a second ago may still come
    world.now_us += GRACE_US
    world.consumer.idle(world.now_us)
    assert world.told() == [("cooling", 5, True)]
    world.now_us = NOW_US + 30 * S_US
    world.consumer.idle(world.now_us)
    assert world.told()[1:] == [("quiet", 20, True)]


def test_nobody_is_commanded_by_what_was_long_ago(tmp_path: Path) -> None:
    world = World(tmp_path, now_us=NOW_US + 3600 * S_US)
    world.take(warm(0), warm(6))
    assert world.told() == [("cooling", 5, True)]
    assert world.wishes == []
    world.consumer.idle(world.now_us)
    assert world.wishes[-1] == {"fan": False}  # its value is an hour old
    assert LIVE_US < 3600 * S_US


def test_events_that_could_not_be_told_are_told_again_and_facts_are_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    is_full = [True]

    def tell(events: Sequence[RuleEvent]) -> None:
        if is_full[0]:
            raise RetryError("the store is full")
        world.events += events

    world.consumer = RulesConsumer(SETTINGS, world.path, on_events=tell, clock_us=lambda: world.now_us)
    batch = world.batch(warm(0), warm(6))
    for _ in range(3):
        with pytest.raises(RetryError):
            world.consumer.take(batch)
    is_full[0] = False
    world.consumer.take(batch)
    world.consumer.take(batch)
    assert world.told() == [("cooling", 5, True)]
    monkeypatch.setattr("bridge.rules.consumer.STATUS_PERIOD_S", 0)
    world.consumer.idle(world.now_us)
    assert world.consumer.stream_statuses[0]["value"] == 2


def test_an_active_rule_is_active_after_a_restart(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.take(warm(0), warm(6), ActuatorSeen(NOW_US + 6 * S_US, 7, 0, 255, 0))
    world.consumer.close()
    world.start()
    assert [status["name"] for status in world.consumer.rule_statuses if status["is_active"]] == ["cooling"]
    assert world.consumer.actuators[7, 0].value == 255
    assert world.consumer.now_us == NOW_US + 6 * S_US
    assert [*world.consumer.begun()] == world.events
    world.events.clear()
    world.take(warm(7))
    assert world.told() == [("cooling", 5, True)]  # its taker may not have kept it: it has the same key
    assert world.wishes[-1] == {"fan": True}


def test_what_was_told_long_ago_is_not_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.rules.consumer.TOLD_PERIOD_S", 0)
    world = World(tmp_path)
    world.take(warm(0), warm(6))
    world.consumer.close()
    world.start()
    world.events.clear()
    world.take(warm(7))
    assert world.told() == []


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(20, 30)), min_size=1, max_size=30), st.data())
@settings(max_examples=50)
def test_after_a_crash_at_any_place_all_is_told_and_what_is_told_twice_has_its_key(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[tuple[int, int]], data: st.DataObject
) -> None:
    """A crash: the file is an older one, and the log is read again from there."""
    times_s = [sum(gap for gap, _ in gaps[: i + 1]) for i in range(len(gaps))]
    facts = [warm(s, value) for s, (_, value) in zip(times_s, gaps, strict=True)]
    calm = World(tmp_path_factory.mktemp("calm"))
    for fact in facts:
        calm.take(fact)
    crashing = World(tmp_path_factory.mktemp("crashing"))
    place = data.draw(st.integers(0, len(facts)))
    older = data.draw(st.integers(0, place))
    for i, fact in enumerate(facts[:place]):
        if i == older:
            crashing.consumer.close()
            kept = crashing.path.read_bytes()
        crashing.take(fact)
    if older < place:
        crashing.path.write_bytes(kept)
    else:
        crashing.consumer.close()
    crashing.start()
    for fact in facts[crashing.records :]:
        crashing.take(fact)
    keyed = {(event.name, event.node, event.timestamp_us): event for event in crashing.events}
    assert sorted(keyed) == sorted((event.name, event.node, event.timestamp_us) for event in calm.events)
    assert sorted(map(str, keyed.values())) == sorted(map(str, calm.events))


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"{", b"[]", b'{"version": 0}'),
        b'{"version": 1, "checkpoint": null, "engine": 3, "actuators": 4, "told": 5}',
    ],
)
def test_a_damaged_file_is_told_and_the_log_read_from_the_beginning(
    damage: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "rules.json").write_bytes(damage)
    world = World(tmp_path)
    assert world.consumer.checkpoint() is None
    assert "the rules read the log from its oldest record on" in caplog.text
    world.take(warm(0), warm(6))
    assert world.told() == [("cooling", 5, True)]


def test_a_file_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path / "rules.json")  # its folder cannot be made
    (tmp_path / "rules.json").write_text("a file")
    world.take(warm(0), warm(6))
    world.take(warm(7))
    assert world.told() == [("cooling", 5, True)]
    assert world.wishes[-1] == {"fan": True}
    assert world.consumer.checkpoint() is None
    assert caplog.text.count("until it can be saved") == 1


def test_alarms_are_logged_as_they_happen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World(tmp_path)
    world.take(NodeHeard(NOW_US, 9), warm(21), warm(26))
    assert "alarm quiet of node 9: node 9 was heard 20 s ago" in caplog.text
    world.take(NodeHeard(NOW_US + 27 * S_US, 9))
    assert "alarm quiet of node 9 is over: node 9 was heard 0 s ago" in caplog.text


def test_an_error_in_a_rule_goes_back_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path)
    world.take(warm(0))
    world.consumer.close()
    batch = world.batch(warm(1), warm(6))
    with monkeypatch.context() as broken:
        broken.setattr("bridge.rules.consumer.Engine.advance", None)
        with pytest.raises(TypeError):
            world.consumer.take(batch)
    world.consumer.take(batch)
    assert world.told() == [("cooling", 5, True)]
