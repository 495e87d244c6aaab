"""What a field is like: hops, crowds, and the T that is advised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from protocol.simulator.medium import Air, Quality
from protocol.simulator.radio import RADIOS
from protocol.simulator.survey import USABLE_SHARE, UTILIZATION, Survey, reachable_from, token_hop_us
from protocol.simulator.topology import Topology, grid
from protocol.timing import PROFILES, Timing

CROWDED = Air(collisions=True)
TIMING = Timing()


def survey_of(topology: Topology) -> Survey:
    return Survey(topology.root, topology.listeners)


def test_a_line_is_as_deep_as_it_is_long_and_its_crowds_are_small() -> None:
    survey = survey_of(grid(8, 1, 10, 10))
    assert survey.depth == 7
    assert survey.hops[5] == 4
    assert survey.crowd == 5, "two to either side"
    assert survey.neighbours == pytest.approx(14 / 8)


def test_a_room_is_one_crowd() -> None:
    survey = survey_of(grid(8, 1, 10, None))
    assert (survey.depth, survey.crowd) == (1, 8)


def test_a_way_to_the_root_needs_links_that_work_both_ways() -> None:
    listeners = {1: (2,), 2: (1, 3), 3: (2,), 4: (3,), 5: ()}
    assert reachable_from(1, listeners) == {1, 2, 3}
    assert Survey(5, listeners).hops == {5: 0}


def test_a_lone_root_needs_no_way() -> None:
    survey = survey_of(grid(1, 1, 10, 10))
    assert (survey.depth, survey.crowd, survey.neighbours) == (0, 1, 0.0)


def test_the_advised_period_is_that_of_the_formula() -> None:
    """DATA and DATA_ACK of one metric have 21 bytes each (PROTOCOL.md section 2), 31 with preamble."""
    survey = survey_of(grid(4, 4, 10, 15))
    exchange_ms = 2 * (31 * 8 / 19.2 + 13.333 / 2)
    needed_ms = TIMING.spread_ms + 4 * 16 / 4 * exchange_ms / UTILIZATION
    assert survey.advised_period_ms(CROWDED, TIMING) == pytest.approx(needed_ms / USABLE_SHARE, abs=100)
    assert survey.advised_period_ms(CROWDED, TIMING) % 100 == 0


def test_what_makes_a_field_need_more_time() -> None:
    survey = survey_of(grid(6, 6, 10, 15))
    base_ms = survey.advised_period_ms(CROWDED, TIMING)

    def with_air(**changes: Any) -> int:
        return survey.advised_period_ms(replace(CROWDED, **changes), TIMING)

    assert survey.advised_period_ms(CROWDED, TIMING, metrics=5) > base_ms
    assert with_air(quality=Quality(loss=0.2)) > base_ms
    assert with_air(radio=RADIOS["hc12-236k"]) < base_ms
    assert with_air(collisions=False) < base_ms
    assert with_air(quality=Quality(loss=1.0)) < 1e9, "no bound is lost"
    assert survey.advised_period_ms(CROWDED, PROFILES["classic"]) < base_ms, "leaves all begin at once"
    larger_crowd, further = survey_of(grid(6, 6, 10, 30)), survey_of(grid(9, 9, 10, 15))
    assert larger_crowd.advised_period_ms(CROWDED, TIMING) > base_ms
    assert further.advised_period_ms(CROWDED, TIMING) > base_ms


def test_a_hop_of_a_token_is_the_token_and_its_sign() -> None:
    """28 bytes and 10 a metric, and 15; with 10 bytes around each payload, and a preamble of 10."""
    assert token_hop_us(Air(), Quality()) == pytest.approx((58 + 35) * 8 / 19_200 * 1e6, abs=2)
    more_us = token_hop_us(Air(), Quality(delay_ms=30), metrics=3) - token_hop_us(Air(), Quality())
    assert more_us == pytest.approx(20 * 8 / 19_200 * 1e6 + 2 * 30_000, abs=2)
    assert token_hop_us(CROWDED, Quality()) > token_hop_us(Air(), Quality())
