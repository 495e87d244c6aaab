"""The C node of a token ring is the Python node: the same frames, events and deadlines, whatever happens."""

from dataclasses import asdict

import pytest

from firmware.native.library import ffi
from firmware.native.ring import WHY, CoreRingNode
from protocol.node import LinkName, RoundFinished, TokenMade
from protocol.packets import MAX_FRAME_BYTES, MAX_NODE_ID, DropReason, FrameType
from protocol.timing import MAX_PERIOD_MS, PeerTiming, RingTiming
from protocol.token_ring import TokenRingNode
from tests.firmware import core, ring_differential
from tests.firmware.pairs import Pair

pytestmark = pytest.mark.usefixtures("built_core")

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


def test_a_node_alone_for_longer_than_its_clock_counts_goes_on_with_its_rounds() -> None:
    """Of two hours each: more than 2^32 ms go by while it holds one token."""
    seldom = PeerTiming(hello_wait_ms=60_000, hello_wait_limit_ms=60_000)
    options = {**OPTIONS, "timing": RingTiming(period_ms=MAX_PERIOD_MS, peers=seldom)}
    pair = Pair(TokenRingNode(1, **options), CoreRingNode(1, **options))  # type: ignore[arg-type]
    happened: list[object] = []
    now_ms: int = 0
    while now_ms < 2**32 + 2 * MAX_PERIOD_MS:
        deadline_ms = pair.compare_deadlines(now_ms)
        assert deadline_ms is not None
        now_ms = deadline_ms
        pair.both("handle_timer", lambda node, now_ms=now_ms: node.handle_timer(now_ms))  # type: ignore[misc]
        pair.both("frames", lambda node, now_ms=now_ms: node.frames_to_send(now_ms))  # type: ignore[misc]
        while (event := pair.both("next_event", lambda node: node.next_event())) is not None:
            happened.append(event)
    assert sum(isinstance(event, TokenMade) for event in happened) == 1
    assert sum(isinstance(event, RoundFinished) for event in happened) >= 2**32 // MAX_PERIOD_MS


def test_a_buffer_that_may_be_too_short_is_refused_and_no_frame_is_lost() -> None:
    node = CoreRingNode(1, **OPTIONS)  # type: ignore[arg-type]
    node.leave(0)
    lib, link = core.library(), ffi.new("enum tr_link_name *")
    short = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
    assert lib.tr_ring_next_frame(node._node, 0, short, MAX_FRAME_BYTES - 1, link) == lib.TR_ERROR_CAPACITY
    assert len(node.frames_to_send(0)) == 1
