"""Queues in figures: Little's law to the last digit, M/M/1 against a simulated one."""

from __future__ import annotations

import math
import random
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.queueing import MM1, QueueMeasure, QueueMeter
from tests.bridge.stream.lists import lists_of

FIGURES = ("utilisation", "length", "waiting_length", "sojourn_s", "waiting_s")


def served(arrivals_s: list[float], services_s: list[float], start_s: float = 0.0) -> QueueMeasure:
    """What a meter says of one server from the first item to the last, told event by event."""
    departures_s: list[float] = []
    for arrived_s, service_s in zip(arrivals_s, services_s, strict=True):
        departures_s.append(max([arrived_s, *departures_s[-1:]]) + service_s)
    meter = QueueMeter(start_s)
    events = [(time_s, 1, meter.depart) for time_s in departures_s]
    events += [(time_s, 0, meter.arrive) for time_s in arrivals_s]
    for time_s, _, tell in sorted(events, key=lambda event: event[:2]):
        tell(time_s)
    return meter.measured(max([start_s, *departures_s]))


@pytest.mark.parametrize("offset_s", [0.0, 1.75e9])
def test_a_queue_worked_out_by_hand(offset_s: float) -> None:
    """Items come at 0, 1 and 6 s; each is served for 2 s: departures at 2, 4 and 8 s."""
    measured = served([offset_s + 0, offset_s + 1, offset_s + 6], [2, 2, 2], offset_s)
    assert (measured.span_s, measured.arrivals, measured.departures) == (8, 3, 3)
    assert measured.utilisation == 6 / 8
    assert measured.length == 7 / 8
    assert measured.waiting_length == 1 / 8
    assert (measured.sojourn_s, measured.waiting_s, measured.service_s) == (7 / 3, 1 / 3, 2)
    assert (measured.arrival_rate_per_s, measured.service_rate_per_s) == (3 / 8, 1 / 2)


MILLISECONDS = st.integers(0, 5_000)


@given(
    items=lists_of(st.tuples(MILLISECONDS, MILLISECONDS), 60, least=1),
    offset_s=st.sampled_from([0, 1_000_000]),
)
def test_littles_law_holds_for_any_queue_that_began_and_ended_empty(
    items: list[tuple[int, int]], offset_s: int
) -> None:
    """L = lambda W and Lq = lambda Wq and rho = lambda / mu: from areas over time and from items, apart."""
    arrivals_s = [offset_s + ms / 1000 for ms in accumulate(gap for gap, _ in items)]
    measured = served(arrivals_s, [service / 1000 for _, service in items], offset_s)
    if not measured.span_s:
        assert math.isnan(measured.length)
        return
    rate = measured.arrival_rate_per_s
    assert measured.littles_length == pytest.approx(measured.length, rel=1e-9, abs=1e-9)
    assert rate * measured.waiting_s == pytest.approx(measured.waiting_length, rel=1e-9, abs=1e-9)
    assert rate * measured.service_s == pytest.approx(measured.utilisation, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("rho", [0.3, 0.6])
def test_a_simulated_mm1_queue_is_what_was_predicted(rho: float) -> None:
    """100,000 items, seeded; the spread of such runs is about 1 %."""
    items, draw = 100_000, random.Random(f"M/M/1 at {rho}")
    arrivals_s = list(accumulate(draw.expovariate(40 * rho) for _ in range(items)))
    measured = served(arrivals_s, [draw.expovariate(40) for _ in range(items)])
    for predicted in (MM1(40 * rho, 40), measured.predicted):
        for figure in FIGURES:
            assert getattr(measured, figure) == pytest.approx(getattr(predicted, figure), rel=0.05), figure


def test_bursts_make_queues_longer_than_predicted() -> None:
    """The same rates, the items in pairs."""
    draw = random.Random(1961)
    pairs = list(accumulate(draw.expovariate(10) for _ in range(20_000)))
    measured = served(
        [time_s for time_s in pairs for _ in range(2)], [draw.expovariate(40) for _ in range(40_000)]
    )
    assert measured.length > 1.3 * measured.predicted.length


@given(rate=st.floats(0.001, 0.999), service_rate=st.floats(0.01, 1e6))
def test_mm1_is_consistent(rate: float, service_rate: float) -> None:
    queue = MM1(rate * service_rate, service_rate)
    assert queue.length == pytest.approx(queue.arrival_rate_per_s * queue.sojourn_s)
    assert queue.waiting_length == pytest.approx(queue.arrival_rate_per_s * queue.waiting_s)
    assert queue.length == pytest.approx(queue.waiting_length + queue.utilisation)
    assert queue.sojourn_s == pytest.approx(queue.waiting_s + 1 / service_rate)


def test_mm1_of_the_textbook() -> None:
    """8 an hour come, 10 an hour can be served: 4 are there, for half an hour each."""
    queue = MM1(8, 10)
    assert [getattr(queue, figure) for figure in FIGURES] == pytest.approx([0.8, 4, 3.2, 0.5, 0.4])


@pytest.mark.parametrize("rate", [10, 11])
def test_a_queue_that_only_grows_is_infinite(rate: float) -> None:
    queue = MM1(rate, 10)
    assert [getattr(queue, figure) for figure in FIGURES[1:]] == [math.inf] * 4


@pytest.mark.parametrize("rates", [(-1, 1), (1, 0), (0, -1)])
def test_rates_that_no_queue_has_are_refused(rates: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no queue has"):
        MM1(*rates)


def test_a_queue_that_did_nothing_tells_nothing() -> None:
    measured = QueueMeter(5.0).measured(7.0)
    assert (measured.length, measured.utilisation, measured.arrival_rate_per_s) == (0, 0, 0)
    assert math.isnan(measured.sojourn_s)
    assert math.isnan(measured.predicted.length)


def test_batches_are_their_items() -> None:
    one, batch = QueueMeter(0), QueueMeter(0)
    for _ in range(3):
        one.arrive(1)
    batch.arrive(1, 3)
    for time_s, count in ((2, 1), (4, 2)):
        for _ in range(count):
            one.depart(time_s)
        batch.depart(time_s, count)
    assert one.measured(5) == batch.measured(5)


def test_a_new_span_keeps_what_waits() -> None:
    meter = QueueMeter(0)
    meter.arrive(0, 2)
    meter.depart(1)
    meter.restart(10)
    meter.depart(14)
    measured = meter.measured(20)
    assert (measured.arrivals, measured.departures, measured.length) == (0, 1, 0.4)
    assert (measured.sojourn_s, measured.waiting_s) == (14, 1)


def test_a_clock_that_goes_back_stands_still() -> None:
    meter = QueueMeter(10)
    meter.arrive(12)
    meter.depart(11)
    measured = meter.measured(9)
    assert (measured.span_s, measured.sojourn_s, measured.length) == (2, 0, 0)
    meter.restart(8)
    assert meter.measured(13).span_s == 1


def test_nothing_departs_that_did_not_arrive() -> None:
    meter = QueueMeter(0)
    meter.arrive(0)
    with pytest.raises(ValueError, match="2 items cannot depart from a queue of 1"):
        meter.depart(1, 2)
