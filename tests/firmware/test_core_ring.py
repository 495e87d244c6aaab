"""The C node of a token ring is the Python node: the same frames, events and deadlines, whatever happens."""

from dataclasses import asdict
from typing import Any, TypeVar

import pytest

from firmware.native.library import ffi
from firmware.native.ring import WHY, CoreRingNode
from protocol.aggregate import Aggregate
from protocol.node import Event, LinkName, MeasurementDue, RoundFinished, TokenMade
from protocol.packets import (
    BROADCAST,
    MAX_FRAME_BYTES,
    MAX_NODE_ID,
    MAX_U24,
    NO_ID,
    DropReason,
    Frame,
    FrameType,
    Payload,
    Sign,
    Token,
    TokenId,
    encode,
)
from protocol.timing import MAX_PERIOD_MS, PeerTiming, RingTiming
from protocol.token_ring import TokenRingNode
from tests.firmware import core, ring_differential
from tests.firmware.pairs import Pair

pytestmark = pytest.mark.usefixtures("built_core")

E = TypeVar("E", bound=Event)
ME, OTHER = 1, 9
DAY_MS = 86_400_000
OPTIONS = {"seed": 1, "first_counter": 0, "now_ms": 0}

# What random lives must have led to, or the comparison says little.
DROPS = (
    *(DropReason.OVERSIZED, DropReason.TRUNCATED, DropReason.WIRE_VERSION, DropReason.CHECKSUM),
    *(DropReason.SEALED, DropReason.UNKNOWN_TYPE, DropReason.MALFORMED, DropReason.OWN_ID),
    *(DropReason.STATE, DropReason.TABLE_FULL),
)
EVENTS = (
    *("MeasurementDue", "FrameDropped", "PeerFound", "PeerLost", "TokenTaken", "TokenMade", "TokenPassed"),
    *("TokenDropped", "ReadingsAdded", "ReadingsHeard", "TurnFinished", "ClaimMade", "RoundFinished"),
    "ResultLearned",
)
EVERYTHING = {
    f"{group} {name}"
    for group, names in {
        "link": [link.name for link in LinkName],
        "sent": [kind.name for kind in (*ring_differential.RING_FRAMES, FrameType.RESULT)],
        "event": EVENTS,
        "lost": WHY.values(),
        "drop": [reason.name for reason in DROPS],
        "call": ["receive", "handle_timer", "measure", "leave"],
    }.items()
    for name in names
}


def test_both_nodes_do_the_same_for_a_hundred_thousand_random_calls() -> None:
    seen = ring_differential.run(seed=2, lives=650, steps=100)
    assert EVERYTHING - seen.keys() == set()
    assert sum(count for what, count in seen.items() if what.startswith("call ")) > 100_000


def test_both_nodes_do_the_same_in_long_lives() -> None:
    ring_differential.run(seed=3, lives=5, steps=2_500)


@pytest.mark.parametrize(
    ("node_id", "options"),
    [
        (MAX_NODE_ID + 1, {}),
        (1, {"max_peers": 256}),
        (1, {"order": (2, 3, 2)}),
        (1, {"order": (2, MAX_NODE_ID + 1)}),
        (1, {"order": tuple(range(2, 2 + 256))}),
        (1, {"metrics": (64,)}),
        (1, {"timing": RingTiming(tries=9)}),
        (1, {"timing": RingTiming(measure_wait_ms=0x4000)}),
    ],
)
def test_a_config_out_of_range_is_refused(node_id: int, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="the core refuses"):
        CoreRingNode(node_id, **OPTIONS, **options)  # type: ignore[arg-type]


def test_an_order_of_all_that_there_is_room_for_is_taken() -> None:
    CoreRingNode(1, order=tuple(range(256)), **OPTIONS)  # type: ignore[arg-type]


def test_the_default_timing_is_that_of_the_protocol() -> None:
    config = core.library().tr_ring_config_default(7, 0x12345678)
    node = ffi.new("tr_ring_t *")
    held = ffi.new("tr_ring_config_t *", config)
    assert core.library().tr_ring_init(node, held, 0) == 0
    expected = asdict(RingTiming())
    for name in ("ack_timeouts", "peers"):
        for field, value in expected.pop(name).items():
            assert getattr(getattr(config.timing, name), field) == value
    assert {name: getattr(config.timing, name) for name in expected} == expected
    assert (config.peer.node_id, config.peer.seed, config.first_version) == (7, 0x12345678, 1)
    assert list(config.metrics[0 : config.metric_count]) == [0]


