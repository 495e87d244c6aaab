"""Frames of every type with any values that have a place on the wire, for Hypothesis."""

from collections.abc import Iterable

from hypothesis import strategies as st

from protocol.aggregate import Aggregate
from protocol.packets import (
    MAX_AGGREGATES,
    MAX_HEIRS,
    MAX_LINKS,
    MAX_NODE_ID,
    MAX_PAIRS,
    MAX_PAYLOAD_BYTES,
    Ack,
    Beat,
    Boot,
    Challenge,
    Claim,
    Depth,
    Empty,
    Frame,
    FrameType,
    Heard,
    Hello,
    Help,
    Items,
    Letter,
    Link,
    Pair,
    Pairs,
    Payload,
    Poll,
    Reading,
    Report,
    Response,
    Result,
    Sign,
    Sync,
    Token,
    TokenId,
)

MAX_LETTER_BODY_BYTES = MAX_PAYLOAD_BYTES - 12
u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u24 = st.integers(0, 0xFFFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
node_ids = st.integers(0, MAX_NODE_ID)
syncs = st.builds(Sync, u16, u24, u8, u24)
acks = st.builds(Ack, u16, syncs)
heirs = st.lists(node_ids, max_size=MAX_HEIRS, unique=True).map(tuple)
links = st.lists(st.builds(Link, u16, u16, u8), max_size=MAX_LINKS).map(tuple)


@st.composite
def items(draw: st.DrawFn, fewest_aggregates: int) -> Items:
    """What one report may hold."""
    version = draw(u16)
    metric_ids = draw(
        st.lists(st.integers(0, 63), unique=True, min_size=fewest_aggregates, max_size=MAX_AGGREGATES)
    )
    values = st.builds(Aggregate, st.just(version), u8, u16, u16, u16)
    aggregates = tuple((metric_id, draw(values)) for metric_id in metric_ids)
    return Items(aggregates, draw(links), draw(u16))


def pairs(fewest: int) -> st.SearchStrategy[Pairs]:
    """Raw readings of one node by metric."""
    pair = st.tuples(st.integers(0, 63), u8)
    return st.lists(pair, min_size=fewest, max_size=MAX_PAIRS, unique_by=lambda p: p[0]).map(tuple)


@st.composite
def tokens(draw: st.DrawFn) -> Token:
    """A token with as many items as have room."""
    aggregates = draw(items(0)).aggregates
    version = aggregates[0][1].version if aggregates else draw(u16)
    room = MAX_PAYLOAD_BYTES - 28 - 10 * len(aggregates)
    readings: list[tuple[int, Pairs]] = []
    for node in draw(st.lists(node_ids, unique=True, max_size=8)):
        own = draw(pairs(1))
        room -= 3 + 2 * len(own)
        if room >= 0:
            readings.append((node, own))
    return Token(
        TokenId(draw(u16), draw(node_ids), draw(u32)),
        *(draw(u32), draw(node_ids), draw(u16), version, draw(u16)),
        *(draw(u24), draw(u24), draw(u8), draw(u8)),
        aggregates,
        tuple(readings),
    )


PAYLOAD_STRATEGIES: dict[FrameType, st.SearchStrategy[Payload]] = {
    FrameType.DISCOVERY: syncs,
    FrameType.DISC_ACK: st.just(Empty()),
    FrameType.DISC_ACK_ACK: syncs,
    FrameType.DEPTH: st.builds(Depth, u8),
    FrameType.DATA: st.builds(Report, u8, items(1)),
    FrameType.DATA_ACK: acks,
    FrameType.HELP: st.builds(Help, u16, u8),
    FrameType.LOOK: st.builds(Help, u16, u8),
    FrameType.HELP_ACK: syncs,
    FrameType.HELP_ACK_DATA: st.builds(Report, u8, items(0)),
    FrameType.HELP_CONFIRM: acks,
    FrameType.RESULT: st.builds(Result, u24, items(1)),
    FrameType.TOKEN: tokens(),
    FrameType.SIGN: st.builds(Sign, st.builds(TokenId, u16, node_ids, u32), u16, u16, u24),
    FrameType.CLAIM: st.builds(Claim, u16, u16),
    FrameType.HELLO: st.builds(Hello, u8, u16, u16),
    FrameType.POLL: st.builds(Poll, u16, u16, u8),
    FrameType.READING: st.builds(Reading, u16, u16, u8, pairs(0)),
    FrameType.BEAT: st.builds(Beat, u16, u16, u24, u24, u16, heirs),
    FrameType.GOODBYE: st.just(Empty()),
    FrameType.CHALLENGE: st.builds(Challenge, u32),
    FrameType.RESPONSE: st.builds(Response, u32, u32, u24),
    FrameType.LETTER: st.builds(
        Letter, u8, node_ids, node_ids, u32, u24, st.binary(min_size=1, max_size=MAX_LETTER_BODY_BYTES)
    ),
    FrameType.HEARD: st.builds(Heard, u16, u24, u8),
    FrameType.BOOT: st.builds(Boot, u32, u24, u8, u8, u16),
    FrameType.PAIR: st.builds(Pair, u8, st.binary(max_size=MAX_PAYLOAD_BYTES - 1)),
}


def frames_of(frame_types: Iterable[FrameType]) -> st.SearchStrategy[Frame]:
    """Any frame of one of these types."""
    return st.sampled_from(list(frame_types)).flatmap(
        lambda t: st.builds(Frame, st.just(t), node_ids, u16, u24, PAYLOAD_STRATEGIES[t])
    )


frames = frames_of(FrameType)
