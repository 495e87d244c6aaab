"""What every node has: the checks of what it receives, its counter, its events, and frames that wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.node import Event, FrameDropped, LinkName, PeerFound
from protocol.node_base import MAX_EVENTS, MAX_WAITING, Handler, NodeBase, SendQueue
from protocol.packets import (
    BROADCAST,
    COUNTER_MODULUS,
    HOST,
    MAX_NODE_ID,
    Depth,
    DropReason,
    Empty,
    Frame,
    FrameType,
    Hello,
    Payload,
    decode,
    encode,
)

OWN, OTHER, THIRD = 5, 7, 9
HELLO = Hello(1, 4, 9)


class Greeter(NodeBase):
    """Understands HELLO alone."""

    def _on_hello(self, frame: Frame, now_ms: int) -> None:
        self._events.append(PeerFound(frame.source))

    def say(self, destination: int) -> tuple[LinkName, bytes]:
        """A HELLO to somebody."""
        return self._encode(FrameType.HELLO, destination, HELLO)

    _HANDLERS: ClassVar[Mapping[FrameType, Handler]] = {FrameType.HELLO: _on_hello}


def greeter(first_counter: int = 0) -> Greeter:
    return Greeter(OWN, seed=1, first_counter=first_counter)


def events_of(node: NodeBase) -> list[Event]:
    found = []
    while (event := node.next_event()) is not None:
        found.append(event)
    return found


def frame(
    source: int = OTHER,
    destination: int = OWN,
    frame_type: FrameType = FrameType.HELLO,
    payload: Payload = HELLO,
) -> bytes:
    return encode(Frame(frame_type, source, destination, 1, payload))


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (frame(), [PeerFound(OTHER)]),
        (frame(destination=BROADCAST), [PeerFound(OTHER)]),
        (frame(destination=THIRD), []),
        (frame(source=OWN), [FrameDropped(DropReason.OWN_ID, OWN)]),
        (frame(source=OWN, destination=THIRD), [FrameDropped(DropReason.OWN_ID, OWN)]),
        (frame(frame_type=FrameType.DISC_ACK, payload=Empty()), [FrameDropped(DropReason.STATE, OTHER)]),
        (frame(destination=THIRD, frame_type=FrameType.DEPTH, payload=Depth(1)), []),
        (frame()[:-1], [FrameDropped(DropReason.CHECKSUM, None)]),
        (b"", [FrameDropped(DropReason.TRUNCATED, None)]),
    ],
)
def test_a_frame_is_handled_overheard_or_dropped_for_a_reason(data: bytes, events: list[Event]) -> None:
    node = greeter()
    node.receive(data, 0)
    assert events_of(node) == events


def test_of_more_events_than_it_holds_a_node_keeps_the_newest() -> None:
    node = greeter()
    for source in range(100, 100 + MAX_EVENTS + 44):
        node.receive(frame(source), 0)
    assert events_of(node) == [PeerFound(source) for source in range(144, 144 + MAX_EVENTS)]


@pytest.mark.parametrize("node_id", [-1, MAX_NODE_ID + 1])
def test_what_is_no_node_id_is_refused(node_id: int) -> None:
    with pytest.raises(ValueError, match=f"not {node_id}"):
        Greeter(node_id, seed=1, first_counter=0)


def test_every_frame_has_the_next_counter_and_it_wraps() -> None:
    node = greeter(COUNTER_MODULUS - 2)
    counters = [decode(node.say(BROADCAST)[1]).counter for _ in range(3)]
    assert counters == [COUNTER_MODULUS - 2, COUNTER_MODULUS - 1, 0]


def test_what_is_for_the_host_goes_over_no_radio() -> None:
    links = {to: greeter().say(to)[0] for to in (HOST, BROADCAST, OTHER)}
    assert links == {HOST: LinkName.HOST, BROADCAST: LinkName.AIR, OTHER: LinkName.AIR}


class TestSendQueue:
    def test_frames_come_out_when_they_are_due(self) -> None:
        queue = SendQueue()
        queue.put(20, FrameType.HELLO, BROADCAST, HELLO)
        queue.put(10, FrameType.DEPTH, OTHER, Depth(1))
        assert (queue.next_due_ms(), queue.take_due(9)) == (10, [])
        assert queue.take_due(10) == [(FrameType.DEPTH, OTHER, Depth(1))]
        assert (queue.next_due_ms(), queue.take_due(500)) == (20, [(FrameType.HELLO, BROADCAST, HELLO)])
        assert queue.next_due_ms() is None

    def test_a_full_queue_takes_only_what_replaces_a_frame(self) -> None:
        queue = SendQueue()
        assert all(queue.put(5, FrameType.DEPTH, node, Depth(1)) for node in range(MAX_WAITING))
        assert not queue.put(5, FrameType.DEPTH, MAX_WAITING, Depth(1))
        assert queue.put(5, FrameType.DEPTH, 3, Depth(2))
        assert len(queue.take_due(5)) == MAX_WAITING

    def test_a_frame_replaces_one_of_its_type_for_the_same_node_alone(self) -> None:
        queue = SendQueue()
        queue.put(10, FrameType.DEPTH, OTHER, Depth(1))
        queue.put(10, FrameType.HELLO, OTHER, HELLO)
        queue.put(10, FrameType.DEPTH, THIRD, Depth(2))
        queue.put(20, FrameType.DEPTH, OTHER, Depth(3))
        assert queue.take_due(20) == [
            (FrameType.HELLO, OTHER, HELLO),
            (FrameType.DEPTH, THIRD, Depth(2)),
            (FrameType.DEPTH, OTHER, Depth(3)),
        ]

    # Every frame is told apart by its depth, so that the model sees which of two was kept.
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("put"), st.integers(0, 30), st.integers(0, MAX_WAITING + 4)),
                st.tuples(st.just("discard"), st.just(0), st.integers(0, MAX_WAITING + 4)),
                st.tuples(st.just("take"), st.integers(0, 30), st.just(0)),
            ),
            max_size=80,
        )
    )
    def test_it_is_a_list_by_due_time_then_by_coming(self, steps: list[tuple[str, int, int]]) -> None:
        queue = SendQueue()
        model: list[tuple[int, int, int]] = []  # due, number of its coming, destination
        for number, (what, time_ms, node) in enumerate(steps):
            if what == "take":
                due = sorted(entry for entry in model if entry[0] <= time_ms)
                model = [entry for entry in model if entry[0] > time_ms]
                assert queue.take_due(time_ms) == [
                    (FrameType.DEPTH, destination, Depth(coming)) for _, coming, destination in due
                ]
                continue
            model = [entry for entry in model if entry[2] != node]
            if what == "discard":
                queue.discard(FrameType.DEPTH, node)
            else:
                has_room = len(model) < MAX_WAITING
                model += [(time_ms, number, node)] * has_room
                assert queue.put(time_ms, FrameType.DEPTH, node, Depth(number)) is has_room
            assert queue.next_due_ms() == (min(model)[0] if model else None)
