"""PROTOCOL.md 6.5: what an observer makes of a tree: its parents, its repairs and its nodes' readings."""

from dataclasses import replace

import pytest

from protocol.aggregate import Aggregate
from protocol.observer import (
    HelpHeard,
    NodeLost,
    ParentChanged,
    ReadingsSeen,
)
from protocol.packets import (
    BROADCAST,
    HOST,
    Ack,
    FrameType,
    Items,
    Link,
    Report,
)
from tests.protocol.watch import DATA, ROOT, Watch, rows_of, sync


@pytest.fixture
def watch() -> Watch:
    return Watch()


# --- repairs ---------------------------------------------------------------------------------------------


def test_a_first_parent_is_no_repair(watch: Watch) -> None:
    assert watch.confirms(3, 7) == [ParentChanged(1, 7, 3, None)]
    assert watch.row(12).repairs == 0


def test_another_parent_is_a_repair_once_a_node_and_round(watch: Watch) -> None:
    watch.confirms(3, 7)
    watch.confirms(3, 8)
    assert watch.confirms(4, 7) == [ParentChanged(3, 7, 4, 3)]
    watch.confirms(3, 7)
    watch.confirms(4, 8)
    assert [watch.row(12).repairs, watch.row(13).repairs] == [2, 0]


def test_a_node_that_comes_back_to_its_parent_is_a_repair(watch: Watch) -> None:
    watch.confirms(3, 7)
    watch.data(3, 0, Link(7, 3, 0))
    assert watch.row(12).repairs == 0
    assert watch.confirms(3, 7) == [ParentChanged(4, 7, 3, 3)]
    assert watch.row(13).repairs == 1


def test_a_change_told_by_the_result_itself_belongs_to_its_round(watch: Watch) -> None:
    watch.result(11, Link(7, 3, 255))
    assert watch.row(12, Link(7, 4, 255)).repairs == 1


# --- the tree --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame_type", [FrameType.DISC_ACK_ACK, FrameType.DATA_ACK, FrameType.HELP_CONFIRM])
def test_a_confirmation_makes_a_child(watch: Watch, frame_type: FrameType) -> None:
    payload = sync(1) if frame_type is FrameType.DISC_ACK_ACK else Ack(12, sync(1))
    assert watch.hear(frame_type, 3, 7, payload) == [ParentChanged(1, 7, 3, None)]
    assert watch.hear(frame_type, 3, 7, payload) == []
    assert watch.observer.parents == {3: None, 7: 3}
    assert [watch.observer.nodes[node].hop_count for node in (3, 7)] == [1, 2]


def test_an_offer_makes_no_child(watch: Watch) -> None:
    assert watch.hear(FrameType.HELP_ACK, 3, 7, sync(1)) == []
    assert watch.data(7, 3) == []
    assert watch.observer.parents == {3: None, 7: None}


def test_a_link_item_makes_a_child_and_tells_its_quality(watch: Watch) -> None:
    watch.discovery(3, 1)
    assert watch.data(3, 0, Link(7, 3, 200)) == [ParentChanged(2, 7, 3, None)]
    assert watch.data(3, 0, Link(7, 3, 100)) == []
    node = watch.observer.nodes[7]
    assert (node.parent, node.quality, node.hop_count, node.lost) == (3, 100, 2, False)


def test_a_link_of_quality_0_loses_a_child_only_for_its_parent(watch: Watch) -> None:
    watch.confirms(3, 7)
    watch.confirms(4, 7)
    assert watch.data(3, 0, Link(7, 3, 0)) == []
    assert watch.data(4, 0, Link(7, 4, 0)) == [NodeLost(4, 7, 4)]
    node = watch.observer.nodes[7]
    assert (node.parent, node.lost, node.hop_count) == (None, True, None)
    assert watch.data(4, 0, Link(7, 4, 0)) == []


def test_giving_up_a_node_never_seen_is_nothing(watch: Watch) -> None:
    assert watch.data(3, 0, Link(7, 3, 0)) == []
    assert 7 not in watch.observer.nodes


def test_a_node_that_calls_for_help_has_left_its_parent(watch: Watch) -> None:
    assert watch.help(7) == [HelpHeard(1, 7, 12, 2)]
    watch.confirms(3, 7)
    assert watch.help(7) == [NodeLost(3, 7, 3), HelpHeard(3, 7, 12, 2)]
    assert watch.help(7) == [HelpHeard(4, 7, 12, 2)]
    assert watch.observer.nodes[7].lost


def test_items_handed_on_do_not_count_against_what_was_heard(watch: Watch) -> None:
    watch.data(3, 1, Link(7, 3, 255))
    watch.confirms(4, 7)
    assert watch.data(1, 0, Link(7, 3, 255)) == []
    assert rows_of(found := watch.result(12, Link(7, 3, 255))) == found
    watch.data(4, 1, Link(7, 4, 0))
    watch.confirms(4, 7)
    assert watch.data(1, 0, Link(7, 4, 0)) == []
    watch.help(7)
    assert watch.data(1, 0, Link(7, 4, 255)) == []
    assert watch.observer.nodes[7].lost


