"""Places around a circle: even, clockwise from the top, within the room there is."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.network.circle import Circle, fit_circle

EM_PX = 13.0
ROOMS = st.floats(200, 2_000)


@given(count=st.integers(1, 200), width_px=ROOMS, height_px=ROOMS)
def test_nodes_stand_apart_and_within_the_room(count: int, width_px: float, height_px: float) -> None:
    circle = fit_circle(count, width_px, height_px, EM_PX)
    places = [circle.at(angle) for angle in circle.angles(count)]
    for x, y in places:
        assert circle.radius_px <= x <= width_px - circle.radius_px
        assert circle.radius_px <= y <= height_px - circle.radius_px
    is_least = circle.radius_px < 0.31 * EM_PX
    for a, b in pairwise(places):
        assert is_least or math.dist(a, b) > 1.5 * circle.radius_px


def test_the_first_is_on_top_and_the_next_clockwise() -> None:
    circle = Circle(100, 100, 50, 50, 5)
    first, second, third, fourth = (circle.at(angle) for angle in circle.angles(4))
    assert first == pytest.approx((100, 50), abs=0.01)
    assert second == pytest.approx((150, 100), abs=0.5)
    assert third == pytest.approx((100, 150), abs=0.5)
    assert fourth == pytest.approx((50, 100), abs=0.5)


def test_steps_are_equal_on_an_ellipse_too() -> None:
    circle = Circle(0, 0, 200, 100, 5)
    places = [circle.at(angle) for angle in circle.angles(40)]
    steps = [math.dist(a, b) for a, b in pairwise([*places, places[0]])]
    assert max(steps) / min(steps) < 1.05


@given(start=st.floats(-3, 3), extent=st.floats(0.1, 6.2))
def test_an_arc_stays_on_the_circle(start: float, extent: float) -> None:
    circle = Circle(10, 20, 100, 60, 5)
    points = circle.arc(circle.at(start), circle.at(start + extent))
    assert (len(points) - 1) % 3 == 0
    assert points[-1] == pytest.approx(circle.at(start + extent))
    for i in range(0, len(points) - 1, 3):  # the middle of each Bézier curve
        a, b, c, d = points[i : i + 4]
        middle = [(p + 3 * q + 3 * r + s) / 8 for p, q, r, s in zip(a, b, c, d, strict=True)]
        assert math.hypot((middle[0] - 10) / 100, (middle[1] - 20) / 60) == pytest.approx(1, abs=0.001)
