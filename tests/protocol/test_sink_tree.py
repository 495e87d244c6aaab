"""The sink tree, rule by rule: PROTOCOL.md sections 5 and 6. Times are virtual milliseconds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.aggregate import Aggregate
from protocol.node import (
    ChildJoined,
    ChildLost,
    Event,
    FrameDropped,
    Joined,
    LinkName,
    MeasurementDue,
    ParentLost,
    RoundFinished,
)
from protocol.packets import (
    BROADCAST,
    HOST,
    Ack,
    Depth,
    DropReason,
    Empty,
    Frame,
    FrameType,
    Help,
    Items,
    Link,
    Payload,
    Report,
    Result,
    Sync,
    decode,
    encode,
)
from protocol.sink_tree import SinkTreeNode
from protocol.timing import Timing
from protocol.tree_parts import State

# Without the windows, so that an answer follows at once; TestOffers and TestSpread have them.
TIMING = Timing(period_ms=5_000, offer_window_ms=0, spread_ms=0)
ME, PARENT, OTHER, CHILD = 7, 1, 2, 9


class Bench:
    """One node on a bench: hand it frames, see what it sends and says."""

    def __init__(self, node_id: int = ME, *, root: bool = False, **options: Any) -> None:
        self.now_ms = 0
        options = dict[str, Any](seed=1, timing=TIMING) | options
        self.node = SinkTreeNode(node_id, first_counter=0, now_ms=0, root=root, **options)
        self._counter = 0

    def hear(self, source: int, kind: FrameType, payload: Payload, destination: int | None = None) -> None:
        """A frame from that neighbour, for this node unless told otherwise."""
        self._counter += 1
        to = self.node.node_id if destination is None else destination
        self.node.receive(encode(Frame(kind, source, to, self._counter, payload)), self.now_ms)

    def sent(self) -> list[Frame]:
        """The frames that are due now."""
        return [decode(frame) for _, frame in self.node.frames_to_send(self.now_ms)]

    def sent_until(self, until_ms: int) -> list[tuple[int, Frame]]:
        """Let time pass; every frame with its time."""
        frames = [(self.now_ms, frame) for frame in self.sent()]
        while (deadline := self.node.next_deadline()) is not None and deadline <= until_ms:
            self.now_ms = max(self.now_ms, deadline)
            self.node.handle_timer(self.now_ms)
            frames += [(self.now_ms, frame) for frame in self.sent()]
        self.now_ms = until_ms
        return frames

    def events(self) -> list[Event]:
        """What happened since the last look."""
        found = []
        while (event := self.node.next_event()) is not None:
            found.append(event)
        return found

    def drops(self) -> list[DropReason]:
        """The reasons of what was dropped since the last look."""
        return [event.reason for event in self.events() if isinstance(event, FrameDropped)]

    def sync(self, version: int, hop_count: int) -> Sync:
        """A sync of round `version`, begun just now."""
        return Sync(version, 0, hop_count, TIMING.period_ms)

    def join(self, parent: int = PARENT, version: int = 1, hop_count: int = 0) -> None:
        """Join by discovery under that parent."""
        self.hear(parent, FrameType.DISCOVERY, self.sync(version, hop_count), BROADCAST)
        self.hear(parent, FrameType.DISC_ACK_ACK, self.sync(version, hop_count))
        assert self.node.parent == parent
        self.sent_until(self.now_ms + 1_000)
        self.events()

    def start_round(self) -> int:
        """Go to the start of the next round; its version."""
        while True:
            self.now_ms = self.node.next_deadline() or self.now_ms
            self.node.handle_timer(self.now_ms)
            self.sent()
            for event in self.events():
                if isinstance(event, MeasurementDue):
                    return event.version


def kinds(frames: list[tuple[int, Frame]]) -> list[FrameType]:
    return [frame.type for _, frame in frames]


def report(version: int, *readings: tuple[int, int], depth: int = 0, **items: Any) -> Report:
    """A report of these (node id, raw) temperatures."""
    merged = Aggregate.empty(version)
    for node_id, raw in readings:
        merged = merged.merge(Aggregate.of_reading(version, raw, node_id))
    return Report(depth, Items(((0, merged),), **items))


def aggregate_of(frame: Frame) -> Aggregate:
    assert isinstance(frame.payload, Report | Result)
    return frame.payload.items.aggregates[0][1]


class TestDiscovery:
    def test_the_root_begins_with_a_discovery_of_hop_count_0(self) -> None:
        (frame,) = Bench(PARENT, root=True).sent()
        assert (frame.type, frame.destination) == (FrameType.DISCOVERY, BROADCAST)
        assert isinstance(frame.payload, Sync)
        assert (frame.payload.version, frame.payload.hop_count, frame.payload.period_ms) == (0, 0, 5_000)

    def test_round_1_begins_after_the_discovery_time(self) -> None:
        root = Bench(PARENT, root=True)
        assert root.start_round() == 1
        assert root.now_ms == TIMING.discovery_ms

    def test_a_seeking_node_answers_the_first_discovery_only(self) -> None:
        bench = Bench()
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(1, 0), BROADCAST)
        bench.hear(OTHER, FrameType.DISCOVERY, bench.sync(1, 0), BROADCAST)
        ((at_ms, frame),) = bench.sent_until(TIMING.jitter_ms)
        assert (frame.type, frame.destination) == (FrameType.DISC_ACK, PARENT)
        assert at_ms < TIMING.jitter_ms

    def test_the_discoverer_takes_the_child_and_confirms(self) -> None:
        root = Bench(PARENT, root=True)
        root.sent()
        root.hear(CHILD, FrameType.DISC_ACK, Empty())
        (frame,) = root.sent()
        assert (frame.type, frame.destination) == (FrameType.DISC_ACK_ACK, CHILD)
        assert root.events() == [ChildJoined(CHILD)]

    def test_a_repeated_disc_ack_is_confirmed_again_and_changes_nothing(self) -> None:
        root = Bench(PARENT, root=True)
        root.sent()
        for _ in range(2):
            root.hear(CHILD, FrameType.DISC_ACK, Empty())
            assert [frame.type for frame in root.sent()] == [FrameType.DISC_ACK_ACK]
        assert len(root.node.children) == 1

    def test_a_new_child_goes_on_with_its_own_discovery(self) -> None:
        bench = Bench()
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(3, 2), BROADCAST)
        bench.hear(PARENT, FrameType.DISC_ACK_ACK, bench.sync(3, 2))
        assert bench.events() == [Joined(PARENT, 3)]
        (_, frame), *_ = bench.sent_until(TIMING.jitter_ms)
        assert (frame.type, frame.destination) == (FrameType.DISCOVERY, BROADCAST)
        assert isinstance(frame.payload, Sync)
        assert (frame.payload.version, frame.payload.hop_count) == (3, 3)

    def test_without_confirmation_it_tries_again_and_then_calls_for_help(self) -> None:
        bench = Bench()
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(1, 0), BROADCAST)
        sent = kinds(bench.sent_until(3_000))
        assert sent[: TIMING.max_retries + 1] == [FrameType.DISC_ACK] * (TIMING.max_retries + 1)
        assert sent[TIMING.max_retries + 1] is FrameType.HELP

    def test_a_full_child_table_is_counted(self) -> None:
        root = Bench(PARENT, root=True, max_children=1)
        root.hear(CHILD, FrameType.DISC_ACK, Empty())
        root.hear(OTHER, FrameType.DISC_ACK, Empty())
        assert root.drops() == [DropReason.TABLE_FULL]
        assert OTHER not in root.node.children


class TestDepth:
    def test_a_node_without_children_tells_depth_0_after_leaf_wait(self) -> None:
        bench = Bench()
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(1, 0), BROADCAST)
        bench.hear(PARENT, FrameType.DISC_ACK_ACK, bench.sync(1, 0))
        depths = [(at, f) for at, f in bench.sent_until(2_000) if f.type is FrameType.DEPTH]
        assert [(f.destination, f.payload) for _, f in depths] == [(PARENT, Depth(0))]
        assert depths[0][0] >= TIMING.leaf_wait_ms

    def test_grown_depth_goes_up_at_once_and_only_when_it_grew(self) -> None:
        bench = Bench()
        bench.join()
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        assert [f.payload for f in bench.sent() if f.type is FrameType.DEPTH] == [Depth(1)]
        bench.hear(CHILD, FrameType.DEPTH, Depth(4))
        bench.hear(CHILD, FrameType.DEPTH, Depth(4))
        assert [f.payload for f in bench.sent()] == [Depth(5)]

    def test_depth_of_a_stranger_is_dropped(self) -> None:
        bench = Bench()
        bench.join()
        bench.hear(CHILD, FrameType.DEPTH, Depth(4))
        assert bench.drops() == [DropReason.NOT_A_CHILD]


class TestData:
    def test_a_leaf_sends_its_reading_at_once(self) -> None:
        bench = Bench()
        bench.join()
        version = bench.start_round()
        assert bench.node.measure(version, {0: 61}, bench.now_ms)
        start_ms = bench.now_ms
        ((at_ms, frame),) = bench.sent_until(start_ms + TIMING.jitter_ms)
        assert at_ms < start_ms + TIMING.jitter_ms
        assert (frame.type, frame.destination) == (FrameType.DATA, PARENT)
        assert aggregate_of(frame) == Aggregate(version, 61, ME, 61, 1)

    def test_a_parent_waits_for_its_children_and_adds_them_up(self) -> None:
        bench = Bench()
        bench.join()
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        version = bench.start_round()
        bench.node.measure(version, {0: 50}, bench.now_ms)
        assert FrameType.DATA not in kinds(bench.sent_until(bench.now_ms + 200))
        bench.hear(CHILD, FrameType.DATA, report(version, (CHILD, 70), (12, 60)))
        sent = [f for _, f in bench.sent_until(bench.now_ms + TIMING.jitter_ms)]
        assert [f.type for f in sent] == [FrameType.DATA_ACK, FrameType.DATA]
        assert isinstance(sent[0].payload, Ack)
        assert sent[0].payload.acked_version == version
        assert aggregate_of(sent[1]) == Aggregate(version, 70, CHILD, 180, 3)

    def test_child_wait_ends_the_waiting(self) -> None:
        bench = Bench()
        bench.join()
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        version = bench.start_round()
        bench.node.measure(version, {0: 50}, bench.now_ms)
        start_ms = bench.now_ms
        data = [(at, f) for at, f in bench.sent_until(start_ms + 4_500) if f.type is FrameType.DATA]
        limit_ms = 4 * TIMING.period_ms * 2 // (5 * 3)  # two of the three hops on this path
        assert data[0][0] - start_ms >= min(2 * TIMING.hop_wait_ms(TIMING.ack_timeout_ms), limit_ms)
        assert aggregate_of(data[0][1]).count == 1

    def test_a_child_is_given_up_after_two_missed_rounds_and_the_link_item_says_so(self) -> None:
        root = Bench(PARENT, root=True)
        root.hear(CHILD, FrameType.DISC_ACK, Empty())
        lost_after = 0
        for rounds in range(1, 5):
            root.node.measure(root.start_round(), {0: 1}, root.now_ms)
            results = [
                f.payload for _, f in root.sent_until(root.now_ms + 4_900) if f.type is FrameType.RESULT
            ]
            if ChildLost(CHILD) in root.events():
                lost_after = rounds
                assert isinstance(results[0], Result)
                assert Link(CHILD, PARENT, 0) in results[0].items.links
                break
        assert lost_after == TIMING.missed_rounds

    def test_the_root_emits_the_result_to_the_host(self) -> None:
        root = Bench(PARENT, root=True)
        root.hear(CHILD, FrameType.DISC_ACK, Empty())
        version = root.start_round()
        root.node.measure(version, {0: 10}, root.now_ms)
        root.now_ms += 40
        root.hear(CHILD, FrameType.DATA, report(version, (CHILD, 30)))
        sent = root.node.frames_to_send(root.now_ms)
        assert [link for link, _ in sent] == [LinkName.AIR, LinkName.HOST]
        result = decode(sent[1][1])
        assert result.destination == HOST
        assert isinstance(result.payload, Result)
        assert result.payload.duration_ms == 40
        assert aggregate_of(result) == Aggregate(1, 30, CHILD, 40, 2)
        assert [e.version for e in root.events() if isinstance(e, RoundFinished)] == [1]

    def test_without_an_ack_data_is_sent_max_retries_more_times_then_help(self) -> None:
        bench = Bench()
        bench.join()
        version = bench.start_round()
        bench.node.measure(version, {0: 61}, bench.now_ms)
        sent = bench.sent_until(bench.now_ms + 2_000)
        assert kinds(sent)[: TIMING.max_retries + 2] == [
            *[FrameType.DATA] * (TIMING.max_retries + 1),
            FrameType.HELP,
        ]
        counters = [frame.counter for _, frame in sent]
        assert len(set(counters)) == len(counters), "every transmission has a counter of its own"
        assert any(isinstance(event, ParentLost) for event in bench.events())

    def test_unanswered_data_count_on_over_rounds(self) -> None:
        bench = Bench()
        sync = Sync(1, 0, 0, 400)  # a period in which not all tries fit
        bench.hear(PARENT, FrameType.DISCOVERY, sync, BROADCAST)
        bench.hear(PARENT, FrameType.DISC_ACK_ACK, sync)
        sent: list[tuple[int, Frame]] = []
        while bench.node.parent is not None:
            version = bench.start_round()
            bench.node.measure(version, {0: 61}, bench.now_ms)
            sent += bench.sent_until(bench.now_ms + 390)
        assert kinds(sent).count(FrameType.DATA) == TIMING.max_retries + 1

    def test_an_ack_ends_the_retries_and_renews_hop_count_and_clock(self) -> None:
        bench = Bench()
        bench.join()
        version = bench.start_round()
        bench.node.measure(version, {0: 61}, bench.now_ms)
        while not bench.sent_until(bench.now_ms + 1):
            pass
        bench.now_ms += 60
        sync = Sync(version, 90, 4, 6_000)
        bench.hear(PARENT, FrameType.DATA_ACK, Ack(version, sync))
        way = bench.node.way
        assert way is not None
        assert (way.distance, way.period_ms) == ((version, 5), 6_000)
        assert bench.now_ms - 90 - way.origin_ms in (30, 31), "the ack was under way for half of it"
        assert bench.sent_until(bench.now_ms + 2_000) == []

    def test_an_ack_of_another_round_does_not_count(self) -> None:
        bench = Bench()
        bench.join()
        version = bench.start_round()
        bench.node.measure(version, {0: 61}, bench.now_ms)
        bench.sent_until(bench.now_ms + 100)
        bench.hear(PARENT, FrameType.DATA_ACK, Ack(version - 1, bench.sync(version - 1, 0)))
        assert FrameType.DATA in kinds(bench.sent_until(bench.now_ms + 400))

    def test_a_node_without_a_reading_takes_part_with_an_empty_aggregate(self) -> None:
        bench = Bench()
        bench.join()
        version = bench.start_round()
        bench.node.measure(version, {}, bench.now_ms)
        ((_, frame),) = bench.sent_until(bench.now_ms + TIMING.jitter_ms)
        assert aggregate_of(frame) == Aggregate.empty(version)

    def test_a_measurement_that_comes_too_late_is_refused(self) -> None:
        bench = Bench()
        bench.join()
        version = bench.start_round()
        bench.sent_until(bench.now_ms + 4_500)
        assert not bench.node.measure(version, {0: 61}, bench.now_ms)

    def test_a_node_that_joined_just_before_a_round_leaves_that_out(self) -> None:
        bench = Bench()
        late = Sync(5, TIMING.period_ms - 400, 0, TIMING.period_ms)
        bench.hear(PARENT, FrameType.DISCOVERY, late, BROADCAST)
        bench.hear(PARENT, FrameType.DISC_ACK_ACK, late)
        assert bench.start_round() == 7

    def test_a_node_that_joined_within_a_round_begins_with_the_next(self) -> None:
        bench = Bench()
        bench.join(version=5)
        assert bench.start_round() == 6


class TestAccounting:
    def start(self) -> tuple[Bench, int]:
        root = Bench(PARENT, root=True)
        root.hear(CHILD, FrameType.DISC_ACK, Empty())
        root.hear(OTHER, FrameType.DISC_ACK, Empty())
        version = root.start_round()
        root.node.measure(version, {0: 10}, root.now_ms)
        return root, version

    def test_a_report_replaces_and_never_adds(self) -> None:
        root, version = self.start()
        for _ in range(3):
            root.hear(CHILD, FrameType.DATA, report(version, (CHILD, 30)))
        root.hear(OTHER, FrameType.DATA, report(version, (OTHER, 5)))
        result = next(f for f in root.sent() if f.type is FrameType.RESULT)
        assert aggregate_of(result) == Aggregate(version, 30, CHILD, 45, 3)

    def test_a_stale_report_is_acknowledged_and_not_counted(self) -> None:
        root, version = self.start()
        root.sent()
        root.hear(CHILD, FrameType.DATA, report(version - 1, (CHILD, 30)))
        assert root.drops() == [DropReason.STALE_VERSION]
        assert [f.type for f in root.sent()] == [FrameType.DATA_ACK]

    def test_a_report_of_the_next_round_is_kept_for_it(self) -> None:
        root, version = self.start()
        root.sent_until(root.now_ms + 4_900)
        root.hear(CHILD, FrameType.DATA, report(version + 1, (CHILD, 30)))
        assert root.start_round() == version + 1
        root.node.measure(version + 1, {0: 10}, root.now_ms)
        root.hear(OTHER, FrameType.DATA, report(version + 1, (OTHER, 5)))
        result = next(f for f in root.sent() if f.type is FrameType.RESULT)
        assert aggregate_of(result).count == 3

    def test_a_report_long_before_its_round_is_none(self) -> None:
        """Its sender's clock is wrong, and a restart would let it take part once more."""
        root, version = self.start()
        root.sent_until(root.now_ms + 4_600)
        root.hear(CHILD, FrameType.DATA, report(version + 1, (CHILD, 30)))
        assert DropReason.STALE_VERSION in root.drops()

    def test_doubt_adds_up_to_the_root(self) -> None:
        root, version = self.start()
        root.hear(CHILD, FrameType.DATA, report(version, (CHILD, 30), (12, 31), doubt=2))
        root.hear(OTHER, FrameType.DATA, report(version, (OTHER, 5), doubt=1))
        result = next(f for f in root.sent() if f.type is FrameType.RESULT)
        assert isinstance(result.payload, Result)
        assert (aggregate_of(result).count, result.payload.items.doubt) == (4, 3)

    def test_links_are_handed_on_with_the_own_report(self) -> None:
        bench = Bench()
        bench.join()
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        version = bench.start_round()
        bench.node.measure(version, {0: 1}, bench.now_ms)
        bench.hear(CHILD, FrameType.DATA, report(version, (CHILD, 30), links=(Link(12, CHILD, 255),)))
        data = next(f for _, f in bench.sent_until(bench.now_ms + 100) if f.type is FrameType.DATA)
        assert isinstance(data.payload, Report)
        assert data.payload.items.links == (Link(12, CHILD, 255), Link(CHILD, ME, 255))

    def test_links_renewed_each_16th_round(self) -> None:
        root = Bench(PARENT, root=True)
        root.hear(CHILD, FrameType.DISC_ACK, Empty())
        announced = []
        for _ in range(33):
            version = root.start_round()
            root.node.measure(version, {0: 10}, root.now_ms)
            root.hear(CHILD, FrameType.DATA, report(version, (CHILD, 30)))
            result = next(f for f in root.sent() if f.type is FrameType.RESULT)
            assert isinstance(result.payload, Result)
            if result.payload.items.links:
                announced.append(version)
        assert announced == [1, 15, 31]


