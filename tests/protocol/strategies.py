"""Frames of every type with any values that have a place on the wire, for Hypothesis."""

from hypothesis import strategies as st

from protocol.aggregate import Aggregate
from protocol.packets import (
    MAX_AGGREGATES,
    MAX_LINKS,
    MAX_NODE_ID,
    Ack,
    Depth,
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
)

u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u24 = st.integers(0, 0xFFFFFF)
node_ids = st.integers(0, MAX_NODE_ID)
syncs = st.builds(Sync, u16, u24, u8, u24)
acks = st.builds(Ack, u16, syncs)
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
}
frames = st.sampled_from(FrameType).flatmap(
    lambda t: st.builds(Frame, st.just(t), node_ids, u16, u24, PAYLOAD_STRATEGIES[t])
)
