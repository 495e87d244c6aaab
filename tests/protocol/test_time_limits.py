"""What long periods, long sleeps and forged ages do to a node: PROTOCOL.md 5.4 and section 7."""

from __future__ import annotations

import pytest

from protocol.node import MeasurementDue
from protocol.packets import BROADCAST, MAX_U24, Frame, FrameType, Payload, Result, Sync, decode, encode
from protocol.sink_tree import SinkTreeNode
from protocol.timing import MAX_PERIOD_MS, Timing
from protocol.tree_parts import State
from protocol.way import is_usable

ROOT, ME = 1, 7
PERIOD_MS = 1_000
HOUR_MS = 3_600_000


def node(node_id: int, *, root: bool = False) -> SinkTreeNode:
    timing = Timing(period_ms=PERIOD_MS, offer_window_ms=0)
    return SinkTreeNode(node_id, seed=1, first_counter=0, now_ms=0, root=root, timing=timing)


def hear(listener: SinkTreeNode, kind: FrameType, payload: Payload, now_ms: int) -> None:
    destination = BROADCAST if kind is FrameType.DISCOVERY else listener.node_id
    listener.receive(encode(Frame(kind, ROOT, destination, 0, payload)), now_ms)


def events(of: SinkTreeNode) -> list[object]:
    return list(iter(of.next_event, None))


@pytest.mark.parametrize(
    ("sync", "usable"),
    [
        (Sync(9, 0, 0, 1), True),
        (Sync(9, 0, 0, 0), False),
        (Sync(9, 0, 0, MAX_PERIOD_MS), True),
        (Sync(9, 0, 0, MAX_PERIOD_MS + 1), False),
        (Sync(9, 0, 253, PERIOD_MS), True),
        (Sync(9, 0, 254, PERIOD_MS), False),
        (Sync(9, 10 * PERIOD_MS, 2, PERIOD_MS), True),
        (Sync(9, 10 * PERIOD_MS + 1, 2, PERIOD_MS), False),
        (Sync(9, MAX_U24 - 1, 253, MAX_PERIOD_MS), True),
        (Sync(9, MAX_U24, 253, MAX_PERIOD_MS), False),
    ],
)
def test_a_sync_out_of_limits_or_too_old_is_feasible_for_nobody(sync: Sync, usable: bool) -> None:
    assert is_usable(sync) is usable
    seeking = node(ME)
    hear(seeking, FrameType.DISCOVERY, sync, 0)
    assert (seeking.state is State.JOINING) is usable


def test_a_period_has_limits() -> None:
    assert Timing(period_ms=MAX_PERIOD_MS).period_ms == MAX_PERIOD_MS
    for period_ms in (0, MAX_PERIOD_MS + 1):
        with pytest.raises(ValueError, match="the period is 1 to 7200000 ms"):
            Timing(period_ms=period_ms)


def test_a_root_that_slept_for_more_rounds_than_versions_goes_on_with_one_round_a_period() -> None:
    root = node(ROOT, root=True)
    now_ms = slept_ms = 100 * HOUR_MS + 300  # 360,000 rounds of 1 s
    rounds = []
    for _ in range(3):
        root.handle_timer(now_ms)
        rounds += [(now_ms, event.version) for event in events(root) if isinstance(event, MeasurementDue)]
        root.measure(rounds[-1][1], {0: 1}, now_ms)
        root.frames_to_send(now_ms)
        now_ms = root.next_deadline() or 0
    version = (100 * HOUR_MS // PERIOD_MS) % 0x10000
    assert rounds == [
        (slept_ms, version),
        (100 * HOUR_MS + PERIOD_MS, version + 1),
        (100 * HOUR_MS + 2 * PERIOD_MS, version + 2),
    ]


def test_a_way_that_is_lost_while_the_node_joins_leaves_no_running_round_behind() -> None:
    joining = node(ME)
    hear(joining, FrameType.DISCOVERY, Sync(5, 0, 0, PERIOD_MS), 0)
    hear(joining, FrameType.DISC_ACK_ACK, Sync(5, 0, 0, PERIOD_MS), 0)
    for now_ms in range(PERIOD_MS, 7 * PERIOD_MS, PERIOD_MS):
        joining.handle_timer(now_ms)
        joining.frames_to_send(now_ms)
    assert joining.parent is None
    hear(joining, FrameType.HELP_ACK, Sync(6, 0, 0, PERIOD_MS), 6 * PERIOD_MS)
    assert joining.state is State.JOINING
    slept_ms = 6 * PERIOD_MS + 30_000 * PERIOD_MS
    joining.handle_timer(slept_ms)
    assert joining.way is None
    joining.frames_to_send(slept_ms)
    assert joining.next_deadline() is not None


def test_a_result_that_nobody_took_in_time_gives_way_to_the_next_round() -> None:
    root = node(ROOT, root=True)
    root.frames_to_send(0)
    root.handle_timer(PERIOD_MS)
    root.measure(1, {0: 20}, PERIOD_MS)  # a RESULT waits
    root.handle_timer(2 * PERIOD_MS)
    assert root.frames_to_send(2 * PERIOD_MS) == []
    root.measure(2, {0: 21}, 2 * PERIOD_MS)
    ((_, frame),) = root.frames_to_send(2 * PERIOD_MS)
    payload = decode(frame).payload
    assert isinstance(payload, Result)
    assert payload.items.version == 2
