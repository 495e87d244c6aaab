"""Which time is shown, and how it is marked."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.plots.scale import fitted, value_ticks
from desktop.plots.viewport import LEAST_SPAN_S, WHOLE_S, Clock, Viewport, time_label, time_ticks

SECONDS = st.floats(0, 400_000)


@pytest.fixture
def of_berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    if hasattr(time, "tzset"):
        time.tzset()
    else:
        pytest.skip("no time zones by environment here")


def viewport(last_s: float) -> Viewport:
    view = Viewport()
    view.note(0.0, last_s)
    return view


@given(SECONDS)
def test_a_view_of_all_begins_at_the_start_and_holds_the_newest(last_s: float) -> None:
    start_s, end_s = viewport(last_s).window_s
    assert start_s == 0
    assert end_s >= last_s
    assert end_s in WHOLE_S or end_s % 86_400 == 0


@given(last_s=SECONDS, span_s=st.sampled_from([60.0, 900.0]))
def test_a_view_of_the_newest_has_it_near_its_end(last_s: float, span_s: float) -> None:
    view = viewport(last_s)
    view.follow(span_s)
    start_s, end_s = view.window_s
    assert end_s - start_s == pytest.approx(span_s)
    assert start_s <= last_s <= end_s
    assert end_s - last_s <= span_s / 20 or last_s < span_s


@given(last_s=st.floats(100, 400_000), share=st.floats(0, 1), factor=st.floats(0.1, 1))
def test_zooming_in_keeps_what_is_at_the_pointer(last_s: float, share: float, factor: float) -> None:
    view = viewport(last_s)
    start_s, end_s = view.window_s
    at_s = min(last_s, start_s + share * (end_s - start_s))
    place = (at_s - start_s) / (end_s - start_s)
    view.zoom(factor, at_s)
    new_start_s, new_end_s = view.window_s
    assert new_end_s - new_start_s == pytest.approx(factor * (end_s - start_s))
    assert (at_s - new_start_s) / (new_end_s - new_start_s) == pytest.approx(place, abs=1e-6)


@given(
    last_s=SECONDS,
    moves=st.lists(st.tuples(st.booleans(), st.floats(-1e6, 1e6), st.floats(0.01, 100)), max_size=6),
)
def test_no_way_leads_to_where_nothing_is(last_s: float, moves: list[tuple[bool, float, float]]) -> None:
    view = viewport(last_s)
    for is_pan, seconds, factor in moves:
        if is_pan:
            view.pan(seconds)
        else:
            view.zoom(factor, seconds)
        start_s, end_s = view.window_s
        assert end_s - start_s >= LEAST_SPAN_S * 0.99
        assert start_s <= last_s
        assert end_s > 0


def test_a_view_that_is_held_stays_while_more_comes() -> None:
    view = viewport(100.0)
    view.follow(60.0)
    before = view.window_s
    view.hold()
    view.note(0.0, 500.0)
    assert view.window_s == before
    view.follow(60.0)
    assert view.window_s[1] >= 500


@given(start_s=st.floats(0, 1e6), span_s=st.floats(0.02, 1e6), most=st.integers(1, 20))
def test_ticks_are_few_and_within_the_window(start_s: float, span_s: float, most: int) -> None:
    ticks = time_ticks((start_s, start_s + span_s), most, Clock.SINCE_START, 0)
    assert len(ticks.at_s) == len(ticks.texts) <= most + 1
    assert all(start_s - 1e-3 <= at <= start_s + span_s + 1e-3 for at in ticks.at_s)
    assert len(set(ticks.texts)) == len(ticks.texts)


@pytest.mark.usefixtures("of_berlin")
def test_the_time_of_day_is_the_local_one() -> None:
    noon_us = 1_767_265_200 * 1_000_000  # 2026-01-01 12:00 in Berlin
    ticks = time_ticks((-3_700.0, 3_700.0), 3, Clock.OF_DAY, noon_us)
    assert dict(zip(ticks.texts, ticks.at_s, strict=True)) == {"11:00": -3600, "12:00": 0, "13:00": 3600}
    assert time_label(61.5, Clock.OF_DAY, noon_us) == "01 Jan 12:01:01.5"
    midnight = time_ticks((43_100.0, 43_300.0), 2, Clock.OF_DAY, noon_us)
    assert midnight.texts == ["2 Jan"]


def test_the_time_since_the_start_is_told_as_finely_as_is_asked() -> None:
    assert time_ticks((0, 4), 2, Clock.SINCE_START, 0).texts == ["0:00", "0:02", "0:04"]
    assert time_ticks((61, 61.2), 4, Clock.SINCE_START, 0).texts == ["1:01.0", "1:01.1", "1:01.2"]
    assert time_label(3_725.26, Clock.SINCE_START, 0) == "1:02:05.3"


@given(low=st.floats(-500, 500), extent=st.floats(0, 500))
def test_limits_hold_the_values_and_stay_for_the_same(low: float, extent: float) -> None:
    limits = fitted(low, low + extent, None)
    assert limits[0] < low
    assert low + extent < limits[1]
    assert fitted(low, low + extent, limits) == limits
    ticks, texts = value_ticks(limits, 6)
    assert 2 <= len(ticks) <= 8
    assert all(float(text) == pytest.approx(tick, abs=1e-9) for tick, text in zip(ticks, texts, strict=True))


@pytest.mark.parametrize("span_s", [1e6, 1.8e9, 9.2e12, 1.8e13])
@pytest.mark.parametrize("clock", Clock)
@pytest.mark.parametrize("epoch_us", [0, 1_700_000_000_000_000, (1 << 63) - 1])
def test_however_long_a_log_seems_its_axis_has_few_marks(span_s: float, clock: Clock, epoch_us: int) -> None:
    ticks = time_ticks((0.0, span_s), 10, clock, epoch_us)
    assert 1 <= len(ticks.at_s) == len(ticks.texts) <= 11
    assert time_label(span_s, clock, epoch_us)
