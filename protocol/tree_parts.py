"""What every part of a sink-tree node shares: its state, its events and the frames that it sends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from protocol.children import Children
from protocol.node import LinkName
from protocol.node_base import NodeBase
from protocol.outbox import Outbox, Waiting
from protocol.packets import (
    MAX_U24,
    NO_HOP_COUNT,
    Ack,
    Depth,
    DropReason,
    Empty,
    FrameType,
    Help,
    Items,
    Payload,
    Report,
    Result,
    Sync,
)
from protocol.parent_link import ParentLink
from protocol.rounds import Round
from protocol.timing import Timing
from protocol.way import Way, age_unit_ms


class State(Enum):
    """PROTOCOL.md 5.1. The root is JOINED from the start."""

    SEEKING = "seeking"
    JOINING = "joining"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Offer:
    """The best way to the root that was offered within the offer window; `request` asks for it."""

    cost: int
    request: FrameType
    source: int


class NodeParts(NodeBase):
    """The state of a node; what has a public name is for watchers to read."""

    def __init__(
        self,
        node_id: int,
        *,
        seed: int,
        first_counter: int,
        root: bool,
        timing: Timing,
        metrics: tuple[int, ...],
        max_children: int,
    ) -> None:
        super().__init__(node_id, seed=seed, first_counter=first_counter)
        self.is_root = root
        self.state = State.SEEKING
        self.parent: int | None = None
        self.way: Way | None = None
        self.children = Children(node_id, max_children)
        self._timing = timing
        self._metrics = metrics
        self._link = ParentLink(timing, self._jitter)
        self._outbox = Outbox()
        self._round: Round | None = None
        self._told_depth = 0
        self._child_wait_ms: int | None = None
        self._leaf_wait_ms: int | None = None
        self._heard_version: int | None = None  # by a root that was restarted
        # The request that waits for an answer: DISC_ACK or HELP_ACK_DATA while joining, DATA once joined.
        self._request: FrameType | None = None
        self._request_bears_report = False
        self._candidate: int | None = None
        self._unanswered = 0
        self._ack_ms: int | None = None
        self._data_sent_ms = 0
        # The best offer of the window that ends then; a joined node has a window while it looks round.
        self._offer: Offer | None = None
        self._offer_ms: int | None = None
        self._help_ms: int | None = None
        self._help_wait_ms = timing.help_wait_ms
        # HELPs of the parent since it last acknowledged; HELPs that only a newer way can serve.
        self._parent_calls = 0
        self._vain_calls = 0

    def frames_to_send(self, now_ms: int) -> list[tuple[LinkName, bytes]]:
        """See protocol.node.Node.frames_to_send."""
        frames = []
        while (waiting := self._outbox.take_due(now_ms)) is not None:
            payload = self._payload(waiting, now_ms)
            if waiting.type is FrameType.DATA:
                self._data_sent_ms = now_ms
            frames.append(self._encode(waiting.type, waiting.destination, payload))
        return frames

    def _put(self, frame_type: FrameType, destination: int, due_ms: int, acked_version: int = 0) -> None:
        if not self._outbox.put(Waiting(due_ms, frame_type, destination, acked_version)):
            self._drop(DropReason.QUEUE_FULL, self.node_id)

    def _payload(self, waiting: Waiting, now_ms: int) -> Payload:
        match waiting.type:
            case FrameType.DISC_ACK | FrameType.GOODBYE:
                return Empty()
            case FrameType.DEPTH:
                return Depth(self.children.depth)
            case FrameType.DATA | FrameType.HELP_ACK_DATA:
                return self._report_for(waiting)
            case FrameType.DATA_ACK | FrameType.HELP_CONFIRM:
                return Ack(waiting.acked_version, self._sync(now_ms))
            case FrameType.HELP | FrameType.LOOK:
                way = self.way
                return Help(way.version, way.hop_count) if way else Help(0, NO_HOP_COUNT)
            case FrameType.RESULT:
                assert self._round is not None
                assert self._round.report is not None
                return Result(self._round.duration_ms, self._round.report)
            case _:
                return self._sync(now_ms)

    def _report_for(self, waiting: Waiting) -> Report:
        self._told_depth = self.children.depth
        if waiting.type is FrameType.HELP_ACK_DATA and not self._request_bears_report:
            return Report(self._told_depth, Items())
        assert self._round is not None
        return Report(self._told_depth, self._round.items_for(waiting.destination))

    def _sync(self, now_ms: int) -> Sync:
        if self.way is None or self.state is not State.JOINED:
            return Sync(0, 0, NO_HOP_COUNT, 0)
        age = min((now_ms - self.way.origin_ms) // age_unit_ms(self.way.period_ms), MAX_U24)
        return Sync(self.way.version, age, self.way.hop_count, self.way.period_ms)

    def _after_jitter(self, time_ms: int) -> int:
        return time_ms + self._jitter.below(self._timing.jitter_ms)
