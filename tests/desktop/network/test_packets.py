"""Dots that fly along curves, as many as there is room for, and how many frames one stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.network.link_finder import LinkFinder
from desktop.network.packets import FLIGHT_S, MOST_FLYING, Curve, Packets
from desktop.network.scene import Link

LINE: Curve = ((0.0, 0.0), (0.0, 0.0), (100.0, 0.0), (100.0, 0.0))


def test_a_dot_flies_from_one_end_to_the_other() -> None:
    packets = Packets()
    packets.launch([LINE], 1, 10.0)
    assert packets.places(10.0).tolist() == [[0.0, 0.0]]
    assert packets.places(10.0 + FLIGHT_S / 2)[0].tolist() == pytest.approx([50.0, 0.0])
    assert packets.places(10.0 + 0.99 * FLIGHT_S)[0, 0] > 95
    assert len(packets.places(10.0 + FLIGHT_S)) == len(packets) == 0


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5), st.floats(0, 0.3)), max_size=20))
def test_no_more_fly_than_there_is_room_for_and_all_frames_are_told_of(
    batches: list[tuple[int, int, float]],
) -> None:
    packets, now_s = Packets(), 0.0
    recent: list[tuple[float, int, int]] = []
    for dots, frames_each, later_s in batches:
        before = packets.launched
        packets.launch([LINE] * dots, dots * frames_each, now_s)
        recent.append((now_s, dots * frames_each, packets.launched - before))
        assert len(packets) <= MOST_FLYING
        told = [one for one in recent if one[0] >= now_s - 2.0]
        frames, drawn = sum(one[1] for one in told), sum(one[2] for one in told)
        assert packets.frames_a_dot(now_s) == pytest.approx(max(1.0, frames / drawn) if drawn else 1.0)
        now_s += later_s
        packets.places(now_s)


def test_of_too_many_an_even_sample_flies() -> None:
    packets = Packets()
    curves: list[Curve] = [((float(i), 0.0),) * 4 for i in range(10 * MOST_FLYING)]
    packets.launch(curves, len(curves), 0.0)
    x = packets.places(0.0)[:, 0]
    assert len(x) == MOST_FLYING
    assert (x[0], x[-1]) == (0, len(curves) - 1)
    assert abs((x[1:] - x[:-1]) - 10).max() <= 1
    assert packets.frames_a_dot(0.0) == pytest.approx(10.0)


def test_the_link_that_passes_a_point_is_found() -> None:
    links = {
        5: Link(((0.0, 0.0), (0.0, 0.0), (100.0, 0.0), (100.0, 0.0)), "#000000", 1),
        6: Link(((0.0, 0.0), (0.0, 60.0), (100.0, 60.0), (100.0, 100.0)), "#000000", 1),
    }
    finder = LinkFinder()
    assert finder.at(links, (50.0, 3.0), 5.0) == 5
    assert finder.at(links, (50.0, 20.0), 5.0) is None
    assert finder.at(links, (99.0, 97.0), 5.0) == 6
    assert finder.at({}, (50.0, 3.0), 5.0) is None
    assert finder.points(links[6])[0] == (0.0, 0.0)
    assert finder.points(links[6])[-1] == pytest.approx((100.0, 100.0))