def test_an_item_heard_from_the_parent_itself_outweighs_one_handed_on(watch: Watch) -> None:
    watch.data(3, 1, Link(7, 3, 255))
    assert watch.data(1, 0, Link(7, 4, 255)) == []


def test_a_call_for_help_outweighs_an_item_handed_on(watch: Watch) -> None:
    watch.data(1, 0, Link(7, 3, 255))
    watch.help(7)
    assert watch.data(1, 0, Link(7, 3, 255)) == []
    assert watch.observer.nodes[7].lost


def test_a_quality_is_that_of_the_present_parent(watch: Watch) -> None:
    watch.data(3, 0, Link(7, 3, 200))
    watch.confirms(4, 7)
    assert watch.observer.nodes[7].quality is None


def test_items_handed_on_count_for_what_is_out_of_earshot(watch: Watch) -> None:
    assert watch.data(1, 0, Link(7, 3, 255), Link(3, 1, 255)) == [
        ParentChanged(1, 7, 3, None),
        ParentChanged(1, 3, 1, None),
    ]
    assert watch.data(1, 0, Link(7, 4, 255)) == [ParentChanged(2, 7, 4, 3)]


def test_items_handed_on_count_again_two_results_later(watch: Watch) -> None:
    watch.confirms(4, 7)
    watch.result(12)
    assert watch.data(1, 0, Link(7, 3, 255)) == []
    watch.result(13)
    assert watch.data(1, 0, Link(7, 3, 255)) == [ParentChanged(5, 7, 3, 4)]


def test_the_root_is_who_gives_results_or_has_hop_count_0(watch: Watch) -> None:
    roots = [watch.observer.root]
    watch.discovery(5, 0)
    roots.append(watch.observer.root)
    watch.result(12)
    roots.append(watch.observer.root)
    assert roots == [None, 5, ROOT]
    assert watch.observer.nodes[ROOT].hop_count == 0


def test_the_root_has_no_parent(watch: Watch) -> None:
    watch.confirms(3, 5)
    watch.discovery(5, 0)
    assert watch.observer.parents[5] is None
    assert not watch.observer.nodes[5].lost
    assert watch.data(3, 0, Link(5, 3, 255)) == []
    assert watch.observer.nodes[5].quality is None


@pytest.mark.parametrize(
    "link", [Link(7, 7, 255), Link(HOST, 3, 255), Link(7, BROADCAST, 255), Link(HOST, 3, 0)]
)
def test_a_link_that_cannot_be_is_ignored(watch: Watch, link: Link) -> None:
    assert watch.data(3, 0, link) == []
    assert set(watch.observer.nodes) == {3}


def test_a_node_keeps_the_aggregates_of_its_last_report(watch: Watch) -> None:
    watch.data(7, 3)
    watch.hear(FrameType.HELP_ACK_DATA, 7, 3, Report(1, Items()))
    assert watch.observer.nodes[7].aggregates == {0: DATA}


def test_a_sender_without_a_way_has_no_hop_count(watch: Watch) -> None:
    watch.discovery(3, 255)
    assert watch.observer.nodes[3].hop_count is None


# --- readings of a tree's nodes ---

OWN = Aggregate(12, 61, 9, 61, 1)


@pytest.mark.parametrize("frame_type", [FrameType.DATA, FrameType.HELP_ACK_DATA])
def test_a_report_that_counts_its_sender_alone_is_its_reading(watch: Watch, frame_type: FrameType) -> None:
    humidity = Aggregate(12, 90, 9, 90, 1)
    found = watch.hear(frame_type, 9, 3, Report(0, Items(((1, humidity), (0, OWN)))))
    assert found == [ReadingsSeen(1, 9, 12, ((0, 61), (1, 90)))]
    assert watch.observer.readings[9] == found[0]
    assert watch.hear(frame_type, 9, 3, Report(0, Items(((0, OWN),)))) == [], "said again"


@pytest.mark.parametrize(
    ("items", "read"),
    [
        (Items(((0, OWN),), doubt=1), ()),
        (Items(((0, replace(OWN, max_id=8)),)), ()),
        (Items(((0, replace(OWN, total=120, count=2)),)), ()),
        (Items(((0, replace(OWN, total=62)),)), ()),
        (Items(((0, Aggregate.empty(12)),)), ()),
        (Items(((0, replace(OWN, total=120, count=2)), (1, OWN))), ((1, 61),)),
    ],
    ids=["in doubt", "a child's", "of two", "of no sense", "without any", "one of two metrics"],
)
def test_another_report_tells_no_reading_but_what_is_the_senders(
    watch: Watch, items: Items, read: tuple[tuple[int, int], ...]
) -> None:
    found = watch.hear(FrameType.DATA, 9, 3, Report(1, items))
    assert found == ([ReadingsSeen(1, 9, 12, read)] if read else [])


def test_a_root_that_is_alone_tells_its_reading_in_its_result(watch: Watch) -> None:
    found = watch.result(12, aggregates=[Aggregate(12, 61, ROOT, 61, 1)])
    assert found[0] == ReadingsSeen(1, ROOT, 12, ((0, 61),))
    assert len(rows_of(found)) == 1