class Both:
    """Both nodes through a long time; every call is compared."""

    def __init__(self, timing: RingTiming) -> None:
        options: dict[str, Any] = {**OPTIONS, "timing": timing}
        self.pair = Pair(TokenRingNode(ME, **options), CoreRingNode(ME, **options))
        self.now_ms = 0
        self.events: list[Event] = []

    def until(self, now_ms: int) -> None:
        """Everything that is due until then happens in its time."""
        while (deadline_ms := self.pair.compare_deadlines(self.now_ms)) is not None and deadline_ms <= now_ms:
            self._at(deadline_ms)
        self._at(now_ms)

    def hear(self, kind: FrameType, payload: Payload) -> None:
        """A frame of the other node."""
        frame = encode(Frame(kind, OTHER, ME if kind is FrameType.TOKEN else BROADCAST, 0, payload))
        self.pair.both("receive", lambda node: node.receive(frame, self.now_ms))
        self._serve()

    def take(self, kind: type[E]) -> list[E]:
        """What happened of that kind; the rest is forgotten."""
        taken, self.events = self.events, []
        return [event for event in taken if isinstance(event, kind)]

    def _at(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.pair.both("handle_timer", lambda node: node.handle_timer(self.now_ms))
        self._serve()

    def _serve(self) -> None:
        self.pair.both("frames_to_send", lambda node: node.frames_to_send(self.now_ms))
        while (event := self.pair.both("next_event", lambda node: node.next_event())) is not None:
            self.events.append(event)
        self.pair.compare_deadlines(self.now_ms)


def test_a_node_alone_for_longer_than_its_clock_counts_goes_on_with_its_rounds() -> None:
    """Of two hours each: more than 2^32 ms go by while it holds one token."""
    both = Both(RingTiming(period_ms=MAX_PERIOD_MS, peers=PeerTiming(60_000, 60_000, 60_000)))
    both.until(2**32 + 2 * MAX_PERIOD_MS)
    assert sum(isinstance(event, TokenMade) for event in both.events) == 1
    assert len(both.take(RoundFinished)) >= 2**32 // MAX_PERIOD_MS
    both.hear(FrameType.SIGN, Sign(both.pair.python.newest, 1, NO_ID, 1_000))  # late by all that time
    both.hear(FrameType.SIGN, Sign(TokenId(9, OTHER, 0), 1, NO_ID, 1_000))
    both.until(both.now_ms + DAY_MS)


def test_what_was_long_ago_stays_long_ago_when_the_clock_wraps() -> None:
    """A round that the node began, a rest of the ring, and its own start: more than 2^31 ms before."""
    both = Both(RingTiming())
    both.until(5_000)
    (due,) = both.take(MeasurementDue)[:1]
    epoch = both.pair.python.newest.epoch
    both.hear(FrameType.TOKEN, _token(TokenId(epoch + 1, OTHER, 5), due.version + 1, turn=1, home=OTHER))
    both.hear(FrameType.SIGN, Sign(TokenId(epoch + 1, OTHER, 7), due.version, NO_ID, MAX_U24))
    while both.now_ms < 2**31 + DAY_MS:
        both.until(both.now_ms + DAY_MS // 6)
        both.hear(FrameType.SIGN, Sign(TokenId(epoch + 1, OTHER, 7), due.version, NO_ID, MAX_U24))
    both.take(MeasurementDue)
    both.hear(FrameType.TOKEN, _token(TokenId(epoch + 2, OTHER, 5), due.version + 2, turn=0, home=OTHER))
    assert both.take(MeasurementDue) == [MeasurementDue(due.version + 2)]
    both.hear(FrameType.TOKEN, _token(TokenId(epoch + 3, OTHER, 5), due.version, turn=0, home=ME))
    assert [event.duration_ms for event in both.take(RoundFinished)] == [MAX_U24]
    both.hear(FrameType.TOKEN, _token(TokenId(epoch + 4, OTHER, 5), due.version, turn=1, home=ME))
    assert both.take(MeasurementDue) == [MeasurementDue(due.version + 3)]


def _token(name: TokenId, version: int, *, turn: int, home: int) -> Token:
    nothing = ((0, Aggregate.empty(version)),)
    return Token(name, 0, home, NO_ID, version, version, 10, 5_000, turn, 0, nothing)


def test_a_buffer_that_may_be_too_short_is_refused_and_no_frame_is_lost() -> None:
    node = CoreRingNode(1, **OPTIONS)  # type: ignore[arg-type]
    node.leave(0)
    lib, link = core.library(), ffi.new("enum tr_link_name *")
    short = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
    assert lib.tr_ring_next_frame(node._node, 0, short, MAX_FRAME_BYTES - 1, link) == lib.TR_ERROR_CAPACITY
    assert len(node.frames_to_send(0)) == 1
