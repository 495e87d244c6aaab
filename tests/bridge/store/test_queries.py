"""Questions to a store: buckets that hold what they say, and answers beside whoever writes."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.store.queries import Queries
from bridge.store.rows import ReadingRow
from bridge.store.settings import StoreSettings
from bridge.store.store import Store
from tests.bridge.store.feed import START_US, batch, lost, reading, result, time_us

SHORT = StoreSettings(keep_readings_s=3_600, keep_minutes_s=86_400)
HOUR_US = 3_600_000_000


@given(
    st.lists(st.integers(0, 200_000), min_size=1, max_size=60, unique=True),
    st.integers(-3_600, 210_000),
    st.integers(1, 210_000),
    st.integers(1, 300),
    st.sampled_from([StoreSettings(), SHORT]),
)
@settings(max_examples=25)
def test_a_plot_has_every_reading_of_its_span_in_the_bucket_of_its_time(
    seconds: list[int], from_s: int, length_s: int, most_points: int, kept: StoreSettings
) -> None:
    facts = [reading(s, raw=s % 256) for s in sorted(seconds)]
    from_us, to_us = time_us(from_s), time_us(from_s + length_s)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "s", "garden", kept)
        for fact in facts:
            store.take(batch(fact))
        store.settle()
        store.close()
        with Queries(Path(folder) / "s") as ask:
            found = ask.readings_plot(7, 0, from_us, to_us, most_points)
    assert len(found) <= most_points
    starts = [bucket.start_us for bucket in found]
    assert starts == sorted(set(starts))
    # A bucket of what was summed up begins at whole minutes or hours: so the edges may hold an hour more.
    raws = {fact.timestamp_us: fact.pairs[0][1] for fact in facts}
    inside = [raw for us, raw in raws.items() if from_us <= us < to_us]
    around = [raw for us, raw in raws.items() if from_us - HOUR_US <= us < to_us + HOUR_US]
    if kept == SHORT:
        inside = [raw for us, raw in raws.items() if from_us + HOUR_US <= us < to_us - HOUR_US]
    assert len(inside) <= sum(bucket.count for bucket in found) <= len(around)
    assert sum(inside) <= sum(bucket.total for bucket in found) <= sum(around)


def test_lists_hold_the_newest_in_the_order_of_time(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", "garden")
    store.take(batch(*(fact for s in range(9) for fact in (reading(s, raw=s), result(s, s), lost(s)))))
    store.close()
    with Queries(tmp_path / "s") as ask:
        assert [row.raw for row in ask.readings(7, 0, time_us(0), time_us(8), most=3)] == [5, 6, 7]
        assert [row.round for row in ask.rounds(0, time_us(0), time_us(8), most=3)] == [5, 6, 7]
        assert [row.time_us for row in ask.events(time_us(0), time_us(8), most=2)] == [time_us(6), time_us(7)]
        assert ask.latest_readings() == [ReadingRow(time_us(8), 7, 0, 1, 8)]
        assert ask.last_rounds() == [result(8, 8)]


def test_an_empty_store_has_no_answer_and_no_error(tmp_path: Path) -> None:
    Store(tmp_path / "s", "garden").close()
    with Queries(tmp_path / "s") as ask:
        assert ask.readings_plot(7, 0, START_US, time_us(9)) == []
        assert ask.rounds_plot(0, START_US, time_us(9)) == []
        for found in (ask.latest_readings(), ask.last_rounds(), ask.peers(), ask.actuator_states()):
            assert not found


def test_a_thread_asks_while_another_writes_sums_up_and_drops(tmp_path: Path) -> None:
    path, minutes = tmp_path / "s", 300
    store = Store(path, "garden", SHORT)
    counts: list[int] = []
    done = threading.Event()

    def ask_on() -> None:
        with Queries(path) as ask:
            while not done.is_set():
                found = ask.readings_plot(7, 0, time_us(-3_600), time_us(86_400), 24)
                counts.append(sum(bucket.count for bucket in found))

    asker = threading.Thread(target=ask_on)
    asker.start()
    for minute in range(minutes):
        store.take(batch(*(reading(60 * minute + s, version=s) for s in range(0, 60, 5)), place=minute))
        store.settle()
    done.set()
    asker.join(30)
    assert counts == sorted(counts)  # whatever is moved from readings to sums is counted once, at any moment
    with Queries(path) as ask:
        found = ask.readings_plot(7, 0, time_us(-3_600), time_us(86_400), 24)
    assert sum(bucket.count for bucket in found) == 12 * minutes
    store.close()
