"""What rules tell goes out besides the log: with the next batch, at least once, and not without bound."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import pytest

from bridge.log.facts import RetryError
from bridge.sinks import live_sink
from bridge.sinks.live_sink import LiveSink
from bridge.sinks.rule_board import RuleChange
from bridge.sinks.settings import Delivery
from protocol.observations import Observation
from tests.bridge.sinks.rig import START_US, MemoryOffsets, alarm, batch, checkpoint, seen


class ListSink(LiveSink[str]):
    """Rows are texts. `outage` is raised instead of taking any."""

    def __init__(self, rows: int = 3) -> None:
        self.offsets = MemoryOffsets()
        super().__init__("list", Delivery("test", rows, 0, None, 60), self.offsets)
        self.batches: list[list[str]] = []
        self.outage: Exception | None = None

    def rows_of(self, fact: Observation) -> Iterable[str]:
        return ["fact"]

    def rows_of_change(self, change: RuleChange) -> Iterable[str]:
        return [change.event.text]

    def send(self, rows: Sequence[str]) -> None:
        if self.outage is not None:
            raise self.outage
        self.batches.append([*rows])


def changes(*numbers: int) -> list[RuleChange]:
    return [RuleChange(alarm(number, text=str(number)), is_active=True) for number in numbers]


def test_changes_go_out_with_the_next_batch_after_what_the_log_tells() -> None:
    sink = ListSink()
    sink.hand(changes(1, 2, 3, 4))
    assert (sink.pending, sink.batches) == (4, [])
    sink.take(batch(1, seen(1)))
    assert sink.batches == [["fact"], ["1", "2", "3"], ["4"]]
    assert (sink.pending, sink.sent, sink.offsets.saved) == (0, 5, checkpoint(1))


def test_changes_do_not_wait_for_the_log() -> None:
    sink = ListSink()
    sink.hand(changes(1))
    sink.idle(START_US)
    assert sink.batches == [["1"]]
    assert sink.offsets.saved is None


def test_changes_outlast_an_outage_and_any_other_failure() -> None:
    sink = ListSink(rows=2)
    sink.hand(changes(1, 2, 3))
    for outage in (RetryError("down"), ValueError("a bug")):
        sink.outage = outage
        with pytest.raises(type(outage)):
            sink.idle(START_US)
    sink.outage = None
    sink.idle(START_US)
    assert sink.batches == [["1", "2"], ["3"]]


def test_closing_sends_them() -> None:
    sink = ListSink()
    sink.hand(changes(1))
    sink.close()
    assert sink.batches == [["1"]]


def test_of_too_many_the_oldest_are_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_sink, "MOST_CHANGES", 3)
    sink = ListSink()
    for number in range(5):
        sink.hand(changes(number))
    assert (sink.dropped_changes, sink.pending) == (2, 3)
    assert caplog.text.count("list test: changes of rules are dropped: 3 wait already") == 1
    sink.idle(START_US)
    assert sink.batches == [["2", "3", "4"]]


def test_threads_hand_changes_while_others_go_out() -> None:
    sink = ListSink(rows=100)

    def tell() -> None:
        for number in range(500):
            sink.hand(changes(number))

    threads = [threading.Thread(target=tell) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        sink.idle(START_US)
    for thread in threads:
        thread.join()
    sink.idle(START_US)
    told = [row for rows in sink.batches for row in rows]
    assert sorted(told, key=int) == sorted([*map(str, range(500))] * 2, key=int)
    assert sink.dropped_changes == 0
