"""The event heap, and clocks that run fast or slow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protocol.simulator.clock import Clock, NodeClock


def test_actions_run_by_time_and_then_as_they_were_scheduled() -> None:
    clock = Clock()
    done: list[tuple[int, str, int]] = []

    def act(name: str, detail: int) -> None:
        done.append((clock.now_us, name, detail))
        if name == "b":
            clock.at(0, act, "late", 9)

    for time_us, name in ((20, "c"), (10, "a"), (10, "b"), (20, "d")):
        clock.at(time_us, act, name, time_us)
    clock.run(20)
    assert done == [(10, "a", 10), (10, "b", 10), (10, "late", 9)]
    clock.run(21)
    assert done[3:] == [(20, "c", 20), (20, "d", 20)]


def test_an_action_can_halt_the_run() -> None:
    clock = Clock()
    done: list[int] = []

    def act(halts: bool, number: int) -> None:
        done.append(number)
        if halts:
            clock.halt()

    for number in range(4):
        clock.at(number, act, number == 1, number)
    clock.run(10)
    assert done == [0, 1]
    clock.run(10)
    assert done == [0, 1, 2, 3]


def test_a_node_clock_gains_its_drift_and_its_steps() -> None:
    clock = NodeClock(drift_ppb=100_000)
    assert clock.reads_ms(10_000_000_000) == 10_001_000
    clock.step(5_000)
    assert clock.reads_ms(10_000_000_000) == 10_006_000


@given(
    drift_ppb=st.integers(-10_000_000, 10_000_000),
    step_ms=st.integers(0, 1 << 40),
    time_ms=st.integers(0, 1 << 45),
)
def test_a_node_clock_first_shows_a_time_when_it_says(drift_ppb: int, step_ms: int, time_ms: int) -> None:
    clock = NodeClock(drift_ppb)
    clock.step(step_ms)
    first_us = clock.shows_us(time_ms)
    assert clock.reads_ms(first_us) >= time_ms > clock.reads_ms(first_us - 1)
