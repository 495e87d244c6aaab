"""The C node is the Python node: the same frames, events and deadlines, whatever happens to both."""

from dataclasses import asdict

import pytest

from firmware.native.library import ffi
from firmware.native.tree import WHY, CoreNode
from protocol.node import (
    ChildJoined,
    ChildLost,
    FrameDropped,
    Joined,
    LinkName,
    MeasurementDue,
    ParentLost,
    ReportAccepted,
    ReportSealed,
    RoundFinished,
)
from protocol.node_base import MAX_EVENTS
from protocol.packets import MAX_FRAME_BYTES, MAX_NODE_ID, DropReason
from protocol.timing import Timing
from tests.firmware import core, differential

pytestmark = pytest.mark.usefixtures("built_core")

EVENTS = (
    *(Joined, ParentLost, ChildJoined, ChildLost, MeasurementDue),
    *(ReportAccepted, ReportSealed, RoundFinished, FrameDropped),
)
OPTIONS = {"seed": 1, "first_counter": 0, "now_ms": 0}

# What a life of many random events must have led to, or the comparison says little.
EVERYTHING = {
    f"{group} {name}"
    for group, names in {
        "link": [link.name for link in LinkName],
        "sent": [kind.name for kind in core.FRAME_TYPES],
        "event": [event.__name__ for event in EVENTS],
        "lost": WHY.values(),
        # The others are of streams and of sealing.
        "drop": [DropReason(n).name for n in range(DropReason.OVERSIZED, DropReason.QUEUE_FULL + 1)],
    }.items()
    for name in names
}


def test_both_nodes_do_the_same_for_a_hundred_thousand_random_events() -> None:
    seen = differential.run(seed=1, lives=1_000, steps=100)
    assert EVERYTHING - seen.keys() == set()


def test_both_nodes_do_the_same_in_long_lives() -> None:
    differential.run(seed=2, lives=10, steps=2_000)


@pytest.mark.parametrize(
    ("node_id", "options"),
    [(MAX_NODE_ID + 1, {}), (1, {"max_children": 33}), (1, {"metrics": (64,)})],
)
def test_a_config_out_of_range_is_refused(node_id: int, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="the core refuses"):
        CoreNode(node_id, **OPTIONS, **options)  # type: ignore[arg-type]


def test_the_default_timing_is_that_of_the_protocol() -> None:
    config = core.library().tr_node_config_default(7, 0x12345678)
    assert {name: getattr(config.timing, name) for name in asdict(Timing())} == asdict(Timing())
    assert (config.node_id, config.seed, config.first_version, config.is_root) == (7, 0x12345678, 1, False)


def test_of_more_events_than_it_holds_a_node_keeps_the_newest() -> None:
    events, taken = ffi.new("tr_events_t *"), ffi.new("tr_event_t *")
    for value in range(MAX_EVENTS + 44):
        core.library().tr_events_put(events, core.library().TR_EVENT_MEASUREMENT_DUE, 0, value)
    values = []
    while core.library().tr_events_take(events, taken):
        values.append(taken.value)
    assert values == list(range(44, MAX_EVENTS + 44))


def test_a_buffer_that_may_be_too_short_is_refused_and_no_frame_is_lost() -> None:
    root = CoreNode(1, root=True, **OPTIONS)  # type: ignore[arg-type]
    lib, link = core.library(), ffi.new("enum tr_link_name *")
    short = ffi.new(f"uint8_t[{MAX_FRAME_BYTES}]")
    assert lib.tr_node_next_frame(root._node, 0, short, MAX_FRAME_BYTES - 1, link) == lib.TR_ERROR_CAPACITY
    assert len(root.frames_to_send(0)) == 1
