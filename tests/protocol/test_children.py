"""A parent's books: PROTOCOL.md 6.2 and 6.5."""

from __future__ import annotations

from protocol.aggregate import Aggregate
from protocol.children import LINK_QUEUE, Children
from protocol.packets import MAX_AGGREGATES, MAX_LINKS, Items, Link

ME = 1


def items(version: int, raw: int, node_id: int, *links: Link, metric: int = 0) -> Items:
    return Items(((metric, Aggregate.of_reading(version, raw, node_id)),), links)


def test_a_child_owes_from_the_round_after_it_came() -> None:
    children = Children(ME, 4)
    children.add(5, expected_from=8)
    assert not children.owing(7)
    assert children.owing(8)


def test_quality_is_the_share_of_the_last_eight_rounds() -> None:
    children = Children(ME, 4)
    child = children.add(5, expected_from=1)
    for version in range(1, 9):
        if version % 4:
            children.store(child, items(version, 9, 5))
        children.close_round(version, missed_rounds_limit=9)
    assert child.link(ME) == Link(5, ME, 6 * 255 // 8)


def test_a_lost_child_moved_elsewhere_is_told_in_the_right_order() -> None:
    children = Children(ME, 4)
    children.add(5, expected_from=1)
    relay = children.add(6, expected_from=1)
    children.store(relay, items(1, 9, 6, Link(5, 6, 200)))
    assert children.close_round(1, missed_rounds_limit=1) == [5]
    links = children.compose(1, {0: 3}, 0).links
    assert links == (Link(5, 6, 200), Link(5, ME, 0), Link(6, ME, 255))


def test_links_are_handed_on_once_and_at_most_5_a_report() -> None:
    children = Children(ME, 4)
    child = children.add(5, expected_from=1)
    many = [Link(100 + n, 5, 255) for n in range(LINK_QUEUE)]
    for _ in range(2):
        children.store(child, items(1, 9, 5, *many))
    assert len(children.compose(1, {}, 0).links) == MAX_LINKS
    assert len(children.compose(1, {}, 0).links) == LINK_QUEUE + 1 - MAX_LINKS
    assert children.compose(1, {}, 0).links == ()


def test_at_most_5_metrics_go_up_the_lowest_first() -> None:
    children = Children(ME, 4)
    child = children.add(5, expected_from=1)
    children.store(child, items(1, 9, 5, metric=1))
    report = children.compose(1, dict.fromkeys(range(2, 9), 7), 0)
    assert [metric for metric, _ in report.aggregates] == [1, 2, 3, 4, 5]
    assert len(report.aggregates) == MAX_AGGREGATES
