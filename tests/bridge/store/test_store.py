"""The store takes facts and the place they end at together, once, and gives them back after any end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.log.facts import Checkpoint, Position
from bridge.store.queries import Queries
from bridge.store.rows import ActuatorRow, EventRow, PeerRow, ReadingRow
from bridge.store.store import Store
from protocol.observations import ActuatorSeen
from tests.bridge.store.feed import batch, content, lost, reading, result, time_us


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "garden.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path, "garden")
    yield opened
    opened.close()


def test_what_was_taken_is_there_after_a_restart(path: Path) -> None:
    store = Store(path, "garden")
    assert store.checkpoint() is None
    store.take(batch(reading(0), result(1), lost(2), place=512))
    store.close()
    again = Store(path, "garden")
    assert again.checkpoint() == Checkpoint(Position(1, 512))
    again.close()
    with Queries(path) as queries:
        assert queries.network == "garden"
        assert queries.latest_readings() == [ReadingRow(time_us(0), 7, 0, 1, 100)]
        assert queries.last_rounds() == [result(1)]
        assert queries.events(time_us(0), time_us(9)) == [EventRow(time_us(2), "lost", 7, "", '{"parent":1}')]


def test_facts_that_come_twice_are_stored_once(store: Store, path: Path) -> None:
    facts = batch(reading(0), reading(0, node=8), result(1), result(1, metric=1), lost(2))
    store.take(facts)
    store.settle()
    once = content(path)
    store.take(facts)
    store.settle()
    assert content(path) == once
    assert (store.readings, store.rounds, store.events) == (2, 2, 1)


def test_the_same_version_65536_rounds_later_is_another_reading(store: Store, path: Path) -> None:
    store.take(batch(reading(0, version=5), reading(65_536, version=5)))
    store.settle()
    assert len(content(path)["readings"]) == 2


def test_what_other_threads_hand_over_is_kept_too(store: Store, path: Path) -> None:
    peer = PeerRow(7, "udp", "10.0.0.7:28539", "alive", time_us(0), time_us(3), 12, 1, 1.0, 0)
    late = peer._replace(state="late", frames=13)
    alarm = EventRow(time_us(4), "alarm", 7, "too hot", "{}")
    store.write_peers([peer])
    store.write_peers([late])
    store.write_events([alarm])
    store.idle(time_us(5))
    with Queries(path) as queries:
        assert queries.peers() == [late]
        assert queries.events(time_us(0), time_us(9)) == [alarm]


def test_the_newest_of_an_actuator_is_kept_in_any_order(store: Store, path: Path) -> None:
    on, off = ActuatorSeen(time_us(5), 7, 1, 1, 2), ActuatorSeen(time_us(9), 7, 1, 0, 2)
    store.take(batch(on, off))
    store.settle()
    store.take(batch(on))
    store.settle()
    with Queries(path) as queries:
        assert queries.actuator_states() == [ActuatorRow(7, 1, time_us(9), 0, 2)]
