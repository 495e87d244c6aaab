"""What is summed up is summed up once, as long as nothing comes late, and a few series at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.store import upkeep
from bridge.store.store import Store
from tests.bridge.store.feed import batch, content, reading, time_us

MINUTES = 90


def sums_made(path: Path, seconds: list[float]) -> int:
    """How many minutes of readings were summed up, with a commit after each reading."""
    made = 0

    def count(statement: str) -> None:
        nonlocal made
        made += statement.startswith("INSERT OR REPLACE INTO reading_minutes ")

    store = Store(path, "garden")
    store._db.set_trace_callback(count)
    for place, second in enumerate(seconds, 1):
        store.take(batch(reading(second), place=place))
        store.settle()
    store.close()
    return made


def test_each_minute_is_summed_up_once(tmp_path: Path) -> None:
    seconds = [20.0 * k for k in range(3 * MINUTES)]
    assert MINUTES - 1 <= sums_made(tmp_path / "s", seconds) <= MINUTES + 1


def test_after_a_late_reading_only_what_follows_it_is_summed_up_again(tmp_path: Path) -> None:
    seconds = [20.0 * k for k in range(3 * MINUTES)]
    late = [*seconds, seconds[-1] - 5 * 60 + 1]
    again = sums_made(tmp_path / "late", late) - sums_made(tmp_path / "s", seconds)
    assert 5 <= again <= 6


NODES = range(2, 12)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slice seems to take too long; none rests."""
    monkeypatch.setattr(upkeep, "_SHORT_SLICE_S", 0.0)
    monkeypatch.setattr(upkeep, "_RESTS", -1.0)


@pytest.mark.usefixtures("slow")
def test_a_few_series_at_a_time_come_to_the_same_sums(tmp_path: Path) -> None:
    facts = [reading(second, node, (7 * second + node) % 256) for second in range(200) for node in NODES]
    whole, parts = Store(tmp_path / "whole", "garden"), Store(tmp_path / "parts", "garden")
    whole.take(batch(*facts))
    whole.settle()
    for second in range(200):
        parts.take(batch(*facts[second * len(NODES) : (second + 1) * len(NODES)], place=second))
        parts._commit(upkeep_s=0.0)  # one slice
    assert parts._upkeep._series_a_slice < len(NODES)
    assert len(content(tmp_path / "parts")["reading_minutes"]) == len(NODES) * 3
    whole.close()
    parts.close()
    found, expected = content(tmp_path / "parts"), content(tmp_path / "whole")
    assert found["reading_minutes"] == expected["reading_minutes"]


@pytest.mark.usefixtures("slow")
def test_what_comes_late_for_a_step_that_is_partly_summed_up_is_in_its_sums(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", "garden")
    store._upkeep._series_a_slice = 1
    facts = []
    for second in range(120):
        facts += [reading(second, node) for node in NODES]
        store.take(batch(*facts[-len(NODES) :], place=second))
        store._commit(upkeep_s=0.0)
        if (partly := store._upkeep._partly) is not None:
            break
    assert partly is not None
    late_us = partly.end_us - 1
    store.take(batch(reading((late_us - time_us(0)) / 1e6, NODES[0]), place=200))
    store.settle()
    store.close()
    in_sums = [row[2] for row in content(tmp_path / "s")["reading_minutes"] if row[0] == NODES[0]]
    assert sum(in_sums) == sum(f.node == NODES[0] and f.timestamp_us < partly.end_us for f in facts) + 1


def test_each_step_begins_with_one_series_however_many_the_last_one_had_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", "garden")
    for second in range(130):
        store.take(batch(*(reading(second, node) for node in NODES), place=second))
        store._upkeep._series_a_slice = 1 << 20
        store._commit(upkeep_s=0.0)
        if (partly := store._upkeep._partly) is not None:
            break
    assert partly is not None
    assert partly.last == NODES[0]
    store.close()
