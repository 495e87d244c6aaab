"""What facts become, their keys and their times."""

from __future__ import annotations

import pytest

from bridge.entries import ActuatorState, Event, Reading, entries_of, round_key, utc_text
from protocol.aggregate import HUMIDITY, TEMPERATURE
from protocol.observations import (
    ActuatorSeen,
    Dropped,
    HelpHeard,
    MemberFound,
    NodeLeft,
    NodeLost,
    NodeMissing,
    Observation,
    ParentChanged,
    PassedOver,
    PrimaryChanged,
)
from protocol.packets import DropReason
from tests.bridge.sinks.rig import START_US, result, seen


def test_readings_are_one_for_each_metric_with_keys_of_their_own() -> None:
    first, second = entries_of(seen(5, node=9, pairs=((0, 123), (1, 81))))
    assert first == Reading(START_US + 5_000_000, 9, 5, TEMPERATURE, 123)
    assert second == Reading(START_US + 5_000_000, 9, 5, HUMIDITY, 81)
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert (first.value, second.value) == (21.5, 40.5)
    assert first.key("garden") == "garden/9/temperature/5/1763732705000000"
    assert second.key("garden") == "garden/9/humidity/5/1763732705000000"


def test_a_version_of_another_turn_of_the_counter_has_another_key() -> None:
    first, second = result(5), result(5 + 65_536)
    assert first.version == second.version
    assert round_key("garden", first) != round_key("garden", second)


@pytest.mark.parametrize(
    ("fact", "event"),
    [
        (ParentChanged(1, 7, 3, 2), Event(1, "parent_changed", 7, {"parent": 3, "previous": 2})),
        (ParentChanged(1, 7, 3, None), Event(1, "parent_changed", 7, {"parent": 3})),
        (NodeLost(1, 7, 3), Event(1, "lost", 7, {"parent": 3})),
        (NodeLeft(1, 7), Event(1, "left", 7, {})),
        (PassedOver(1, 7, 3), Event(1, "passed_over", 7, {"by": 3})),
        (MemberFound(1, 7), Event(1, "found", 7, {})),
        (PrimaryChanged(1, 7, 3, 4), Event(1, "primary_changed", 7, {"previous": 3, "epoch": 4})),
        (NodeMissing(1, 7, 12), Event(1, "missing", 7, {"version": 12})),
    ],
)
def test_what_happens_to_a_node_is_an_event(fact: Observation, event: Event) -> None:
    assert entries_of(fact) == [event]


@pytest.mark.parametrize(("cause", "told"), [(0, "commanded"), (3, "failed"), (9, "cause 9")])
def test_what_an_actuator_does_is_its_state(cause: int, told: str) -> None:
    (state,) = entries_of(ActuatorSeen(5, 7, 1, 255, cause))
    assert state == ActuatorState(5, 7, 1, 255, cause)
    assert state.details == {"actuator": 1, "value": 255, "cause": told}
    assert state.key("garden") == "garden/7/actuator/1/5"


@pytest.mark.parametrize(
    "fact", [HelpHeard(1, 7, 3, 2), Dropped(1, "link", DropReason.CHECKSUM, "checksum: bad")]
)
def test_what_comes_with_every_frame_is_nothing_to_hand_on(fact: Observation) -> None:
    assert entries_of(fact) == []


def test_times_are_exact_and_any_log_has_some() -> None:
    assert utc_text(1_763_732_700_000_001) == "2025-11-21T13:45:00.000001Z"
    assert utc_text(0) == "1970-01-01T00:00:00.000000Z"
    assert utc_text((1 << 64) - 1).startswith("9999-12-31T23:59:59.")
