"""How a ring looks: who is on it, who is passed over, where the token is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from desktop.model.model import Standing
from desktop.network.motion import FLIGHT_S, Flight, Place
from desktop.network.notes import place_notes
from desktop.network.ring_scene import RingScene
from desktop.palette import PALETTES
from protocol.aggregate import Aggregate
from protocol.observer import RoundRow
from protocol.packets import Pairs, TokenId

SIZE_PX, EM_PX = (690.0, 390.0), 13.0
LIGHT = PALETTES["light"]
ROW = RoundRow(0, 12, 0, Aggregate(12, 125, 4, 600, 5), 0, 300, 20, 500, 0)
READINGS: Mapping[int, tuple[int, Pairs]] = {node: (12, ((0, 120 + node), (1, 90))) for node in range(1, 6)}


def ring(**changes: Any) -> RingScene:
    given: dict[str, Any] = {
        "order": (1, 2, 3, 4, 5),
        "absent": frozenset({3}),
        "holder": 5,
        "home": 1,
        "token": TokenId(2, 4, 1_234),
        "version": 12,
        "turn": 1,
        "readings": READINGS,
        "heard_us": {5: 1_000_000},
        "metric_id": 0,
        "row": ROW,
    }
    return RingScene(**given | changes)


def test_home_members_and_who_is_passed_over_are_told_apart() -> None:
    looks = ring().looks
    assert {node: look.standing for node, look in looks.items()} == {
        1: Standing.HOME,
        2: Standing.MEMBER,
        3: Standing.ABSENT,
        4: Standing.MEMBER,
        5: Standing.MEMBER,
    }
    assert [node for node, look in looks.items() if look.is_marked] == [5]
    assert [node for node, look in looks.items() if look.note == "max"] == [4]
    assert looks[3].note == "passed over"
    assert looks[2].value == "21.0°"
    assert looks[3].value == "", "what it read once is not what it reads"


def test_the_ring_is_closed_over_who_is_passed_over() -> None:
    scene = ring()
    assert scene.ties == {1: 2, 2: 4, 3: None, 4: 5, 5: 1}
    fitted = scene.fit(*SIZE_PX, EM_PX)
    links = scene.links(fitted, fitted.places, LIGHT, 1.0)
    [dashed] = [link for link in links.values() if link.dashes]
    assert dashed.points[0] == fitted.places[2]
    assert dashed.points[-1] == pytest.approx(fitted.places[4])
    assert len(links) == 4


def test_who_is_passed_over_stands_outside() -> None:
    fitted = ring().fit(*SIZE_PX, EM_PX)
    circle = fitted.circle
    assert circle is not None

    def share(place: Place) -> float:
        return ((place[0] - circle.x) / circle.half_width) ** 2 + (
            (place[1] - circle.y) / circle.half_height
        ) ** 2

    assert share(fitted.places[3]) > 1.1
    assert all(share(fitted.places[node]) == pytest.approx(1) for node in (1, 2, 4, 5))


def test_a_link_tells_whom_the_token_passes_over() -> None:
    assert list(ring().describe_link(2)) == ["node 2 passes the token to 4", "over 3"]
    assert list(ring().describe_link(4)) == ["node 4 passes the token to 5"]


def test_the_details_of_the_holder_name_the_token() -> None:
    lines = list(ring().describe(5, 3_500_000))
    assert lines[0] == "node 5: in the ring"
    assert "holds the token" in lines
    assert "token of epoch 2, made by 4" in lines
    assert "turn 1 of round 12: tells the result" in lines
    assert "heard 2.5 s ago" in lines
    assert "temperature 22.5 °C" in lines
    assert list(ring().describe(2, 0))[1] == "passes the token to 4"


def test_the_time_of_a_turn_is_told_once_it_is_known() -> None:
    assert ring().summary == "5 nodes, 1 passed over"
    assert ring(rotation_us=456_000).summary.endswith("a turn of the token takes 0.46 s")


@pytest.mark.parametrize("order", [(7,), (7, 8)])
def test_a_small_ring_can_be_drawn(order: tuple[int, ...]) -> None:
    scene = ring(order=order, absent=frozenset(), holder=7, home=7, row=None)
    fitted = scene.fit(*SIZE_PX, EM_PX)
    assert len(scene.links(fitted, fitted.places, LIGHT, 1.0)) == (0 if len(order) == 1 else 2)
    assert "no round finished yet" in scene.captions[-1]


def test_without_a_holder_there_is_no_token_to_draw() -> None:
    assert ring(holder=None).token_at is None
    assert ring(holder=3).token_at is None, "who is passed over holds nothing that counts"


@pytest.mark.parametrize("count", [3, 10, 60, 200])
def test_notes_never_cover_each_other_and_what_is_unusual_comes_first(count: int) -> None:
    scene = ring(order=tuple(range(1, count + 1)))
    fitted = scene.fit(*SIZE_PX, EM_PX)
    notes = place_notes(scene.looks, fitted, EM_PX)
    assert "passed over" in notes[3].text
    ids = [node for node, note in notes.items() if note.text == str(node)]
    assert (len(ids) >= 20) == (count >= 60), "small nodes have their ids outside, as many as fit"
    lines = sorted((note.place for note in notes.values()), key=lambda place: place[1])
    for (x0, y0), (x1, y1) in pairwise(lines):
        assert abs(y1 - y0) >= 1.25 * EM_PX - 0.1 or abs(x1 - x0) >= 0.6 * EM_PX


def between(a: Place, b: Place, share: float) -> Place:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def test_a_token_flies_to_whom_it_was_last_passed() -> None:
    flight = Flight()
    flight.aim(1, (0.0, 0.0), 10.0)
    assert flight.place(between, 10.0) == (0.0, 0.0)
    assert not flight.moving
    flight.aim(2, (10.0, 0.0), 10.0)
    assert flight.place(between, 10.0 + FLIGHT_S / 2) == pytest.approx((5.0, 0.0))
    flight.aim(4, (5.0, 20.0), 10.0 + FLIGHT_S / 2)  # it was passed on, twice, while it flew
    assert flight.place(between, 10.0 + FLIGHT_S) == pytest.approx((5.0, 10.0))
    assert flight.place(between, 10.0 + 2 * FLIGHT_S) == (5.0, 20.0)
    assert not flight.moving
    flight.aim(4, (6.0, 20.0), 11.0)  # the node glides
    assert flight.place(between, 11.0) == (6.0, 20.0)