class TestHelp:
    def orphan(self) -> tuple[Bench, int]:
        """A node of hop count 2 whose report of the running round has got no ack."""
        bench = Bench()
        bench.join(hop_count=1)
        version = bench.start_round()
        bench.node.measure(version, {0: 61}, bench.now_ms)
        while bench.node.state is not State.SEEKING:
            bench.sent_until(bench.now_ms + 50)
        return bench, version

    def test_a_node_that_hears_nothing_calls_for_help_with_growing_pauses(self) -> None:
        bench = Bench()
        calls = [at for at, f in bench.sent_until(40_000) if f.type is FrameType.HELP]
        assert calls[0] >= TIMING.listen_ms
        pauses = [b - a for a, b in pairwise(calls)]
        assert pauses[0] < 2 * TIMING.help_wait_ms
        assert all(p <= TIMING.help_wait_limit_ms + TIMING.jitter_ms for p in pauses)
        assert pauses[-1] >= TIMING.help_wait_limit_ms

    def test_help_bears_the_feasibility_distance(self) -> None:
        bench, version = self.orphan()
        sent = bench.sent_until(bench.now_ms + 2 * TIMING.help_wait_ms)
        call = next(f for _, f in sent if f.type is FrameType.HELP)
        assert call.payload == Help(version - 1, 2)

    @pytest.mark.parametrize(
        ("asked", "answers"),
        [
            (Help(0, 255), True),  # never joined: anyone may help
            (Help(1, 3), True),  # nearer to the root at the same version
            (Help(1, 2), False),  # no nearer
            (Help(0, 2), True),  # a newer version
            (Help(2, 9), False),  # an older one
        ],
    )
    def test_only_a_better_way_is_offered(self, asked: Help, answers: bool) -> None:
        helper = Bench()
        helper.join(version=1, hop_count=1)
        helper.hear(OTHER, FrameType.HELP, asked, BROADCAST)
        sent = helper.sent_until(helper.now_ms + TIMING.jitter_ms)
        assert kinds(sent) == ([FrameType.HELP_ACK] if answers else [])

    def test_an_infeasible_offer_is_not_taken(self) -> None:
        bench, version = self.orphan()
        bench.events()
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(version - 1, 2))
        assert bench.drops() == [DropReason.NOT_FEASIBLE]
        assert bench.node.state is State.SEEKING

    def test_nobody_helps_its_own_parent_and_leaves_one_that_started_anew(self) -> None:
        bench = Bench()
        bench.join()
        bench.hear(PARENT, FrameType.HELP, Help(0, 3), BROADCAST)
        assert bench.events() == []
        bench.hear(PARENT, FrameType.HELP, Help(0, 255), BROADCAST)
        assert bench.events() == [ParentLost(PARENT, "it has started anew")]
        assert FrameType.HELP_ACK not in kinds(bench.sent_until(bench.now_ms + 300))

    def test_the_first_feasible_offer_is_taken_with_the_report_in_doubt(self) -> None:
        bench, version = self.orphan()
        bench.sent()
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(version, 1))
        frame = next(f for f in bench.sent() if f.type is FrameType.HELP_ACK_DATA)
        assert frame.destination == OTHER
        assert isinstance(frame.payload, Report)
        assert aggregate_of(frame) == Aggregate(version, 61, ME, 61, 1)
        assert frame.payload.items.doubt == 1, "the old parent may have counted it"

    def test_the_old_parent_again_leaves_no_doubt(self) -> None:
        bench, version = self.orphan()
        bench.hear(PARENT, FrameType.HELP_ACK, bench.sync(version, 1))
        frame = next(f for f in bench.sent() if f.type is FrameType.HELP_ACK_DATA)
        assert isinstance(frame.payload, Report)
        assert frame.payload.items.doubt == 0, "it replaces what is there"

    def test_confirmation_ends_the_search(self) -> None:
        bench, version = self.orphan()
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(version, 1))
        bench.sent()
        bench.events()
        bench.hear(OTHER, FrameType.HELP_CONFIRM, Ack(version, bench.sync(version, 1)))
        assert bench.events() == [Joined(OTHER, 2)]
        assert bench.sent_until(bench.now_ms + 1_000) == [], "the report is delivered"

    def test_a_helper_takes_the_child_with_its_report(self) -> None:
        root = Bench(PARENT, root=True)
        root.sent()
        version = root.start_round()
        root.hear(CHILD, FrameType.HELP_ACK_DATA, report(version, (CHILD, 30), depth=3, doubt=1))
        sent = root.sent()
        assert [f.type for f in sent] == [FrameType.HELP_CONFIRM]
        assert isinstance(sent[0].payload, Ack)
        assert sent[0].payload.acked_version == version
        root.node.measure(version, {0: 10}, root.now_ms)
        result = next(f for f in root.sent() if f.type is FrameType.RESULT)
        assert aggregate_of(result).count == 2
        assert root.node.children.depth == 4

    def test_a_joiner_by_help_learns_the_running_round(self) -> None:
        bench = Bench()
        bench.sent_until(2_500)
        bench.hear(OTHER, FrameType.HELP_ACK, Sync(40, 12_000, 1, 5_000))
        (request,) = [f for f in bench.sent() if f.type is FrameType.HELP_ACK_DATA]
        assert request.payload == Report(0, Items())
        bench.hear(OTHER, FrameType.HELP_CONFIRM, Ack(42, Sync(40, 12_000, 1, 5_000)))
        assert bench.start_round() == 43

    def test_an_orphan_keeps_its_children(self) -> None:
        bench = Bench()
        bench.join()
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        version = bench.start_round()
        bench.hear(PARENT, FrameType.HELP, Help(0, 255), BROADCAST)
        bench.hear(CHILD, FrameType.DATA, report(version, (CHILD, 30)))
        ack = next(f.payload for f in bench.sent() if f.type is FrameType.DATA_ACK)
        assert ack == Ack(version, Sync(0, 0, 255, 0)), "and tells them that it has no way"

    def test_a_child_leaves_a_parent_that_has_no_way_itself(self) -> None:
        bench = Bench()
        bench.join()
        version = bench.start_round()
        bench.node.measure(version, {0: 61}, bench.now_ms)
        bench.sent_until(bench.now_ms + 100)
        bench.hear(PARENT, FrameType.DATA_ACK, Ack(version, Sync(0, 0, 255, 0)))
        assert bench.events()[-1] == ParentLost(PARENT, "it has no way to the root")
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(version, 0))
        request = next(f for f in bench.sent() if f.type is FrameType.HELP_ACK_DATA)
        assert request.payload == Report(0, Items()), "the report is with the old parent"

    def test_a_former_child_that_becomes_the_parent_is_no_child(self) -> None:
        bench, version = self.orphan()
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(version, 1))
        bench.hear(OTHER, FrameType.HELP_CONFIRM, Ack(version, bench.sync(version, 1)))
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        bench.hear(OTHER, FrameType.HELP, Help(0, 255), BROADCAST)
        bench.events()
        bench.hear(CHILD, FrameType.HELP_ACK, bench.sync(version + 1, 4))
        bench.hear(CHILD, FrameType.HELP_CONFIRM, Ack(version, bench.sync(version + 1, 4)))
        assert bench.events()[-2:] == [ChildLost(CHILD), Joined(CHILD, 5)]

    def test_an_orphan_calls_again_early_in_every_round(self) -> None:
        bench, _ = self.orphan()
        bench.sent_until(bench.now_ms + 3_000)
        bench.start_round()
        start_ms = bench.now_ms
        calls = [at for at, f in bench.sent_until(start_ms + 1_500) if f.type is FrameType.HELP]
        assert len(calls) >= 3
        assert calls[0] - start_ms < TIMING.jitter_ms

    def test_a_stale_way_is_left_and_then_forgotten(self) -> None:
        bench = Bench()
        bench.join(hop_count=0)
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        silent_ms = 0
        while bench.node.parent is not None:
            version = bench.start_round()
            bench.node.measure(version, {}, bench.now_ms)
            old = Sync(1, bench.now_ms, 0, TIMING.period_ms)
            bench.hear(CHILD, FrameType.DATA, report(version, (CHILD, 30)))
            bench.sent_until(bench.now_ms + 100)
            bench.hear(PARENT, FrameType.DATA_ACK, Ack(version, old))
            silent_ms = bench.now_ms
        assert silent_ms >= (1 + 4) * TIMING.period_ms
        bench.sent_until(11 * TIMING.period_ms)
        assert bench.node.way is None
        assert CHILD not in bench.node.children

    def test_a_restarted_root_goes_on_beyond_every_version_in_use(self) -> None:
        root = Bench(PARENT, root=True)
        root.sent_until(1_000)
        root.hear(CHILD, FrameType.HELP, Help(500, 3), BROADCAST)
        assert root.start_round() == 500 + 3 + 8 + 1
        assert root.now_ms == 1_000, "at once"
        assert root.start_round() == 500 + 3 + 8 + 2
        assert root.now_ms == 1_000 + TIMING.period_ms


