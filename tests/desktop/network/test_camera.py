"""Which part of a network is seen: what a person zooms about stays where it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.network.camera import LEAST_ZOOM, MOST_ZOOM, Camera
from desktop.network.circle import fit_circle
from desktop.network.scene import Fitted

EM_PX = 13.0
coordinate = st.floats(-2_000, 2_000)
places = st.tuples(coordinate, coordinate)
moves = st.one_of(
    st.tuples(st.just("zoom"), st.floats(0.1, 10), places),
    st.tuples(st.just("pan"), coordinate, places),
)


def moved(camera: Camera, move: tuple[str, float, tuple[float, float]]) -> Camera:
    kind, amount, place = move
    return camera.zoomed(amount, place) if kind == "zoom" else camera.panned(amount, place[0])


@given(st.lists(moves, max_size=8), places, st.floats(0.1, 10))
def test_what_is_zoomed_about_stays_and_no_zoom_leaves_its_range(
    before: list[tuple[str, float, tuple[float, float]]], about: tuple[float, float], factor: float
) -> None:
    camera = Camera()
    for move in before:
        camera = moved(camera, move)
    point = camera.under(about)
    zoomed = camera.zoomed(factor, about)
    assert zoomed.seen(point) == pytest.approx(about, abs=1e-3)
    assert LEAST_ZOOM <= zoomed.zoom <= MOST_ZOOM


def test_all_of_it_is_seen_as_it_was_fitted() -> None:
    fitted = Fitted({1: (3.0, 4.0)}, 5.0)
    assert Camera().view(fitted, EM_PX) is fitted


def test_nodes_grow_until_their_words_have_room() -> None:
    fitted = Fitted({1: (100.0, 50.0), 2: (200.0, 50.0)}, 4.0)
    near = Camera().zoomed(3.0, (100.0, 50.0)).view(fitted, EM_PX)
    assert near.places == {1: (100.0, 50.0), 2: (400.0, 50.0)}
    assert near.radius_px == 12.0
    assert Camera().zoomed(30.0, (0.0, 0.0)).view(fitted, EM_PX).radius_px < 3 * EM_PX
    assert Camera().zoomed(0.5, (0.0, 0.0)).view(fitted, EM_PX).radius_px == 2.0


def test_a_circle_moves_and_grows_with_its_nodes() -> None:
    circle = fit_circle(5, 600, 400, EM_PX)
    fitted = Fitted({1: circle.at(1.0)}, circle.radius_px, circle, {1: circle.outward(1.0)}, (50, 40))
    seen = Camera().panned(10, -20).zoomed(2, (0, 0)).view(fitted, EM_PX)
    assert seen.circle is not None
    assert seen.circle.at(1.0) == pytest.approx(seen.places[1])
    assert seen.caption_room == (100, 80)
