"""The books of who is counted: sets of nodes as bits, told by the nodes' own events."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from protocol.simulator.books import KEPT_ROUNDS, Counted, together
from protocol.simulator.truth import Truth

many = st.lists(st.integers(0, 7), max_size=12)


def counted(nodes: list[int]) -> Counted:
    """Each node alone, one after the other."""
    found: Counted = ()
    for node in nodes:
        found = together(found, (1 << node,))
    return found


def as_counter(bag: Counted) -> Counter[int]:
    return Counter(node for layer in bag for node in range(8) if layer >> node & 1)


@given(many, many)
def test_together_adds_how_often_each_is_counted(a: list[int], b: list[int]) -> None:
    assert as_counter(together(counted(a), counted(b))) == Counter(a) + Counter(b)


@given(many, many)
def test_nobody_is_counted_twice_who_is_not_counted_once(a: list[int], b: list[int]) -> None:
    bag = together(counted(a), counted(b))
    assert all(more & ~fewer == 0 for fewer, more in pairwise(bag))


def measured(version: int, *node_ids: int) -> Truth:
    truth = Truth([5, 1, 3, 9])
    for node_id in node_ids:
        truth.measured(node_id, version, {0: 10 * node_id}, True)
    return truth


def test_a_result_counts_what_reports_brought() -> None:
    truth = measured(7, 9, 3, 1)
    for child, parent in ((9, 3), (3, 1)):
        truth.sealed(child, 7)
        truth.accepted(parent, child, 7)
    truth.sealed(1, 7)
    assert truth.contributors(1, 7) == [1, 3, 9]
    assert truth.counted(1, 7) == 3
    assert truth.readings(0, 7) == {1: 10, 3: 30, 9: 90}


def test_who_came_twice_stands_twice() -> None:
    truth = measured(7, 9, 5, 3, 1)
    truth.sealed(9, 7)
    for parent in (3, 5):
        truth.accepted(parent, 9, 7)
        truth.sealed(parent, 7)
        truth.accepted(1, parent, 7)
    truth.sealed(1, 7)
    assert truth.contributors(1, 7) == [1, 3, 5, 9, 9]
    assert truth.counted(1, 7) == 4


def test_a_later_report_of_a_child_replaces_the_earlier() -> None:
    truth = measured(7, 3, 1)
    truth.sealed(3, 7)
    truth.accepted(1, 3, 7)
    truth.accepted(1, 3, 7)
    truth.sealed(1, 7)
    assert truth.contributors(1, 7) == [1, 3]


def test_what_is_of_another_round_too_late_lost_or_forgotten_does_not_count() -> None:
    truth = measured(7, 3, 5, 9)
    truth.measured(1, 7, {0: 10}, False)
    for child in (3, 5, 9):
        truth.sealed(child, 7)
        truth.accepted(1, child, 7)
    truth.child_lost(1, 3)
    truth.sealed(9, 8)
    truth.accepted(1, 9, 8)
    truth.sealed(1, 7)
    assert truth.contributors(1, 7) == [5]
    truth.restarted(1)
    truth.sealed(1, 7)
    assert truth.contributors(1, 7) == []


def test_a_report_on_its_way_outlives_its_node() -> None:
    truth = measured(7, 3, 1)
    truth.sealed(3, 7)
    truth.restarted(3)
    truth.accepted(1, 3, 7)
    truth.sealed(1, 7)
    assert truth.contributors(1, 7) == [1, 3]


def test_the_books_keep_the_versions_in_use() -> None:
    """A root that restarts uses old versions again, while the others go on with new ones."""
    truth = measured(1, 1)
    for version in range(2, KEPT_ROUNDS + 1):
        truth.measured(3, version, {0: 1}, True)
    truth.measured(1, 1, {0: 10}, True)
    truth.measured(3, KEPT_ROUNDS + 1, {0: 1}, True)
    assert truth.readings(0, 1) == {1: 10}
    assert truth.readings(0, 2) == {}