class TestBadInput:
    @given(st.binary(max_size=130))
    def test_arbitrary_bytes_are_dropped_with_a_reason(self, data: bytes) -> None:
        bench = Bench()
        bench.node.receive(data, 0)
        assert len(bench.drops()) == 1

    def test_an_own_id_on_the_air_is_counted(self) -> None:
        bench = Bench()
        bench.hear(ME, FrameType.HELP, Help(0, 255), BROADCAST)
        assert bench.drops() == [DropReason.OWN_ID]

    def test_frames_for_others_are_no_drops(self) -> None:
        bench = Bench()
        bench.hear(PARENT, FrameType.DISC_ACK_ACK, bench.sync(1, 0), OTHER)
        assert bench.events() == []

    @pytest.mark.parametrize("kind", [FrameType.DISC_ACK_ACK, FrameType.DATA_ACK, FrameType.HELP_CONFIRM])
    def test_answers_to_nothing_are_counted(self, kind: FrameType) -> None:
        bench = Bench()
        sync = bench.sync(1, 0)
        bench.hear(PARENT, kind, sync if kind is FrameType.DISC_ACK_ACK else Ack(1, sync))
        assert bench.drops() == [DropReason.STATE]

    def test_a_period_of_0_is_not_feasible(self) -> None:
        bench = Bench()
        bench.hear(PARENT, FrameType.DISCOVERY, Sync(1, 0, 0, 0), BROADCAST)
        assert bench.node.state is State.SEEKING

    def test_misuse_raises_at_once(self) -> None:
        with pytest.raises(ValueError, match="node id"):
            Bench(0xFFFE)
        with pytest.raises(ValueError, match="period"):
            replace(TIMING, period_ms=0)


