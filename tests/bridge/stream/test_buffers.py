"""Bounded buffers: what each policy keeps, what is counted, and when one warns."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.buffers import BoundedBuffer, DropNewest, DropOldest, Policy, Pressure, Sample, Throttle
from tests.bridge.stream.lists import lists_of

POLICIES: dict[str, Callable[[], Policy]] = {
    "drop-oldest": DropOldest,
    "drop-newest": DropNewest,
    "sample": Sample,
    "throttle": lambda: Throttle(5, burst=3),
}
WAIT_S = 20.0


def filled(policy: Policy, capacity: int, count: int) -> BoundedBuffer[int]:
    buffer = BoundedBuffer[int](capacity, policy)
    for item in range(count):
        buffer.put(item, float(item))
    return buffer


def test_drop_oldest_keeps_the_last() -> None:
    assert filled(DropOldest(), 3, 10).take() == [7, 8, 9]


def test_drop_newest_keeps_the_first() -> None:
    assert filled(DropNewest(), 3, 10).take() == [0, 1, 2]


def test_sample_thins_out_as_the_buffer_fills() -> None:
    """Of 8 places: all up to half full, every 2nd with 4 and 3 free, every 4th with 2, every 8th with 1."""
    assert filled(Sample(), 8, 100).take() == [0, 1, 2, 3, 5, 7, 11, 19]


def test_sample_keeps_everything_again_after_relief() -> None:
    buffer = filled(Sample(), 8, 100)
    buffer.take(7)
    assert [buffer.put(item) for item in range(3)] == [True, True, True]


def test_throttle_admits_a_burst_and_then_its_rate() -> None:
    buffer = BoundedBuffer[int](100, Throttle(2, burst=3))
    assert [buffer.put(0, 10.0) for _ in range(5)] == [True, True, True, False, False]
    assert [tenth for tenth in range(1, 11) if buffer.put(0, 10 + tenth / 10)] == [5, 10]


def test_a_full_buffer_spends_no_tokens() -> None:
    buffer = BoundedBuffer[int](1, Throttle(1e-6, burst=2))
    assert [buffer.put(0, 5.0), buffer.put(0, 5.0), buffer.put(0, 5.0)] == [True, False, False]
    buffer.take()
    assert [buffer.put(0, 5.0), buffer.take(), buffer.put(0, 5.0)] == [True, [0], False]


@given(rate=st.integers(1, 1000), start_s=st.sampled_from([0.0, 1.75e9]))
def test_a_stream_of_just_the_rate_passes_whole(rate: int, start_s: float) -> None:
    buffer = BoundedBuffer[int](200, Throttle(rate))
    assert all(buffer.put(item, start_s + item / rate) for item in range(200))


def test_a_clock_that_goes_back_brings_no_tokens() -> None:
    buffer = BoundedBuffer[int](9, Throttle(1))
    assert [buffer.put(0, now_s) for now_s in (100.0, 50.0, 99.0, 100.5, 101.0)] == [True, *[False] * 3, True]


def test_without_a_time_the_machines_clock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.stream.buffers.monotonic", iter([7.0, 7.5, 8.0]).__next__)
    buffer = BoundedBuffer[int](9, Throttle(1))
    assert [buffer.put(item) for item in range(3)] == [True, False, True]


@pytest.mark.parametrize("bad", [(0, 1), (-1, 1), (float("nan"), 1), (float("inf"), 1), (1, 0)])
def test_a_throttle_that_admits_nothing_is_refused(bad: tuple[float, int]) -> None:
    with pytest.raises(ValueError, match="cannot throttle"):
        Throttle(*bad)


def test_a_buffer_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="give it at least 1"):
        BoundedBuffer[int](0, DropOldest())


@given(
    times=lists_of(st.integers(0, 20_000), 120).map(sorted),
    rate=st.integers(1, 20),
    burst=st.integers(1, 10),
)
def test_no_interval_holds_more_than_burst_and_rate(times: list[int], rate: int, burst: int) -> None:
    buffer = BoundedBuffer[float](1000, Throttle(rate, burst))
    for time_ms in times:
        buffer.put(time_ms / 1000, time_ms / 1000)
    kept = buffer.take()
    for first, start in enumerate(kept):
        for last in range(first, len(kept)):
            assert last - first + 1 <= burst + rate * (kept[last] - start) + 1e-3


@given(
    name=st.sampled_from(sorted(POLICIES)),
    capacity=st.integers(1, 12),
    steps=lists_of(st.one_of(st.just(None), st.just(None), st.integers(1, 6)), 100),
)
def test_nothing_is_unaccounted_for(name: str, capacity: int, steps: list[int | None]) -> None:
    """Bounded, in order, nothing twice; what neither was taken nor waits was dropped."""
    buffer = BoundedBuffer[int](capacity, POLICIES[name]())
    taken: list[int] = []
    entered = deque[int](maxlen=capacity)
    for item, limit in enumerate(steps):
        if limit is None:
            if buffer.put(item, item / 10):
                entered.append(item)
        else:
            some = buffer.take(limit)
            assert some == [entered.popleft() for _ in range(min(limit, len(entered)))]
            taken += some
        assert len(buffer) == len(entered) <= capacity
        assert buffer.utilisation == len(buffer) / capacity
    offered = steps.count(None)
    assert (buffer.offered, buffer.taken) == (offered, len(taken))
    assert buffer.dropped == offered - len(taken) - len(buffer) >= 0
    assert buffer.drop_rate == (buffer.dropped / offered if offered else 0)
    rest = buffer.take()
    assert sorted(set(taken + rest)) == taken + rest


def told_by(capacity: int) -> tuple[BoundedBuffer[int], list[Pressure]]:
    told: list[Pressure] = []
    return BoundedBuffer[int](capacity, DropNewest(), told.append), told


def test_warns_at_80_and_95_percent_and_is_relieved_10_points_below() -> None:
    buffer, told = told_by(100)
    fills = {}
    for fill in range(1, 101):
        before = len(told)
        buffer.put(fill)
        if len(told) > before:
            fills[fill] = told[-1]
    assert fills == {80: Pressure.HIGH, 95: Pressure.CRITICAL}
    relieved = {}
    for fill in range(99, -1, -1):
        before = len(told)
        buffer.take(1)
        if len(told) > before:
            relieved[fill] = told[-1]
    assert relieved == {84: Pressure.HIGH, 69: Pressure.NORMAL}


def test_a_buffer_that_hovers_at_the_mark_warns_once() -> None:
    buffer, told = told_by(100)
    for item in range(80):
        buffer.put(item)
    for _ in range(50):
        buffer.take(9)
        for item in range(9):
            buffer.put(item)
    assert told == [Pressure.HIGH]


def test_a_buffer_emptied_at_once_skips_the_step_between() -> None:
    buffer, told = told_by(20)
    for item in range(20):
        buffer.put(item)
    buffer.take()
    assert told == [Pressure.HIGH, Pressure.CRITICAL, Pressure.NORMAL]


@given(capacity=st.integers(1, 150), steps=lists_of(st.integers(-9, 9), 100))
def test_pressure_follows_its_two_marks(capacity: int, steps: list[int]) -> None:
    """The bounds that are worked out ahead say the same as the rule itself, whatever the capacity."""
    buffer, _ = told_by(capacity)
    pressure = Pressure.NORMAL
    for step in steps:
        for _ in range(abs(step)):
            if step > 0:
                buffer.put(0)
            else:
                buffer.take(1)
            percent = 100 * len(buffer) / capacity
            if percent >= 95 or (pressure is Pressure.CRITICAL and percent >= 85):
                pressure = Pressure.CRITICAL
            elif percent >= 80 or (pressure is not Pressure.NORMAL and percent >= 70):
                pressure = Pressure.HIGH
            else:
                pressure = Pressure.NORMAL
            assert buffer.pressure is pressure


def test_whoever_is_told_may_use_the_buffer() -> None:
    taken: list[list[int]] = []

    def relieve(pressure: Pressure) -> None:
        if pressure is Pressure.HIGH:
            taken.append(buffer.take())

    buffer = BoundedBuffer[int](5, DropNewest(), relieve)
    for item in range(5):
        buffer.put(item)
    assert taken == [[0, 1, 2, 3]]


def test_take_waits_for_the_first_item() -> None:
    buffer = BoundedBuffer[int](5, DropNewest())
    got: list[list[int]] = []
    taker = threading.Thread(target=lambda: got.append(buffer.take(timeout_s=WAIT_S)))
    taker.start()
    buffer.put(1)
    taker.join(WAIT_S)
    assert got == [[1]]


def test_each_who_waits_is_woken_for_an_item() -> None:
    """The second item comes while nobody is told: whoever took the first one wakes the next."""
    buffer = BoundedBuffer[int](5, DropNewest())
    got: list[list[int]] = []
    takers = [threading.Thread(target=lambda: got.append(buffer.take(1, WAIT_S))) for _ in range(2)]
    for taker in takers:
        taker.start()
    buffer.put(1)
    buffer.put(2)
    for taker in takers:
        taker.join(2 * WAIT_S)
    assert sorted(got) == [[1], [2]]


def test_take_of_an_empty_buffer_gives_up_in_time() -> None:
    assert BoundedBuffer[int](5, DropNewest()).take(timeout_s=0.01) == []


def test_threads_lose_and_repeat_nothing() -> None:
    """Four who put and two who take: each item is taken once or counted as dropped."""
    buffer = BoundedBuffer[int](64, DropOldest())
    each, taken = 3_000, [list[int](), list[int]()]
    done = threading.Event()

    def put(first: int) -> None:
        for item in range(first, first + each):
            buffer.put(item)

    def take(into: list[int]) -> None:
        while not done.is_set() or len(buffer):
            into += buffer.take(10, timeout_s=0.01)

    putters = [threading.Thread(target=put, args=(number * each,)) for number in range(4)]
    takers = [threading.Thread(target=take, args=(into,)) for into in taken]
    for thread in putters + takers:
        thread.start()
    for thread in putters:
        thread.join(WAIT_S)
    done.set()
    for thread in takers:
        thread.join(WAIT_S)
    items = taken[0] + taken[1]
    assert len(set(items)) == len(items) == buffer.taken
    assert buffer.offered == 4 * each == buffer.taken + buffer.dropped
