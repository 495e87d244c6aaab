"""The queue before a consumer, in figures."""

from __future__ import annotations

import math
from random import Random

import pytest

from bridge.log.consumer_queue import SPAN_S, ConsumerQueue


def test_a_seeded_queue_of_random_arrivals_is_as_little_and_mm1_say() -> None:
    """50 records a second, services of 10 ms in the mean: half of the time busy, one record there."""
    random = Random(6)
    queue = ConsumerQueue(0.0)
    now_s = free_s = look_s = 0.0
    leaves_s: list[float] = []
    while now_s < 20 * SPAN_S:
        now_s += random.expovariate(50)
        while look_s < now_s:
            queue.look(sum(left_s > look_s for left_s in leaves_s[-50:]), look_s)
            look_s += 0.05
        service_s = random.expovariate(100)
        free_s = max(free_s, now_s) + service_s
        leaves_s.append(free_s)
        queue.took(1, free_s - now_s, service_s)
    found = queue.figures()
    assert found.rate_per_s == pytest.approx(50, rel=0.05)
    assert found.wait_s == pytest.approx(0.02, rel=0.3)
    assert found.littles_length == pytest.approx(found.length, rel=0.1)
    assert found.mm1_length == pytest.approx(1, rel=0.2)


def test_what_is_long_ago_counts_no_more() -> None:
    queue = ConsumerQueue(0.0)
    for second in range(200):
        queue.took(100 if second < 100 else 1, 0.5, 0.001)
        queue.look(50 if second < 100 else 0, float(second))
    found = queue.figures()
    assert (found.rate_per_s, found.length) == (1, 0)
    assert found.wait_s == pytest.approx(0.5)
    assert found.littles_length == pytest.approx(0.5)


def test_a_queue_of_which_nothing_is_known() -> None:
    queue = ConsumerQueue(0.0)
    assert all(map(math.isnan, queue.figures()))
    queue.look(0, 1.0)
    rate_per_s, wait_s, length, *_ = queue.figures()
    assert (rate_per_s, length) == (0, 0)
    assert math.isnan(wait_s)