class TestOffers:
    """With an offer window: the best way that was offered is asked for (5.5)."""

    WINDOW = replace(TIMING, offer_window_ms=100)

    def test_the_nearest_to_the_root_is_asked_and_of_equals_the_first(self) -> None:
        bench = Bench(timing=self.WINDOW)
        for source, hop_count in ((PARENT, 2), (OTHER, 1), (CHILD, 1)):
            bench.hear(source, FrameType.DISCOVERY, bench.sync(1, hop_count), BROADCAST)
        sent = bench.sent_until(self.WINDOW.offer_window_ms + TIMING.jitter_ms)
        assert [(frame.type, frame.destination) for _, frame in sent] == [(FrameType.DISC_ACK, OTHER)]
        assert sent[0][0] >= self.WINDOW.offer_window_ms

    def test_a_helper_may_be_better_than_a_discoverer(self) -> None:
        bench = Bench(timing=self.WINDOW)
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(1, 2), BROADCAST)
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(1, 0))
        sent = bench.sent_until(self.WINDOW.offer_window_ms + TIMING.jitter_ms)
        assert [(frame.type, frame.destination) for _, frame in sent] == [(FrameType.HELP_ACK_DATA, OTHER)]

    def test_no_help_is_called_while_an_offer_is_kept(self) -> None:
        bench = Bench(timing=replace(TIMING, offer_window_ms=30_000))
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(1, 2), BROADCAST)
        assert bench.sent_until(20_000) == []

    def test_a_parent_hands_another_distance_on_at_once(self) -> None:
        bench = Bench()
        bench.join(hop_count=3)
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        bench.sent_until(bench.now_ms + 1_000)
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(1, 1), BROADCAST)
        told = [f.payload for _, f in bench.sent_until(bench.now_ms + 100) if f.type is FrameType.DISCOVERY]
        assert [payload.hop_count for payload in told if isinstance(payload, Sync)] == [2]

    def test_an_orphan_with_children_tells_them_of_its_new_distance(self) -> None:
        bench = Bench()
        bench.hear(PARENT, FrameType.HELP_ACK, bench.sync(3, 1))
        bench.hear(PARENT, FrameType.HELP_CONFIRM, Ack(3, bench.sync(3, 1)))
        assert FrameType.DISCOVERY not in kinds(bench.sent_until(bench.now_ms + 200)), "it has no children"
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        bench.sent_until(bench.now_ms + 200)
        bench.hear(PARENT, FrameType.HELP, Help(0, 255), BROADCAST)
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(4, 4))
        bench.hear(OTHER, FrameType.HELP_CONFIRM, Ack(4, bench.sync(4, 4)))
        assert bench.node.parent == OTHER
        assert FrameType.DISCOVERY in kinds(bench.sent_until(bench.now_ms + 200))


