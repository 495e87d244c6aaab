"""What waits to be sent: by due time, then in order; bounded."""

from __future__ import annotations

from protocol.outbox import CAPACITY, Outbox, Waiting
from protocol.packets import FrameType


def test_frames_leave_by_due_time_and_then_in_order() -> None:
    outbox = Outbox()
    for due_ms, destination in ((30, 1), (10, 2), (10, 3), (99, 4)):
        assert outbox.put(Waiting(due_ms, FrameType.HELP_ACK, destination))
    assert outbox.next_due_ms() == 10
    taken = [outbox.take_due(50) for _ in range(4)]
    assert [waiting.destination for waiting in taken if waiting] == [2, 3, 1]
    assert outbox.next_due_ms() == 99


def test_a_frame_takes_the_place_of_its_like() -> None:
    outbox = Outbox()
    outbox.put(Waiting(10, FrameType.DATA_ACK, 5, 1))
    outbox.put(Waiting(20, FrameType.DATA_ACK, 5, 2))
    assert outbox.take_due(99) == Waiting(20, FrameType.DATA_ACK, 5, 2)
    assert outbox.take_due(99) is None


def test_a_full_outbox_refuses() -> None:
    outbox = Outbox()
    assert all(outbox.put(Waiting(10, FrameType.HELP_ACK, node)) for node in range(CAPACITY))
    assert not outbox.put(Waiting(10, FrameType.HELP_ACK, CAPACITY))


def test_discarded_types_do_not_leave() -> None:
    outbox = Outbox()
    outbox.put(Waiting(10, FrameType.DATA, 1))
    outbox.put(Waiting(10, FrameType.DEPTH, 1))
    outbox.discard(FrameType.DATA)
    assert outbox.take_due(10) == Waiting(10, FrameType.DEPTH, 1)
    assert outbox.next_due_ms() is None
