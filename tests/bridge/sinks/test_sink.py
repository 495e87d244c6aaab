"""What all sinks share, by one that keeps its rows in a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from bridge.log.facts import RetryError
from bridge.sinks.settings import Delivery
from bridge.sinks.sink import Sink
from protocol.observations import Observation
from tests.bridge.sinks.rig import START_US, MemoryOffsets, batch, checkpoint, seen


class ListSink(Sink[int]):
    """A row is a timestamp. `outage` is raised instead of taking any."""

    def __init__(self, rows: int = 3, age_s: float = 10, rate_per_s: float | None = None) -> None:
        self.now_s = 100.0
        self.offsets = MemoryOffsets()
        delivery = Delivery("test", rows, age_s, rate_per_s, 60)
        super().__init__("list", delivery, self.offsets, lambda: self.now_s)
        self.batches: list[list[int]] = []
        self.outage: Exception | None = None
        self.waited_s: list[float] = []

    def rows_of(self, fact: Observation) -> Iterable[int]:
        return [(fact.timestamp_us - START_US) // 1_000_000]

    def send(self, rows: Sequence[int]) -> None:
        if self.outage is not None:
            raise self.outage
        self.batches.append([*rows])

    def wait(self, seconds: float) -> None:
        self.waited_s.append(seconds)
        self.now_s += seconds


def test_rows_wait_until_they_are_enough() -> None:
    sink = ListSink(rows=3)
    sink.take(batch(1, seen(1), seen(2)))
    assert (sink.batches, sink.pending, sink.offsets.saved) == ([], 2, None)
    sink.take(batch(2, seen(3), seen(4)))
    assert sink.batches == [[1, 2, 3], [4]]
    assert (sink.pending, sink.sent, sink.offsets.saved) == (0, 4, checkpoint(2))


def test_rows_do_not_wait_longer_than_their_age() -> None:
    sink = ListSink(rows=100, age_s=10)
    sink.take(batch(1, seen(1)))
    sink.now_s += 9
    sink.take(batch(2, seen(2)))
    assert sink.batches == []
    sink.now_s += 1
    sink.idle(START_US)
    assert sink.batches == [[1, 2]]
    assert sink.offsets.saved == checkpoint(2)


def test_batches_that_tell_nothing_move_the_checkpoint_too() -> None:
    sink = ListSink(age_s=10)
    for number in range(1, 12):
        sink.take(batch(number))
        sink.now_s += 1
    assert sink.offsets.saved == checkpoint(11)


def test_what_comes_again_after_an_outage_is_sent_once() -> None:
    sink = ListSink(rows=2)
    sink.outage = RetryError("down")
    late = batch(1, seen(1), seen(2), seen(3))
    for _ in range(3):
        with pytest.raises(RetryError):
            sink.take(late)
    assert sink.offsets.saved is None
    sink.outage = None
    sink.take(late)
    assert sink.batches == [[1, 2], [3]]
    assert sink.offsets.saved == checkpoint(1)


def test_after_any_other_failure_it_begins_anew_from_its_checkpoint() -> None:
    sink = ListSink(rows=1)
    sink.outage = ValueError("a bug")
    with pytest.raises(ValueError, match="a bug"):
        sink.take(batch(1, seen(1), seen(2)))
    sink.outage = None
    sink.take(batch(3, seen(1), seen(2), seen(3)))
    assert sink.batches == [[1], [2], [3]]


def test_the_rate_limits_rows_and_lets_a_second_s_worth_go_at_once() -> None:
    sink = ListSink(rows=1_000, age_s=0, rate_per_s=10)
    sink.take(batch(1, *map(seen, range(35))))
    assert [len(rows) for rows in sink.batches] == [10, 10, 10, 5]
    assert sink.waited_s == pytest.approx([0, 1, 1, 0.5])


def test_closing_sends_what_waits_but_does_not_wait_for_the_end_of_an_outage() -> None:
    sink = ListSink(rows=100)
    sink.take(batch(1, seen(1)))
    sink.close()
    assert (sink.batches, sink.offsets.saved, sink.offsets.forced) == ([[1]], checkpoint(1), 1)
    failing = ListSink(rows=1)
    failing.outage = RetryError("down")
    with pytest.raises(RetryError):
        failing.take(batch(1, seen(1)))
    failing.outage = AssertionError("asked during an outage")
    failing.close()
    assert failing.offsets.saved is None


def test_an_interrupt_ends_a_wait() -> None:
    sink = ListSink()
    sink.interrupt()
    with pytest.raises(RetryError, match=r"^the bridge is stopping"):
        Sink.wait(sink, 1_000)