class TestNewerWay:
    """Who hears HELP in vain gets a newer way from further up, and tells it (5.2)."""

    def test_the_second_call_in_vain_makes_a_node_ask_its_parent_once(self) -> None:
        bench = Bench()
        bench.join(version=5, hop_count=2)
        bench.hear(OTHER, FrameType.HELP, Help(5, 3), BROADCAST)
        assert bench.sent_until(bench.now_ms + 200) == []
        for _ in range(2):
            bench.hear(OTHER, FrameType.HELP, Help(5, 3), BROADCAST)
        sent = [frame for _, frame in bench.sent_until(bench.now_ms + 200)]
        assert [(f.type, f.destination, f.payload) for f in sent] == [(FrameType.LOOK, PARENT, Help(5, 3))]

    def test_what_is_newer_is_told_when_it_comes(self) -> None:
        bench = Bench()
        bench.join(version=5, hop_count=2)
        for _ in range(2):
            bench.hear(OTHER, FrameType.HELP, Help(5, 3), BROADCAST)
        bench.sent_until(bench.now_ms + 200)
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(5, 2), BROADCAST)
        assert bench.sent_until(bench.now_ms + 200) == [], "it is not newer"
        bench.hear(PARENT, FrameType.DISCOVERY, bench.sync(6, 2), BROADCAST)
        ((_, frame),) = bench.sent_until(bench.now_ms + 200)
        assert frame.type is FrameType.DISCOVERY
        assert isinstance(frame.payload, Sync)
        assert (frame.payload.version, frame.payload.hop_count) == (6, 3)

    @pytest.mark.parametrize(
        ("known", "answer"),
        [(Help(4, 4), FrameType.DISCOVERY), (Help(5, 5), FrameType.DISCOVERY), (Help(5, 4), FrameType.LOOK)],
    )
    def test_a_parent_tells_its_child_what_is_newer_or_asks_further_up(
        self, known: Help, answer: FrameType
    ) -> None:
        bench = Bench()
        bench.join(version=5, hop_count=2)
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        bench.sent_until(bench.now_ms + 200)
        bench.hear(CHILD, FrameType.LOOK, known)
        assert kinds(bench.sent_until(bench.now_ms + 200)) == [answer]

    def test_the_root_knows_all_there_is(self) -> None:
        root = Bench(PARENT, root=True)
        root.hear(CHILD, FrameType.DISC_ACK, Empty())
        root.sent()
        root.hear(CHILD, FrameType.LOOK, Help(0, 1))
        assert kinds(root.sent_until(root.now_ms + 200)) == []

    def test_a_stranger_is_not_served(self) -> None:
        bench = Bench()
        bench.join()
        bench.hear(OTHER, FrameType.LOOK, Help(0, 9))
        assert bench.drops() == [DropReason.NOT_A_CHILD]

    def test_children_leave_a_parent_that_calls_twice_and_an_ack_ends_the_count(self) -> None:
        bench = Bench()
        bench.join(version=5, hop_count=2)
        bench.hear(PARENT, FrameType.HELP, Help(5, 2), BROADCAST)
        bench.hear(PARENT, FrameType.DATA_ACK, Ack(5, bench.sync(5, 2)))
        bench.hear(PARENT, FrameType.HELP, Help(5, 2), BROADCAST)
        assert bench.node.parent == PARENT
        bench.hear(PARENT, FrameType.HELP, Help(5, 2), BROADCAST)
        assert bench.node.parent is None


