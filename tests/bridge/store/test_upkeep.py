"""Readings and results are summed up by minute and hour, and dropped by age, so that no reading is lost from
the sums and the file stays within its size."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.store.queries import Bucket, Queries, RoundBucket
from bridge.store.settings import StoreSettings
from bridge.store.store import Store
from protocol.observations import ReadingsSeen, RoundRow
from tests.bridge.store.feed import batch, content, lost, reading, result, time_us

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
LONG_AGO_S, FAR_S = -10 * DAY_S, 10 * DAY_S
SHORT = StoreSettings(
    keep_readings_s=2 * HOUR_S,
    keep_minutes_s=DAY_S,
    keep_hours_s=5 * DAY_S,
    keep_rounds_s=4 * HOUR_S,
    keep_events_s=6 * HOUR_S,
)


def stored(path: Path, facts: Sequence[ReadingsSeen | RoundRow], settings: StoreSettings) -> None:
    """A store that has dealt with all of that."""
    store = Store(path, "garden", settings)
    for start in range(0, len(facts), 500):
        store.take(batch(*facts[start : start + 500]))
        store.settle()
    assert store.too_late == 0
    store.close()


def readings(hours: float, every_s: float, nodes: Sequence[int] = (3, 7)) -> list[ReadingsSeen]:
    """Of some hours, with a gap, in the order of time."""
    generator = random.Random(1)
    times = [k * every_s for k in range(round(hours * HOUR_S / every_s)) if not 400 < k % 900 < 500]
    return [
        reading(s, node, generator.randrange(256), 0, k & 0xFFFF)
        for k, s in enumerate(times)
        for node in nodes
    ]


def sums(facts: Sequence[ReadingsSeen], node: int, step_s: int) -> dict[int, tuple[int, int, int, int, int]]:
    """Count, smallest, largest, sum and sum of squares by the start of each step, the plain way."""
    found: dict[int, list[int]] = {}
    for fact in facts:
        if fact.node == node:
            start_us = fact.timestamp_us - fact.timestamp_us % (step_s * 1_000_000)
            found.setdefault(start_us, []).append(fact.pairs[0][1])
    return {
        start: (len(raws), min(raws), max(raws), sum(raws), sum(raw * raw for raw in raws))
        for start, raws in found.items()
    }


def as_sums(buckets: Sequence[Bucket]) -> dict[int, tuple[int, int, int, int, int]]:
    return {b.start_us: (b.count, b.min, b.max, b.total, b.squares) for b in buckets}


@pytest.mark.parametrize("step_s", [MINUTE_S, HOUR_S])
@pytest.mark.parametrize("settings", [StoreSettings(), SHORT], ids=["kept", "dropped"])
def test_the_sums_are_those_of_the_readings(tmp_path: Path, step_s: int, settings: StoreSettings) -> None:
    facts = readings(hours=12, every_s=7)
    stored(tmp_path / "s", facts, settings)
    with Queries(tmp_path / "s") as ask:
        from_us = time_us(0) - time_us(0) % (HOUR_S * 1_000_000)
        to_us = from_us + 14 * HOUR_S * 1_000_000
        found = ask.readings_plot(7, 0, from_us, to_us, 14 * HOUR_S // step_s)
    assert as_sums(found) == sums(facts, 7, step_s)


def test_old_readings_go_and_their_sums_stay(tmp_path: Path) -> None:
    facts = readings(hours=12, every_s=7)
    stored(tmp_path / "s", facts, SHORT)
    kept = content(tmp_path / "s")
    newest_us = facts[-1].timestamp_us
    oldest_us = min(row[1] for row in kept["readings"])
    assert 2 * HOUR_S <= (newest_us - oldest_us) / 1e6 <= 2 * HOUR_S + 11 * MINUTE_S
    expected = sums(facts, 3, HOUR_S)
    hours = {row[1]: row[2:] for row in kept["reading_hours"] if row[0] == 3}
    assert hours == {start: found for start, found in expected.items() if start in hours}
    assert len(hours) >= 11  # the hour that still runs is not summed up


def test_sums_go_when_they_are_old(tmp_path: Path) -> None:
    facts = [reading(hour * HOUR_S) for hour in range(8 * 24)]
    stored(tmp_path / "s", facts, SHORT)
    kept = content(tmp_path / "s")
    assert 24 <= len(kept["reading_minutes"]) <= 50  # a day, and the day that is dropped whole
    assert 5 * 24 <= len(kept["reading_hours"]) <= 6 * 24 + 1


def test_results_are_summed_up_too(tmp_path: Path) -> None:
    facts = [result(second, second, total=300 + second % 7, count=3) for second in range(0, 12 * HOUR_S, 20)]
    stored(tmp_path / "s", facts, SHORT)
    with Queries(tmp_path / "s") as ask:
        found = ask.rounds_plot(0, time_us(LONG_AGO_S), time_us(FAR_S))
    assert sum(bucket.rounds for bucket in found) == len(facts)
    assert sum(bucket.total for bucket in found) == sum(fact.aggregate.total for fact in facts)
    assert {(b.max, b.least_mean, b.largest_mean) for b in found} == {(140, 100.0, 102.0)}
    assert len(content(tmp_path / "s")["rounds"]) < len(facts) / 2


def test_results_without_a_mean_are_in_no_bucket(tmp_path: Path) -> None:
    facts = [result(0, 1, total=0, count=0), result(5, 2, total=0xFFFF, count=300), result(9, 3)]
    stored(tmp_path / "s", facts, StoreSettings())
    with Queries(tmp_path / "s") as ask:
        found = ask.rounds_plot(0, time_us(0), time_us(10), 1)
        assert found == [RoundBucket(time_us(0), 1, 140, 100.0, 100.0, 300, 3)]
        assert ask.rounds(0, time_us(0), time_us(10)) == facts


def test_a_late_reading_is_in_the_sums(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", "garden")
    store.take(batch(reading(0, raw=10), reading(3 * HOUR_S, raw=20)))
    store.settle()
    store.take(batch(reading(30, raw=99, version=2)))
    store.settle()
    store.close()
    minutes = [row for row in content(tmp_path / "s")["reading_hours"] if row[1] <= time_us(0)]
    assert [row[2:] for row in minutes] == [(2, 10, 99, 109, 100 + 99 * 99)]


def test_what_is_older_than_what_is_kept_is_counted_and_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", "garden", SHORT)
    store.take(batch(reading(0), result(0), lost(0), reading(12 * HOUR_S)))
    store.settle()
    once = content(tmp_path / "s")
    store.take(batch(reading(0), result(0), lost(0)))
    store.settle()
    assert content(tmp_path / "s") == once
    assert store.too_late == 3
    store.close()


def test_a_long_silence_is_no_work(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", "garden")
    store.take(batch(reading(0), reading(3_000 * DAY_S)))
    store.settle()  # pytest-timeout: minute by minute it took hours
    assert len(content(tmp_path / "s")["reading_hours"]) == 1
    store.close()


def test_over_its_size_the_oldest_goes_before_its_time(tmp_path: Path) -> None:
    facts = readings(hours=24, every_s=3, nodes=(3, 7, 9))
    stored(tmp_path / "s", facts, StoreSettings(keep_size_bytes=1_000_000))
    with Queries(tmp_path / "s") as ask:
        found = ask.readings_plot(7, 0, time_us(LONG_AGO_S), time_us(FAR_S))
        newest = ask.readings(7, 0, time_us(23 * HOUR_S), time_us(FAR_S))
    assert sum(bucket.count for bucket in found) == len(facts) // 3
    assert len(newest) > 1_000
    assert (tmp_path / "s").stat().st_size < 1_300_000  # its pages are used again


def test_giving_way_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path / "s", "garden", StoreSettings(keep_size_bytes=250_000))
    facts = readings(hours=12, every_s=4)
    for start in range(0, len(facts), 2_000):
        store.take(batch(*facts[start : start + 2_000]))
        store.settle()
    assert store.gave_way > 1
    assert (
        caplog.text.count("has reached its size: the oldest goes before its time; raise [store] keep_size")
        == 1
    )
    store.close()


def test_upkeep_stops_when_its_time_is_over_and_goes_on_later(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", "garden", SHORT)
    facts = readings(hours=12, every_s=7)
    store.take(batch(*facts))
    for _ in range(20):
        store.idle(0)  # has little time, as there was little between
    store.settle()
    store.close()
    stored(tmp_path / "whole", facts, SHORT)
    assert content(tmp_path / "s") == content(tmp_path / "whole")
