"""What is summed up is summed up once, as long as nothing comes late."""

from __future__ import annotations

from pathlib import Path

from bridge.store.store import Store
from tests.bridge.store.feed import batch, reading

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