class TestBetterParent:
    """A node whose link is bad looks round while it keeps its parent (5.5)."""

    def with_bad_link(self, hop_count: int = 1) -> Bench:
        """A joined node that needs four tries a report, just when it has looked round."""
        bench = Bench()
        bench.join(hop_count=hop_count)
        for _ in range(40):
            version = bench.start_round()
            bench.node.measure(version, {0: 61}, bench.now_ms)
            tries = 0
            while tries < 4:
                tries += kinds(bench.sent_until(bench.now_ms + 10)).count(FrameType.DATA)
            bench.hear(PARENT, FrameType.DATA_ACK, Ack(version, bench.sync(version, hop_count)))
            if FrameType.LOOK in [frame.type for frame in bench.sent()]:
                self.version = version
                bench.events()
                return bench
        raise AssertionError("it never looked for a better parent")

    def test_it_goes_to_one_that_saves_half_a_try(self) -> None:
        bench = self.with_bad_link()
        assert bench.node.parent == PARENT, "it keeps its parent meanwhile"
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(self.version, 1))
        sent = bench.sent_until(bench.now_ms + 50)
        assert [(frame.type, frame.destination) for _, frame in sent] == [(FrameType.HELP_ACK_DATA, OTHER)]
        bench.hear(OTHER, FrameType.HELP_CONFIRM, Ack(self.version, bench.sync(self.version, 1)))
        assert [type(event) for event in bench.events()] == [ParentLost, Joined]

    def test_it_stays_when_the_others_are_further_away(self) -> None:
        bench = self.with_bad_link()
        newer = self.version + 1
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(newer, 5))
        bench.sent_until(bench.now_ms + 50)
        assert bench.node.parent == PARENT
        assert bench.events() == []

    def test_it_stays_when_nobody_answers(self) -> None:
        bench = self.with_bad_link()
        assert bench.sent_until(bench.now_ms + 50) == []
        assert bench.node.parent == PARENT

    def test_an_offer_after_the_look_is_ignored(self) -> None:
        bench = self.with_bad_link()
        bench.sent_until(bench.now_ms + 50)
        bench.hear(OTHER, FrameType.HELP_ACK, bench.sync(self.version, 1))
        assert bench.sent_until(bench.now_ms + 50) == []

    def test_a_child_that_looks_round_gets_no_offer_and_a_stranger_does(self) -> None:
        bench = Bench()
        bench.join(version=5, hop_count=1)
        bench.hear(CHILD, FrameType.DISC_ACK, Empty())
        bench.sent()
        bench.hear(CHILD, FrameType.LOOK, Help(4, 3), BROADCAST)
        assert FrameType.HELP_ACK not in kinds(bench.sent_until(bench.now_ms + 10))
        bench.hear(OTHER, FrameType.LOOK, Help(4, 3), BROADCAST)
        assert FrameType.HELP_ACK in kinds(bench.sent_until(bench.now_ms + 10))


class TestSpread:
    def test_leaves_of_one_parent_send_at_different_times_and_keep_them(self) -> None:
        times = []
        for seed in range(1, 9):
            bench = Bench(seed=seed, timing=replace(TIMING, spread_ms=500))
            bench.join()
            for _ in range(2):
                version = bench.start_round()
                start_ms = bench.now_ms
                bench.node.measure(version, {0: 61}, bench.now_ms)
                while not bench.sent_until(bench.now_ms + 1):
                    assert bench.now_ms < start_ms + 500
                bench.hear(PARENT, FrameType.DATA_ACK, Ack(version, bench.sync(version, 0)))
                times.append(bench.now_ms - start_ms)
        assert times[::2] == times[1::2]
        assert len(set(times)) >= 6
