"""The app's own queue: Little's law on what waits for the window."""

from __future__ import annotations

import queue

import pytest

from desktop.sources.inbox_meter import SPAN_S, InboxMeter


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_queue_is_measured_over_each_span() -> None:
    clock = Clock()
    meter = InboxMeter(clock)
    while clock.now_s < SPAN_S:  # ten a second arrive at once, and are taken a quarter of a second later
        meter.arrive(lambda: None)
        meter.arrive(lambda: None)
        clock.now_s += 0.25
        meter.depart(2)
        assert meter.measured is None or clock.now_s >= SPAN_S
    measured = meter.measured
    assert measured is not None
    assert measured.arrival_rate_per_s == pytest.approx(8)
    assert measured.sojourn_s == pytest.approx(0.25)
    assert measured.length == pytest.approx(measured.littles_length) == pytest.approx(2)


def test_what_finds_no_room_has_not_arrived() -> None:
    def full() -> None:
        raise queue.Full

    meter = InboxMeter(Clock())
    with pytest.raises(queue.Full):
        meter.arrive(full)
    with pytest.raises(ValueError, match="cannot depart"):
        meter.depart(1)
