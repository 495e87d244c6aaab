"""A node against the others of its round."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream.detectors import Neighbours
from tests.bridge.stream.detectors.judging import OFFSETS, QUARTERS, same, score


@given(
    values=st.dictionaries(st.integers(1, 60), QUARTERS, max_size=30),
    least=st.sampled_from([0.0, 0.5]),
    offset=OFFSETS,
)
def test_scores_are_numpys(values: dict[int, float], least: float, offset: float) -> None:
    detector = Neighbours[int](3.5, least_deviation=least, least_others=2)
    anomalies = detector.update(5.0, {node: value + offset for node, value in values.items()})
    if len(values) < 3:
        assert (anomalies, detector.scores) == ({}, {})
        return
    expected = []
    for node, value in values.items():
        others = np.array([other for name, other in values.items() if name != node])
        median = np.median(others)
        mad = 1.482602218505602 * float(np.median(np.abs(others - median)))
        expected.append(score(float(abs(value - median)), max(mad, least)))
    assert list(detector.scores) == list(values)
    assert list(detector.scores.values()) == same(expected)
    assert list(anomalies) == [node for node, far in detector.scores.items() if far > 3.5]


def test_finds_the_node_in_the_sun() -> None:
    noise = random.Random(22)
    detector = Neighbours[str](5, least_deviation=0.5)
    for round_number in range(200):
        weather = 15 + 8 * math.sin(round_number / 30)
        values = {f"node {number}": weather + noise.gauss(0, 0.5) for number in range(12)}
        assert detector.update(60.0 * round_number, values) == {}
        values["node 7"] = weather + 6
        found = detector.update(60.0 * round_number, values)
        assert list(found) == ["node 7"]
        assert found["node 7"].value == weather + 6
        assert found["node 7"].expected == pytest.approx(weather, abs=1)


def test_up_to_half_of_the_others_may_be_wrong() -> None:
    values = {1: 20.0, 2: 20.5, 3: 21.0, 4: 20.5, 5: 90.0, 6: 95.0}
    assert list(Neighbours[int](least_deviation=0.5).update(0.0, values)) == [5, 6]


def test_equal_values_are_no_anomaly() -> None:
    assert Neighbours[int]().update(0.0, dict.fromkeys(range(10), 1e9 + 0.1)) == {}


def test_a_node_is_not_judged_without_enough_others() -> None:
    detector = Neighbours[int](least_others=3)
    assert detector.update(0.0, {1: 20.0, 2: 20.0, 3: 90.0}) == {}
    assert detector.scores == {}
    assert list(detector.update(0.0, {1: 20.0, 2: 20.0, 3: 90.0, 4: 20.0})) == [3]


def test_values_that_are_not_finite_count_as_missing() -> None:
    detector = Neighbours[int](least_deviation=0.5, least_others=3)
    round_ = {1: 20.0, 2: math.nan, 3: 90.0, 4: 20.5, 5: math.inf, 6: 20.0, 7: -1e200}
    assert list(detector.update(0.0, round_)) == [3]
    assert (sorted(detector.scores), detector.skipped) == ([1, 3, 4, 6], 3)


@pytest.mark.parametrize("bad", [{"threshold": 0}, {"least_deviation": -1}, {"least_others": 0}])
def test_parameters_out_of_range_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="; give"):
        Neighbours[int](**bad)
