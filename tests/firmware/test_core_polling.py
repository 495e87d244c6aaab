"""The C node of a polled network is the Python node: the same frames, events and deadlines."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import pytest

from firmware.native.library import array_length, ffi
from firmware.native.polling import WHY, CorePollingNode
from protocol import packets
from protocol.node import (
    BecamePrimary,
    Event,
    FrameDropped,
    LinkName,
    MeasurementDue,
    PeerFound,
    PeerLost,
    PeerMissing,
    ReadingsHeard,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
    SteppedDown,
)
from protocol.packets import (
    MAX_FRAME_BYTES,
    MAX_NODE_ID,
    DropReason,
    Empty,
    Frame,
    FrameType,
    Hello,
    Network,
    Poll,
    Reading,
)
from protocol.peers import MAX_PEERS
from protocol.polling import PollingNode
from protocol.round_trip import AckTimeouts
from protocol.timing import MAX_PERIOD_MS, PollingTiming
from tests.firmware import core, polling_differential
from tests.firmware.pairs import Pair

pytestmark = pytest.mark.usefixtures("built_core")

OPTIONS: dict[str, Any] = {"seed": 1, "first_counter": 0, "now_ms": 0}
EVENTS = (
    *(MeasurementDue, ReportAccepted, ReportSealed, RoundFinished, FrameDropped, PeerFound, PeerLost),
    *(PeerMissing, ReadingsHeard, BecamePrimary, SteppedDown),
)
DROPS = (
    *(DropReason.OVERSIZED, DropReason.TRUNCATED, DropReason.WIRE_VERSION, DropReason.CHECKSUM),
    *(DropReason.SEALED, DropReason.UNKNOWN_TYPE, DropReason.MALFORMED, DropReason.OWN_ID, DropReason.STATE),
    *(DropReason.STALE_VERSION, DropReason.TABLE_FULL),
)
# What a life of many random events must have led to, or the comparison says little.
EVERYTHING = {
    f"{group} {name}"
    for group, names in {
        "link": [link.name for link in LinkName],
        "sent": [kind.name for kind in (*polling_differential.FRAME_TYPES, FrameType.RESULT)],
        "event": [event.__name__ for event in EVENTS],
        "why": ["another primary" if "epoch" in why else why for why in WHY.values()],
        "drop": [reason.name for reason in DROPS],
    }.items()
    for name in names
}
DAY_MS = 86_400_000


def test_both_nodes_do_the_same_for_a_hundred_thousand_random_events() -> None:
    seen = polling_differential.run(seed=1, lives=1_000, steps=100)
    assert EVERYTHING - seen.keys() == set()
    assert seen["fewer places"] > 100


def test_both_nodes_do_the_same_in_long_lives() -> None:
    polling_differential.run(seed=2, lives=10, steps=2_000)


class LongRun:
    """A primary whose rounds are two hours long, and one peer that answers while it is there."""

    def __init__(self, now_ms: int) -> None:
        timing = PollingTiming(period_ms=MAX_PERIOD_MS, beat_ms=60_000, lease_ms=0xFFFF)
        options = OPTIONS | {"timing": timing, "now_ms": now_ms}
        self.pair = Pair(PollingNode(4, **options), CorePollingNode(4, **options))
        self.now_ms = now_ms
        self.is_peer_there = False
        self.counter = 0
        self.seen = Counter[str]()

    def run(self, days: int) -> None:
        """The driver calls at every deadline."""
        end_ms = self.now_ms + days * DAY_MS
        while self.now_ms < end_ms:
            self.now_ms = self.pair.compare_deadlines(self.now_ms) or 0
            self.pair.both("handle_timer", lambda node: node.handle_timer(self.now_ms))
            frames = self.pair.both("frames_to_send", lambda node: node.frames_to_send(self.now_ms))
            for frame in (packets.decode(data) for _, data in frames):
                self.seen[frame.type.name] += 1
                if isinstance(poll := frame.payload, Poll) and self.is_peer_there:
                    self.hear(FrameType.READING, Reading(poll.epoch, poll.version, poll.attempt, ((0, 61),)))
            self.take_events()

    def take_events(self) -> None:
        event: Event | None
        while event := self.pair.both("next_event", lambda node: node.next_event()):
            self.seen[type(event).__name__] += 1
            if isinstance(event, MeasurementDue):
                self.measure(event.version)

    def measure(self, version: int) -> None:
        self.pair.both("measure", lambda node: node.measure(version, {0: 60}, self.now_ms))

    def hear(self, kind: FrameType, payload: packets.Payload) -> None:
        self.counter += 1
        data = packets.encode(Frame(kind, 9, 4, self.counter, payload))
        self.pair.both("receive", lambda node: node.receive(data, self.now_ms))


def test_what_was_long_ago_does_not_come_again_when_the_clock_wraps() -> None:
    world = LongRun(2**31 - 5 * DAY_MS)
    world.run(days=30)
    for _ in range(2):
        world.is_peer_there = True
        world.hear(FrameType.HELLO, Hello(Network.POLLING, world.pair.python.epoch, 0))
        world.run(days=10)
        world.is_peer_there = False
        world.run(days=30)
    # Nobody answers for the last eight rounds of the peer's: cut off, and primary again.
    assert (world.seen["PeerFound"], world.seen["PeerLost"]) == (2, 2)
    assert world.seen["BecamePrimary"] == 1 + world.seen["SteppedDown"] == 3
    assert world.seen["RoundFinished"] > 108 * 12


class Crowd:
    """A primary and its peers, which answer every poll at once but for those that are told not to."""

    def __init__(self, peers: int) -> None:
        options = OPTIONS | {"timing": PollingTiming(period_ms=2_000)}
        self.pair = Pair(PollingNode(1, **options), CorePollingNode(1, **options))
        self.now_ms = 0
        self.late: set[int] = set()  # to the first poll
        self.most_at_once = 0  # polls
        for peer in range(100, 100 + peers):
            self.hear(FrameType.HELLO, peer, Hello(Network.POLLING, 0, 0))

    def run_round(self) -> None:
        """Until the next result."""
        self.most_at_once = 0
        while not self.take_events():
            self.step()

    def step(self) -> None:
        """The driver calls at the next deadline."""
        self.now_ms = self.pair.compare_deadlines(self.now_ms) or 0
        self.pair.both("handle_timer", lambda node: node.handle_timer(self.now_ms))
        self.answer()

    def answer(self) -> None:
        frames = self.pair.both("frames_to_send", lambda node: node.frames_to_send(self.now_ms))
        polls = [frame for _, data in frames if (frame := packets.decode(data)).type is FrameType.POLL]
        self.most_at_once = max(self.most_at_once, len(polls))
        for frame in polls:
            poll = frame.payload
            assert isinstance(poll, Poll)
            if poll.attempt > 1 or frame.destination not in self.late:
                reading = Reading(poll.epoch, poll.version, poll.attempt, ((0, 61),))
                self.hear(FrameType.READING, frame.destination, reading)

    def hear(self, kind: FrameType, source: int, payload: packets.Payload) -> None:
        data = packets.encode(Frame(kind, source, 1, 0, payload))
        self.pair.both("receive", lambda node: node.receive(data, self.now_ms))

    def take_events(self) -> bool:
        event: Event | None
        is_finished = False
        while event := self.pair.both("next_event", lambda node: node.next_event()):
            is_finished |= isinstance(event, RoundFinished)
            if isinstance(event, MeasurementDue):
                self.measure(event.version)
        return is_finished

    def measure(self, version: int) -> None:
        self.pair.both("measure", lambda node: node.measure(version, {0: 60}, self.now_ms))


@pytest.mark.parametrize(
    ("peers", "late", "at_once"),
    [(7, 3, 7), (8, 1, 8), (8, 2, 4), (9, 2, 4), (16, 2, 8), (16, 3, 4), (24, 3, 8), (24, 4, 4)],
)
def test_fewer_are_polled_at_once_when_more_than_an_eighth_of_eight_is_late(
    peers: int, late: int, at_once: int
) -> None:
    crowd = Crowd(peers)
    for _ in range(3):
        crowd.run_round()
    assert crowd.most_at_once == min(peers, 8)
    crowd.late = set(range(100, 100 + late))
    crowd.run_round()
    crowd.late = set()
    crowd.run_round()
    assert crowd.most_at_once == at_once
    for _ in range(8):
        crowd.run_round()
    assert crowd.most_at_once == min(peers, 8)


def test_who_leaves_in_a_round_is_polled_no_more() -> None:
    crowd = Crowd(3)
    crowd.run_round()
    crowd.late = {101, 102}
    while crowd.pair.python._round is None:
        crowd.step()
    for peer in crowd.late:
        crowd.hear(FrameType.GOODBYE, peer, Empty())
    crowd.most_at_once = 0
    crowd.run_round()
    assert crowd.most_at_once == 0
    crowd.run_round()
    assert (crowd.most_at_once, crowd.pair.python.peers.known) == (1, [100])
    crowd.hear(FrameType.HELLO, 101, Hello(Network.POLLING, crowd.pair.python.epoch, 0))
    for _ in range(3):
        crowd.run_round()
    assert crowd.pair.python.peers.known == [100, 101]


@pytest.mark.parametrize(
    ("node_id", "options"),
    [
        (MAX_NODE_ID + 1, {}),
        (1, {"max_peers": MAX_PEERS + 1}),
        (1, {"metrics": (64,)}),
        (1, {"order": (2, 3, 2)}),
        (1, {"order": (2, MAX_NODE_ID + 1)}),
        (1, {"timing": PollingTiming(tries=0)}),
        (1, {"timing": PollingTiming(concurrency=0)}),
        (1, {"timing": PollingTiming(beat_ms=0)}),
        (1, {"timing": PollingTiming(ack_timeouts=AckTimeouts(500, 50, 0x4000))}),
    ],
)
def test_a_config_out_of_range_is_refused(node_id: int, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the core refuses"):
        CorePollingNode(node_id, **OPTIONS, **options)


def test_the_default_timing_is_that_of_the_protocol() -> None:
    config = core.library().tr_polling_config_default(7, 0x12345678)
    expected = asdict(PollingTiming())
    for part in ("ack_timeouts", "peers"):
        found = getattr(config.timing, part)
        inner = expected.pop(part)
        assert {name: getattr(found, name) for name in inner} == inner
    assert {name: getattr(config.timing, name) for name in expected} == expected
    assert (config.peer.node_id, config.peer.seed, config.peer.order_count) == (7, 0x12345678, 0)
    assert (config.first_version, config.first_metric) == (1, 0)


def test_the_host_holds_as_many_peers_as_python() -> None:
    assert array_length("tr_polling_t.polled") == MAX_PEERS


def test_a_buffer_that_may_be_too_short_is_refused_and_no_frame_is_lost() -> None:
    node = CorePollingNode(1, **OPTIONS)
    node.leave(0)
    lib, link = core.library(), ffi.new("enum tr_link_name *")
    short = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
    assert lib.tr_polling_next_frame(node._node, 0, short, MAX_FRAME_BYTES - 1, link) == lib.TR_ERROR_CAPACITY
    assert [packets.decode(data).type for _, data in node.frames_to_send(0)] == [FrameType.GOODBYE]
    assert (node.frames_to_send(5_000), node.next_deadline()) == ([], None)


def test_readings_that_nobody_took_are_not_sent_for_the_next_poll() -> None:
    node = CorePollingNode(9, **OPTIONS)

    def hear_poll(version: int) -> None:
        node.receive(packets.encode(Frame(FrameType.POLL, 4, 9, version, Poll(3, version, 1))), 0)

    hear_poll(7)
    assert node.measure(7, {0: 60}, 0)
    hear_poll(8)  # before the driver took the READING of 7
    assert FrameType.READING not in [packets.decode(data).type for _, data in node.frames_to_send(0)]
    assert node.measure(8, {0: 61}, 0)
    ((_, data),) = node.frames_to_send(0)
    assert packets.decode(data).payload == Reading(3, 8, 1, ((0, 61),))
