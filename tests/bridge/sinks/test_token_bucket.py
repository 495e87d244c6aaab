"""The token bucket: never more than the rate over any time, but for one bucket's worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sinks.token_bucket import TokenBucket


@given(
    st.floats(0.1, 1_000),
    st.lists(st.tuples(st.floats(0, 5), st.integers(0, 1_000)), min_size=1, max_size=30),
)
def test_no_span_of_time_sees_more_than_the_rate_and_one_bucket(
    rate_per_s: float, asked: list[tuple[float, int]]
) -> None:
    now_s = 50.0
    bucket = TokenBucket(rate_per_s, now_s)
    went = []
    for pause_s, count in asked:
        now_s += pause_s
        count = min(count, bucket.capacity)
        now_s += bucket.take(count, now_s)
        went.append((now_s, count))
    for first, (start_s, _) in enumerate(went):
        total = 0
        for end_s, count in went[first:]:
            total += count
            assert total <= bucket.capacity + rate_per_s * (end_s - start_s) + 1e-6


def test_an_idle_bucket_fills_but_does_not_overflow() -> None:
    bucket = TokenBucket(10, 0)
    assert bucket.take(10, 0) == 0
    assert bucket.take(5, 0) == 0.5
    assert bucket.take(10, 1_000) == 0
    assert bucket.take(1, 1_000) == pytest.approx(0.1)


def test_a_slow_rate_lets_one_go_after_the_other() -> None:
    bucket = TokenBucket(0.5, 0)
    assert [bucket.take(1, 0), bucket.take(1, 0)] == [0, 2]


def test_a_clock_that_goes_back_gains_nothing() -> None:
    bucket = TokenBucket(1, 100)
    assert bucket.take(1, 100) == 0
    assert bucket.take(1, 50) == 1


def test_more_than_it_holds_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="the bucket holds 10, not 11"):
        TokenBucket(10, 0).take(11, 0)
    with pytest.raises(ValueError, match="above 0"):
        TokenBucket(0, 0)
