"""Who is there, and who comes next: PROTOCOL.md section 11."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.packets import MAX_NODE_ID
from protocol.peers import Peers
from protocol.round_trip import AckTimeouts

TIMEOUTS = AckTimeouts(150, 25, 1_000)
OWN = 5
OTHERS = (0, 1, 2, 3, 7, 8, 9, MAX_NODE_ID)
orders = st.lists(st.sampled_from((OWN, *OTHERS)), unique=True, max_size=6)
happenings = st.lists(st.tuples(st.sampled_from(("hear", "lose")), st.sampled_from(OTHERS)), max_size=30)


def peers(*heard: int, order: tuple[int, ...] = (), capacity: int = 255) -> Peers:
    made = Peers(OWN, TIMEOUTS, order, capacity)
    for peer_id in heard:
        made.hear(peer_id)
    return made


class TestOrder:
    def test_without_a_list_it_is_the_order_of_ids(self) -> None:
        found = peers(9, 2, 7)
        assert found.present == found.known == [2, 7, 9]
        assert found.successor() == 7

    def test_after_the_last_comes_the_first(self) -> None:
        assert peers(1, 2).successor() == 1
        assert peers(1, 2).after(2) == 1

    def test_a_configured_list_comes_first_and_the_others_after_it_by_id(self) -> None:
        found = peers(1, 0, order=(9, OWN, 2))
        assert found.present == [9, 2, 0, 1]
        assert found.successor() == 2
        assert [found.is_configured(node_id) for node_id in (9, OWN, 0)] == [True, True, False]
        assert found.comes_before(9, 2)
        assert not found.comes_before(0, 2)

    def test_who_is_alone_has_no_successor(self) -> None:
        assert peers().successor() is None
        assert peers(7).after(7) is None

    @pytest.mark.parametrize("order", [(1, 2, 1), (-1,), (MAX_NODE_ID + 1,)])
    def test_a_list_that_is_no_order_is_refused(self, order: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="an order names each node once"):
            Peers(OWN, TIMEOUTS, order)


class TestPresence:
    def test_configured_peers_are_there_from_the_start_and_only_become_absent(self) -> None:
        found = peers(order=(3, OWN, 7))
        assert found.present == [3, 7]
        found.lose(7)
        assert (found.present, found.known) == ([3], [3, 7])
        assert found[7].is_present is False

    def test_another_peer_that_is_lost_is_forgotten(self) -> None:
        found = peers(7)
        found.lose(7)
        assert found.get(7) is None
        assert found.known == []

    def test_what_was_measured_of_a_configured_peer_outlasts_its_absence(self) -> None:
        found = peers(order=(7,))
        found[7].round_trip.answered(40)
        found[7].misses = 3
        found.lose(7)
        again = found.hear(7)
        assert again is found[7]
        assert (again.round_trip.is_measured, again.misses) == (True, 0)

    def test_of_more_peers_than_there_is_room_for_the_first_are_kept(self) -> None:
        found = peers(1, 2, capacity=2)
        assert found.hear(3) is None
        assert found.hear(1) is found[1]
        found.lose(2)
        assert found.hear(3) is found[3]

    def test_to_lose_a_stranger_is_nothing(self) -> None:
        found = peers(1)
        found.lose(2)
        assert found.known == [1]


# --- against a sorted list -------------------------------------------------------------------------------


@given(orders, happenings)
def test_presence_and_order_are_those_of_a_sorted_list(
    order: list[int], happened: list[tuple[str, int]]
) -> None:
    found = peers(order=tuple(order))
    known = {node_id: True for node_id in order if node_id != OWN}
    for what, peer_id in happened:
        if what == "hear":
            found.hear(peer_id)
            known[peer_id] = True
        else:
            found.lose(peer_id)
            if peer_id in order:
                known[peer_id] = False
            else:
                known.pop(peer_id, None)
    circle = order + sorted({OWN, *OTHERS} - set(order))
    present = [node_id for node_id in circle if known.get(node_id)]
    assert found.known == [node_id for node_id in circle if node_id in known]
    assert found.present == present
    for node_id in circle:
        place = circle.index(node_id)
        following = [n for n in (*circle[place + 1 :], *circle[:place]) if n in present]
        assert found.after(node_id) == (following[0] if following else None)
        before = [n for n in circle[:place] if n in present]
        assert found.rank(node_id) == len(before)
        assert found.rank(node_id, besides=3) == len([n for n in before if n != 3])
    assert found.successor() == found.after(OWN)


@given(orders, *[st.sampled_from((OWN, *OTHERS))] * 3)
def test_a_way_round_the_circle_meets_who_stands_on_it(
    order: list[int], first: int, node_id: int, last: int
) -> None:
    circle = order + sorted({OWN, *OTHERS} - set(order))
    start, met = circle.index(first), []
    for step in range(1, len(circle)):
        passed = circle[(start + step) % len(circle)]
        if passed == last:
            break
        met.append(passed)
    assert peers(order=tuple(order)).is_between(first, node_id, last) == (node_id in met)
